"""Layers of transformers on (batch, sequence, features), spelled as PyTorch's exporter does: sizes
that are symbolic are read with Shape and Gather and joined with Unsqueeze and Concat."""

from __future__ import annotations

from typing import Optional, Sequence

import numpy as np

from models.network import Network

INT64_MAX = np.iinfo(np.int64).max
Size = int | str  # static, or the scalar that holds it at run time
# Larger than usual, so that attention is not uniform: uniform attention hides its errors.
SHARP = 1.6


def scalar(n: Network, value: float) -> str:
    return n.constant(np.float32(value))


def size_of(n: Network, x: str, axis: int) -> str:
    """One dimension of x, as a scalar."""
    return n.one("Gather", n.one("Shape", x), n.int64(axis), axis=0)


def joined(n: Network, sizes: Sequence[Size]) -> str:
    """A vector of sizes; a constant when all are static."""
    if all(isinstance(s, int) for s in sizes):
        return n.int64(list(sizes))
    parts = [n.int64([s]) if isinstance(s, int) else n.unsqueeze(s, 0) for s in sizes]
    return n.one("Concat", *parts, axis=0)


def reshape(n: Network, x: str, sizes: Sequence[Size]) -> str:
    return n.one("Reshape", x, joined(n, sizes))


def transpose(n: Network, x: str, *perm: int) -> str:
    return n.one("Transpose", x, perm=perm)


def slice_of(n: Network, x: str, axis: int, start: Size, end: Size, step: int = 1) -> str:
    bounds = [n.int64([b]) if isinstance(b, int) else n.unsqueeze(b, 0) for b in (start, end)]
    return n.one("Slice", x, *bounds, n.int64([axis]), n.int64([step]))


def dense(
    n: Network, x: str, inputs: int, out: int, bias: bool = True, scale: float = 1.0
) -> str:
    """nn.Linear of more than two axes: MatMul, then the bias as the first operand of Add."""
    y = n.one("MatMul", x, n.random((inputs, out), scale * np.sqrt(1.0 / inputs)))
    return n.one("Add", n.random((out,), 0.05), y) if bias else y


def layer_norm(n: Network, x: str, width: int, epsilon: float = 1e-5) -> str:
    """Over the last axis: one operator from opset 17 on, nine before."""
    gamma = n.constant(n.rng.uniform(0.7, 1.3, width).astype(np.float32), "gamma")
    beta = n.random((width,), 0.1)
    if n.opset >= 17:
        return n.one("LayerNormalization", x, gamma, beta, axis=-1, epsilon=epsilon)
    centered = n.one("Sub", x, n.mean(x, [-1]))
    variance = n.mean(n.one("Pow", centered, scalar(n, 2)), [-1])
    deviation = n.one("Sqrt", n.one("Add", variance, scalar(n, epsilon)))
    normal = n.one("Div", centered, deviation)
    return n.one("Add", n.one("Mul", normal, gamma), beta)


def gelu(n: Network, x: str) -> str:
    """nn.GELU: x * (1 + erf(x / sqrt 2)) * 0.5."""
    erf = n.one("Erf", n.one("Div", x, scalar(n, np.sqrt(2.0))))
    return n.one("Mul", n.one("Mul", x, n.one("Add", erf, scalar(n, 1))), scalar(n, 0.5))


def feed_forward(n: Network, x: str, width: int, hidden: int, activation: str = "gelu") -> str:
    y = dense(n, x, width, hidden)
    y = n.relu(y) if activation == "relu" else gelu(n, y)
    return dense(n, y, hidden, width)


def attention_scale(n: Network, query: str) -> str:
    """1 / sqrt(head size), from the query's shape; both factors then get the root of it."""
    last = n.one("Slice", n.one("Shape", query), n.int64([-1]), n.int64([INT64_MAX]))
    root = n.one("Sqrt", n.one("Cast", last, to=1))
    return n.one("Sqrt", n.one("Div", n.constant(np.ones(1, np.float32)), root))


def scaled_dot_product(n: Network, q: str, k: str, v: str, mask: Optional[str] = None) -> str:
    """The exporter's scaled_dot_product_attention on (batch, heads, length, size)."""
    scale = attention_scale(n, q)
    turned = transpose(n, k, 0, 1, 3, 2)
    scores = n.one("MatMul", n.one("Mul", q, scale), n.one("Mul", turned, scale))
    if mask is not None:
        scores = n.one("Add", scores, mask)
    return n.one("MatMul", n.one("Softmax", scores, axis=-1), v)


def additive_mask(n: Network, mask: str) -> str:
    """(batch, length) of 1 and 0 to (batch, 1, 1, length) of 0 and the lowest float."""
    wide = n.one("Cast", n.unsqueeze(n.unsqueeze(mask, 1), 2), to=1)
    lowest = scalar(n, np.finfo(np.float32).min)
    return n.one("Mul", n.one("Sub", scalar(n, 1), wide), lowest)


def heads(n: Network, x: str, batch: Size, length: Size, count: int, size: int) -> str:
    """(batch, length, count * size) to (batch, count, length, size)."""
    return transpose(n, reshape(n, x, [batch, length, count, size]), 0, 2, 1, 3)


def unite_heads(n: Network, x: str, batch: Size, length: Size, width: int) -> str:
    return reshape(n, transpose(n, x, 0, 2, 1, 3), [batch, length, width])
