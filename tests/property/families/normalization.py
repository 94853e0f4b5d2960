"""Normalizations: parameters per channel or per normalized axis, constant or computed."""

from __future__ import annotations

from typing import Callable

import numpy as np

from property.case import Case, single
from property.draw import Draw

FLOATS = (np.float32, np.float16, np.float64)


def _epsilon(d: Draw) -> float | None:
    return d.choice([None, 1e-5, 1e-3, 0.1])


def _batch_normalization(d: Draw) -> Case:
    opset = d.opset("BatchNormalization")
    dtype = d.dtype("BatchNormalization", opset, only=FLOATS)
    shape = d.shape(2, 5)
    channels = (shape[1],)
    # From opset 15 on the parameters have types of their own; one type is what exporters write.
    operands = [
        d.values(shape, dtype, -5, 5),
        d.values(channels, dtype, 0.2, 2),
        d.values(channels, dtype, -2, 2),
        d.values(channels, dtype, -1, 1),
        d.values(channels, dtype, 0.1, 3),
    ]
    attributes = {"epsilon": _epsilon(d), "momentum": d.choice([None, 0.9, 0.99])}
    if opset >= 14:
        attributes["training_mode"] = d.choice([None, 0])
        if d.chance(0.25):  # one type, and statistics of more than one value
            return single(
                d, "BatchNormalization", opset,
                [d.values((2, *shape[1:]), dtype, -5, 5), *operands[1:]], [0, 0.7, 0.7, 0.5, 0.5],
                outputs=3, epsilon=_epsilon(d), momentum=d.choice([None, 0.75]), training_mode=1,
            )
    elif opset < 9:
        attributes["spatial"] = d.choice([None, 1])
    constant = [0.0] + [d.choice([1.0, 1.0, 1.0, 0.0])] * 4
    return single(d, "BatchNormalization", opset, operands, constant, **attributes)


def _normalized(d: Draw, shape: tuple[int, ...]) -> tuple[int | None, tuple[int, ...]]:
    """An axis attribute and the shape of the axes from it to the last."""
    axis = d.choice([None, d.axis(len(shape))])
    start = len(shape) - 1 if axis is None else axis % len(shape)
    return axis, shape[start:]


def _layer_normalization(d: Draw) -> Case:
    opset = d.opset("LayerNormalization")
    dtype = d.dtype("LayerNormalization", opset, only=FLOATS)
    shape = d.shape(1, 5)
    axis, tail = _normalized(d, shape)
    scale_shape = tail if d.chance(0.9) else tail[-1:]
    operands = [
        d.values(shape, dtype, -5, 5),
        d.values(scale_shape, dtype, 0.2, 2),
        d.values(scale_shape, dtype, -2, 2) if d.chance(0.7) else None,
    ]
    return single(
        d, "LayerNormalization", opset, operands, [0, 0.8, 0.8], axis=axis, epsilon=_epsilon(d)
    )


def _rms_normalization(d: Draw) -> Case:
    opset = d.opset("RMSNormalization")
    dtype = d.dtype("RMSNormalization", opset, only=FLOATS)
    shape = d.shape(1, 4)
    axis, tail = _normalized(d, shape)
    operands = [d.values(shape, dtype, -5, 5), d.values(tail, dtype, 0.2, 2)]
    return single(
        d, "RMSNormalization", opset, operands, [0, 0.8], axis=axis, epsilon=_epsilon(d)
    )


def _instance_normalization(d: Draw) -> Case:
    opset = d.opset("InstanceNormalization")
    dtype = d.dtype("InstanceNormalization", opset, only=(np.float32, np.float16))
    shape = d.shape(3, 5)
    operands = [
        d.values(shape, dtype, -5, 5),
        d.values((shape[1],), dtype, 0.2, 2),
        d.values((shape[1],), dtype, -2, 2),
    ]
    return single(
        d, "InstanceNormalization", opset, operands, [0, 0.8, 0.8], epsilon=_epsilon(d)
    )


def _group_normalization(d: Draw) -> Case:
    """Scale and bias are per group until opset 20 and per channel from 21 on."""
    opset = d.opset("GroupNormalization", first=21)
    groups = d.integer(1, 3)
    shape = (d.integer(1, 2), groups * d.integer(1, 3), *d.shape(1, 2))
    operands = [
        d.values(shape, np.float32, -5, 5),
        d.values((shape[1],), np.float32, 0.2, 2),
        d.values((shape[1],), np.float32, -2, 2),
    ]
    return single(
        d, "GroupNormalization", opset, operands, [0, 1, 1], num_groups=groups, epsilon=_epsilon(d)
    )


def _lp_normalization(d: Draw) -> Case:
    opset = d.opset("LpNormalization")
    shape = d.shape(1, 4)
    axis = d.choice([None, d.axis(len(shape))])
    x = d.values(shape, np.float32, 0.5, 5) * d.choice([1, -1])
    return single(d, "LpNormalization", opset, [x], axis=axis, p=d.choice([None, 1, 2]))


def _mean_variance(d: Draw) -> Case:
    opset = d.opset("MeanVarianceNormalization")
    *others, width = d.shape(4, 4)
    # The deviation of a single element is nothing but the rounding of the engine.
    x = d.values([*others, max(width, 2)], np.float32)
    return single(d, "MeanVarianceNormalization", opset, [x])


def _local_response(d: Draw) -> Case:
    opset = d.opset("LRN")
    x = d.values(d.shape(4, 4, size=7), np.float32, -5, 5)
    return single(
        d,
        "LRN",
        opset,
        [x],
        size=d.choice([1, 3, 5, 7]),  # ONNX Runtime wants it odd
        alpha=d.choice([None, 1e-3, 0.5]),
        beta=d.choice([None, 0.5, 1.0]),
        bias=d.choice([None, 2.0]),
    )


GENERATORS: dict[str, Callable[[Draw], Case]] = {
    "BatchNormalization": _batch_normalization,
    "LayerNormalization": _layer_normalization,
    "RMSNormalization": _rms_normalization,
    "InstanceNormalization": _instance_normalization,
    "GroupNormalization": _group_normalization,
    "LpNormalization": _lp_normalization,
    "LRN": _local_response,
    "MeanVarianceNormalization": _mean_variance,
}
