"""ONNX Runtime's operators on 8-bit tensors (com.microsoft)."""

from __future__ import annotations

from typing import Callable

import numpy as np
from onnx import TensorProto

from property.case import Case, Graph
from property.draw import ONNX_OF, Draw
from property.families.windows import draw_window

DOMAIN = "com.microsoft"


class _Quantized:
    """A graph whose operands are (x, scale, zero point), all parameters constant."""

    def __init__(self, d: Draw) -> None:
        self.d = d
        self.dtype = np.dtype(d.choice([np.uint8, np.int8]))
        self.graph = Graph(d, d.integer(11, 20), DOMAIN)

    def tensor(self, shape: tuple[int, ...], constant: float = 0.0) -> str:
        info = np.iinfo(self.dtype)
        value = self.d.rng.integers(info.min, info.max + 1, shape).astype(self.dtype)
        return self.graph.operand(value, constant, "w" if constant else "x")

    def parameters(self, size: float = 0.05) -> list[str]:
        """Scale and zero point. ONNX Runtime stumbles over an absent zero point. Scales have many
        bits: a sum that lies exactly between two steps is another subject."""
        scale = self.graph.constant(np.float32(size * (0.5 + self.d.rng.random())))
        low, high = (100, 156) if self.dtype == np.uint8 else (-20, 20)
        return [scale, self.graph.constant(self.dtype.type(self.d.integer(low, high)))]

    def finish(self, op: str, operands: list[str], kind: int = 0, **attributes) -> Case:
        result = self.graph.node(op, operands, **attributes)
        return self.graph.finish(result, {result[0]: kind or ONNX_OF[self.dtype]})


def _binary(op: str) -> Callable[[Draw], Case]:
    def generate(d: Draw) -> Case:
        q = _Quantized(d)
        shape = d.shape(1, 4, size=6)
        other = d.broadcast(shape)
        size = 6.0 if op == "QLinearMul" else 0.09
        operands = [q.tensor(shape), *q.parameters(), q.tensor(other, 0.4), *q.parameters()]
        return q.finish(op, operands + q.parameters(size=size * 0.02 if size > 1 else size))

    return generate


def _unary(op: str) -> Callable[[Draw], Case]:
    def generate(d: Draw) -> Case:
        q = _Quantized(d)
        operands = [q.tensor(d.shape(1, 4, size=6)), *q.parameters()]
        if op == "QLinearSigmoid":
            return q.finish(op, operands + q.parameters(size=0.005))
        return q.finish(op, operands + q.parameters(), alpha=d.choice([None, 0.25]))

    return generate


def _global_pool(d: Draw) -> Case:
    q = _Quantized(d)
    last = d.chance(0.4)
    shape = (d.integer(1, 2), d.integer(1, 5), d.integer(1, 6), d.integer(2, 6))
    operands = [q.tensor(shape), *q.parameters(), *q.parameters()]
    return q.finish("QLinearGlobalAveragePool", operands, channels_last=int(last))


def _average_pool(d: Draw) -> Case:
    q = _Quantized(d)
    window = draw_window(d, 2, dilated=False, pads_below_kernel=True)
    last = d.chance(0.3)
    batch, channels = d.integer(1, 2), d.integer(1, 4)
    shape = (batch, *window.size, channels) if last else (batch, channels, *window.size)
    operands = [q.tensor(shape), *q.parameters(), *q.parameters()]
    return q.finish(
        "QLinearAveragePool", operands, channels_last=int(last), kernel_shape=window.kernel,
        count_include_pad=d.choice([None, 0, 1]), **window.attributes(d, dilations=False),
    )


def _softmax(d: Draw) -> Case:
    """Steps of the result are 1/128: ONNX Runtime counts in whole ones, and of 256 it wraps."""
    q = _Quantized(d)
    shape = d.shape(1, 4, size=6)
    scale = q.graph.constant(np.float32(1 / 128))
    zero = q.graph.constant(q.dtype.type(0 if q.dtype == np.uint8 else -128))
    operands = [q.tensor(shape), *q.parameters(), scale, zero]
    return q.finish(
        "QLinearSoftmax", operands, axis=d.axis(len(shape)), opset=d.choice([11, 13])
    )


