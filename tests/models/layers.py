"""Layers with their gradients in numpy: enough to train a small CNN without a framework."""

from __future__ import annotations

from typing import Iterator

import numpy as np

Array = np.ndarray


class Layer:
    """forward keeps what backward needs; parameters() pairs each value with its gradient."""

    def forward(self, x: Array, training: bool) -> Array:
        raise NotImplementedError

    def backward(self, gradient: Array) -> Array:
        raise NotImplementedError

    def parameters(self) -> Iterator[tuple[Array, Array]]:
        return iter(())


class Conv(Layer):
    """3x3 convolution with padding 1, by patches. No bias: a norm follows."""

    def __init__(self, rng: np.random.Generator, inputs: int, outputs: int) -> None:
        scale = np.sqrt(2.0 / (9 * inputs))
        self.weight = (rng.standard_normal((outputs, inputs, 3, 3)) * scale).astype(np.float32)
        self.gradient = np.zeros_like(self.weight)

    def forward(self, x: Array, training: bool) -> Array:
        padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
        self._patches = windows.transpose(0, 2, 3, 1, 4, 5).reshape(*_rows(x), -1)
        flat = self._patches @ self.weight.reshape(len(self.weight), -1).T
        return flat.transpose(0, 3, 1, 2)

    def backward(self, gradient: Array) -> Array:
        rows = gradient.transpose(0, 2, 3, 1)
        size = rows.shape[-1]
        flat = rows.reshape(-1, size).T @ self._patches.reshape(-1, self._patches.shape[-1])
        self.gradient[...] = flat.reshape(self.weight.shape)
        spread = (rows @ self.weight.reshape(size, -1)).reshape(
            *rows.shape[:3], self.weight.shape[1], 3, 3
        )
        batch, height, width = rows.shape[:3]
        padded = np.zeros((batch, self.weight.shape[1], height + 2, width + 2), np.float32)
        for i in range(3):
            for j in range(3):
                part = spread[..., i, j].transpose(0, 3, 1, 2)
                padded[:, :, i : i + height, j : j + width] += part
        return padded[:, :, 1:-1, 1:-1]

    def parameters(self) -> Iterator[tuple[Array, Array]]:
        yield self.weight, self.gradient


def _rows(x: Array) -> tuple[int, int, int]:
    return x.shape[0], x.shape[2], x.shape[3]


class Norm(Layer):
    """BatchNormalization over batch, height and width."""

    epsilon = 1e-5

    def __init__(self, channels: int) -> None:
        self.gamma = np.ones(channels, np.float32)
        self.beta = np.zeros(channels, np.float32)
        self.mean = np.zeros(channels, np.float32)
        self.var = np.ones(channels, np.float32)
        self._gradients = (np.zeros_like(self.gamma), np.zeros_like(self.beta))

    def forward(self, x: Array, training: bool) -> Array:
        mean, var = self.mean, self.var
        if training:
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3))
            self.mean += np.float32(0.1) * (mean - self.mean)
            self.var += np.float32(0.1) * (var - self.var)
        self._scale = 1 / np.sqrt(var + self.epsilon)
        self._normal = (x - _column(mean)) * _column(self._scale)
        return self._normal * _column(self.gamma) + _column(self.beta)

    def backward(self, gradient: Array) -> Array:
        axes = (0, 2, 3)
        self._gradients[0][...] = (gradient * self._normal).sum(axes)
        self._gradients[1][...] = gradient.sum(axes)
        mean = _column(gradient.mean(axes))
        projected = _column((gradient * self._normal).mean(axes))
        return (gradient - mean - self._normal * projected) * _column(self.gamma * self._scale)

    def parameters(self) -> Iterator[tuple[Array, Array]]:
        yield self.gamma, self._gradients[0]
        yield self.beta, self._gradients[1]


def _column(vector: Array) -> Array:
    return vector.reshape(1, -1, 1, 1)


class Relu(Layer):
    def forward(self, x: Array, training: bool) -> Array:
        self._positive = x > 0
        return x * self._positive

    def backward(self, gradient: Array) -> Array:
        return gradient * self._positive


class MaxPool(Layer):
    """2x2 with stride 2. Of equal maxima each takes a share of the gradient."""

    def forward(self, x: Array, training: bool) -> Array:
        batch, channels, height, width = x.shape
        self._tiles = x.reshape(batch, channels, height // 2, 2, width // 2, 2)
        self._top = self._tiles.max((3, 5), keepdims=True)
        return self._top[:, :, :, 0, :, 0]

    def backward(self, gradient: Array) -> Array:
        hit = self._tiles == self._top
        share = hit / hit.sum((3, 5), keepdims=True)
        spread = share * gradient[:, :, :, None, :, None]
        batch, channels, rows, _, columns, _ = spread.shape
        return spread.reshape(batch, channels, 2 * rows, 2 * columns)


class Linear(Layer):
    """Flattens, then weight [out, in] and bias."""

    def __init__(self, rng: np.random.Generator, inputs: int, outputs: int) -> None:
        scale = np.sqrt(1.0 / inputs)
        self.weight = (rng.standard_normal((outputs, inputs)) * scale).astype(np.float32)
        self.bias = np.zeros(outputs, np.float32)
        self._gradients = (np.zeros_like(self.weight), np.zeros_like(self.bias))

    def forward(self, x: Array, training: bool) -> Array:
        self._shape = x.shape
        self._flat = x.reshape(len(x), -1)
        return self._flat @ self.weight.T + self.bias

    def backward(self, gradient: Array) -> Array:
        self._gradients[0][...] = gradient.T @ self._flat
        self._gradients[1][...] = gradient.sum(0)
        return (gradient @ self.weight).reshape(self._shape)

    def parameters(self) -> Iterator[tuple[Array, Array]]:
        yield self.weight, self._gradients[0]
        yield self.bias, self._gradients[1]
