"""Opsets 1 to 6, whose operators say some things by attributes that were inputs or NumPy's rules
later. ONNX Runtime does not run them: numpy computes what the definitions say."""

from __future__ import annotations

from typing import Callable, Optional, Sequence

import numpy as np
import onnx
from onnx import TensorProto

from property.case import Case, Graph
from property.draw import ONNX_OF, Draw


def _finish(graph: Graph, names: Sequence[str], expected: Sequence[np.ndarray]) -> Case:
    case = graph.finish(names)
    for value, array in zip(case.model.graph.output, expected):
        value.type.tensor_type.elem_type = ONNX_OF[array.dtype]
    case.expected = [np.asarray(array) for array in expected]
    return case


def _consumed(d: Draw, opset: int, inputs: int = 1) -> Optional[list[int]]:
    """Opsets 1 to 5 let a node say which inputs it overwrites: no meaning for the result."""
    return [0] * inputs if opset < 6 and d.chance(0.4) else None


_BINARY: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "Add": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Div": np.divide,
    "Pow": lambda a, b: np.power(np.abs(a) + 0.5, b),
    "And": np.logical_and,
    "Or": np.logical_or,
    "Xor": np.logical_xor,
    "Equal": np.equal,
    "Greater": np.greater,
    "Less": np.less,
}


def _second_shape(d: Draw, shape: tuple[int, ...]) -> tuple[tuple[int, ...], dict[str, int]]:
    """A shape for the second operand, and the attributes that say how it meets the first."""
    if d.chance(0.25):
        return shape, {}
    if d.chance(0.2):
        return d.choice([(), (1,)]), {"broadcast": 1}
    start = d.integer(0, len(shape) - 1)
    end = len(shape) if d.chance(0.4) else d.integer(start + 1, len(shape))
    part = tuple(1 if d.chance(0.15) else n for n in shape[start:end])
    if end == len(shape) and d.chance(0.5):
        return part, {"broadcast": 1}
    return part, {"broadcast": 1, "axis": start if d.chance(0.8) else start - len(shape)}


def _aligned(b: np.ndarray, rank: int, said: dict[str, int]) -> np.ndarray:
    if b.size == 1 or not said:
        return b if b.ndim == rank else b.reshape(())
    start = said.get("axis", rank - b.ndim)
    start += rank if start < 0 else 0
    return b.reshape(b.shape + (1,) * (rank - start - b.ndim))


def _broadcast(d: Draw) -> Case:
    op = d.choice(list(_BINARY))
    opset = d.integer(1, 6)
    graph = Graph(d, opset)
    shape = d.shape(1, 4)
    second, said = _second_shape(d, shape)
    kind = np.dtype(np.float32)
    if op in ("And", "Or", "Xor"):
        kind = np.dtype(np.bool_)
    elif op == "Equal":
        kind = np.dtype(np.int32)
    elif op in ("Add", "Sub", "Mul") and opset == 6 and d.chance(0.3):
        kind = np.dtype(d.choice([np.int32, np.int64]))
    a, b = d.values(shape, kind), d.values(second, kind)
    if op == "Div":
        b = np.where(np.abs(b) < 0.3, np.float32(0.5), b)
    fitted = _aligned(b, len(shape), said)
    expected = np.asarray(_BINARY[op](a, fitted))
    if op == "Pow":
        a = np.abs(a) + np.float32(0.5)
    inputs = [graph.input(a), graph.operand(b)]
    consumed = _consumed(d, opset, 2) if op in ("Add", "Sub", "Mul", "Div") else None
    names = graph.node(op, inputs, consumed_inputs=consumed, **said)
    if expected.dtype != np.bool_:
        expected = expected.astype(kind)
    return _finish(graph, names, [expected])


def _selu(x: np.ndarray, opset: int) -> np.ndarray:
    alpha, gamma = (1.6732, 1.0507) if opset < 6 else (1.6732632, 1.0507010)
    return gamma * np.where(x > 0, x, alpha * np.expm1(x))


_UNARY: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {
    "Abs": lambda x, _: np.abs(x),
    "Ceil": lambda x, _: np.ceil(x),
    "Elu": lambda x, _: np.where(x > 0, x, np.expm1(x)),
    "Exp": lambda x, _: np.exp(x),
    "Floor": lambda x, _: np.floor(x),
    "HardSigmoid": lambda x, _: np.clip(0.2 * x + 0.5, 0, 1),
    "LeakyRelu": lambda x, _: np.where(x > 0, x, 0.01 * x),
    "Log": lambda x, _: np.log(x),
    "Neg": lambda x, _: -x,
    "Reciprocal": lambda x, _: 1 / x,
    "Relu": lambda x, _: np.maximum(x, 0),
    "Selu": _selu,
    "Sigmoid": lambda x, _: 1 / (1 + np.exp(-x)),
    "Sqrt": lambda x, _: np.sqrt(x),
    "Tanh": lambda x, _: np.tanh(x),
}


