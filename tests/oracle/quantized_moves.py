"""Random one-operator files of operators that move integers: all tensors have one scale."""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np

from oracle.one_operator import OneOperator
from oracle.quantized_draws import Draw, data, quant, small


def concatenation(rng: np.random.Generator, dtype: Any) -> OneOperator:
    made = OneOperator()
    shape = small(rng, int(rng.integers(1, 5)))
    axis = int(rng.integers(0, len(shape)))
    same = quant(rng, dtype)
    operands, total = [], 0
    for _ in range(int(rng.integers(2, 5))):
        part = list(shape)
        part[axis] = int(rng.integers(1, 4))
        total += part[axis]
        operands.append(made.input(data(rng, part, dtype), same))
    shape[axis] = total
    made.output(shape, dtype, same)
    made.operator("CONCATENATION", operands, "ConcatenationOptions", 2, axis=axis)
    return made


def pad(name: str) -> Draw:
    def draw(rng: np.random.Generator, dtype: Any) -> OneOperator:
        made = OneOperator()
        shape = [n + 1 for n in small(rng, int(rng.integers(1, 5)))]
        pads = rng.integers(0, 2 if name == "MIRROR_PAD" else 3, (len(shape), 2)).astype(np.int32)
        same = quant(rng, dtype)
        operands = [made.input(data(rng, shape, dtype), same), made.constant(pads)]
        if name == "PADV2":
            operands.append(made.constant(data(rng, [1], dtype), same))
        made.output([n + int(p.sum()) for n, p in zip(shape, pads)], dtype, same)
        options = {"PAD": "PadOptions", "PADV2": "PadV2Options"}.get(name, "MirrorPadOptions")
        made.operator(name, operands, options, 2)
        return made

    return draw


def transpose(rng: np.random.Generator, dtype: Any) -> OneOperator:
    made = OneOperator()
    shape = small(rng, int(rng.integers(2, 5)))
    order = rng.permutation(len(shape)).astype(np.int32)
    same = quant(rng, dtype)
    operands = [made.input(data(rng, shape, dtype), same), made.constant(order)]
    made.output([shape[i] for i in order], dtype, same)
    made.operator("TRANSPOSE", operands, "TransposeOptions", 2)
    return made


def moved(name: str, options: str, version: int = 2) -> Draw:
    """Operators that move elements, in the plainest form: their places are proved elsewhere."""
    def draw(rng: np.random.Generator, dtype: Any) -> OneOperator:
        made = OneOperator()
        shape = [2 * n for n in small(rng, 3, 3)]
        same = quant(rng, dtype)
        x = made.input(data(rng, shape, dtype), same)

        def ints(values: Sequence[int]) -> int:
            return made.constant(np.array(values, np.int32))

        results, operands, fields = [shape], [x], {}
        if name == "RESHAPE":
            results, operands = [[shape[0] * shape[1], shape[2]]], [x, ints([-1, shape[2]])]
        elif name == "SLICE":
            results, operands = [[1, *shape[1:]]], [x, ints([1, 0, 0]), ints([1, -1, -1])]
        elif name == "STRIDED_SLICE":
            results = [[shape[0] // 2, *shape[1:]]]
            operands = [x, ints([0, 0, 0]), ints(shape), ints([2, 1, 1])]
        elif name == "GATHER":
            results, operands = [[shape[0], 3, shape[2]]], [x, ints([1, 0, 1])]
            fields = dict(axis=1, batchDims=0)
        elif name == "SPLIT":
            results, operands = [[shape[0], shape[1] // 2, shape[2]]] * 2, [
                made.constant(np.int32(1).reshape([])), x]
            fields = dict(numSplits=2)
        elif name == "PACK":
            results, operands = [[2, *shape]], [x, x]
            fields = dict(axis=0, valuesCount=2)
        elif name == "SELECT_V2":
            where = made.input(rng.integers(0, 2, shape).astype(np.bool_))
            operands = [where, x, made.input(data(rng, shape, dtype), same)]
        for result in results:
            made.output(result, dtype, same)
        made.operator(name, operands, options, version, **fields)
        return made

    return draw
