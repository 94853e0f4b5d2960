"""Resize and Upsample: modes, coordinate transformations, roundings, sizes or scales."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from property.case import Case, single
from property.draw import Draw

# Where ONNX Runtime can't run a model, onnx's evaluator aligns fractional sizes as the text does
# not say, takes -0.5 where the text says 0, and loses a pixel where a coordinate is nearly whole.
_MISREAD = ("align_corners", "pytorch_half_pixel", "half_pixel_symmetric")
_NEAREST = [None, "round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]


def _coordinates(opset: int) -> list[Any]:
    modes = [None, "half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"]
    return modes + (["half_pixel_symmetric"] if opset >= 19 else ["tf_half_pixel_for_nn"])


def _image(d: Draw, dtype: Any) -> np.ndarray:
    spatial = [d.integer(2, 7) for _ in range(d.choice([1, 2, 2, 2]))]
    return d.values((d.choice([1, 1, 2]), d.integer(1, 4), *spatial), dtype, -20, 20)


def _scales(d: Draw, rank: int, low: bool, slight: bool = False) -> list[float]:
    options = [1.0, 2.0, 2.0, 3.0, 1.5] + ([0.5, 0.75] if low else [])
    options += [1.2, 0.7] if slight else []
    value = d.choice(options)
    same = d.chance(0.6)
    return [1.0, 1.0] + [value if same else d.choice(options) for _ in range(rank - 2)]


def _resize(d: Draw) -> Case:
    opset = d.opset("Resize")
    if opset == 10:
        return _resize_10(d)
    dtype = d.dtype("Resize", opset, "T1", only=(np.float32, np.float16, np.int8, np.uint8))
    mode = d.choice(["nearest", "nearest", "linear", "linear", "cubic"])
    if mode != "nearest":
        dtype = np.dtype(np.float32)
    x = _image(d, dtype)
    attributes: dict[str, Any] = {
        "mode": None if mode == "nearest" and d.chance(0.3) else mode,
        "coordinate_transformation_mode": d.choice(_coordinates(opset)),
    }
    if attributes["coordinate_transformation_mode"] == "tf_half_pixel_for_nn" and mode != "nearest":
        attributes["coordinate_transformation_mode"] = None
    if mode == "nearest":
        attributes["nearest_mode"] = d.choice(_NEAREST)
    if attributes["coordinate_transformation_mode"] == "pytorch_half_pixel" and dtype == np.float16:
        # ONNX Runtime has no such kernel, and onnx's evaluator takes -0.5 where the text says 0.
        attributes["coordinate_transformation_mode"] = "half_pixel"
    if mode != "cubic" and d.chance(0.12):
        return _cropped(d, opset, x, attributes)
    if mode == "cubic":
        attributes["cubic_coeff_a"] = d.choice([None, -0.5])
    if opset >= 18 and mode != "nearest":
        attributes["antialias"] = d.choice([None, 0])
    if opset >= 18 and d.chance(0.2):
        attributes["keep_aspect_ratio_policy"] = d.choice(["stretch", "not_larger", "not_smaller"])
    scales, sizes = None, None
    if d.chance(0.5):
        # Only large sizes meet whole coordinates by quotients that are rounded.
        most = 90 if mode == "nearest" and d.chance(0.2) else 12
        sizes = np.array([*x.shape[:2], *(d.integer(1, most) for _ in x.shape[2:])], np.int64)
    else:
        # ONNX Runtime passes on what keeps its sizes; not so the evaluator, which runs float16.
        slight = dtype != np.float16 and mode != "cubic"
        scales = np.array(_scales(d, x.ndim, True, slight), np.float32)
    only_evaluator = mode == "cubic" and x.ndim == 3
    if attributes.get("keep_aspect_ratio_policy") not in (None, "stretch"):
        if scales is not None:  # a policy is about sizes
            attributes["keep_aspect_ratio_policy"] = "stretch"
        elif mode != "nearest":
            only_evaluator = True
    if only_evaluator and attributes["coordinate_transformation_mode"] in _MISREAD:
        attributes["coordinate_transformation_mode"] = "half_pixel"
    if opset >= 18 and d.chance(0.3):  # only the spatial axes are named
        attributes["axes"] = list(range(2, x.ndim))
        scales = None if scales is None else scales[2:]
        sizes = None if sizes is None else sizes[2:]
    # Opset 11 wants both operands present; exporters write empty ones.
    region = np.zeros((0,), np.float32) if opset < 13 else None
    if opset < 13 and scales is None:
        scales = np.zeros((0,), np.float32)
    constant = 0.6
    if attributes["coordinate_transformation_mode"] == "align_corners" and scales is not None:
        constant = 1.0  # engines differ in what a fractional size aligns
    operands = [x, region, scales, sizes]
    return single(d, "Resize", opset, operands, [0, 1, constant, constant], **attributes)


def _cropped(d: Draw, opset: int, x: np.ndarray, attributes: dict[str, Any]) -> Case:
    """A region of the image, partly outside of it."""
    attributes["coordinate_transformation_mode"] = "tf_crop_and_resize"
    attributes["extrapolation_value"] = d.choice([None, 0.0, 7.5])
    attributes["nearest_mode"] = d.choice(["floor", "round_prefer_floor"])
    axes = x.ndim - 2
    begin = [0.0, 0.0] + [d.choice([0.1, 0.23, -0.37]) for _ in range(axes)]
    end = [1.0, 1.0] + [d.choice([0.71, 0.93, 1.31]) for _ in range(axes)]
    # ONNX Runtime forgets the region of an axis that keeps its size.
    sizes = np.array(
        [*x.shape[:2], *(d.choice([n for n in range(2, 10) if n != size]) for size in x.shape[2:])],
        np.int64,
    )
    region = np.array(begin + end, np.float32).astype(x.dtype if x.dtype.kind == "f" else "f4")
    scales = np.zeros((0,), np.float32) if opset < 13 else None
    if attributes.get("mode") != "linear":
        attributes["extrapolation_value"] = d.choice([None, 3.0])
    return single(d, "Resize", opset, [x, region, scales, sizes], [0, 1, 1, 0.9], **attributes)


def _resize_10(d: Draw) -> Case:
    x = _image(d, np.float32)
    mode = d.choice([None, "nearest", "linear"])
    scales = np.array(_scales(d, x.ndim, True), np.float32)
    return single(d, "Resize", 10, [x, scales], [0, 0.6], mode=mode)


def _upsample(d: Draw) -> Case:
    """Scales are an attribute at opset 7 and an operand at 9; deprecated from 10 on."""
    opset = d.opset("Upsample", last=9)
    x = _image(d, np.float32)
    mode = d.choice([None, "nearest", "linear"])
    scales = _scales(d, x.ndim, False)
    if opset < 9:
        return single(d, "Upsample", opset, [x], mode=mode, scales=scales)
    return single(d, "Upsample", opset, [x, np.array(scales, np.float32)], [0, 0.6], mode=mode)


GENERATORS: dict[str, Callable[[Draw], Case]] = {
    "Resize": _resize,
    "Upsample": _upsample,
}
