"""What the order or the values of elements decide: TopK, OneHot, NonZero, Compress, Unique."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from property.case import Case, single
from property.draw import Draw


def _top_k(d: Draw) -> Case:
    opset = d.opset("TopK")
    kinds = (np.float32, np.float16, np.int32, np.int64, np.uint64, np.uint8, np.int8)
    dtype = d.dtype("TopK", opset, only=kinds)
    shape = d.shape(1, 4)
    axis = d.choice([None, d.axis(len(shape))])
    size = shape[-1 if axis is None else axis]
    k = d.integer(1, size)
    x = d.distinct(shape, dtype)
    attributes: dict[str, Any] = {"axis": axis}
    if opset < 10:
        return single(d, "TopK", opset, [x], outputs=2, k=k, **attributes)
    if opset >= 11:
        attributes["largest"] = d.choice([None, 0, 1])
        attributes["sorted"] = d.choice([None, 1])
    operands = [x, np.array([k], np.int64)]
    return single(d, "TopK", opset, operands, [0, 0.7], outputs=2, **attributes)


# Element types of indices, values and depth that the reference engine has a kernel for.
_ONE_HOT_TYPES = [
    (np.int64, np.int64, np.int64),
    (np.float32, np.int64, np.int64),
    (np.float32, np.float32, np.float32),
    (np.int64, np.float32, np.int64),
    (np.int32, np.float32, np.int32),
]


def _one_hot(d: Draw) -> Case:
    opset = d.opset("OneHot", last=27)
    index_type, value_type, depth_type = d.choice(_ONE_HOT_TYPES)
    depth = d.integer(2, 7)
    low = -depth if opset >= 11 else 0
    indices = d.rng.integers(low, depth, d.shape(1, 3, size=4)).astype(index_type)
    axis = d.choice([None, -1, d.integer(0, indices.ndim)])
    length = np.array(depth if d.chance(0.5) else [depth], depth_type)
    operands = [indices, length, d.values((2,), value_type, -5, 5)]
    return single(d, "OneHot", opset, operands, [0, 0.7, 0.7], axis=axis)


def _non_zero(d: Draw) -> Case:
    opset = d.opset("NonZero")
    dtype = d.dtype("NonZero", opset, only=(np.float32, np.int32, np.int64, np.uint8, np.bool_))
    shape = d.shape(1, 4, size=5)
    x = d.values(shape, dtype, 1, 3) * d.values(shape, np.bool_)
    x = x.astype(dtype)
    x.flat[0] = 1  # a result of no elements can't be read
    return single(d, "NonZero", opset, [x])


def _compress(d: Draw) -> Case:
    opset = d.opset("Compress")
    dtype = d.dtype("Compress", opset)
    shape = d.shape(1, 4, size=5)
    axis = d.choice([None, d.integer(0, len(shape) - 1)])
    if axis is not None and opset >= 11 and d.chance(0.4):
        axis -= len(shape)
    size = int(np.prod(shape)) if axis is None else shape[axis]
    condition = d.values((d.integer(1, size),), np.bool_)
    condition[0] = True
    x = d.values(shape, dtype, -9, 9)
    return single(d, "Compress", opset, [x, condition], [0, 0.5], axis=axis)


def _unique(d: Draw) -> Case:
    opset = d.opset("Unique", last=27)
    dtype = d.dtype("Unique", opset, only=(np.float32, np.int64, np.int8))
    shape, axis, reach = list(d.shape(1, 3, size=5)), None, 3
    if d.chance(0.5):  # rows, of which some are likely the same
        axis, reach = d.axis(len(shape)), 1
        shape[axis] = d.integer(1, 9)
    x = d.values(shape, np.int64, -reach, reach).astype(dtype)
    return single(d, "Unique", opset, [x], outputs=4, sorted=d.choice([None, 0, 1]), axis=axis)


GENERATORS: dict[str, Callable[[Draw], Case]] = {
    "TopK": _top_k,
    "OneHot": _one_hot,
    "NonZero": _non_zero,
    "Compress": _compress,
    "Unique": _unique,
}
