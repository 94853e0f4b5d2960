"""Samples at places that the data name: GridSample, RoiAlign, MaxRoiPool, NonMaxSuppression,
MaxUnpool."""

from __future__ import annotations

from typing import Callable

import numpy as np

from property.case import Case, Graph, single
from property.draw import Draw


def _grid_sample(d: Draw) -> Case:
    opset = d.opset("GridSample", last=22)
    volume = opset >= 20 and d.chance(0.3)
    axes = 3 if volume else 2
    batch, channels = d.integer(1, 2), d.integer(1, 3)
    size = tuple(d.integer(2, 6) for _ in range(axes))
    points = tuple(d.integer(1, 5) for _ in range(axes))
    mode = d.choice(["linear", "nearest"] if volume else ["linear", "nearest", "cubic"])
    padding = d.choice([None, "zeros", "border", "reflection"])
    if mode == "cubic" and padding == "border":
        padding = "zeros"  # ONNX Runtime clamps both coordinates when one lies outside
    if opset < 20:
        mode = {"linear": "bilinear", "cubic": "bicubic"}.get(mode, mode)
    grid = d.values((batch, *points, axes), np.float32, -1.4, 1.4)
    graph = Graph(d, opset)
    x = graph.input(d.values((batch, channels, *size), np.float32))
    places = graph.operand(grid, 0.5, "grid")
    if d.chance(0.3):  # also the number of coordinates, which the rank tells
        graph.open_some(places)
    return graph.finish(
        graph.node(
            "GridSample",
            [x, places],
            mode=mode,
            padding_mode=padding,
            align_corners=d.choice([None, 0, 1]),
        )
    )


def _roi_align(d: Draw) -> Case:
    opset = d.opset("RoiAlign", last=22)
    batch, channels = d.integer(1, 3), d.integer(1, 3)
    opened = d.chance(0.3)
    count = 0 if opened and d.chance(0.2) else d.integer(1, 4)  # none may be found
    height, width = d.integer(2, 9), d.integer(2, 9)
    scale = d.choice([None, 0.5, 0.25])
    reach = (min(height, width) + 1) / (scale or 1.0)
    first = d.values((count, 2), np.float32, -1, reach / 2)
    regions = np.concatenate([first, first + d.values((count, 2), np.float32, 0.1, reach)], axis=1)
    attributes = {}
    if opset >= 16:
        attributes["coordinate_transformation_mode"] = d.choice(
            [None, "half_pixel", "output_half_pixel"]
        )
    mode = d.choice([None, "avg", "max"]) if opset >= 16 else None
    if mode == "max":  # the others may take as many samples as the region is large
        ratio = d.integer(1, 3)
    else:
        ratio = d.choice([None, 0, 1, 2, 3])
        if count and d.chance(0.1):  # a region without an extent, or with a negative one
            regions[0, 2:] = regions[0, :2] - d.choice([0.0, 1.5])
    graph = Graph(d, opset)
    x = graph.input(d.values((batch, channels, height, width), np.float32))
    places = graph.operand(regions.astype(np.float32), 0 if opened else 0.3, "regions")
    images = d.rng.integers(0, batch, count).astype(np.int64)
    indices = graph.operand(images, 0 if opened else 0.3, "indices")
    if opened:
        graph.open_some(x)
        graph.open_axis(places, 0, "regions")
        graph.open_axis(indices, 0, "regions")
    names = graph.node(
        "RoiAlign",
        [x, places, indices],
        mode=mode,
        output_height=d.integer(1, 4),
        output_width=d.integer(1, 4),
        sampling_ratio=ratio,
        spatial_scale=scale,
        **attributes,
    )
    return graph.finish(graph.node("Neg", names))  # LiteRT's Python can't read an empty slice


def _roi_pool(d: Draw) -> Case:
    opset = d.opset("MaxRoiPool", last=21)
    batch, depth, count = d.integer(1, 3), d.integer(1, 3), d.integer(1, 4)
    height, width = d.integer(2, 9), d.integer(2, 9)
    scale = d.choice([None, 0.5, 0.25])
    reach = (min(height, width) + 1) / (scale or 1.0)
    first = d.values((count, 2), np.float32, -1, reach / 2)
    last = first + d.values((count, 2), np.float32, 0.1, reach)
    index = d.rng.integers(0, batch, (count, 1))
    regions = np.concatenate([index, first, last], axis=1).astype(np.float32)
    x = d.values((batch, depth, height, width))
    pooled = [d.integer(1, 4), d.integer(1, 4)]
    return single(
        d, "MaxRoiPool", opset, [x, regions], [0, 0.3], pooled_shape=pooled, spatial_scale=scale
    )


def _non_max_suppression(d: Draw) -> Case:
    opset = d.opset("NonMaxSuppression")
    batch, classes = d.integer(1, 3), d.integer(1, 4)
    opened = d.chance(0.4)
    count = 0 if opened and d.chance(0.1) else d.integer(1, 12)
    corner = d.values((batch, count, 2), np.float32, 0, 4)
    size = d.values((batch, count, 2), np.float32, 0.5, 4)
    if count and d.chance(0.3):  # a box without an area overlaps nothing, itself neither
        size[:, d.integer(0, count - 1), d.integer(0, 1)] = 0
    center = d.choice([None, 0, 1])
    boxes = np.concatenate([corner, size if center else corner + size], axis=2)
    scores = d.distinct((batch, classes, count))
    graph = Graph(d, opset)
    computed = d.choice([0.0, 1.0])
    names = [graph.input(boxes, "boxes"), graph.input(scores, "scores")]
    if opened:  # one name for one size, as exporters write it
        sizes = {name: d.chance(0.4) for name in ("batch", "classes")}
        for name, symbols in zip(names, [["batch", "count"], ["batch", "classes", "count"]]):
            for axis, symbol in enumerate(symbols):
                if sizes.get(symbol, True):
                    graph.open_axis(name, axis, symbol)
    operands = [
        *names,
        graph.operand(np.array([d.integer(1, 6)], np.int64), computed, "most"),
    ]
    if d.chance(0.8):
        overlap = d.choice([0.0, 0.2, 0.5, 0.9, 1.0])
        operands.append(graph.operand(np.array([overlap], np.float32), computed, "overlap"))
        if d.chance(0.6):
            least = np.array([d.choice([-100.0, -1.0, 0.5])], np.float32)
            operands.append(graph.operand(least, computed, "least"))
    return graph.finish(graph.node("NonMaxSuppression", operands, center_point_box=center))


def _max_unpool(d: Draw) -> Case:
    opset = d.opset("MaxUnpool", last=22)
    axes = d.integer(1, 2)
    kernel = [d.integer(1, 3) for _ in range(axes)]
    shape = (d.integer(1, 2), d.integer(1, 3), *(d.integer(1, 4) for _ in range(axes)))
    total = int(np.prod(shape[:2])) * int(np.prod([s * k for s, k in zip(shape[2:], kernel)]))
    places = d.rng.permutation(total)[: int(np.prod(shape))].astype(np.int64).reshape(shape)
    graph = Graph(d, opset)
    operands = [graph.input(d.values(shape, np.float32), "values"), graph.input(places, "places")]
    return graph.finish(
        graph.node("MaxUnpool", operands, kernel_shape=kernel, strides=kernel)
    )


GENERATORS: dict[str, Callable[[Draw], Case]] = {
    "GridSample": _grid_sample,
    "RoiAlign": _roi_align,
    "MaxRoiPool": _roi_pool,
    "NonMaxSuppression": _non_max_suppression,
    "MaxUnpool": _max_unpool,
}
