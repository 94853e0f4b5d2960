"""Operators that rearrange, repeat and join without computing."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np
from onnx import helper

from property.case import Case, Graph, single
from property.draw import Draw


def _typed(d: Draw, op: str, opset: int, shape: tuple[int, ...]) -> np.ndarray:
    return d.values(shape, d.dtype(op, opset), -50, 50)


def _i64(values: Any) -> np.ndarray:
    return np.array(values, np.int64)


def _reshape(d: Draw) -> Case:
    opset = d.opset("Reshape")
    shape = d.shape(0, 5)
    total = int(np.prod(shape, dtype=np.int64))
    target: list[int] = []
    for _ in range(d.integer(0 if total == 1 else 1, 5)):
        divisors = [n for n in range(1, total + 1) if total % n == 0]
        target.append(d.choice(divisors))
        total //= target[-1]
    if total > 1:
        target.append(total)
    for i, (a, b) in enumerate(zip(shape, target)):
        if a == b and d.chance(0.3):
            target[i] = 0  # 0 copies the input's dimension
    allow_zero = None
    if 0 not in target and opset >= 14:
        allow_zero = d.choice([None, 0, 1])
    if target and d.chance(0.5):
        target[d.integer(0, len(target) - 1)] = -1
    x = _typed(d, "Reshape", opset, shape)
    return single(d, "Reshape", opset, [x, _i64(target)], [0, 0.8], allowzero=allow_zero)


def _flatten(d: Draw) -> Case:
    opset = d.opset("Flatten")
    shape = d.shape(0, 5)
    low = -len(shape) if opset >= 11 else 0
    axis = d.choice([None, d.integer(low, len(shape))]) if shape else d.choice([0, 0])
    if axis is None and not shape:
        axis = 0
    return single(d, "Flatten", opset, [_typed(d, "Flatten", opset, shape)], axis=axis)


def _squeeze(d: Draw) -> Case:
    opset = d.opset("Squeeze")
    shape = list(d.shape(1, 4))
    for _ in range(d.integer(1, 2)):
        shape.insert(d.integer(0, len(shape)), 1)
    ones = [i for i, n in enumerate(shape) if n == 1]
    axes = [i for i in ones if d.chance(0.6)] or ones[:1]
    if opset >= 11:
        axes = [a - len(shape) if d.chance(0.3) else a for a in axes]
    x = _typed(d, "Squeeze", opset, tuple(shape))
    if d.chance(0.25):
        return single(d, "Squeeze", opset, [x])
    if opset < 13:
        return single(d, "Squeeze", opset, [x], axes=axes)
    return single(d, "Squeeze", opset, [x, _i64(axes)], [0, 0.6])


def _unsqueeze(d: Draw) -> Case:
    opset = d.opset("Unsqueeze")
    shape = d.shape(0, 4)
    count = d.integer(1, 2)
    axes = [int(a) for a in d.rng.permutation(len(shape) + count)[:count]]
    if opset >= 11:
        axes = [a - len(shape) - count if d.chance(0.3) else a for a in axes]
    else:
        axes.sort()
    x = _typed(d, "Unsqueeze", opset, shape)
    if opset < 13:
        return single(d, "Unsqueeze", opset, [x], axes=axes)
    return single(d, "Unsqueeze", opset, [x, _i64(axes)], [0, 0.6])


def _transpose(d: Draw) -> Case:
    opset = d.opset("Transpose")
    shape = d.shape(0, 6, size=5)
    perm = [int(a) for a in d.rng.permutation(len(shape))] if shape and d.chance(0.8) else None
    return single(d, "Transpose", opset, [_typed(d, "Transpose", opset, shape)], perm=perm)


def _expand(d: Draw) -> Case:
    opset = d.opset("Expand")
    target = d.shape(0, 5, elements=1024)
    x = _typed(d, "Expand", opset, d.broadcast(target))
    wanted = [1 if d.chance(0.1) else n for n in target]  # 1 keeps the input's dimension
    return single(d, "Expand", opset, [x, _i64(wanted)], [0, 0.8])


def _tile(d: Draw) -> Case:
    opset = d.opset("Tile")
    shape = d.shape(1, 4, size=5, elements=128)
    repeats = _i64([d.integer(1, 3) for _ in shape])
    return single(d, "Tile", opset, [_typed(d, "Tile", opset, shape), repeats], [0, 0.8])


def _concat(d: Draw) -> Case:
    opset = d.opset("Concat")
    shape = list(d.shape(1, 5))
    dtype = d.dtype("Concat", opset)
    axis = d.axis(len(shape)) if opset >= 11 else d.integer(0, len(shape) - 1)
    arrays = []
    for _ in range(d.integer(1, 5)):
        part = list(shape)
        part[axis] = d.integer(1, 5)
        arrays.append(d.values(part, dtype, -50, 50))
    return single(d, "Concat", opset, arrays, [0.0] + [0.25] * (len(arrays) - 1), axis=axis)


def _split(d: Draw) -> Case:
    opset = d.opset("Split")
    shape = list(d.shape(1, 4))
    axis = d.axis(len(shape)) if opset >= 11 else d.integer(0, len(shape) - 1)
    count = d.integer(1, 4)
    style = d.choice(["equal", "sizes", "number"])
    sizes = [d.integer(1, 3) for _ in range(count)]
    if style == "equal" or (style == "number" and opset < 18):
        style, sizes = "equal", [sizes[0]] * count
    if style == "number":  # the last part may be smaller
        part = d.integer(2, 4)
        sizes = [part] * (count - 1) + [d.integer(1, part)]
    shape[axis] = sum(sizes)
    graph = Graph(d, opset)
    operands = [graph.input(_typed(d, "Split", opset, tuple(shape)))]
    attributes: dict[str, Any] = {"axis": None if axis == 0 and d.chance(0.5) else axis}
    explicit = style == "sizes" or (style == "equal" and d.chance(0.5))
    if explicit and opset < 13:
        attributes["split"] = sizes
    elif explicit:
        operands.append(graph.operand(_i64(sizes), 0.6))
    elif opset >= 18:  # with neither sizes nor a number the schema is not satisfied from 18 on
        attributes["num_outputs"] = count
    names = graph.node("Split", operands, count, **attributes)
    return graph.finish(names)


def _pad(d: Draw) -> Case:
    """Mode, pads and value moved from attributes to operands at opset 11; axes came with 18."""
    opset = d.opset("Pad")
    modes = ["constant", "constant", "reflect", "edge"] + (["wrap"] if opset >= 19 else [])
    mode = d.choice(modes)
    shape = tuple(max(2, n) for n in d.shape(1, 4))
    rank = len(shape)
    dtype = d.dtype("Pad", opset)
    # ONNX Runtime has no Pad for every type, and onnx's evaluator can't cut.
    cut_types = (np.float32, np.float64, np.int32, np.int64, np.bool_)
    negative = mode == "constant" and dtype in cut_types and d.chance(0.15)
    axes = sorted(int(a) for a in d.rng.permutation(rank)[: d.integer(1, rank)])
    if opset < 18:
        axes = list(range(rank))

    def amount(size: int) -> int:
        if negative and d.chance(0.5):
            return -d.integer(0, size // 2 - 1 if size > 2 else 0)
        return d.integer(0, size - 1 if mode in ("reflect", "wrap") else 3)

    pads = [amount(shape[a]) for a in axes] + [amount(shape[a]) for a in axes]
    x = d.values(shape, dtype, -50, 50)
    given_mode = None if mode == "constant" and d.chance(0.5) else mode
    if opset < 11:
        value = d.choice([None, 0.0, 1.5])
        return single(d, "Pad", opset, [x], mode=given_mode, pads=pads, value=value)
    fill = np.array(d.choice([0, 1, 7]), dtype) if d.chance(0.5) else None
    operands = [x, _i64(pads), fill]
    if opset >= 18 and (len(axes) < rank or d.chance(0.3)):
        if opset >= 19:
            axes = [a - rank if d.chance(0.3) else a for a in axes]
        # ONNX Runtime wants int64 here; the evaluator, which takes both, can't cut.
        index_type = np.int64 if min(pads) < 0 else d.choice([np.int32, np.int64])
        operands.append(np.array(axes, index_type))
    return single(d, "Pad", opset, operands, [0, 0.6, 0.85, 0.7], mode=given_mode)


def _pad_of_pairs(d: Draw) -> Case:
    """As TorchScript writes F.pad: pairs from the last axis on, with zeros for the others, turned
    round. The amounts are computed from sizes, often up to a multiple."""
    graph = Graph(d, d.integer(13, 20))
    shape = (d.integer(1, 2), d.integer(1, 3), d.integer(3, 7), d.integer(3, 7))
    x = graph.input(d.values(shape))
    for axis in (2, 3):
        if d.chance(0.6):
            graph.open_axis(x, axis)
    sizes = graph.node("Shape", [x])[0]
    front = graph.constant(_i64([0]), as_node=False)
    step = graph.constant(_i64([d.integer(2, 5)]), as_node=False)
    offset = graph.input(_i64([d.integer(0, 2)]), "offset")

    def amount(axis: int) -> str:
        kind = d.choice(["number", "computed", "multiple", "half"])
        if kind == "number":
            return graph.constant(_i64([d.integer(0, 2)]), as_node=False)
        if kind == "computed":
            return offset
        size = graph.node("Gather", [sizes, graph.constant(_i64([axis]), as_node=False)])[0]
        if kind == "half":
            return graph.node("Div", [size, graph.constant(_i64([2]), as_node=False)])[0]
        return graph.node("Mod", [graph.node("Sub", [step, size])[0], step])[0]

    pads = graph.node("Concat", [amount(3), amount(3), amount(2), amount(2)], axis=0)[0]
    missing = graph.constant(_i64([4]), as_node=False)
    zeros = graph.node("ConstantOfShape", [missing], value=helper.make_tensor("z", 7, [1], [0]))[0]
    row = graph.node("Concat", [pads, zeros], axis=0)[0]
    pairs = graph.node("Reshape", [row, graph.constant(_i64([-1, 2]), as_node=False)])[0]
    bounds = [[-1], [np.iinfo(np.int64).min + 1], [0], [-1]]
    turned = graph.node("Slice", [pairs, *(graph.constant(_i64(b), as_node=False) for b in bounds)])
    halves = graph.node("Transpose", turned, perm=[1, 0])[0]
    flat = graph.node("Reshape", [halves, graph.constant(_i64([-1]), as_node=False)])[0]
    amounts = graph.node("Cast", [flat], to=7)[0]
    mode = d.choice([None, "constant", "edge"])
    padded = graph.node("Pad", [x, amounts, ""], mode=mode)[0]
    if d.chance(0.5):  # the number of channels is still known: a convolution needs it
        weight = graph.constant(d.values((2, shape[1], 2, 2), low=-1, high=1))
        padded = graph.node("Conv", [padded, weight])[0]
    return graph.finish([padded])


def _depth_to_space(d: Draw) -> Case:
    opset = d.opset("DepthToSpace")
    block = d.integer(2, 3)
    dtype = d.dtype("DepthToSpace", opset, only=(np.float32, np.float16, np.float64))
    shape = (d.integer(1, 2), block * block * d.integer(1, 3), d.integer(1, 4), d.integer(1, 4))
    mode = d.choice([None, "DCR", "CRD"]) if opset >= 11 else None
    x = d.values(shape, dtype)
    return single(d, "DepthToSpace", opset, [x], blocksize=block, mode=mode)


def _space_to_depth(d: Draw) -> Case:
    opset = d.opset("SpaceToDepth")
    block = d.integer(2, 3)
    shape = (d.integer(1, 2), d.integer(1, 3), block * d.integer(1, 3), block * d.integer(1, 3))
    return single(d, "SpaceToDepth", opset, [d.values(shape, np.float32)], blocksize=block)


GENERATORS: dict[str, Callable[[Draw], Case]] = {
    "Reshape": _reshape,
    "Flatten": _flatten,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Transpose": _transpose,
    "Expand": _expand,
    "Tile": _tile,
    "Concat": _concat,
    "Split": _split,
    "Pad": _pad,
    "PadOfPairs": _pad_of_pairs,
    "DepthToSpace": _depth_to_space,
    "SpaceToDepth": _space_to_depth,
}
