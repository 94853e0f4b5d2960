"""What "equal" means for an output, and what proves nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

import ml_dtypes
import numpy as np

ZOO_SPAN = 1e-4
RELATIVE = 1e-3
ABSOLUTE = 1e-5
BFLOAT16 = np.dtype(ml_dtypes.bfloat16)


@dataclass
class Difference:
    """The worst deviation of one output and the sentence that explains a failure."""

    problem: Optional[str]
    max_abs: float
    span: float
    trivial: bool  # constant or all NaN: equality of it proves little


def _describe(array: np.ndarray) -> str:
    return f"{array.dtype}{list(array.shape)}"


def compare(actual: np.ndarray, expected: np.ndarray, mode: str) -> Difference:
    """Compares in `mode` "zoo" (by the output's span) or "property" (element by element)."""
    if actual.dtype != expected.dtype or actual.shape != expected.shape:
        problem = f"got {_describe(actual)}, expected {_describe(expected)}"
        return Difference(problem, float("inf"), 0.0, False)
    if expected.size == 0:
        return Difference(None, 0.0, 0.0, True)
    trivial = _is_trivial(expected)
    if not is_float(expected.dtype):
        wrong = actual != expected
        problem = _first_difference(actual, expected, wrong) if wrong.any() else None
        return Difference(problem, float(wrong.any()), 1.0, trivial)
    return _compare_floats(actual, expected, mode, trivial)


def is_float(dtype: np.dtype) -> bool:
    return np.issubdtype(dtype, np.floating) or dtype == BFLOAT16


def _is_trivial(array: np.ndarray) -> bool:
    if is_float(array.dtype) and np.isnan(array).all():
        return True
    return array.size > 1 and bool((array == array.flat[0]).all())


def _first_difference(actual: np.ndarray, expected: np.ndarray, wrong: np.ndarray) -> str:
    index = tuple(int(i) for i in np.argwhere(wrong)[0])
    return (
        f"{int(wrong.sum())} of {wrong.size} elements differ, first at {list(index)}: "
        f"got {actual[index]!r}, expected {expected[index]!r}"
    )


def _compare_floats(
    actual: np.ndarray, expected: np.ndarray, mode: str, trivial: bool
) -> Difference:
    a = actual.astype(np.float64)
    b = expected.astype(np.float64)
    # Infinities must be the same infinity and NaN must stand where NaN stands.
    special = ~np.isfinite(b) | ~np.isfinite(a)
    same_special = (a == b) | (np.isnan(a) & np.isnan(b))
    finite = ~special
    error = np.zeros_like(b)
    error[finite] = np.abs(a[finite] - b[finite])
    span = float(b[finite].max() - b[finite].min()) if finite.any() else 0.0
    if mode == "zoo":
        bound = np.full_like(b, ZOO_SPAN * span)
    else:
        size = np.abs(np.where(finite, b, 0.0))
        bound = np.maximum(RELATIVE * size, ABSOLUTE)
    wrong = (special & ~same_special) | (finite & (error > bound))
    worst = float(error.max())
    problem = _first_difference(actual, expected, wrong) if wrong.any() else None
    if problem is not None:
        problem += f" (largest difference {worst:.3g}, span {span:.3g})"
    return Difference(problem, worst, span, trivial)
