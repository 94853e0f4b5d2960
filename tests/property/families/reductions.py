"""Reductions. Axes are an attribute in old opsets and an operand in new ones; absent means all,
and an empty operand means all or none, as another attribute says."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from property.case import Case, single
from property.draw import Draw, schema


# The logarithm of an integer sum is in the schemas and in no engine.
_LOGARITHMIC = (np.float32, np.float16, np.float64)
# No engine sums unsigned integers: numpy, which the evaluator uses, promotes them.
_SUMMED = _LOGARITHMIC + (np.int32, np.int64)
_PROMOTED = ("ReduceSum", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceMean")


def _axes_as_operand(op: str, opset: int) -> bool:
    return len(schema(op, opset).inputs) > 1


def _reduction(op: str, low: float, high: float) -> Callable[[Draw], Case]:
    def generate(d: Draw) -> Case:
        opset = d.opset(op)
        only = _LOGARITHMIC if "Log" in op else _SUMMED if op in _PROMOTED else None
        dtype = d.dtype(op, opset, only=only)
        shape = d.shape(0, 5, size=6, elements=512)
        smallest, largest = low, high
        if op == "ReduceProd" and dtype.kind in "iu":
            smallest, largest = (1 if dtype.kind == "u" else -2), 2
        x = d.values(shape, dtype, smallest, largest)
        attributes: dict[str, Any] = {"keepdims": d.choice([None, 0, 1])}
        axes = d.axes(len(shape)) if shape and d.chance(0.8) else None
        if not _axes_as_operand(op, opset):
            return single(d, op, opset, [x], axes=axes, **attributes)
        operand = None if axes is None else np.array(axes, np.int64)
        if axes is None and d.chance(0.4):
            operand = np.zeros((0,), np.int64)
        if axes is None or d.chance(0.2):
            attributes["noop_with_empty_axes"] = d.choice([0, 1])
        return single(d, op, opset, [x, operand], [0, 0.65], **attributes)

    return generate


def _arg(op: str) -> Callable[[Draw], Case]:
    def generate(d: Draw) -> Case:
        opset = d.opset(op)
        dtype = d.dtype(op, opset)
        shape = d.shape(1, 5, size=6, elements=240)
        x = d.distinct(shape, dtype) if d.chance(0.7) else d.values(shape, dtype, 0, 4)
        attributes: dict[str, Any] = {
            "axis": d.choice([None, d.axis(len(shape))]),
            "keepdims": d.choice([None, 0, 1]),
        }
        if opset >= 12:
            attributes["select_last_index"] = d.choice([None, 0, 0, 1])
        return single(d, op, opset, [x], **attributes)

    return generate


def _cum_sum(d: Draw) -> Case:
    opset = d.opset("CumSum")
    dtype = d.dtype("CumSum", opset)
    shape = d.shape(1, 4)
    axis = np.array(d.axis(len(shape)), d.choice([np.int32, np.int64]))
    flags = {k: d.choice([None, 0, 1]) for k in ("exclusive", "reverse")}
    return single(d, "CumSum", opset, [d.values(shape, dtype, -5, 5), axis], [0, 0.8], **flags)


GENERATORS: dict[str, Callable[[Draw], Case]] = {
    "ReduceSum": _reduction("ReduceSum", -5, 5),
    "ReduceMean": _reduction("ReduceMean", -5, 5),
    "ReduceMax": _reduction("ReduceMax", -50, 50),
    "ReduceMin": _reduction("ReduceMin", -50, 50),
    "ReduceProd": _reduction("ReduceProd", 0.7, 1.4),
    "ReduceL1": _reduction("ReduceL1", -5, 5),
    "ReduceL2": _reduction("ReduceL2", -5, 5),
    "ReduceLogSum": _reduction("ReduceLogSum", 0.5, 5),
    "ReduceLogSumExp": _reduction("ReduceLogSumExp", -3, 3),
    "ReduceSumSquare": _reduction("ReduceSumSquare", -5, 5),
    "ArgMax": _arg("ArgMax"),
    "ArgMin": _arg("ArgMin"),
    "CumSum": _cum_sum,
}
