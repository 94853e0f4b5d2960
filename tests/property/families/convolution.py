"""Conv and ConvTranspose: one to three spatial axes, groups, pads, constant or computed weights."""

from __future__ import annotations

from typing import Any, Callable, Optional

import numpy as np

from property.case import Case, single
from property.draw import Draw
from property.families.windows import Window, draw_window

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
    rank = d.choice([1, 2, 2, 2, 3])
    window = draw_window(d, rank)
    if rank == 3:
        extents = [(k - 1) * v + 1 for k, v in zip(window.kernel, window.dilations)]
        less = [n - d.integer(0, 3) if n > 9 else n for n in window.size]
        window.size = [max(n, extent) for n, extent in zip(less, extents)]
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
    rank = d.choice([1, 2, 2, 2, 3])
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


def _deform_conv(d: Draw) -> Case:
    opset = d.opset("DeformConv")
    dtype = d.dtype("DeformConv", opset, only=FLOATS[:1])
    window = draw_window(d, 2)
    window.auto_pad = None
    window.kernel = [min(k, 3) for k in window.kernel]
    window.size = [min(n, 7) for n in window.size]
    window.size = [
        max(n, (k - 1) * v + 1) for n, k, v in zip(window.size, window.kernel, window.dilations)
    ]
    rows, columns = (
        (n + window.pads[i] + window.pads[i + 2] - (k - 1) * v - 1) // s + 1
        for i, (n, k, v, s) in enumerate(
            zip(window.size, window.kernel, window.dilations, window.strides)
        )
    )
    group, inputs, outputs = channels(d)
    offsets = d.choice([g for g in range(1, inputs + 1) if inputs % g == 0])
    batch, taps = d.choice([1, 2]), offsets * window.kernel[0] * window.kernel[1]
    x = d.values((batch, inputs, *window.size), dtype)
    weight = d.values((outputs, inputs // group, *window.kernel), dtype, -1, 1)
    offset = d.values((batch, 2 * taps, rows, columns), dtype, -2.3, 2.3)
    bias = d.values((outputs,), dtype) if d.chance(0.6) else None
    mask = d.values((batch, taps, rows, columns), dtype, 0, 1) if d.chance(0.5) else None
    attributes = window.attributes(d)
    attributes.pop("auto_pad", None)
    if not any(window.pads):
        attributes["pads"] = window.pads
    if group > 1 or d.chance(0.3):
        attributes["group"] = group
    if offsets > 1 or d.chance(0.3):
        attributes["offset_group"] = offsets
    return single(
        d, "DeformConv", opset, [x, weight, offset, bias, mask], [0, 0.8, 0.1, 0.85, 0.1],
        **attributes,
    )


def _added_up(
    x: np.ndarray, image: list[int], window: Window, blocks: list[int]
) -> np.ndarray:
    """The definition of Col2Im: ONNX Runtime dilates images of two axes alone."""
    rank = len(image)
    parts = x.reshape(x.shape[0], -1, *window.kernel, *blocks).astype(np.float64)
    y = np.zeros((*parts.shape[:2], *image))
    for at in np.ndindex(*window.kernel, *blocks):
        place = [
            at[rank + i] * window.strides[i] + at[i] * window.dilations[i] - window.pads[i]
            for i in range(rank)
        ]
        if all(0 <= p < n for p, n in zip(place, image)):
            y[(slice(None), slice(None), *place)] += parts[(slice(None), slice(None), *at)]
    return y.astype(x.dtype)


def _columns_to_image(d: Draw) -> Case:
    opset = d.opset("Col2Im")
    dtype = d.dtype("Col2Im", opset, only=(np.float32, np.float16, np.int32))
    rank = d.choice([1, 2, 2, 2, 3])
    window = draw_window(d, rank)
    size = [min(n, 9) for n in window.size]
    size = [max(n, (k - 1) * v + 1) for n, k, v in zip(size, window.kernel, window.dilations)]
    blocks = []
    for i in range(rank):
        room = size[i] + window.pads[i] + window.pads[rank + i]
        room -= (window.kernel[i] - 1) * window.dilations[i] + 1
        blocks.append(room // window.strides[i] + 1)
    depth = d.integer(1, 3) * int(np.prod(window.kernel))
    x = d.values((d.choice([1, 2]), depth, int(np.prod(blocks))), dtype)
    operands = [x, np.array(size, np.int64), np.array(window.kernel, np.int64)]
    given: dict[str, Any] = {"strides": window.strides, "dilations": window.dilations}
    if d.chance(0.3) and not any(s != 1 for s in window.strides):
        given.pop("strides")
    if any(window.pads) or d.chance(0.3):
        given["pads"] = window.pads
    expected = None if rank == 2 else [_added_up(x, size, window, blocks)]
    return single(d, "Col2Im", opset, operands, [0, 1, 1], expected=expected, **given)


GENERATORS: dict[str, Callable[[Draw], Case]] = {
    "Conv": _conv,
    "ConvTranspose": _conv_transpose,
    "DeformConv": _deform_conv,
    "Col2Im": _columns_to_image,
}
