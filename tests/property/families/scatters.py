"""Scatters with every reduction; indices from both ends, repeated where a reduction adds up."""

from __future__ import annotations

from typing import Any, Callable, Optional, Sequence

import numpy as np

from property.case import Case, Graph
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


def _scattered(
    d: Draw, op: str, opset: int, operands: Sequence[np.ndarray], **attributes: Any
) -> Case:
    """One node; now and then with axes whose sizes only the run tells, of any operand."""
    known = d.choice([0.0, 1.0])
    graph = Graph(d, opset)
    names = [
        graph.operand(value, probability, "x" if probability == 0.0 else "w")
        for value, probability in zip(operands, [0.0, known, 0.2])
    ]
    if d.chance(0.4):
        for name, value in zip(names, operands):
            tuples = op == "ScatterND" and value is operands[1]
            graph.open_some(name, -1 if tuples else None)
    return graph.finish(graph.node(op, names, **attributes))


def _one_slice(d: Draw, op: str) -> Case:
    """An assignment to one slice: the indices are one number, constant or expanded at run time."""
    opset = d.opset(op, first=9 if op == "Scatter" else 13)
    reduction = _reduction(d, opset) if op == "ScatterElements" else None
    dtype = _dtype(d, op, opset, reduction)
    shape = d.shape(1, 4, size=5)
    axis = d.axis(len(shape))
    size = shape[axis]
    updates = list(shape)
    updates[axis] = 1
    low = -size if op == "ScatterElements" else 0
    index = np.array(d.integer(low, size - 1), np.int64)
    graph = Graph(d, opset)
    data = graph.input(d.values(shape, dtype, -4, 4), "data")
    written = graph.input(d.values(updates, dtype, -4, 4), "written")
    if d.chance(0.6):  # one name for one size, as exporters write it
        for i in range(len(shape)):
            if d.chance(0.5):
                graph.open_axis(data, i, f"size{i}")
                if i != axis % len(shape):
                    graph.open_axis(written, i, f"size{i}")
    if d.chance(0.3):
        indices = graph.constant(np.full(updates, index))
    else:
        target = graph.node("Shape", [written])
        indices = graph.node("Expand", [graph.constant(index), *target])[0]
    attributes = {"axis": axis}
    if reduction is not None:
        attributes["reduction"] = reduction
    return graph.finish(graph.node(op, [data, indices, written], **attributes))


def _rows(d: Draw) -> Case:
    """Whole rows, whose indices are expanded along them at run time: messages of graph networks."""
    opset = d.opset("ScatterElements", first=13)
    reduction = _reduction(d, opset)
    dtype = _dtype(d, "ScatterElements", opset, reduction)
    shape = d.shape(2, 3, size=5)
    unique = reduction in (None, "none")
    count = d.integer(1, shape[0] if unique else shape[0] + 2)
    rows = d.rng.permutation(shape[0])[:count] if unique else d.rng.integers(0, shape[0], count)
    indices = _spelled(d, rows.astype(np.int64), shape[0])
    graph = Graph(d, opset)
    data = graph.input(d.values(shape, dtype, -4, 4), "data")
    updates = graph.input(d.values((count, *shape[1:]), dtype, -4, 4), "updates")
    column = graph.input(indices.reshape(count, *[1] * (len(shape) - 1)), "column")
    if d.chance(0.6):
        graph.open_axis(data, 0)
        for name in (updates, column):
            graph.open_axis(name, 0, "count")
        if d.chance(0.5):
            for name in (data, updates):
                graph.open_axis(name, 1, "width")
    wide = graph.node("Expand", [column, *graph.node("Shape", [updates])])
    attributes = {} if reduction is None else {"reduction": reduction}
    return graph.finish(graph.node("ScatterElements", [data, *wide, updates], **attributes))


def _elements(d: Draw, op: str) -> Case:
    if d.chance(0.2):
        return _one_slice(d, op)
    if op == "ScatterElements" and d.chance(0.15):
        return _rows(d)
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
    given = d.choice([None, axis]) if axis == 0 else axis
    attributes = {"axis": given}
    if reduction is not None:
        attributes["reduction"] = reduction
    return _scattered(d, op, opset, operands, **attributes)


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
    return _scattered(d, "ScatterND", opset, operands, **attributes)


GENERATORS: dict[str, Callable[[Draw], Case]] = {
    "Scatter": _scatter,
    "ScatterElements": _scatter_elements,
    "ScatterND": _scatter_nd,
}
