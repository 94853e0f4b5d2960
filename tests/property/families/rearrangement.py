"""Sequences, crops and window functions."""

from __future__ import annotations

from typing import Callable

import numpy as np

from property.case import Case, single
from property.draw import Draw

_PLAIN = (np.float32, np.float16, np.int32, np.int64, np.uint8, np.int8)


def _reverse_sequence(d: Draw) -> Case:
    opset = d.opset("ReverseSequence")
    dtype = d.dtype("ReverseSequence", opset)
    shape = d.shape(2, 4, size=5)
    batch = d.choice([0, 1])
    lengths = d.rng.integers(1, shape[1 - batch] + 1, shape[batch]).astype(np.int64)
    x = d.values(shape, dtype, -50, 50)
    return single(
        d, "ReverseSequence", opset, [x, lengths], [0, 0.5], batch_axis=batch, time_axis=1 - batch
    )


def _tensor_scatter(d: Draw) -> Case:
    opset = d.opset("TensorScatter")
    dtype = d.dtype("TensorScatter", opset, only=_PLAIN)
    cache = list(d.shape(3, 4, size=5))
    axis = d.integer(1, len(cache) - 1)
    update = list(cache)
    update[axis] = d.integer(1, cache[axis])
    mode = d.choice([None, "linear", "circular"])
    last = cache[axis] - (0 if mode == "circular" else update[axis])
    starts = d.rng.integers(0, max(last, 0) + 1, cache[0]).astype(np.int64)
    operands = [
        d.values(cache, dtype, -9, 9),
        d.values(update, dtype, -9, 9),
        starts if d.chance(0.7) else None,
    ]
    return single(d, "TensorScatter", opset, operands, [0, 0, 0.3], axis=axis, mode=mode)


def _center_crop_pad(d: Draw) -> Case:
    opset = d.opset("CenterCropPad")
    dtype = d.dtype("CenterCropPad", opset, only=_PLAIN)
    shape = d.shape(1, 4)
    axes = d.choice([None, d.axes(len(shape))])
    count = len(shape) if axes is None else len(axes)
    sizes = np.array([d.integer(1, 11) for _ in range(count)], d.choice([np.int32, np.int64]))
    x = d.values(shape, dtype, -50, 50)
    return single(d, "CenterCropPad", opset, [x, sizes], [0, 0.6], axes=axes)


def _window(op: str) -> Callable[[Draw], Case]:
    def generate(d: Draw) -> Case:
        opset = d.opset(op)
        size = np.array(d.integer(2, 40), d.choice([np.int32, np.int64]))
        return single(d, op, opset, [size], [0.3], periodic=d.choice([None, 0, 1]))

    return generate


GENERATORS: dict[str, Callable[[Draw], Case]] = {
    "ReverseSequence": _reverse_sequence,
    "TensorScatter": _tensor_scatter,
    "CenterCropPad": _center_crop_pad,
    "HannWindow": _window("HannWindow"),
    "HammingWindow": _window("HammingWindow"),
    "BlackmanWindow": _window("BlackmanWindow"),
}
