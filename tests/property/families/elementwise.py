"""Unary and binary arithmetic, comparisons, logic and Where, with broadcasting."""

from __future__ import annotations

from typing import Callable, Optional

import numpy as np

from property.case import Case, Graph, single
from property.draw import Draw


def _unary(op: str, low: float, high: float, far: float = 0) -> Callable[[Draw], Case]:
    """`far`: a large operand, near to where float32 ends, that is drawn now and then."""

    def generate(d: Draw) -> Case:
        opset = d.opset(op)
        x = d.values(d.shape(), d.dtype(op, opset), low, high)
        if far and x.size and x.dtype == np.float32 and d.chance(0.3):
            x.flat[0] = far
        return single(d, op, opset, [x])

    return generate


def _rounding(op: str) -> Callable[[Draw], Case]:
    """Halves are included: ONNX rounds them to even."""

    def generate(d: Draw) -> Case:
        opset = d.opset(op)
        value = np.round(d.values(d.shape(), np.float64, -5, 5) * 4) / 4
        return single(d, op, opset, [value.astype(d.dtype(op, opset))])

    return generate


def _special(op: str) -> Callable[[Draw], Case]:
    """IsNaN and IsInf need something to find."""

    def generate(d: Draw) -> Case:
        opset = d.opset(op)
        value = d.values(d.shape(1), d.dtype(op, opset, "T1"))
        marks = d.rng.random(value.shape)
        value[marks < 0.2] = np.nan
        value[(marks >= 0.2) & (marks < 0.4)] = np.inf
        value[(marks >= 0.4) & (marks < 0.6)] = -np.inf
        signs = {}
        if op == "IsInf":
            signs = {k: d.choice([None, 0, 1]) for k in ("detect_negative", "detect_positive")}
        return single(d, op, opset, [value], **signs)

    return generate