def _unary(d: Draw) -> Case:
    op = d.choice([*_UNARY, "Clip"])
    opset = d.integer(1, 6)
    graph = Graph(d, opset)
    positive = op in ("Log", "Reciprocal", "Sqrt")
    x = d.values(d.shape(0, 5), low=0.2 if positive else -3)
    said: dict[str, float] = {}
    if op == "Clip":
        said = {k: v for k, v in (("min", -1.5), ("max", 0.75)) if d.chance(0.6)}
        y = np.clip(x, said.get("min", -np.inf), said.get("max", np.inf))
    else:
        y = _UNARY[op](x, opset)
    names = graph.node(op, [graph.input(x)], consumed_inputs=_consumed(d, opset), **said)
    return _finish(graph, names, [np.asarray(y, np.float32)])


def _prelu(d: Draw) -> Case:
    opset = d.integer(1, 6)
    graph = Graph(d, opset)
    x = d.values(d.shape(2, 5))
    slope = d.values(d.choice([(1,), (x.shape[1],)]))
    shaped = slope.reshape((-1,) + (1,) * (x.ndim - 2))
    names = graph.node(
        "PRelu", [graph.input(x), graph.operand(slope)], consumed_inputs=_consumed(d, opset, 2)
    )
    return _finish(graph, names, [np.where(x < 0, x * shaped, x).astype(np.float32)])


def _gemm(d: Draw) -> Case:
    graph = Graph(d, d.integer(1, 6))
    m, k, n = d.integer(1, 6), d.integer(1, 6), d.integer(1, 6)
    flags = {"transA": d.integer(0, 1), "transB": d.integer(0, 1)}
    a = d.values((k, m) if flags["transA"] else (m, k))
    b = d.values((n, k) if flags["transB"] else (k, n))
    broadcast = d.chance(0.6)
    c = d.values(d.choice([(n,), (1,), (1, n), (m, 1), (m, n)]) if broadcast else (m, n))
    alpha, beta = d.choice([1.0, 0.5]), d.choice([1.0, 2.0])
    names = graph.node(
        "Gemm",
        [graph.input(a), graph.operand(b), graph.operand(c)],
        broadcast=1 if broadcast else None,
        alpha=alpha,
        beta=beta,
        **flags,
    )
    left = a.T if flags["transA"] else a
    right = b.T if flags["transB"] else b
    return _finish(graph, names, [(alpha * (left @ right) + beta * c).astype(np.float32)])


def _normalization(d: Draw) -> Case:
    opset = d.integer(1, 6)
    graph = Graph(d, opset)
    x = d.values(d.shape(3, 5))
    channels = (x.shape[1],)
    sides = (-1,) + (1,) * (x.ndim - 2)
    scale, bias = d.values(channels), d.values(channels)
    if d.chance(0.4):
        inputs = [graph.input(x), graph.operand(scale), graph.operand(bias)]
        axes = tuple(range(2, x.ndim))
        centered = x - x.mean(axes, keepdims=True)
        y = centered / np.sqrt((centered**2).mean(axes, keepdims=True) + 1e-3)
        names = graph.node(
            "InstanceNormalization", inputs, epsilon=1e-3, consumed_inputs=_consumed(d, opset, 3)
        )
    else:
        mean, variance = d.values(channels), d.values(channels, low=0.3, high=2)
        inputs = [graph.input(x), *(graph.operand(v) for v in (scale, bias, mean, variance))]
        y = (x - mean.reshape(sides)) / np.sqrt(variance.reshape(sides) + 1e-3)
        consumed = [0, 0, 0, 1, 1] if opset < 6 else None
        names = graph.node(
            "BatchNormalization", inputs, epsilon=1e-3, is_test=1, consumed_inputs=consumed
        )
    y = y * scale.reshape(sides) + bias.reshape(sides)
    return _finish(graph, names, [y.astype(np.float32)])


def _cast(d: Draw) -> Case:
    graph = Graph(d, d.integer(1, 5))
    x = d.values(d.shape(0, 4))
    to = d.choice([TensorProto.INT32, TensorProto.INT64, TensorProto.BOOL, TensorProto.FLOAT])
    names = graph.node("Cast", [graph.input(x)], to=TensorProto.DataType.Name(to))
    return _finish(graph, names, [x.astype(onnx.helper.tensor_dtype_to_np_dtype(to))])


