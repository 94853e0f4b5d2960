"""Casts, constants, and operators that speak of shapes."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np
from onnx import helper, numpy_helper

from property.case import Case, Graph, single
from property.draw import NUMPY_OF, ONNX_OF, Draw, allowed_types


def _cast(d: Draw) -> Case:
    """Values that the target can hold: what happens to others is not defined by ONNX."""
    opset = d.opset("Cast")
    source = d.dtype("Cast", opset, "T1")
    target = d.choice(allowed_types("Cast", opset, "T2"))
    low = 0 if "u" in (source.kind, target.kind) else -100
    x = d.values(d.shape(), source, low, 100)
    return single(d, "Cast", opset, [x], to=ONNX_OF[target])


def _cast_like(d: Draw) -> Case:
    opset = d.opset("CastLike")
    source = d.dtype("CastLike", opset, "T1")
    target = d.choice(allowed_types("CastLike", opset, "T2"))
    low = 0 if "u" in (source.kind, target.kind) else -100
    operands = [d.values(d.shape(), source, low, 100), np.zeros((1,), target)]
    return single(d, "CastLike", opset, operands, [0, 0.7])


def _identity(d: Draw) -> Case:
    opset = d.opset("Identity")
    dtype = d.dtype("Identity", opset, "V" if opset >= 14 else "T")
    return single(d, "Identity", opset, [d.values(d.shape(), dtype, -50, 50)])


def _dropout(d: Draw) -> Case:
    """In inference it is the identity, and its mask is all true."""
    opset = d.opset("Dropout")
    dtype = d.dtype("Dropout", opset, only=(np.float32, np.float16, np.float64))
    graph = Graph(d, opset)
    operands = [graph.input(d.values(d.shape(), dtype))]
    attributes: dict[str, Any] = {}
    if opset < 12:
        attributes["ratio"] = d.choice([None, 0.3])
    elif d.chance(0.5):
        keeps = d.chance(0.3)
        operands.append(graph.constant(np.float32(0 if keeps else 0.4)))
        if keeps or d.chance(0.5):
            operands.append(graph.constant(np.array(keeps)))
    # Before opset 10 the mask has the data's type and little meaning.
    outputs = 2 if opset >= 10 and d.chance(0.3) else 1
    return graph.finish(graph.node("Dropout", operands, outputs, **attributes))


def _mel_weights(d: Draw) -> Case:
    graph = Graph(d, d.opset("MelWeightMatrix"))
    length, rate = d.choice([16, 64, 100]), d.choice([4000, 8192])
    constant = d.choice([1.0, 0.0])
    operands = [
        graph.operand(np.array(value, kind), constant, "part")
        for value, kind in (
            (d.integer(2, 8), np.int64),
            (length, np.int64),
            (rate, np.int64),
            (d.choice([0.0, 20.0]), np.float32),
            (rate / 2.5, np.float32),
        )
    ]
    bank = graph.node("MelWeightMatrix", operands)[0]
    return graph.finish(graph.node("Mul", [graph.input(d.values((1, 1)), "scale"), bank]))


def _constant(d: Draw) -> Case:
    """A constant of each spelling, added to an input so that something is computed."""
    opset = d.opset("Constant")
    graph = Graph(d, opset)
    spellings = ["value"]
    if opset >= 12:
        spellings += ["value_float", "value_floats", "value_int", "value_ints"]
    spelling = d.choice(spellings)
    if spelling == "value":
        dtype = d.choice([np.float32, np.int32, np.int64])
        array = d.values(d.shape(0, 3), dtype, -9, 9)
        given: Any = numpy_helper.from_array(array)
    elif "float" in spelling:
        array = d.values((4,) if spelling.endswith("s") else (), np.float32)
        given = array.tolist()
    else:
        array = d.values((4,) if spelling.endswith("s") else (), np.int64, -9, 9)
        given = array.tolist()
    name = graph.node("Constant", [], **{spelling: given})[0]
    x = graph.input(d.values(array.shape, array.dtype, -9, 9))
    outputs = graph.node("Add", [x, name])
    return graph.finish(outputs)


def _shape(d: Draw) -> Case:
    opset = d.opset("Shape")
    x = d.values(d.shape(), d.dtype("Shape", opset))
    limits = {}
    if opset >= 15:
        limits = {k: d.choice([None, d.integer(-x.ndim - 1, x.ndim + 1)]) for k in ("start", "end")}
        window = list(x.shape)[limits["start"] : limits["end"]]
        if not window:  # an empty result is another subject
            limits = {"start": None, "end": None}
    if x.ndim == 0:
        x = d.values((3,), x.dtype)
    return single(d, "Shape", opset, [x], **limits)


def _size(d: Draw) -> Case:
    opset = d.opset("Size")
    return single(d, "Size", opset, [d.values(d.shape(), d.dtype("Size", opset))])


def _range(d: Draw) -> Case:
    opset = d.opset("Range")
    dtype = d.dtype("Range", opset)
    start = d.integer(-5, 5)
    count = d.integer(1, 12)
    step = d.choice([1, 1, 2, 3, -1, -2])
    limit = start + count * step
    if dtype.kind == "f" and d.chance(0.4):
        limit = start + count * step - step * 0.5
    scalars = [np.array(v, dtype) for v in (start, limit, step)]
    if dtype == np.float32 and d.chance(0.4):  # a quotient that is nearly whole
        scalars[2] = np.array(d.choice([0.1, 0.3, -0.7, 1.1]), dtype)
        scalars[1] = (scalars[0] + np.float32(count) * scalars[2]).astype(dtype)
    constant = d.choice([(1, 1, 1), (1, 0, 1), (0, 0, 0)])
    return single(d, "Range", opset, scalars, constant)


def _constant_of_shape(d: Draw) -> Case:
    """Added to an input of that shape now and then, as masks are built."""
    opset = d.opset("ConstantOfShape")
    shape = d.shape(1, 4)
    value = None
    dtype = np.dtype(np.float32)
    if d.chance(0.8):
        dtype = d.choice(allowed_types("ConstantOfShape", opset, "T2"))
        value = helper.make_tensor("value", ONNX_OF[dtype], [1], d.values((1,), dtype, 1, 9))
    graph = Graph(d, opset)
    if d.chance(0.5):
        sizes = graph.operand(np.array(shape, np.int64), 0.6)
        return graph.finish(graph.node("ConstantOfShape", [sizes], value=value))
    x = graph.input(d.values(shape, np.float32))
    sizes = graph.node("Shape", [x])[0]
    return graph.finish(graph.node("ConstantOfShape", [sizes], value=value) + [x][:0])


def _eye_like(d: Draw) -> Case:
    opset = d.opset("EyeLike")
    x = d.values(d.shape(2, 2), np.float32)
    dtype = d.choice([None, 1, 6, 7])
    return single(d, "EyeLike", opset, [x], dtype=dtype, k=d.choice([None, 0, 1, -1]))


def _optional(d: Draw, op: str) -> Case:
    """Of a plain tensor, which opset 18 allows."""
    opset = d.opset(op, 18)
    graph = Graph(d, opset)
    x = graph.input(d.values(d.shape(1, 4), np.float32))
    return graph.finish(graph.node(op, [x]))


assert set(NUMPY_OF) == set(ONNX_OF.values())

GENERATORS: dict[str, Callable[[Draw], Case]] = {
    "Cast": _cast,
    "CastLike": _cast_like,
    "Identity": _identity,
    "Dropout": _dropout,
    "MelWeightMatrix": _mel_weights,
    "Constant": _constant,
    "Shape": _shape,
    "Size": _size,
    "Range": _range,
    "ConstantOfShape": _constant_of_shape,
    "EyeLike": _eye_like,
    "OptionalGetElement": lambda d: _optional(d, "OptionalGetElement"),
    "OptionalHasElement": lambda d: _optional(d, "OptionalHasElement"),
}