def _pair(d: Draw, dtype: np.dtype, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    shape = d.shape()
    a, b = d.broadcast(shape), d.broadcast(shape)
    if d.chance(0.4):
        a = shape
    return d.values(a, dtype, low, high), d.values(b, dtype, low, high)


def _binary(
    op: str, low: float = -8, high: float = 8, nonzero: bool = False
) -> Callable[[Draw], Case]:
    def generate(d: Draw) -> Case:
        opset = d.opset(op)
        dtype = d.dtype(op, opset)
        a, b = _pair(d, dtype, low, high)
        if nonzero:  # division by zero is not defined for integers, and dull for floats
            b = np.where(np.abs(b.astype(np.float64)) < 0.5, np.array(2, dtype), b).astype(dtype)
        if dtype == np.uint64 and op == "Sub":
            a = a + np.array(100, dtype)
        constant = d.choice([(0.0, 0.0), (0.0, 1.0), (1.0, 0.0)])
        return single(d, op, opset, [a, b], constant)

    return generate


def _same_operand(d: Draw) -> Case:
    """Add(x, x): one tensor, two uses."""
    graph = Graph(d, d.opset("Add"))
    x = graph.input(d.values(d.shape(), np.float32))
    return graph.finish(graph.node("Add", [x, x]))


def _pow(d: Draw) -> Case:
    """The exponent has a type of its own from opset 12 on."""
    opset = d.opset("Pow")
    dtype = d.dtype("Pow", opset)
    exponent_type = d.dtype("Pow", opset, "T1") if opset >= 12 else dtype
    shape = d.shape()
    base = d.values(shape, dtype, 1 if dtype.kind in "iu" else 0.3, 3)
    exponent = d.values(d.broadcast(shape), exponent_type, 0, 3)
    if d.chance(0.4):
        exponent = np.array(d.choice([0, 1, 2, 3, 0.5] if exponent_type.kind == "f" else [0, 1, 2]))
        exponent = exponent.astype(exponent_type)
        if dtype.kind == "f":
            base = d.values(shape, dtype, 0.3 if exponent_type.kind == "f" else -3, 3)
    return single(d, "Pow", opset, [base, exponent], [0, 0.6])


def _mod(d: Draw) -> Case:
    """fmod is required for floats, and changes the sign's rule for integers."""
    opset = d.opset("Mod")
    dtype = d.dtype("Mod", opset)
    a, b = _pair(d, dtype, -20, 20)
    b = np.where(np.abs(b.astype(np.float64)) < 0.5, np.array(3, dtype), b).astype(dtype)
    fmod = 1 if dtype.kind == "f" else d.choice([None, 0, 1])
    return single(d, "Mod", opset, [a, b], [0, 0.5], fmod=fmod)


def _variadic(op: str) -> Callable[[Draw], Case]:
    def generate(d: Draw) -> Case:
        opset = d.opset(op)
        dtype = d.dtype(op, opset)
        shape = d.shape()
        count = d.integer(1, 4)
        shapes = [d.broadcast(shape) for _ in range(count)]
        if opset < 8:  # variadic operators broadcast from opset 8 on
            shapes = [shape] * count
        if op == "Mean" and (dtype != np.float32 or d.evaluated):
            shapes = [shape] * count  # onnx's evaluator does not broadcast here
        arrays = [d.values(s, dtype, -20, 20) for s in shapes]
        return single(d, op, opset, arrays, [0.0] + [0.3] * (count - 1))

    return generate


def _compare(op: str) -> Callable[[Draw], Case]:
    """A narrow range, so that equal operands occur."""

    def generate(d: Draw) -> Case:
        opset = d.opset(op)
        dtype = d.dtype(op, opset)
        a, b = _pair(d, dtype, -3, 3)
        if dtype.kind == "f":
            a, b = np.round(a), np.round(b)
        return single(d, op, opset, [a, b], d.choice([(0.0, 0.0), (0.0, 1.0), (1.0, 0.0)]))

    return generate


def _logic(op: str) -> Callable[[Draw], Case]:
    def generate(d: Draw) -> Case:
        a, b = _pair(d, np.dtype(np.bool_), 0, 1)
        return single(d, op, d.opset(op), [a, b], [0, 0.3])

    return generate


def _not(d: Draw) -> Case:
    return single(d, "Not", d.opset("Not"), [d.values(d.shape(), np.bool_)])


def _where(d: Draw) -> Case:
    opset = d.opset("Where")
    dtype = d.dtype("Where", opset)
    shape = d.shape()
    operands = [
        d.values(d.broadcast(shape), np.bool_),
        d.values(d.broadcast(shape), dtype, -50, 50),
        d.values(d.broadcast(shape), dtype, -50, 50),
    ]
    return single(d, "Where", opset, operands, [0.1, 0.4, 0.4])


def _bitwise(op: str, operands: int) -> Callable[[Draw], Case]:
    def generate(d: Draw) -> Case:
        opset = d.opset(op)
        dtype = d.dtype(op, opset)
        shape = d.shape()
        arrays = [d.values(shape if i == 0 else d.broadcast(shape), dtype, -100, 100)
                  for i in range(operands)]
        return single(d, op, opset, arrays, [0, 0.4])

    return generate


def _bit_shift(d: Draw) -> Case:
    opset = d.opset("BitShift")
    dtype = d.dtype("BitShift", opset)
    shape = d.shape()
    arrays = [d.values(shape, dtype, 0, 200), d.values(d.broadcast(shape), dtype, 0, 7)]
    return single(d, "BitShift", opset, arrays, [0, 0.5], direction=d.choice(["LEFT", "RIGHT"]))


def _sign(d: Draw) -> Case:
    opset = d.opset("Sign")
    dtype: Optional[np.dtype] = d.dtype("Sign", opset)
    return single(d, "Sign", opset, [np.round(d.values(d.shape(), dtype, -3, 3)).astype(dtype)])


GENERATORS: dict[str, Callable[[Draw], Case]] = {
    "Abs": _unary("Abs", -50, 50),
    "Neg": _unary("Neg", -50, 50),
    "Sign": _sign,
    "Ceil": _rounding("Ceil"),
    "Floor": _rounding("Floor"),
    "Round": _rounding("Round"),
    "Sqrt": _unary("Sqrt", 0, 20),
    "Exp": _unary("Exp", -4, 4),
    "Log": _unary("Log", 0.1, 20),
    "Reciprocal": _unary("Reciprocal", 0.3, 5),
    "Sin": _unary("Sin", -6, 6),
    "Cos": _unary("Cos", -6, 6),
    "Tan": _unary("Tan", -1.2, 1.2),
    "Asin": _unary("Asin", -0.95, 0.95),
    "Acos": _unary("Acos", -0.95, 0.95),
    "Atan": _unary("Atan", -5, 5),
    "Sinh": _unary("Sinh", -3, 3, 89.2),
    "Cosh": _unary("Cosh", -3, 3, 89.2),
    "Asinh": _unary("Asinh", -5, 5, 1e30),
    "Acosh": _unary("Acosh", 1.1, 6, 1e30),
    "Atanh": _unary("Atanh", -0.9, 0.9),
    "IsNaN": _special("IsNaN"),
    "IsInf": _special("IsInf"),
    "Add": _binary("Add"),
    "AddSameOperand": _same_operand,
    "Sub": _binary("Sub"),
    "Mul": _binary("Mul"),
    "Div": _binary("Div", nonzero=True),
    "Pow": _pow,
    "Mod": _mod,
    "Max": _variadic("Max"),
    "Min": _variadic("Min"),
    "Sum": _variadic("Sum"),
    "Mean": _variadic("Mean"),
    "Equal": _compare("Equal"),
    "Less": _compare("Less"),
    "Greater": _compare("Greater"),
    "LessOrEqual": _compare("LessOrEqual"),
    "GreaterOrEqual": _compare("GreaterOrEqual"),
    "And": _logic("And"),
    "Or": _logic("Or"),
    "Xor": _logic("Xor"),
    "Not": _not,
    "Where": _where,
    "BitwiseAnd": _bitwise("BitwiseAnd", 2),
    "BitwiseOr": _bitwise("BitwiseOr", 2),
    "BitwiseXor": _bitwise("BitwiseXor", 2),
    "BitwiseNot": _bitwise("BitwiseNot", 1),
    "BitShift": _bit_shift,
}
