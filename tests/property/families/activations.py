"""Activations: one input, attributes with defaults, and the few with a second operand."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from property.case import Case, Graph, single
from property.draw import Draw


def _plain(op: str, low: float = -6.0, high: float = 6.0) -> Callable[[Draw], Case]:
    def generate(d: Draw) -> Case:
        opset = d.opset(op)
        dtype = d.dtype(op, opset)
        # Types that ONNX Runtime lacks fall to onnx's evaluator, which fails on some scalars.
        value = d.values(d.shape(0 if dtype == np.float32 else 1), dtype, low, high)
        return single(d, op, opset, [value])

    return generate


def _with_attributes(op: str, **ranges: tuple[float, float]) -> Callable[[Draw], Case]:
    """Each attribute is absent in a third of the cases: its default must be known."""

    def generate(d: Draw) -> Case:
        opset = d.opset(op)
        attributes = {
            name: None if d.chance(0.33) else round(float(d.rng.uniform(*span)), 3)
            for name, span in ranges.items()
        }
        value = d.values(d.shape(), d.dtype(op, opset), -6, 6)
        return single(d, op, opset, [value], **attributes)

    return generate


def _relu(d: Draw) -> Case:
    opset = d.opset("Relu")
    return single(d, "Relu", opset, [d.values(d.shape(), d.dtype("Relu", opset), -100, 100)])


def _prelu(d: Draw) -> Case:
    opset = d.opset("PRelu")
    dtype = d.dtype("PRelu", opset)
    shape = d.shape(1, 5)
    low = 0 if dtype.kind == "u" else -2
    if len(shape) > 2 and d.chance(0.5):  # one slope a channel, as exporters write it
        slope_shape: tuple[int, ...] = (shape[1],) + (1,) * (len(shape) - 2)
    else:
        slope_shape = d.broadcast(shape)
    slope = d.values(slope_shape, dtype, low, 2)
    return single(d, "PRelu", opset, [d.values(shape, dtype, -6, 6), slope], [0, 0.8])


def _gelu(d: Draw) -> Case:
    opset = d.opset("Gelu")
    value = d.values(d.shape(), d.dtype("Gelu", opset), -6, 6)
    return single(d, "Gelu", opset, [value], approximate=d.choice([None, "none", "tanh"]))


def _swiglu(d: Draw) -> Case:
    opset = d.opset("SwiGLU")
    dtype = d.dtype("SwiGLU", opset)
    shape = d.shape(1, 4)
    operands = [d.values(shape, dtype, -4, 4), d.values(shape, dtype, -4, 4)]
    return single(d, "SwiGLU", opset, operands, alpha=d.choice([None, 1.0, 1.75]))


def _clip(d: Draw) -> Case:
    """Bounds are attributes until opset 10 and operands afterwards; either may be absent."""
    opset = d.opset("Clip")
    dtype = d.dtype("Clip", opset)
    value = d.values(d.shape(), dtype, -10, 10)
    low, high = d.choice([(-1, 1), (0, 6), (0, 1), (-3, 2), (1, 4), (2, 2)])
    if dtype.kind == "u":
        low = max(low, 0)
    has_low, has_high = d.chance(0.75), d.chance(0.75)
    if opset < 11:
        bounds: dict[str, Any] = {
            "min": float(low) if has_low else None,
            "max": float(high) if has_high else None,
        }
        return single(d, "Clip", opset, [value], **bounds)
    operands = [
        value,
        np.array(low, dtype) if has_low else None,
        np.array(high, dtype) if has_high else None,
    ]
    return single(d, "Clip", opset, operands, [0, 0.8, 0.8])


def _silu_by_parts(d: Draw) -> Case:
    """x * Sigmoid(x): how exporters before opset 24 write it."""
    opset = d.opset("Sigmoid")
    graph = Graph(d, opset)
    x = graph.input(d.values(d.shape(), np.float32, -6, 6))
    gate = graph.node("Sigmoid", [x])[0]
    return graph.finish(graph.node("Mul", [x, gate] if d.chance(0.5) else [gate, x]))


def _gelu_by_parts(d: Draw) -> Case:
    """The Erf formula that exporters before opset 20 write."""
    opset = d.opset("Erf")
    graph = Graph(d, opset)
    x = graph.input(d.values(d.shape(), np.float32, -6, 6))
    scaled = graph.node("Div", [x, graph.constant(np.float32(np.sqrt(2.0)))])[0]
    erf = graph.node("Erf", [scaled])[0]
    plus = graph.node("Add", [erf, graph.constant(np.float32(1.0))])[0]
    product = graph.node("Mul", [x, plus])[0]
    return graph.finish(graph.node("Mul", [product, graph.constant(np.float32(0.5))]))


GENERATORS: dict[str, Callable[[Draw], Case]] = {
    "Relu": _relu,
    "LeakyRelu": _with_attributes("LeakyRelu", alpha=(-0.5, 1.5)),
    "PRelu": _prelu,
    "Elu": _with_attributes("Elu", alpha=(0.1, 2.5)),
    "Celu": _with_attributes("Celu", alpha=(0.2, 2.5)),
    "Selu": _with_attributes("Selu", alpha=(0.5, 2.0), gamma=(0.5, 2.0)),
    "Sigmoid": _plain("Sigmoid"),
    "Tanh": _plain("Tanh"),
    "HardSigmoid": _with_attributes("HardSigmoid", alpha=(0.05, 0.6), beta=(0.1, 0.9)),
    "HardSwish": _plain("HardSwish"),
    "Softplus": _plain("Softplus"),
    "Softsign": _plain("Softsign"),
    "Gelu": _gelu,
    "SwiGLU": _swiglu,
    "Erf": _plain("Erf", -4, 4),
    "Clip": _clip,
    "ThresholdedRelu": _with_attributes("ThresholdedRelu", alpha=(-1.0, 3.0)),
    "Mish": _plain("Mish"),
    "Swish": _with_attributes("Swish", alpha=(0.3, 2.0)),
    "Shrink": _with_attributes("Shrink", lambd=(0.1, 2.0), bias=(0.0, 1.0)),
    "SiluByParts": _silu_by_parts,
    "GeluByParts": _gelu_by_parts,
}