def _concat(d: Draw) -> Case:
    q = _Quantized(d)
    shape = list(d.shape(1, 4, size=5))
    axis = d.axis(len(shape))
    operands = q.parameters()
    for _ in range(d.integer(1, 3)):
        shape[axis] = d.integer(1, 4)
        operands += [q.tensor(tuple(shape)), *q.parameters()]
    return q.finish("QLinearConcat", operands, axis=axis)


def _where(d: Draw) -> Case:
    q = _Quantized(d)
    shape = d.shape(1, 4, size=6)
    condition = q.graph.input(d.values(d.broadcast(shape), np.bool_), "condition")
    operands = [condition, q.tensor(shape), *q.parameters(), q.tensor(d.broadcast(shape))]
    return q.finish("QLinearWhere", operands + q.parameters() + q.parameters())


def _linear(d: Draw) -> Case:
    """QuantizeLinear and DequantizeLinear, which take 16 bits earlier than ONNX's."""
    graph = Graph(d, d.integer(11, 20), DOMAIN)
    dtype = np.dtype(d.choice([np.uint8, np.int8, np.uint16, np.int16]))
    info = np.iinfo(dtype)
    scale = graph.constant(np.float32(0.05 * (0.5 + d.rng.random())))
    zero = graph.constant(dtype.type(d.integer(info.min // 2, info.max // 2)))
    shape = d.shape(1, 4, size=6)
    if d.rule.endswith("DequantizeLinear"):
        x = graph.input(d.rng.integers(info.min, info.max + 1, shape).astype(dtype))
        result = graph.node("DequantizeLinear", [x, scale, zero])
        return graph.finish(result, {result[0]: TensorProto.FLOAT})
    x = graph.input(d.values(shape, low=-40, high=40))
    result = graph.node("QuantizeLinear", [x, scale, zero])
    return graph.finish(result, {result[0]: ONNX_OF[dtype]})


def _gemm(d: Draw) -> Case:
    q = _Quantized(d)
    rows, inner, columns = d.integer(1, 5), d.integer(1, 8), d.integer(1, 5)
    left, right = d.chance(0.4), d.chance(0.4)
    operands = [q.tensor((inner, rows) if left else (rows, inner)), *q.parameters()]
    operands += [q.tensor((columns, inner) if right else (inner, columns), 0.8)]
    operands += q.parameters()
    bias = d.values((columns,), np.int32, -500, 500)
    operands.append(q.graph.constant(bias) if d.chance(0.6) else "")
    quantized = d.chance(0.7)
    operands += q.parameters(0.2) if quantized else []
    return q.finish(
        "QGemm", operands, 0 if quantized else TensorProto.FLOAT, transA=int(left),
        transB=int(right), alpha=d.choice([None, 1.0]),
    )


GENERATORS: dict[str, Callable[[Draw], Case]] = {
    f"{DOMAIN}.DequantizeLinear": _linear,
    f"{DOMAIN}.QGemm": _gemm,
    f"{DOMAIN}.QLinearAdd": _binary("QLinearAdd"),
    f"{DOMAIN}.QLinearAveragePool": _average_pool,
    f"{DOMAIN}.QLinearConcat": _concat,
    f"{DOMAIN}.QLinearGlobalAveragePool": _global_pool,
    f"{DOMAIN}.QLinearLeakyRelu": _unary("QLinearLeakyRelu"),
    f"{DOMAIN}.QLinearMul": _binary("QLinearMul"),
    f"{DOMAIN}.QLinearSigmoid": _unary("QLinearSigmoid"),
    f"{DOMAIN}.QLinearSoftmax": _softmax,
    f"{DOMAIN}.QLinearWhere": _where,
    f"{DOMAIN}.QuantizeLinear": _linear,
}
