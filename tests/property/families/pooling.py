"""Pooling over windows and over everything."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from property.case import Case, Graph, single
from property.draw import Draw
from property.families.windows import Window, draw_window

FLOATS = (np.float32, np.float16, np.float64)
# What the judges' engines pool right; their other types fail on pads or are not there at all.
SINGLE = (np.float32,)
GLOBAL = {
    "GlobalAveragePool": FLOATS,
    "GlobalMaxPool": (np.float32, np.float16),
    "GlobalLpPool": SINGLE,
}


def _data(d: Draw, size: list[int], dtype: np.dtype) -> np.ndarray:
    return d.values((d.choice([1, 1, 2]), d.integer(1, 6), *size), dtype, -50, 50)


def _ceil_mode(d: Draw, opset: int, window: Window) -> int | None:
    """Not where the last window would start behind the input: what becomes of it was settled
    late, and engines differ."""
    if opset < 10 or window.auto_pad in ("SAME_UPPER", "SAME_LOWER"):
        return None
    rank = len(window.kernel)
    for axis in range(rank):
        extent = (window.kernel[axis] - 1) * window.dilations[axis] + 1
        before, after = window.pads[axis], window.pads[rank + axis]
        steps = -(-(window.size[axis] + before + after - extent) // window.strides[axis])
        if steps * window.strides[axis] >= window.size[axis] + before:
            return d.choice([None, 0])
    return d.choice([None, 0, 1, 1])


def _beyond_input(d: Draw, window: Window) -> None:
    """Windows that are longer than the padded input: rounding up begins one all the same."""
    rank = len(window.kernel)
    window.size = [d.integer(1, 5) for _ in range(rank)]
    window.strides = [d.integer(2, 9) for _ in range(rank)]
    window.dilations = [1] * rank
    window.pads = [d.choice([0, 0, 1]) for _ in range(2 * rank)]
    window.auto_pad = None
    for axis in range(rank):
        padded = window.size[axis] + window.pads[axis] + window.pads[rank + axis]
        window.kernel[axis] = padded + d.integer(1, window.strides[axis] - 1)


def _pooled(d: Draw, op: str, opset: int, x: np.ndarray, **attributes: Any) -> Case:
    graph = Graph(d, opset)
    image = graph.input(x)
    if d.chance(0.25):
        graph.open_some(image)
    return graph.finish(graph.node(op, [image], **attributes))


def _max_pool(d: Draw) -> Case:
    opset = d.opset("MaxPool")
    dtype = d.dtype("MaxPool", opset)
    # ONNX Runtime forgets dilations where it computes SAME padding.
    window = draw_window(
        d,
        d.choice([1, 2, 2, 2, 3]),
        dilated=opset >= 10,
        same_with_dilation=False,
        pads_below_kernel=True,
    )
    judged_by_evaluator = dtype in (np.float16, np.float64)  # which is right on plain windows
    beyond = opset >= 10 and not judged_by_evaluator and d.chance(0.1)
    if beyond:
        _beyond_input(d, window)
    attributes = window.attributes(d, dilations=opset >= 10)
    attributes["ceil_mode"] = 1 if beyond else _ceil_mode(d, opset, window)
    if opset >= 10 and dtype == np.float32 and not beyond and d.chance(0.05):  # many, with gaps
        window.size = [d.integer(40, 60)]
        window.kernel = [d.integer(9, 19)]
        attributes = {"dilations": [2], "strides": [d.integer(1, 3)]}
    if judged_by_evaluator:
        attributes = {"strides": window.strides}
    x = _data(d, window.size, dtype)
    if d.chance(0.3):  # all below zero: padding with zeros would show
        x = np.minimum(x, np.array(0 if dtype.kind == "u" else -1, dtype))
    return _pooled(d, "MaxPool", opset, x, kernel_shape=window.kernel, **attributes)


def _average_pool(d: Draw) -> Case:
    opset = d.opset("AveragePool")
    dtype = d.dtype("AveragePool", opset, only=SINGLE)
    dilated = opset >= 19
    window = draw_window(
        d, d.choice([1, 2, 2, 2]), dilated, same_with_dilation=False, pads_below_kernel=True
    )
    beyond = opset >= 10 and d.chance(0.1)
    if beyond:
        _beyond_input(d, window)
    attributes = window.attributes(d, dilations=dilated)
    attributes["count_include_pad"] = d.choice([None, 0, 1])
    attributes["ceil_mode"] = 1 if beyond else _ceil_mode(d, opset, window)
    x = _data(d, window.size, dtype)
    return _pooled(d, "AveragePool", opset, x, kernel_shape=window.kernel, **attributes)


def _lp_pool(d: Draw) -> Case:
    opset = d.opset("LpPool")
    dtype = d.dtype("LpPool", opset, only=SINGLE)
    window = draw_window(
        d, d.choice([1, 2, 2, 3]), opset >= 18, same_with_dilation=False, pads_below_kernel=True
    )
    attributes = window.attributes(d, dilations=opset >= 18)
    x = _data(d, window.size, dtype)
    power = d.choice([None, 1, 2, 3])
    return single(d, "LpPool", opset, [x], kernel_shape=window.kernel, p=power, **attributes)


def _global(op: str) -> Callable[[Draw], Case]:
    def generate(d: Draw) -> Case:
        # No engine has the newest GlobalLpPool, which differs in its element types only.
        opset = d.opset(op, last=21) if op == "GlobalLpPool" else d.opset(op)
        dtype = d.dtype(op, opset, only=GLOBAL[op])
        size = [d.integer(1, 9) for _ in range(d.choice([1, 2, 2, 3]))]
        x = d.values((d.integer(1, 3), d.integer(1, 7), *size), dtype, -10, 10)
        extra = {"p": d.choice([None, 1, 2, 3])} if op == "GlobalLpPool" else {}
        return single(d, op, opset, [x], **extra)

    return generate


GENERATORS: dict[str, Callable[[Draw], Case]] = {
    "MaxPool": _max_pool,
    "AveragePool": _average_pool,
    "LpPool": _lp_pool,
    "GlobalAveragePool": _global("GlobalAveragePool"),
    "GlobalMaxPool": _global("GlobalMaxPool"),
    "GlobalLpPool": _global("GlobalLpPool"),
}
