"""Slice and the gathers: negative indices, steps, ends that are out of range."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from property.case import Case, Graph, single
from property.draw import Draw

# What exporters write for "to the end" and "from the start, backwards".
_FAR = [2**31 - 1, 2**63 - 1]


def _range(d: Draw, size: int, step: int) -> tuple[int, int]:
    """Start and end that select at least one element of `size`."""
    first = d.integer(0, size - 1)
    if step > 0:
        start, end = first, d.integer(first + 1, size)
        spelled_end: int = d.choice([end, end, end - size if end < size else size + 3])
        if end == size and d.chance(0.5):
            spelled_end = d.choice(_FAR)
        return d.choice([start, start - size]), spelled_end
    start, end = first, d.integer(-1, first - 1)
    spelled_end = end if end >= 0 else d.choice([-size - 1, -size - 5, -(2**31) + 1, -(2**63)])
    start_spelled = d.choice([start, start - size])
    if first == size - 1 and d.chance(0.3):
        start_spelled = d.choice(_FAR)
    return start_spelled, spelled_end


def _slice(d: Draw) -> Case:
    """Attributes until opset 9, operands from 10 on, with steps."""
    opset = d.opset("Slice")
    dtype = d.dtype("Slice", opset)
    shape = d.shape(1, 5)
    rank = len(shape)
    axes = [int(a) for a in d.rng.permutation(rank)[: d.integer(1, rank)]]
    implicit = d.chance(0.25)
    if implicit:
        axes = list(range(len(axes)))
    with_steps = opset >= 10 and d.chance(0.6)
    steps = [d.choice([1, 1, 2, 3, -1, -2]) if with_steps else 1 for _ in axes]
    ranges = [_range(d, shape[a], s) for a, s in zip(axes, steps)]
    starts, ends = [r[0] for r in ranges], [r[1] for r in ranges]
    if not implicit and opset >= 10:
        axes = [a - rank if d.chance(0.3) else a for a in axes]
    x = d.values(shape, dtype, -50, 50)
    if opset < 10:
        given = None if implicit else axes
        return single(d, "Slice", opset, [x], axes=given, starts=starts, ends=ends)
    small = all(abs(v) < 2**31 for v in starts + ends)
    index_type = np.int32 if small and d.chance(0.3) else np.int64
    operands: list[Any] = [x] + [np.array(v, index_type) for v in (starts, ends)]
    operands.append(None if implicit else np.array(axes, index_type))
    operands.append(np.array(steps, index_type) if with_steps else None)
    constant = [0] + [d.choice([1.0, 1.0, 0.4])] * 4
    return single(d, "Slice", opset, operands, constant)


def _indices(d: Draw, shape: tuple[int, ...], size: int, negative: bool) -> np.ndarray:
    low = -size if negative else 0
    values = d.rng.integers(low, size, shape)
    return np.array(values, d.choice([np.int32, np.int64]))


def _gather(d: Draw) -> Case:
    opset = d.opset("Gather")
    dtype = d.dtype("Gather", opset)
    shape = d.shape(1, 4)
    axis = d.choice([None, d.axis(len(shape))])
    size = shape[axis or 0]
    indices = _indices(d, d.shape(0, 3, size=4), size, opset >= 11 and d.chance(0.3))
    x = d.values(shape, dtype, -50, 50)
    return single(d, "Gather", opset, [x, indices], d.choice([(0, 0.6), (0.5, 0)]), axis=axis)


def _gather_elements(d: Draw) -> Case:
    opset = d.opset("GatherElements")
    dtype = d.dtype("GatherElements", opset)
    shape = d.shape(1, 3)
    axis = d.axis(len(shape))
    smaller = d.chance(0.3)
    index_shape = [d.integer(1, n) if smaller else n for n in shape]
    index_shape[axis] = d.integer(1, 5)
    indices = _indices(d, tuple(index_shape), shape[axis], d.chance(0.3))
    graph = Graph(d, opset)
    names = [graph.input(d.values(shape, dtype, -50, 50)), graph.operand(indices)]
    if d.chance(0.4):
        for name in names:
            graph.open_some(name)
    return graph.finish(graph.node("GatherElements", names, axis=axis))


def _gather_nd(d: Draw) -> Case:
    opset = d.opset("GatherND")
    dtype = d.dtype("GatherND", opset)
    shape = d.shape(1, 4)
    batch = d.integer(0, len(shape) - 1) if opset >= 12 and d.chance(0.4) else 0
    depth = d.integer(1, len(shape) - batch)
    outer = shape[:batch] + d.shape(0, 2, size=4)
    columns = [d.rng.integers(0, n, outer) for n in shape[batch : batch + depth]]
    indices = np.stack(columns, axis=-1).astype(np.int64)
    graph = Graph(d, opset)
    names = [graph.input(d.values(shape, dtype, -50, 50)), graph.operand(indices)]
    if d.chance(0.4):
        for name, axes in zip(names, [None, -1]):
            graph.open_some(name, axes)
    return graph.finish(graph.node("GatherND", names, batch_dims=batch or None))


def _shape_of_a_slice(d: Draw) -> Case:
    """Shape, Gather, Unsqueeze, Concat, Reshape: what exporters make of view(x.size(0), -1)."""
    graph = Graph(d, d.opset("Reshape", first=13))
    x = graph.input(d.values(d.shape(2, 4), np.float32))
    sizes = graph.node("Shape", [x])[0]
    first = graph.node("Gather", [sizes, graph.constant(np.array(0, np.int64))], axis=0)[0]
    axes = graph.constant(np.array([0], np.int64))
    row = graph.node("Unsqueeze", [first, axes])[0]
    rest = graph.constant(np.array([-1], np.int64))
    target = graph.node("Concat", [row, rest], axis=0)[0]
    return graph.finish(graph.node("Reshape", [x, target]))


def _slice_among_activations(d: Draw) -> Case:
    """Of single elements, of open axes, of nothing: delegates take neighbours with it."""
    graph = Graph(d, d.opset("Slice", first=13))
    shape = tuple(d.choice([1, 1, 2, 3]) for _ in range(d.integer(1, 3)))
    x = graph.input(d.values(shape, np.float32))
    if d.chance(0.5):
        graph.open_some(x, None)
    axis = d.integer(0, len(shape) - 1)
    step = d.choice([1, 1, 1, -1])
    start, end = _range(d, shape[axis], step)
    if step == 1 and d.chance(0.3):
        start, end = d.choice([(0, 0), (-1, 0), (1, 1), (2, 1), (-1, -1), (7, 2**31 - 1)])
    rows = [graph.constant(np.array([v], np.int64)) for v in (start, end, axis, step)]
    y = graph.node("Slice", [graph.node("Relu", [x])[0], *rows])[0]
    return graph.finish(graph.node("Sigmoid", [y]))


GENERATORS: dict[str, Callable[[Draw], Case]] = {
    "Slice": _slice,
    "SliceAmongActivations": _slice_among_activations,
    "Gather": _gather,
    "GatherElements": _gather_elements,
    "GatherND": _gather_nd,
    "ViewByShape": _shape_of_a_slice,
}
