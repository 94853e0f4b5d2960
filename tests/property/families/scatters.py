"""Scatters with every reduction; indices from both ends, repeated where a reduction adds up."""

from __future__ import annotations

from typing import Callable, Optional

import numpy as np

from property.case import Case, single
from property.draw import Draw

_FLOATS = (np.float32, np.float16)


def _reduction(d: Draw, opset: int) -> Optional[str]:
    if opset < 16:
        return None
    return d.choice([None, "none", "add", "mul"] + (["max", "min"] if opset >= 18 else []))


def _dtype(d: Draw, op: str, opset: int, reduction: Optional[str]) -> np.dtype:
    if reduction in (None, "none"):
        return d.dtype(op, opset)
    return d.dtype(op, opset, only=_FLOATS + (np.int32,) if reduction != "mul" else _FLOATS)


def _spelled(d: Draw, indices: np.ndarray, size: int) -> np.ndarray:
    """Some of the indices counted from the end."""
    if not d.chance(0.4):
        return indices
    negative = d.rng.random(indices.shape) < 0.5
    return np.where(negative, indices - size, indices).astype(indices.dtype)


def _elements(d: Draw, op: str) -> Case:
    opset = d.opset(op)
    reduction = _reduction(d, opset) if op == "ScatterElements" else None
    dtype = _dtype(d, op, opset, reduction)
    shape = d.shape(1, 4, size=5)
    axis = d.axis(len(shape))
    size = shape[axis]
    smaller = [d.integer(1, n) if d.chance(0.4) else n for n in shape]
    unique = reduction in (None, "none")
    count = d.integer(1, size) if unique else d.integer(1, size + 2)
    smaller[axis] = 1
    rows = [
        d.rng.permutation(size)[:count] if unique else d.rng.integers(0, size, count)
        for _ in range(int(np.prod(smaller)))
    ]
    outer = [n for i, n in enumerate(smaller) if i != axis % len(shape)]
    indices = np.moveaxis(np.stack(rows).reshape(*outer, count), -1, axis)
    kind = d.choice([np.int32, np.int64])
    indices = _spelled(d, indices.astype(kind), size) if opset >= 11 else indices.astype(kind)
    operands = [
        d.values(shape, dtype, -4, 4),
        indices,
        d.values(indices.shape, dtype, -4, 4),
    ]
    known = d.choice([0.0, 1.0])
    given = d.choice([None, axis]) if axis == 0 else axis
    attributes = {"axis": given}
    if reduction is not None:
        attributes["reduction"] = reduction
    return single(d, op, opset, operands, [0, known, 0.2], **attributes)


def _scatter(d: Draw) -> Case:
    return _elements(d, "Scatter")


def _scatter_elements(d: Draw) -> Case:
    return _elements(d, "ScatterElements")


def _scatter_nd(d: Draw) -> Case:
    opset = d.opset("ScatterND")
    reduction = _reduction(d, opset)
    dtype = _dtype(d, "ScatterND", opset, reduction)
    shape = d.shape(1, 4, size=5)
    depth = d.integer(1, len(shape))
    places = int(np.prod(shape[:depth]))
    unique = reduction in (None, "none")
    count = d.integer(1, places) if unique else d.integer(1, places + 2)
    count = min(count, 40)
    if unique:
        flat = d.rng.permutation(places)[:count]
    else:
        flat = d.rng.integers(0, places, count)
    outer = (count,) if d.chance(0.7) or count % 2 else (count // 2, 2)
    columns = [
        _spelled(d, column.astype(np.int64), shape[axis]).reshape(outer)
        for axis, column in enumerate(np.unravel_index(flat, shape[:depth]))
    ]
    indices = np.stack(columns, axis=-1)
    operands = [
        d.values(shape, dtype, -4, 4),
        indices,
        d.values(outer + shape[depth:], dtype, -4, 4),
    ]
    attributes = {} if reduction is None else {"reduction": reduction}
    return single(
        d, "ScatterND", opset, operands, [0, d.choice([0.0, 1.0]), 0.2], **attributes
    )


GENERATORS: dict[str, Callable[[Draw], Case]] = {
    "Scatter": _scatter,
    "ScatterElements": _scatter_elements,
    "ScatterND": _scatter_nd,
}
