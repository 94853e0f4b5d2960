"""A few nodes together: what passes fold and fuse, and the places where they must not."""

from __future__ import annotations

from typing import Callable

import numpy as np

from property.case import Case, Graph
from property.draw import Draw


def _norm(d: Draw, graph: Graph, x: str, channels: int) -> str:
    operands = [
        graph.constant(d.values((channels,), low=0.3, high=2)),
        graph.constant(d.values((channels,))),
        graph.constant(d.values((channels,))),
        graph.constant(d.values((channels,), low=0.2, high=3)),
    ]
    return graph.node("BatchNormalization", [x, *operands])[0]


def _filter(d: Draw, channels: int, group: int = 1) -> np.ndarray:
    return d.values((channels, channels // group, 3, 3), low=-1, high=1)


def _image(d: Draw, channels: int) -> np.ndarray:
    return d.values((d.integer(1, 2), channels, d.integer(3, 8), d.integer(3, 8)))


def _conv_norm(d: Draw) -> Case:
    """Folds, unless the convolution's result or its weights are used by others as well."""
    channels = d.integer(2, 6)
    group = d.choice([1, 1, channels])
    graph = Graph(d, d.opset("BatchNormalization"))
    x = graph.input(_image(d, channels))
    weight = graph.constant(_filter(d, channels, group))
    bias = [graph.constant(d.values((channels,)))] if d.chance(0.5) else []
    given = {"group": group, "pads": [1, 1, 1, 1]}
    op = d.choice(["Conv", "Conv", "ConvTranspose"])
    y = graph.node(op, [x, weight, *bias], **given)[0]
    z = _norm(d, graph, y, channels)
    if d.chance(0.5):
        z = graph.node("Relu", [z])[0]
    outputs = [z]
    if d.chance(0.25):
        outputs.append(y)
    if d.chance(0.25):
        outputs += graph.node("Conv", [x, weight], **given)
    return graph.finish(outputs)


def _norm_conv(d: Draw) -> Case:
    """The other order, with padding: zeros of the padding are not normalized."""
    channels = d.integer(2, 5)
    graph = Graph(d, d.opset("BatchNormalization"))
    x = _norm(d, graph, graph.input(_image(d, channels)), channels)
    y = graph.node("Relu", [x])[0] if d.chance(0.5) else x
    weight = graph.constant(_filter(d, channels))
    return graph.finish(graph.node("Conv", [y, weight], pads=[1, 1, 1, 1]))


def _residual(d: Draw) -> Case:
    channels = d.integer(2, 5)
    graph = Graph(d, d.opset("Conv"))
    x = graph.input(_image(d, channels))
    y = graph.node("Conv", [x, graph.constant(_filter(d, channels))], pads=[1, 1, 1, 1])[0]
    both = graph.node("Add", d.choice([[x, y], [y, x]]))[0]
    return graph.finish(graph.node("Relu", [both]))


def _linear_bias(d: Draw) -> Case:
    """MatMul and Add: a bias only where it is one value an output column."""
    k, n = d.integer(2, 7), d.integer(2, 6)
    rows = d.shape(1, 3, size=4)
    graph = Graph(d, d.opset("MatMul"))
    x = graph.input(d.values((*rows, k)))
    y = graph.node("MatMul", [x, graph.constant(d.values((k, n)))])[0]
    shape = d.choice([(n,), (n,), (1,), (), (1, n), (rows[-1], n), (rows[-1], 1)])
    bias = graph.operand(d.values(shape), 0.8)
    return graph.finish(graph.node("Add", d.choice([[y, bias], [bias, y]])))


def _attention(d: Draw) -> Case:
    batch, tokens, heads, size = d.integer(1, 2), d.integer(2, 5), d.integer(1, 3), d.integer(2, 4)
    graph = Graph(d, d.opset("Softmax", first=13))
    x = graph.input(d.values((batch, tokens, heads * size)))

    def project() -> str:
        weight = graph.constant(d.values((heads * size, heads * size), low=-1, high=1))
        target = graph.constant(np.array([0, 0, heads, size], np.int64))
        flat = graph.node("MatMul", [x, weight])[0]
        if d.chance(0.5):
            flat = graph.node("Add", [flat, graph.constant(d.values((heads * size,)))])[0]
        shaped = graph.node("Reshape", [flat, target])[0]
        return graph.node("Transpose", [shaped], perm=[0, 2, 1, 3])[0]

    def times(value: str, factor: float) -> str:
        op, number = d.choice([("Mul", factor), ("Div", 1 / factor)])
        return graph.node(op, [value, graph.constant(np.float32(number))])[0]

    q, k, v = project(), project(), project()
    # Exporters scale the scores, the queries, or queries and keys alike.
    where = d.choice(["scores", "scores", "query", "both"])
    factor = d.choice([size**-0.5, 0.25])
    if where != "scores":
        q = times(q, factor if where == "query" else factor**0.5)
    if where == "both":
        k = times(k, factor**0.5)
    turned = graph.node("Transpose", [k], perm=[0, 1, 3, 2])[0]
    scores = graph.node("MatMul", [q, turned])[0]
    scaled = times(scores, factor) if where == "scores" else scores
    mixed = graph.node("MatMul", [graph.node("Softmax", [scaled], axis=-1)[0], v])[0]
    joined = graph.node("Transpose", [mixed], perm=[0, 2, 1, 3])[0]
    flat = graph.constant(np.array([0, 0, heads * size], np.int64))
    outputs = graph.node("Reshape", [joined, flat])
    return graph.finish(outputs + d.choice([[], [], [], [q], [scores]]))


def _root_norm(d: Draw) -> Case:
    """Layer and RMS normalization as exporters spell them out, and what only looks like them."""
    graph = Graph(d, d.opset("ReduceMean", last=17))
    shape = d.shape(1, 4, size=6)
    x = graph.input(d.values(shape))
    epsilon = graph.constant(np.float32(d.choice([1e-5, 1e-12, 0.5])))
    at = x
    if d.chance(0.6):
        at = graph.node("Sub", [x, graph.node("ReduceMean", [x], axes=[-1])[0]])[0]
    two = graph.constant(np.float32(2))
    square = graph.node("Pow", [at, two])[0] if d.chance(0.5) else graph.node("Mul", [at, at])[0]
    variance = graph.node("ReduceMean", [square], axes=[-1])[0]
    shifted = graph.node("Add", d.choice([[variance, epsilon], [epsilon, variance]]))[0]
    root = graph.node("Sqrt", [shifted])[0]
    if d.chance(0.3):
        half = graph.constant(np.float32(0.5))
        root = graph.node("Pow", [shifted, half])[0]
    if d.chance(0.6):
        y = graph.node("Div", [at, root])[0]
    else:
        inverse = d.choice(["Reciprocal", "Div"])
        one = [graph.constant(np.float32(1))] if inverse == "Div" else []
        y = graph.node("Mul", [at, graph.node(inverse, [*one, root])[0]])[0]
    outputs = graph.node("Mul", [y, graph.constant(d.values(shape[-1:]))])
    return graph.finish(outputs + d.choice([[], [], [root], [variance]]))


def _packed_attention(d: Draw) -> Case:
    """One projection for queries, keys and values, cut apart before its heads are."""
    batch, tokens, size = d.integer(1, 2), d.integer(2, 5), d.integer(2, 4)
    shared = d.integer(1, 3)  # heads of keys and values
    heads = shared * d.choice([1, 1, 2])
    graph = Graph(d, d.opset("Split", first=13))
    x = graph.input(d.values((batch, tokens, 6)))
    counts = [heads, shared, shared]
    weight = graph.constant(d.values((6, sum(counts) * size), low=-1, high=1))
    packed = graph.node("MatMul", [x, weight])[0]
    if d.chance(0.5):
        sizes = graph.constant(np.array([n * size for n in counts], np.int64))
        parts = graph.node("Split", [packed, sizes], 3, axis=d.choice([2, -1]))
    else:
        parts, begin = [], 0
        for n in counts:
            row = [np.array([v], np.int64) for v in (begin, begin + n * size, 2)]
            parts += graph.node("Slice", [packed, *map(graph.constant, row)])
            begin += n * size

    def split(part: str, count: int, perm: list[int]) -> str:
        target = graph.constant(np.array([0, 0, count, size], np.int64))
        shaped = graph.node("Reshape", [part, target])[0]
        turned = graph.node("Transpose", [shaped], perm=perm)[0]
        if count == heads:
            return turned
        return graph.node("Concat", [turned] * (heads // count), axis=1)[0]

    q = split(parts[0], heads, [0, 2, 1, 3])
    k, v = split(parts[1], shared, [0, 2, 3, 1]), split(parts[2], shared, [0, 2, 1, 3])
    weights = graph.node("Softmax", graph.node("MatMul", [q, k]), axis=-1)[0]
    mixed = graph.node("MatMul", [weights, v])[0]
    joined = graph.node("Transpose", [mixed], perm=[0, 2, 1, 3])[0]
    flat = graph.constant(np.array([0, 0, heads * size], np.int64))
    outputs = graph.node("Reshape", [joined, flat])
    return graph.finish(outputs + d.choice([[], [], parts[1:2], [packed]]))


# Rank 6 between two Reshapes: where the block's rows, its columns and the channels are, and what
# Transpose makes of them. Channels first; the last two only look like a block.
_BLOCKS = {
    "to_space": [([1, 2, 3], [0, 1, 4, 2, 5, 3]), ([3, 1, 2], [0, 3, 4, 1, 5, 2])],
    "to_depth": [([1, 3, 5], [0, 1, 3, 5, 2, 4]), ([1, 3, 5], [0, 3, 5, 1, 2, 4])],
    "neither": [([1, 2, 3], [0, 1, 4, 3, 5, 2]), ([1, 3, 5], [0, 3, 5, 1, 4, 2])],
}


def _blocks(d: Draw) -> Case:
    """Pixel shuffle and its inverse spelled out, behind a convolution and mostly before one."""
    graph = Graph(d, d.opset("Conv"))
    kind = d.choice(["to_space", "to_space", "to_depth", "to_depth", "neither"])
    places, perm = d.choice(_BLOCKS[kind])
    block, channels = d.choice([2, 2, 3]), d.integer(1, 3)
    batch, rows, columns = d.integer(1, 2), d.integer(2, 3), d.integer(2, 3)
    from_channels = places != [1, 3, 5]
    sizes = dict(zip(places, (channels, block, block)))
    if from_channels:
        six = [batch, sizes[1], sizes[2], sizes[3], rows, columns]
        before = [batch, channels * block * block, rows, columns]
    else:
        six = [batch, channels, rows, block, columns, block]
        before = [batch, channels, rows * block, columns * block]
    x = graph.input(d.values((batch, 3, *before[2:])))
    kernel = graph.constant(d.values((before[1], 3, 1, 1), low=-1, high=1))
    y = graph.node("Conv", [x, kernel])[0] if d.chance(0.85) else None
    if y is None:
        y = graph.input(d.values(tuple(before)))
    elif d.chance(0.4):
        y = graph.node(d.choice(["Relu", "Tanh"]), [y])[0]
    apart = graph.node("Reshape", [y, graph.constant(np.array(six, np.int64))])[0]
    turned = graph.node("Transpose", [apart], perm=perm)[0]
    moved = [six[axis] for axis in perm]
    if from_channels:
        after = [moved[0], moved[1], moved[2] * moved[3], moved[4] * moved[5]]
    else:
        after = [moved[0], moved[1] * moved[2] * moved[3], moved[4], moved[5]]
    z = graph.node("Reshape", [turned, graph.constant(np.array(after, np.int64))])[0]
    if d.chance(0.6):
        kernel = graph.constant(d.values((2, after[1], 1, 1), low=-1, high=1))
        z = graph.node("Conv", [z, kernel])[0]
    return graph.finish([z, apart] if d.chance(0.1) else [z])


def _channel_shuffle(d: Draw) -> Case:
    """ShuffleNet's way with channels: convolutions between which these are joined, shuffled, split
    and gathered; now and then something looks at them in between, or needs their order."""
    graph = Graph(d, d.opset("Split", first=13, last=17))
    sizes = tuple(d.integer(3, 5) for _ in range(d.choice([2, 2, 2, 1, 3])))
    batch = d.integer(1, 2)
    image = graph.input(d.values((batch, 3, *sizes)))
    if d.chance(0.2):
        graph.open_some(image)

    def conv(x: str, before: int, after: int, group: int = 1) -> str:
        width = d.choice([1, 1, 3])
        shape = (after, before // group, *(width for _ in sizes))
        weight = graph.constant(d.values(shape, low=-1, high=1))
        bias = [graph.constant(d.values((after,)))] if d.chance(0.5) else []
        pads = [width // 2] * (2 * len(sizes))
        y = graph.node("Conv", [x, weight, *bias], group=group, pads=pads)[0]
        return graph.node("Relu", [y])[0] if d.chance(0.4) else y

    def shuffled(x: str, channels: int) -> str:
        groups = d.choice([g for g in (1, 2, 3, 4) if channels % g == 0])
        if d.chance(0.2):
            order = d.rng.permutation(channels).astype(np.int64)
            return graph.node("Gather", [x, graph.constant(order)], axis=1)[0]
        apart = [0, groups, channels // groups, *(sizes if d.chance(0.7) else [-1])]
        y = graph.node("Reshape", [x, graph.constant(np.array(apart, np.int64))])[0]
        perm = [0, 2, 1, *range(3, len(apart))]
        y = graph.node("Transpose", [y], perm=perm)[0]
        return graph.node("Reshape", [y, graph.constant(np.array([0, -1, *sizes], np.int64))])[0]

    outputs = []
    half = d.integer(2, 5)
    pieces = [(conv(image, 3, half), half), (conv(image, 3, half), half)]
    for _ in range(d.integer(1, 4)):
        channels = sum(size for _, size in pieces)
        joined = graph.node("Concat", [name for name, _ in pieces], axis=1)[0]
        if d.chance(0.9):
            joined = shuffled(joined, channels)
        if d.chance(0.08):
            outputs += graph.node(d.choice(["Relu", "Identity"]), [joined])
        first = channels // 2 if d.chance(0.7) else d.integer(1, channels - 1)
        parts = graph.constant(np.array([first, channels - first], np.int64))
        left, right = graph.node("Split", [joined, parts], 2, axis=1)
        inner = conv(right, channels - first, half)
        if d.chance(0.5):
            inner = conv(conv(inner, half, half, group=half), half, half)
        pieces = [(left, first), (inner, half)]
        if d.chance(0.2):
            pieces.reverse()
    channels = sum(size for _, size in pieces)
    joined = shuffled(graph.node("Concat", [name for name, _ in pieces], axis=1)[0], channels)
    if d.chance(0.4):
        joined = conv(joined, channels, channels, group=channels)
    last = d.choice(["conv", "conv", "conv", "transposed", "rows", "means"])
    if last == "conv":
        joined = conv(joined, channels, 2, group=d.choice([1, 1, 1, 2 - channels % 2]))
    elif last == "transposed":
        weight = graph.constant(d.values((channels, 2, *(2 for _ in sizes)), low=-1, high=1))
        strides = [d.choice([1, 2])] * len(sizes)
        joined = graph.node("ConvTranspose", [joined, weight], strides=strides)[0]
    else:
        if last == "rows":
            perm = [0, *range(2, len(sizes) + 2), 1]
            joined = graph.node("Transpose", [joined], perm=perm)[0]
        else:
            joined = graph.node("GlobalAveragePool", [joined])[0]
            joined = graph.node("Flatten", [joined])[0]
        weight = graph.constant(d.values((channels, 2), low=-1, high=1))
        joined = graph.node("MatMul", [joined, weight])[0]
    return graph.finish([*outputs, joined])


def _ports(d: Draw) -> Case:
    """Odd interfaces: unused inputs, inputs passed through, inner values and constants fetched."""
    graph = Graph(d, d.opset("Identity"))
    x = graph.input(d.values(d.shape(1, 4)))
    y = graph.node("Relu", [x])[0]
    outputs = [y]
    if d.chance(0.4):
        graph.input(d.values(d.shape(0, 2)))
    if d.chance(0.4):
        outputs += graph.node("Neg", [y])
    if d.chance(0.4):
        outputs += graph.node("Identity", [x])
    if d.chance(0.4):
        pair = [graph.constant(d.values((3,))), graph.constant(d.values((3,)))]
        outputs += graph.node("Add", pair)
    if d.chance(0.3):
        outputs = outputs[::-1]
    return graph.finish(outputs)


def _dead_ends(d: Draw) -> Case:
    """Nodes that no output needs, and a second result of Dropout that nobody takes."""
    graph = Graph(d, d.opset("Dropout", first=13))
    x = graph.input(d.values(d.shape(1, 4)))
    graph.node("Exp", graph.node("Abs", [x]))
    y = graph.node("Dropout", [x], 2)[0]
    return graph.finish(graph.node("Mul", [y, y]))


def _mask(d: Draw) -> Case:
    """Shape, ConstantOfShape, Where: a mask as exporters build it."""
    shape = d.shape(1, 3)
    graph = Graph(d, d.opset("Where", first=13))
    x = graph.input(d.values(shape))
    sizes = graph.node("Shape", [x])[0]
    zeros = graph.node("ConstantOfShape", [sizes])[0]
    positive = graph.node("Greater", [x, zeros])[0]
    low = graph.constant(np.float32(-9))
    return graph.finish(graph.node("Where", [positive, x, low]))


def _activation(d: Draw) -> Case:
    """Activations spelled out, now and then with a number or a use that makes them others."""
    graph = Graph(d, d.opset("Erf", first=13))
    x = graph.input(d.values(d.shape(1, 4), low=-5, high=5))

    def number(value: float) -> str:
        shape = d.choice([(), (), (1,)])
        wrong = 1.1 if d.chance(0.08) else 1.0
        return graph.constant(np.full(shape, value * wrong, np.float32))

    def mul(a: str, b: str) -> str:
        return graph.node("Mul", d.choice([[a, b], [b, a]]))[0]

    def add(a: str, b: str) -> str:
        return graph.node("Add", d.choice([[a, b], [b, a]]))[0]

    style = d.choice(["erf", "tanh", "hard_swish", "leaky", "power", "scales"])
    inner = x
    if style == "erf":
        inner = graph.node("Erf", [graph.node("Div", [x, number(2**0.5)])[0]])[0]
        shifted = add(inner, number(1))
        halved = d.choice([0, 1])
        y = mul(mul(x, number(0.5)), shifted) if halved else mul(mul(x, shifted), number(0.5))
    elif style == "tanh":
        cube = graph.node("Pow", [x, number(3)])[0] if d.chance(0.5) else mul(mul(x, x), x)
        inner = mul(add(x, mul(cube, number(0.044715))), number((2 / np.pi) ** 0.5))
        y = mul(mul(x, number(0.5)), add(graph.node("Tanh", [inner])[0], number(1)))
    elif style == "hard_swish":
        ends = [graph.constant(np.float32(v)) for v in (0, 6)]
        inner = graph.node("Clip", [add(x, number(3)), *ends])[0]
        y = graph.node("Div", [mul(x, inner), number(6)])[0]
    elif style == "leaky":
        inner = mul(x, number(d.choice([0.1, 0.3, 1.5])))
        y = graph.node("Max", d.choice([[x, inner], [inner, x]]))[0]
    elif style == "power":
        y = graph.node("Pow", [x, number(2)])[0]
    else:
        inner = mul(x, number(d.choice([3.0, -0.5])))
        y = graph.node("Div", [inner, number(7)])[0]
    return graph.finish([y, inner] if inner != x and d.chance(0.15) else [y])


GENERATORS: dict[str, Callable[[Draw], Case]] = {
    "IdiomActivation": _activation,
    "IdiomConvNorm": _conv_norm,
    "IdiomNormConv": _norm_conv,
    "IdiomResidual": _residual,
    "IdiomLinearBias": _linear_bias,
    "IdiomAttention": _attention,
    "IdiomPackedAttention": _packed_attention,
    "IdiomRootNorm": _root_norm,
    "IdiomBlocks": _blocks,
    "IdiomChannelShuffle": _channel_shuffle,
    "IdiomPorts": _ports,
    "IdiomDeadEnds": _dead_ends,
    "IdiomMask": _mask,
}