def _reshape(d: Draw) -> Case:
    graph = Graph(d, d.integer(1, 4))
    x = d.values(d.shape(1, 4))
    target = d.choice([[-1], [0, -1], [1, x.size], [x.shape[0], -1], [*x.shape, 1]])
    names = graph.node("Reshape", [graph.input(x)], shape=target)
    sizes = [x.shape[i] if n == 0 else n for i, n in enumerate(target)]
    return _finish(graph, names, [x.reshape(sizes)])


def _tile(d: Draw) -> Case:
    graph = Graph(d, d.integer(1, 5))
    x = d.values(d.shape(1, 4))
    axis, times = d.integer(0, x.ndim - 1), d.integer(1, 3)
    numbers = [graph.constant(np.float32(n), as_node=False) for n in (times, axis)]
    names = graph.node("Tile", [graph.input(x), *numbers])
    repeats = [times if i == axis else 1 for i in range(x.ndim)]
    return _finish(graph, names, [np.tile(x, repeats)])


def _pad(d: Draw) -> Case:
    graph = Graph(d, 1)
    x = d.values(d.shape(1, 4))
    pads = [[d.integer(0, 2) for _ in range(x.ndim)] for _ in range(2)]
    names = graph.node("Pad", [graph.input(x)], paddings=pads[0] + pads[1], value=0.5)
    return _finish(graph, names, [np.pad(x, list(zip(*pads)), constant_values=0.5)])


def _split(d: Draw) -> Case:
    graph = Graph(d, 1)
    x = d.values(d.shape(1, 4))
    axis = d.integer(0, x.ndim - 1)
    first = d.integer(0, x.shape[axis])
    sizes = [first, x.shape[axis] - first]
    inputs = [graph.input(x)]
    if d.chance(0.4):
        inputs.append(graph.constant(np.array(sizes, np.float32), as_node=False))
        names = graph.node("Split", inputs, 2, axis=axis)
    else:
        names = graph.node("Split", inputs, 2, axis=axis, split=sizes)
    return _finish(graph, names, np.split(x, [first], axis))


def _concat(d: Draw) -> Case:
    graph = Graph(d, d.integer(1, 3))
    x = d.values(d.shape(2, 4))
    axis = d.choice([None, d.integer(0, x.ndim - 1)])
    names = graph.node("Concat", [graph.input(x), graph.operand(x + 1)], axis=axis)
    return _finish(graph, names, [np.concatenate([x, x + 1], 1 if axis is None else axis)])


def _upsample(d: Draw) -> Case:
    graph = Graph(d, 1)
    x = d.values((1, d.integer(1, 3), d.integer(1, 5), d.integer(1, 5)))
    height, width = d.integer(1, 3), d.integer(1, 3)
    names = graph.node(
        "Upsample", [graph.input(x)], height_scale=float(height), width_scale=float(width)
    )
    return _finish(graph, names, [x.repeat(height, 2).repeat(width, 3)])


def _dropout(d: Draw) -> Case:
    opset = d.integer(1, 6)
    graph = Graph(d, opset)
    x = d.values(d.shape(1, 4))
    given = {"is_test": 1, "ratio": 0.3, "consumed_inputs": _consumed(d, opset)}
    return _finish(graph, graph.node("Dropout", [graph.input(x)], **given), [x])


def _norm_pool(d: Draw) -> Case:
    graph = Graph(d, 1)
    x = d.values((d.integer(1, 2), d.integer(1, 3), d.integer(2, 6), d.integer(2, 6)))
    p = d.choice([1.0, 2.0, 3.0])
    whole = d.chance(0.5)
    windows = x if whole else np.lib.stride_tricks.sliding_window_view(x, (2, 2), (2, 3))
    axes = (2, 3) if whole else (4, 5)
    norm = (np.abs(windows) ** p).sum(axes, keepdims=whole) ** (1 / p)
    if whole:
        names = graph.node("GlobalLpPool", [graph.input(x)], p=p)
    else:
        given = {"kernel_shape": [2, 2], "strides": [1, 1]}
        names = graph.node("LpPool", [graph.input(x)], p=p, **given)
    return _finish(graph, names, [norm.astype(np.float32)])


GENERATORS = {
    "OldBroadcast": _broadcast,
    "OldUnary": _unary,
    "OldPRelu": _prelu,
    "OldGemm": _gemm,
    "OldNormalization": _normalization,
    "OldCast": _cast,
    "OldReshape": _reshape,
    "OldTile": _tile,
    "OldPad": _pad,
    "OldSplit": _split,
    "OldConcat": _concat,
    "OldUpsample": _upsample,
    "OldDropout": _dropout,
    "OldNormPool": _norm_pool,
}
