"""What convolution and pooling share: kernels, strides, dilations and padding of each spelling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional

from property.draw import Draw


@dataclass
class Window:
    """A sliding window and an input size in which it fits."""

    kernel: list[int]
    strides: list[int]
    dilations: list[int]
    pads: list[int]
    auto_pad: Optional[str]
    size: list[int]

    def attributes(self, d: Draw, dilations: bool = True) -> dict[str, Any]:
        """Attributes as exporters write them: defaults are often left out."""
        given: dict[str, Any] = {"auto_pad": self.auto_pad}
        if any(s != 1 for s in self.strides) or d.chance(0.5):
            given["strides"] = self.strides
        if dilations and (any(v != 1 for v in self.dilations) or d.chance(0.3)):
            given["dilations"] = self.dilations
        if self.auto_pad in (None, "NOTSET") and (any(self.pads) or d.chance(0.5)):
            given["pads"] = self.pads
        return given


def draw_window(
    d: Draw,
    rank: int,
    dilated: bool = True,
    same_with_dilation: bool = True,
    pads_below_kernel: bool = False,
) -> Window:
    """`rank` spatial axes. Pads stay below the (dilated) kernel where pooling demands it."""
    kernel = [d.choice([1, 2, 3, 3, 5]) for _ in range(rank)]
    if d.chance(0.5):
        kernel = [kernel[0]] * rank
    strides = [d.choice([1, 1, 2, 3]) for _ in range(rank)]
    if d.chance(0.6):
        strides = [strides[0]] * rank
    dilations = [1] * rank
    if dilated and d.chance(0.25):
        dilations = [d.choice([1, 2, 3]) for _ in range(rank)]
    auto_pad = d.choice([None, None, None, "NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"])
    if auto_pad in ("SAME_UPPER", "SAME_LOWER") and not same_with_dilation:
        dilations = [1] * rank
    if auto_pad in ("SAME_UPPER", "SAME_LOWER") and pads_below_kernel:
        strides = [min(s, k) for s, k in zip(strides, kernel)]  # else the padding is negative
    pads = [0] * (2 * rank)
    if auto_pad in (None, "NOTSET") and d.chance(0.65):
        style = d.choice(["half", "symmetric", "any"])
        for axis in range(rank):
            extent = (kernel[axis] - 1) * dilations[axis] + 1
            limit = kernel[axis] - 1 if pads_below_kernel else extent
            before = (extent - 1) // 2 if style == "half" else d.integer(0, limit)
            after = before if style != "any" else d.integer(0, limit)
            pads[axis] = min(before, limit)
            pads[rank + axis] = min(after, limit)
    size = []
    for axis in range(rank):
        extent = (kernel[axis] - 1) * dilations[axis] + 1
        # A window of the valid area at least: an output of size 0 is another subject.
        size.append(extent + d.integer(0, 9))
    return Window(kernel, strides, dilations, pads, auto_pad, size)
