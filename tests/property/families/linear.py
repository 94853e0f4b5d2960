"""MatMul, Gemm and the softmaxes."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from property.case import Case, single
from property.draw import Draw

FLOATS = (np.float32, np.float16, np.float64)


def _matmul(d: Draw) -> Case:
    """Ranks 1 to 4 on either side, with broadcast batches."""
    opset = d.opset("MatMul")
    dtype = d.dtype("MatMul", opset)
    m, k, n = d.integer(1, 6), d.integer(1, 7), d.integer(1, 6)
    batch = d.shape(0, 2, size=3)
    left = (k,) if d.chance(0.12) else (*d.broadcast(batch), m, k)
    right = (k,) if d.chance(0.12) else (*d.broadcast(batch), k, n)
    if d.chance(0.3):
        right = (k, n)
    a, b = d.values(left, dtype, -3, 3), d.values(right, dtype, -3, 3)
    return single(d, "MatMul", opset, [a, b], d.choice([(0, 0), (0, 1), (0, 1), (1, 0)]))


def _gemm(d: Draw) -> Case:
    opset = d.opset("Gemm")
    dtype = d.dtype("Gemm", opset)
    m, k, n = d.integer(1, 6), d.integer(1, 7), d.integer(1, 6)
    trans_a, trans_b = d.choice([None, 0, 1]), d.choice([None, 0, 1])
    a = d.values((k, m) if trans_a else (m, k), dtype, -3, 3)
    b = d.values((n, k) if trans_b else (k, n), dtype, -3, 3)
    optional = opset >= 11 and d.chance(0.25)
    c = None
    if not optional:
        c = d.values(d.choice([(n,), (n,), (m, n), (1, n), (m, 1), (1,), ()]), dtype, -3, 3)
    scales: dict[str, Any] = {}
    for name in ("alpha", "beta"):
        if dtype.kind == "f":
            scales[name] = d.choice([None, None, 1.0, 0.5, 2.0])
        else:
            scales[name] = d.choice([None, 1.0])
    constant = d.choice([(0, 1, 1), (0, 1, 1), (0, 0, 0), (1, 0, 0), (0, 1, 0)])
    return single(
        d, "Gemm", opset, [a, b, c], constant, transA=trans_a, transB=trans_b, **scales
    )


def _softmax(op: str) -> Callable[[Draw], Case]:
    """Before opset 13 the axis splits the shape in two; from then on it is the one normalized."""

    def generate(d: Draw) -> Case:
        opset = d.opset(op)
        # onnx's evaluator, which judges Hardmax of float64, knows the newest meaning only.
        dtype = d.dtype(op, opset, only=FLOATS[:1] if op == "Hardmax" else FLOATS)
        shape = d.shape(1, 5)
        axis = d.axis(len(shape)) if opset >= 11 else d.integer(0, len(shape) - 1)
        default = 1 if opset < 13 else -1
        given = None if default < len(shape) and d.chance(0.3) else axis
        return single(d, op, opset, [d.values(shape, dtype, -6, 6)], axis=given)

    return generate


GENERATORS: dict[str, Callable[[Draw], Case]] = {
    "MatMul": _matmul,
    "Gemm": _gemm,
    "Softmax": _softmax("Softmax"),
    "LogSoftmax": _softmax("LogSoftmax"),
    "Hardmax": _softmax("Hardmax"),
}
