"""Conv and ConvTranspose: one and two spatial axes, groups, pads, constant or computed weights."""

from __future__ import annotations

from typing import Any, Callable, Optional

import numpy as np

from property.case import Case, single
from property.draw import Draw
from property.families.windows import draw_window

FLOATS = (np.float32, np.float16, np.float64)


def channels(d: Draw) -> tuple[int, int, int]:
    """(group, input channels, output channels): plain, depthwise, multiplied and grouped."""
    style = d.choice(["plain", "plain", "depthwise", "multiplied", "grouped"])
    if style == "plain":
        return 1, d.integer(1, 8), d.integer(1, 8)
    if style == "depthwise":
        channels = d.integer(2, 8)
        return channels, channels, channels
    if style == "multiplied":
        channels = d.integer(2, 4)
        return channels, channels, channels * d.integer(2, 3)
    group = d.integer(2, 3)
    return group, group * d.integer(1, 3), group * d.integer(1, 3)


def _conv(d: Draw) -> Case:
    opset = d.opset("Conv")
    dtype = d.dtype("Conv", opset, only=FLOATS)
    window = draw_window(d, d.choice([1, 2, 2, 2]))
    group, inputs, outputs = channels(d)
    x = d.values((d.choice([1, 1, 2, 3]), inputs, *window.size), dtype)
    weight = d.values((outputs, inputs // group, *window.kernel), dtype, -1, 1)
    bias = d.values((outputs,), dtype) if d.chance(0.6) else None
    attributes = window.attributes(d)
    if d.chance(0.6):
        attributes["kernel_shape"] = window.kernel
    if group > 1 or d.chance(0.3):
        attributes["group"] = group
    return single(d, "Conv", opset, [x, weight, bias], [0, 0.8, 0.85], **attributes)


def _conv_transpose(d: Draw) -> Case:
    opset = d.opset("ConvTranspose")
    dtype = d.dtype("ConvTranspose", opset, only=FLOATS[:1])  # all that the engines compute
    rank = d.choice([1, 2, 2, 2])
    window = draw_window(d, rank, same_with_dilation=False)
    window.size = [d.integer(1, 7) for _ in range(rank)]
    group, outputs, inputs = channels(d)
    output_padding: Optional[list[int]] = None
    extents = [(k - 1) * v + 1 for k, v in zip(window.kernel, window.dilations)]
    if d.chance(0.3):  # must stay below the stride (or the dilation)
        output_padding = [d.integer(0, max(0, s - 1)) for s in window.strides]
    for axis in range(rank):  # what is cut away must leave at least one element
        full = (window.size[axis] - 1) * window.strides[axis] + extents[axis]
        full += output_padding[axis] if output_padding else 0
        while window.pads[axis] + window.pads[rank + axis] >= full:
            window.pads[axis] = max(0, window.pads[axis] - 1)
            window.pads[rank + axis] = max(0, window.pads[rank + axis] - 1)
    x = d.values((d.choice([1, 1, 2]), inputs, *window.size), dtype)
    weight = d.values((inputs, outputs // group, *window.kernel), dtype, -1, 1)
    bias = d.values((outputs,), dtype) if d.chance(0.6) else None
    attributes: dict[str, Any] = window.attributes(d)
    if window.auto_pad not in (None, "NOTSET"):
        # ONNX Runtime and the specification part ways where the kernel is below the stride here.
        attributes["strides"] = [min(s, e) for s, e in zip(window.strides, extents)]
        output_padding = None
    elif d.chance(0.15):
        attributes["output_shape"] = _output_shape(d, window.size, window.strides, extents)
        attributes.pop("pads", None)
        output_padding = None
    attributes["output_padding"] = output_padding
    if d.chance(0.6):
        attributes["kernel_shape"] = window.kernel
    if group > 1 or d.chance(0.3):
        attributes["group"] = group
    return single(d, "ConvTranspose", opset, [x, weight, bias], [0, 0.8, 0.85], **attributes)


def _output_shape(
    d: Draw, size: list[int], strides: list[int], extents: list[int]
) -> list[int]:
    """Sizes that leave the total padding non-negative."""
    full = [(n - 1) * s + e for n, s, e in zip(size, strides, extents)]
    return [max(1, f - d.integer(0, max(0, e - 1))) for f, e in zip(full, extents)]


GENERATORS: dict[str, Callable[[Draw], Case]] = {
    "Conv": _conv,
    "ConvTranspose": _conv_transpose,
}
