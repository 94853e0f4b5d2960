"""One file an operator family, each with a table from rule name to generator."""

from __future__ import annotations

from typing import Callable

from property.case import Case
from property.draw import Draw
from property.families import (
    activations,
    attention,
    control_flow,
    convolution,
    cumulative,
    elementwise,
    fused,
    idioms,
    indexing,
    linear,
    losses,
    normalization,
    old_opsets,
    ordering,
    pooling,
    products,
    qlinear,
    rearrangement,
    quantized,
    reductions,
    resize,
    scatters,
    recurrent,
    sampling,
    sequences,
    shapes,
    streams,
    values,
)

FAMILIES = (
    convolution,
    pooling,
    normalization,
    activations,
    elementwise,
    reductions,
    shapes,
    indexing,
    scatters,
    ordering,
    cumulative,
    products,
    rearrangement,
    linear,
    values,
    resize,
    attention,
    recurrent,
    sampling,
    idioms,
    quantized,
    losses,
    streams,
    old_opsets,
    fused,
    qlinear,
    control_flow,
    sequences,
)


def all_generators() -> dict[str, Callable[[Draw], Case]]:
    """Rule name to generator. A name is an ONNX operator's, or an idiom of several operators."""
    table: dict[str, Callable[[Draw], Case]] = {}
    for family in FAMILIES:
        for name, generate in family.GENERATORS.items():
            assert name not in table, f"two generators for {name}"
            table[name] = generate
    return table
