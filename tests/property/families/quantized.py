"""Quantizing, dequantizing and the integer products: every result is exact."""

from __future__ import annotations

from typing import Any, Callable, Optional

import numpy as np
from onnx import TensorProto

from property.case import Case, Graph, single
from property.draw import F32, Draw
from property.families.windows import draw_window

_BYTES = (np.uint8, np.int8)


def _integers(d: Draw, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    info = np.iinfo(dtype)
    return np.array(d.rng.integers(info.min, info.max + 1, shape), dtype)


def _scales(d: Draw, shape: tuple[int, ...]) -> np.ndarray:
    return np.array(d.rng.uniform(0.01, 0.5, shape), F32)


def _parameter_shape(d: Draw, shape: tuple[int, ...], opset: int) -> tuple[Any, Optional[int]]:
    """One value for the tensor, or one for each position of an axis."""
    if opset < 13 or d.chance(0.5):
        return d.choice([(), (), (1,)]) if opset >= 13 else (), None
    axis = d.integer(0, len(shape) - 1)
    return (shape[axis],), axis - (len(shape) if d.chance(0.3) else 0)


def _types(opset: int) -> tuple[Any, ...]:
    return _BYTES + ((np.uint16, np.int16) if opset >= 21 else ())


def _quantize(d: Draw) -> Case:
    opset = d.opset("QuantizeLinear", last=23)
    shape = d.shape(1, 4)
    parameters, axis = _parameter_shape(d, shape, opset)
    scale = _scales(d, parameters)
    zero = _integers(d, parameters, d.choice(_types(opset)))
    x = d.values(shape, F32, -60, 60)
    operands = [x, scale, None if d.chance(0.2) else zero]
    return single(d, "QuantizeLinear", opset, operands, [0, 0.7, 0.7], axis=axis)


def _dequantize(d: Draw) -> Case:
    opset = d.opset("DequantizeLinear", last=23)
    shape = d.shape(1, 4)
    parameters, axis = _parameter_shape(d, shape, opset)
    dtype = d.choice(_types(opset))
    zero = None if d.chance(0.2) else _integers(d, parameters, dtype)
    operands = [_integers(d, shape, dtype), _scales(d, parameters), zero]
    return single(d, "DequantizeLinear", opset, operands, [0.3, 0.7, 0.7], axis=axis)


def _dequantize_few_bits(d: Draw) -> Case:
    """Constant weights of 4 bits, as quantizers of language models write them."""
    graph = Graph(d, d.integer(21, 23))
    kind = d.choice([TensorProto.INT4, TensorProto.UINT4])
    low, high = (-8, 7) if kind == TensorProto.INT4 else (0, 15)
    block, blocks, columns = d.choice([2, 4, 16]), d.integer(1, 4), d.integer(1, 6)
    shape = (block * blocks, columns)
    form = d.choice(["tensor", "axis", "blocks"])
    parameters = {"tensor": (), "axis": (columns,), "blocks": (blocks, columns)}[form]

    def small(sizes: tuple[int, ...]) -> str:
        return graph.small_constant(d.rng.integers(low, high + 1, sizes), kind)

    operands = [small(shape), graph.constant(_scales(d, parameters), as_node=False)]
    if d.chance(0.7):
        operands.append(small(parameters))
    axis = {"tensor": None, "axis": 1, "blocks": 0}[form]
    weights = graph.node(
        "DequantizeLinear", operands, axis=axis, block_size=block if form == "blocks" else None
    )[0]
    x = graph.input(d.values((d.integer(1, 4), shape[0])))
    return graph.finish(graph.node("MatMul", [x, weights]))


def _dynamic(d: Draw) -> Case:
    opset = d.opset("DynamicQuantizeLinear")
    low, high = d.choice([(-9.0, 9.0), (1.0, 5.0), (-5.0, -1.0)])
    graph = Graph(d, opset)
    x = graph.input(d.values(d.shape(1, 4), F32, low, high))
    return graph.finish(graph.node("DynamicQuantizeLinear", [x], 3))


def _matrices(d: Draw) -> tuple[tuple[int, ...], tuple[int, ...]]:
    batch = d.choice([(), (), (2,), (2, 3)])
    rows, columns = d.integer(1, 6), d.integer(1, 6)
    inner = d.choice([1, 4, 9, 300])
    return (*batch, rows, inner), (*(batch if d.chance(0.5) else ()), inner, columns)


def _matmul_integer(d: Draw) -> Case:
    opset = d.opset("MatMulInteger")
    left, right = _matrices(d)
    a_type, b_type = np.uint8, d.choice(_BYTES)  # what ONNX Runtime computes
    a_zero = None if d.chance(0.3) else _integers(d, (), a_type)
    b_zero = None if d.chance(0.3) else _integers(d, d.choice([(), (right[-1],)]), b_type)
    if len(right) > 2 and b_zero is not None:
        b_zero = _integers(d, (), b_type)
    operands = [_integers(d, left, a_type), _integers(d, right, b_type), a_zero, b_zero]
    return single(d, "MatMulInteger", opset, operands, [0, 0.6, 0.7, 1.0])


def _qlinear_matmul(d: Draw) -> Case:
    opset = d.opset("QLinearMatMul", last=20)
    left, right = _matrices(d)
    a_type, b_type = np.uint8, d.choice(_BYTES)
    operands = [
        _integers(d, left, a_type), _scales(d, ()), _integers(d, (), a_type),
        _integers(d, right, b_type), _scales(d, ()), _integers(d, (), b_type),
        np.array(d.rng.uniform(5, 50), F32), _integers(d, (), a_type),
    ]  # fmt: skip
    return single(d, "QLinearMatMul", opset, operands, [0] + [0.8] * 2 + [0.6] + [0.9] * 4)


def _convolution(d: Draw) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    window = draw_window(d, d.choice([1, 2, 2]))
    group = d.choice([1, 1, 2])
    inputs, outputs = group * d.integer(1, 6), group * d.integer(1, 4)
    attributes = window.attributes(d)
    if group > 1:
        attributes["group"] = group
    x = _integers(d, (d.integer(1, 2), inputs, *window.size), np.uint8)
    weights = _integers(d, (outputs, inputs // group, *window.kernel), np.uint8)
    return x, weights, attributes


def _conv_integer(d: Draw) -> Case:
    opset = d.opset("ConvInteger")
    x, weights, attributes = _convolution(d)
    zeros = [None if d.chance(0.3) else _integers(d, (), np.uint8) for _ in range(2)]
    operands = [x, weights, *zeros]
    return single(d, "ConvInteger", opset, operands, [0, 0.8, 0.8, 1.0], **attributes)


def _qlinear_conv(d: Draw) -> Case:
    opset = d.opset("QLinearConv")
    x, weights, attributes = _convolution(d)
    bias = np.array(d.rng.integers(-5000, 5000, weights.shape[:1]), np.int32)
    operands: list[Any] = [
        x, _scales(d, ()), _integers(d, (), np.uint8),
        weights, _scales(d, ()), _integers(d, (), np.uint8),
        np.array(d.rng.uniform(5, 50), F32), _integers(d, (), np.uint8),
        bias if d.chance(0.6) else None,
    ]  # fmt: skip
    return single(d, "QLinearConv", opset, operands, [0] + [1.0] * 8, **attributes)


GENERATORS: dict[str, Callable[[Draw], Case]] = {
    "QuantizeLinear": _quantize,
    "DequantizeFewBits": _dequantize_few_bits,
    "DequantizeLinear": _dequantize,
    "DynamicQuantizeLinear": _dynamic,
    "MatMulInteger": _matmul_integer,
    "QLinearMatMul": _qlinear_matmul,
    "ConvInteger": _conv_integer,
    "QLinearConv": _qlinear_conv,
}
