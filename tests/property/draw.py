"""A seeded source of choices: opsets, element types, shapes and values.

Every choice of a case comes from one of these, so a case is replayed from (rule, seed, number).
"""

from __future__ import annotations

import zlib
from functools import lru_cache
from typing import Any, Optional, Sequence, TypeVar

import numpy as np
import onnx
from onnx import TensorProto

from oracle.onnx_side import RUNTIME_OPSET

T = TypeVar("T")

OPSET_FIRST = 7
OPSET_LAST = 28
# The newest opset that the pinned ONNX Runtime runs. Operators that changed since are judged by
# onnx's slow evaluator.
OPSET_RUNTIME = RUNTIME_OPSET

NUMPY_OF = {
    TensorProto.FLOAT: np.dtype(np.float32),
    TensorProto.FLOAT16: np.dtype(np.float16),
    TensorProto.DOUBLE: np.dtype(np.float64),
    TensorProto.INT8: np.dtype(np.int8),
    TensorProto.INT16: np.dtype(np.int16),
    TensorProto.INT32: np.dtype(np.int32),
    TensorProto.INT64: np.dtype(np.int64),
    TensorProto.UINT8: np.dtype(np.uint8),
    TensorProto.UINT16: np.dtype(np.uint16),
    TensorProto.UINT32: np.dtype(np.uint32),
    TensorProto.UINT64: np.dtype(np.uint64),
    TensorProto.BOOL: np.dtype(np.bool_),
}
ONNX_OF = {dtype: number for number, dtype in NUMPY_OF.items()}
# As schemas write them. Strings, complex, bfloat16 and the sub-byte types are left out: the judges'
# Python bindings can't carry them.
_SCHEMA_NAMES = {
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(double)": "float64",
    "tensor(bool)": "bool",
    **{f"tensor({s}int{w})": f"{s}int{w}" for s in ("", "u") for w in (8, 16, 32, 64)},
}
F32 = np.dtype(np.float32)
I64 = np.dtype(np.int64)


@lru_cache(maxsize=None)
def schema(op: str, opset: int) -> onnx.defs.OpSchema:
    return onnx.defs.get_schema(op, opset, "")


@lru_cache(maxsize=None)
def eras(op: str) -> tuple[tuple[int, int], ...]:
    """Opset ranges over which the operator's schema is one version."""
    found: list[list[int]] = []
    last_version = None
    for opset in range(OPSET_FIRST, OPSET_LAST + 1):
        try:
            entry = schema(op, opset)
        except onnx.defs.SchemaError:
            continue
        if entry.deprecated:
            continue
        if entry.since_version == last_version:
            found[-1][1] = opset
        else:
            found.append([opset, opset])
            last_version = entry.since_version
    return tuple((a, b) for a, b in found)


@lru_cache(maxsize=None)
def allowed_types(op: str, opset: int, parameter: str) -> tuple[np.dtype, ...]:
    """What the schema allows for a type variable such as "T", as far as judges can carry it."""
    for constraint in schema(op, opset).type_constraints:
        if constraint.type_param_str == parameter:
            names = constraint.allowed_type_strs
            return tuple(np.dtype(_SCHEMA_NAMES[n]) for n in sorted(names) if n in _SCHEMA_NAMES)
    raise KeyError(f"{op}-{opset} has no type variable {parameter}")


