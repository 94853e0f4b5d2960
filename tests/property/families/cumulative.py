"""Running products, triangles, and bits under another type."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from property.case import Case, single
from property.draw import ONNX_OF, Draw


def _running(d: Draw, op: str, kinds: tuple[Any, ...], low: float, high: float) -> Case:
    opset = d.opset(op)
    dtype = d.dtype(op, opset, only=kinds)
    shape = d.shape(1, 3)
    axis = np.array(d.axis(len(shape)), d.choice([np.int32, np.int64]))
    flags = {name: d.choice([None, 0, 1]) for name in ("exclusive", "reverse")}
    x = d.values(shape, dtype, low, high)
    return single(d, op, opset, [x, axis], [0, 0.7], **flags)


def _cum_prod(d: Draw) -> Case:
    return _running(d, "CumProd", (np.float32, np.int32), -1.5, 1.5)


def _trilu(d: Draw) -> Case:
    opset = d.opset("Trilu")
    dtype = d.dtype("Trilu", opset)
    x = d.values(d.shape(2, 4), dtype, -9, 9)
    k = np.array(d.integer(-5, 5), np.int64) if d.chance(0.7) else None
    return single(d, "Trilu", opset, [x, k], [0, 0.6], upper=d.choice([None, 0, 1]))


def _bit_cast(d: Draw) -> Case:
    opset = d.opset("BitCast")
    kinds = (np.float32, np.int32, np.uint32, np.int64, np.uint64, np.int16, np.uint16, np.uint8)
    dtype = d.dtype("BitCast", opset, "T1", only=kinds)
    same = [np.dtype(k) for k in kinds if np.dtype(k).itemsize == dtype.itemsize]
    x = d.values(d.shape(1, 4), dtype, 1, 90)
    return single(d, "BitCast", opset, [x], to=ONNX_OF[d.choice(same)])


GENERATORS: dict[str, Callable[[Draw], Case]] = {
    "CumProd": _cum_prod,
    "Trilu": _trilu,
    "BitCast": _bit_cast,
}
