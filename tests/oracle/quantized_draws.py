"""What random files of integer kernels are drawn from: data, scales, zero points, shapes."""

from __future__ import annotations

from typing import Any, Callable, Sequence

import numpy as np

from oracle.one_operator import OneOperator, Quant

Draw = Callable[[np.random.Generator, Any], OneOperator]
INT8, INT16 = np.int8, np.int16
ACTIVATIONS = (0, 0, 0, 1, 2, 3)  # NONE, RELU, RELU_N1_TO_1, RELU6


def limits(dtype: Any) -> tuple[int, int]:
    info = np.iinfo(dtype)
    return int(info.min), int(info.max)


def data(rng: np.random.Generator, shape: Sequence[int], dtype: Any) -> np.ndarray:
    """All values of the type, its ends among them."""
    low, high = limits(dtype)
    values = rng.integers(low, high + 1, shape)
    values[rng.random(shape) < 0.05] = low
    values[rng.random(shape) < 0.05] = high
    return values.astype(dtype)


def scale(rng: np.random.Generator, low: float = -9, high: float = 1) -> float:
    """Now and then a power of two, which takes other paths."""
    exponent = rng.uniform(low, high)
    return float(np.float32(2.0 ** (round(exponent) if rng.random() < 0.15 else exponent)))


def zero(rng: np.random.Generator, dtype: Any) -> int:
    if dtype == INT16:
        return 0
    low, high = limits(dtype)
    return int(rng.choice([rng.integers(low, high + 1), 0, low, high], p=[0.7, 0.1, 0.1, 0.1]))


def quant(rng: np.random.Generator, dtype: Any, real: float | None = None) -> Quant:
    return Quant([scale(rng) if real is None else float(np.float32(real))], [zero(rng, dtype)])


def spread(rng: np.random.Generator, deviation: float, dtype: Any) -> float:
    """A scale with which numbers of that deviation fill the type, more or less."""
    wide = 25000.0 if dtype == INT16 else 100.0
    return deviation / wide * 2.0 ** rng.uniform(0.5, 3)


def deviation(dtype: Any) -> float:
    return 19000.0 if dtype == INT16 else 74.0


def small(rng: np.random.Generator, rank: int, most: int = 5) -> list[int]:
    return [int(n) for n in rng.integers(1, most + 1, rank)]


def activation(rng: np.random.Generator) -> int:
    return int(rng.choice(ACTIVATIONS))