class Draw:
    """Choices of one case."""

    def __init__(self, rule: str, seed: int, number: int) -> None:
        self.rule = rule
        self.number = number
        self.evaluated = False  # onnx's evaluator will judge: it has no rank 0 in many operators
        self.rng = np.random.default_rng([seed, zlib.crc32(rule.encode()), number])

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def integer(self, low: int, high: int) -> int:
        """Uniform in [low, high]."""
        return int(self.rng.integers(low, high + 1))

    def choice(self, options: Sequence[T]) -> T:
        return options[int(self.rng.integers(len(options)))]

    def opset(self, op: str, first: int = OPSET_FIRST, last: int = OPSET_LAST) -> int:
        """Every era of the schema is as likely as any other, so old ones are not forgotten."""
        usable = [(max(a, first), min(b, last)) for a, b in eras(op)]
        low, high = self.choice([(a, b) for a, b in usable if a <= b])
        if high > OPSET_RUNTIME >= low and not self.chance(0.1):
            high = OPSET_RUNTIME
        opset = self.integer(low, high)
        self.evaluated = schema(op, opset).since_version > OPSET_RUNTIME
        return opset

    def dtype(
        self, op: str, opset: int, parameter: str = "T", only: Optional[Sequence[Any]] = None
    ) -> np.dtype:
        """An allowed element type; float32 in half of the cases where it is one."""
        types = allowed_types(op, opset, parameter)
        if only is not None:
            kinds = [np.dtype(t) for t in only]
            types = tuple(t for t in types if t in kinds)
        if F32 in types and self.chance(0.5):
            return F32
        return self.choice(types)

    def shape(
        self, low: int = 0, high: int = 5, size: int = 9, elements: int = 4096
    ) -> tuple[int, ...]:
        """A shape of rank low to high, 1-sized axes included."""
        rank = self.integer(max(low, 1) if self.evaluated else low, high)
        dims = [1 if self.chance(0.15) else self.integer(2, size) for _ in range(rank)]
        while int(np.prod(dims, dtype=np.int64)) > elements:
            largest = int(np.argmax(dims))
            dims[largest] = max(1, dims[largest] // 2)
        return tuple(dims)

    def broadcast(self, shape: Sequence[int]) -> tuple[int, ...]:
        """A shape that broadcasts to `shape`: axes dropped in front, others made 1."""
        start = self.integer(0, len(shape)) if self.chance(0.4) else 0
        return tuple(1 if self.chance(0.25) else d for d in shape[start:])

    def axis(self, rank: int) -> int:
        """An axis, counted from the end in half of the cases."""
        axis = self.integer(0, rank - 1)
        return axis - rank if self.chance(0.5) else axis

    def axes(self, rank: int, low: int = 1, high: Optional[int] = None) -> list[int]:
        """Distinct axes in any order, some counted from the end."""
        count = self.integer(low, rank if high is None else high)
        picked = self.rng.permutation(rank)[:count]
        return [int(a) - rank if self.chance(0.3) else int(a) for a in picked]

    def values(
        self, shape: Sequence[int], dtype: Any = F32, low: float = -3.0, high: float = 3.0
    ) -> np.ndarray:
        """Values spread over [low, high]; integers take integers of that range, clipped to it."""
        dtype = np.dtype(dtype)
        if dtype == np.bool_:
            return np.array(self.rng.random(tuple(shape)) < 0.5)
        if np.issubdtype(dtype, np.integer):
            info = np.iinfo(dtype)
            bottom = max(int(np.floor(low)), int(info.min))
            top = min(int(np.ceil(high)), int(info.max))
            return np.array(self.rng.integers(bottom, top + 1, tuple(shape)), dtype=dtype)
        return np.array(self.rng.uniform(low, high, tuple(shape)), dtype=dtype)

    def distinct(self, shape: Sequence[int], dtype: Any = F32) -> np.ndarray:
        """Values without ties, as far as the type has room: for maxima and their positions."""
        count = int(np.prod(shape, dtype=np.int64))
        dtype = np.dtype(dtype)
        flat = self.rng.permutation(count)
        if dtype == np.bool_:
            return np.array(flat % 2 == 0).reshape(tuple(shape))
        if np.issubdtype(dtype, np.integer):
            info = np.iinfo(dtype)
            start = 0 if info.min == 0 else -min(count // 2, -int(info.min))
            return np.array(np.clip(flat + start, info.min, info.max), dtype=dtype).reshape(shape)
        return np.array((flat - count / 2) / 8.0, dtype=dtype).reshape(tuple(shape))
