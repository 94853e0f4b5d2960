"""ONNX Runtime's own operators (com.microsoft), as its optimizer writes them."""

from __future__ import annotations

import math
from typing import Any, Callable

import numpy as np
from onnx import TensorProto

from property.case import Case, Graph, single
from property.draw import Draw
from property.families.convolution import channels
from property.families.windows import draw_window

DOMAIN = "com.microsoft"


def _opset(d: Draw) -> int:
    return d.integer(11, 21)


def _convolution(d: Draw) -> Case:
    window = draw_window(d, 2, same_with_dilation=False)
    group, inputs, outputs = channels(d)
    x = d.values((d.choice([1, 2]), inputs, *window.size))
    weight = d.values((outputs, inputs // group, *window.kernel), low=-1, high=1)
    bias = d.values((outputs,)) if d.chance(0.6) else None
    attributes: dict[str, Any] = window.attributes(d)
    attributes["group"] = group
    name, count = d.choice(
        [
            ("Relu", 0), ("Tanh", 0), ("Sigmoid", 0),
            ("LeakyRelu", 1), ("Clip", 2), ("HardSigmoid", 2),
        ]
    )
    attributes["activation"] = name
    if count:
        low = -float(d.integer(0, 2)) if name == "Clip" else 0.2
        attributes["activation_params"] = [low, 1.5][:count]
    return single(
        d, "FusedConv", _opset(d), [x, weight, bias], [0, 0.8, 0.85], domain=DOMAIN, **attributes
    )


def _product(d: Draw) -> Case:
    batch = d.shape(0, 2, size=3)
    rows, inner, columns = d.integer(1, 6), d.integer(1, 6), d.integer(1, 6)
    left, right = d.chance(0.5), d.chance(0.5)
    a_shape = (*batch, inner, rows) if left else (*batch, rows, inner)
    b_batch = batch if d.chance(0.5) else ()
    b_shape = (*b_batch, columns, inner) if right else (*b_batch, inner, columns)
    attributes: dict[str, Any] = {"transA": int(left), "transB": int(right)}
    if len(batch) == 1 and b_batch and d.chance(0.4):
        # The batch stands behind the first axis of the matrix.
        a_shape = (a_shape[1], a_shape[0], a_shape[2])
        b_shape = (b_shape[1], b_shape[0], b_shape[2])
        attributes |= {"transBatchA": 1, "transBatchB": 1}
    if d.chance(0.6):
        attributes["alpha"] = d.choice([0.125, 0.5, -2.0])
    return single(
        d, "FusedMatMul", _opset(d), [d.values(a_shape), d.values(b_shape)], [0, 0.4],
        domain=DOMAIN, **attributes,
    )


def _transposed_product(d: Draw) -> Case:
    rows, inner, columns = d.integer(1, 6), d.integer(1, 6), d.integer(1, 6)
    left, right = d.chance(0.5), d.chance(0.5)
    a = d.values((inner, rows) if left else (rows, inner))
    b = d.values((columns, inner) if right else (inner, columns))
    return single(
        d, "TransposeMatMul", _opset(d), [a, b], [0, 0.4], domain=DOMAIN,
        transA=int(left), transB=int(right), alpha=d.choice([None, 0.5]),
    )


def _activated(name: str, x: np.ndarray, alpha: float) -> np.ndarray:
    if name == "LeakyRelu":
        return np.where(x > 0, x, alpha * x).astype(np.float32)
    return np.maximum(x, 0) if name == "Relu" else np.tanh(x)


def _activated_product(d: Draw) -> Case:
    a = d.values((2, d.integer(1, 4), 3))
    b = d.values((3, d.integer(1, 4)))
    name = d.choice(["Relu", "Tanh", "LeakyRelu"])
    expected = _activated(name, (a @ b * np.float32(0.5)).astype(np.float32), 0.25)
    return single(
        d, "FusedMatMulActivation", _opset(d), [a, b], [0, 0.4], domain=DOMAIN,
        expected=[expected], alpha=0.5, activation=name,
        activation_alpha=0.25 if name == "LeakyRelu" else None,
    )


def _gemm(d: Draw) -> Case:
    rows, inner, columns = d.integer(1, 6), d.integer(1, 6), d.integer(1, 6)
    left, right = d.chance(0.5), d.chance(0.5)
    a = d.values((inner, rows) if left else (rows, inner))
    b = d.values((columns, inner) if right else (inner, columns))
    c = d.values(d.choice([(columns,), (1, columns), (rows, 1), (rows, columns)]))
    given: dict[str, Any] = {"transA": int(left), "transB": int(right)}
    name = d.choice(["Relu", "Sigmoid", "Tanh", "LeakyRelu", "Elu", "HardSigmoid", "Softplus"])
    given["activation"] = name
    if name in ("LeakyRelu", "Elu", "HardSigmoid"):
        given["activation_alpha"] = 0.3
    if name == "HardSigmoid":
        given["activation_beta"] = 0.4
    if d.chance(0.5):
        given |= {"alpha": 0.5, "beta": d.choice([2.0, 1.0])}
    operands = [a, b, c if d.chance(0.7) else None]
    return single(d, "FusedGemm", _opset(d), operands, [0, 0.7, 0.7], domain=DOMAIN, **given)


def _gelu(name: str, biased: float) -> Callable[[Draw], Case]:
    def generate(d: Draw) -> Case:
        x = d.values(d.shape(1, 4, size=6), low=-5, high=5)
        bias = d.values(x.shape[-1:]) if d.chance(biased) else None
        alpha = d.choice([None, 1.0, 2.5]) if name == "QuickGelu" else None
        operands = [x, bias] if biased else [x]
        return single(d, name, _opset(d), operands, [0, 0.7], domain=DOMAIN, alpha=alpha)

    return generate


def _normal(x: np.ndarray, axes: tuple[int, ...], epsilon: float) -> np.ndarray:
    wide = x.astype(np.float64)
    centered = wide - wide.mean(axes, keepdims=True)
    return centered / np.sqrt((centered**2).mean(axes, keepdims=True) + epsilon)


def _split_gelu(d: Draw) -> Case:
    x = d.values((d.integer(1, 2), d.integer(1, 4), 2 * d.integer(1, 5)))
    bias = d.values(x.shape[-1:])
    left, right = np.split((x + bias).astype(np.float64), 2, axis=-1)
    expected = left * right * 0.5 * (1 + np.vectorize(math.erf)(right / np.sqrt(2)))
    return single(
        d, "BiasSplitGelu", _opset(d), [x, bias], [0, 0.7], domain=DOMAIN,
        expected=[expected.astype(np.float32)],
    )


def _group_norm(d: Draw) -> Case:
    groups, size = d.integer(1, 4), d.integer(1, 3)
    batch, height, width = d.integer(1, 2), d.integer(1, 4), d.integer(2, 4)
    last = d.chance(0.6)
    x = d.values((batch, height, width, groups * size))
    gamma, beta = d.values((groups * size,)), d.values((groups * size,))
    epsilon = d.choice([1e-5, 1e-2])
    split = x.reshape(batch, height, width, groups, size)
    y = _normal(split, (1, 2, 4), epsilon).reshape(x.shape) * gamma + beta
    activation = d.integer(0, 1)
    if activation:
        y = y / (1 + np.exp(-y))
    if not last:
        x, y = x.transpose(0, 3, 1, 2), y.transpose(0, 3, 1, 2)
    return single(
        d, "GroupNorm", _opset(d), [x, gamma, beta], [0, 0.8, 0.8], domain=DOMAIN,
        expected=[y.astype(np.float32)], groups=groups, activation=activation, epsilon=epsilon,
        channels_last=None if last and d.chance(0.5) else int(last),
    )


def _skip_norm(name: str) -> Callable[[Draw], Case]:
    shifted = name == "SkipLayerNormalization"

    def generate(d: Draw) -> Case:
        batch, length, size = d.integer(1, 3), d.integer(1, 5), d.integer(2, 9)
        x = d.values((batch, length, size))
        broadcast = shifted and d.chance(0.3)
        skip = d.values(d.choice([(1, length, size), (length, size)]) if broadcast else x.shape)
        operands = [x, skip, d.values((size,))]
        if shifted:
            operands.append(d.values((size,)) if d.chance(0.7) else None)
        operands.append(d.values((size,)) if d.chance(0.5) else None)
        graph = Graph(d, _opset(d), DOMAIN)
        names = [
            "" if v is None else graph.operand(v, 0.0 if i < 2 else 0.8, "x" if i < 2 else "w")
            for i, v in enumerate(operands)
        ]
        results = graph.node(name, names, d.choice([1, 4]), epsilon=d.choice([None, 1e-5]))
        if len(results) > 1:
            results = [results[0], results[3]]
            graph.drop_outputs([1, 2])
        return graph.finish(results)

    return generate


def _early_norm(name: str) -> Callable[[Draw], Case]:
    """What ONNX Runtime's optimizer writes into the default domain at any opset."""

    def generate(d: Draw) -> Case:
        x = d.values(d.shape(1, 4, size=6))
        axis = d.axis(x.ndim)
        row = x.shape[axis % x.ndim :]
        operands = [x, d.values(row)]
        if name == "LayerNormalization" and d.chance(0.6):
            operands.append(d.values(row))
        return single(
            d, name, d.integer(9, 16), operands, [0, 0.8, 0.8], axis=axis,
            epsilon=d.choice([None, 1e-3]),
        )

    return generate


def _embedding(d: Draw) -> Case:
    batch, length, size = d.integer(1, 3), d.integer(1, 5), d.integer(2, 8)
    graph = Graph(d, _opset(d), DOMAIN)
    ids = d.rng.integers(0, 7, (batch, length)).astype(np.int32)
    segments = d.rng.integers(0, 2, (batch, length)).astype(np.int32)
    has_segments = d.chance(0.7)
    masked = d.chance(0.5)
    mask = (np.arange(length) < d.rng.integers(1, length + 1, (batch, 1))).astype(np.int32)
    operands = [
        graph.input(ids, "ids"),
        graph.input(segments, "segments") if has_segments else "",
        graph.operand(d.values((7, size)), 0.8),
        graph.operand(d.values((length + 2, size)), 0.8),
        graph.operand(d.values((2, size)), 0.8) if has_segments else "",
        graph.operand(d.values((size,)), 0.8),
        graph.operand(d.values((size,)), 0.8),
        graph.input(mask, "mask") if masked else "",
    ]
    if d.chance(0.3):
        places = d.rng.integers(0, length + 2, (batch, length)).astype(np.int32)
        operands.append(graph.input(places, "places"))
    results = graph.node("EmbedLayerNormalization", operands, d.choice([2, 3]))
    return graph.finish(
        results, {r: TensorProto.INT32 if i == 1 else 1 for i, r in enumerate(results)}
    )


def _mask(d: Draw, batch: int, queries: int, keys: int, total: int) -> np.ndarray:
    """A mask of any form that leaves each query a key."""
    form = d.choice(["lengths", "ranges", "keys", "pairs"])
    if form == "lengths":
        return d.rng.integers(1, total + 1, (batch,)).astype(np.int32)
    if form == "ranges":
        ends = d.rng.integers(1, total + 1, (batch,))
        return np.concatenate([ends, ends - 1]).astype(np.int32)
    shape = (batch, total) if form == "keys" else (batch, queries, total)
    allowed = d.values(shape, np.bool_).astype(np.int32)
    allowed[..., 0] = 1
    return allowed


def _multi_head(d: Draw) -> Case:
    batch, heads = d.integer(1, 2), d.integer(1, 3)
    queries = d.integer(1, 5)
    keys = queries if d.chance(0.4) else d.integer(1, 5)
    size = d.integer(1, 5)
    form = d.choice(["apart", "apart", "apart", "cached"])
    past = d.integer(1, 3) if form == "apart" and d.chance(0.3) else 0
    value_size = d.integer(1, 5) if form == "apart" and not past and d.chance(0.4) else size
    total = past + keys
    graph = Graph(d, _opset(d), DOMAIN)

    def tensor(*shape: int) -> str:
        return graph.input(d.values(shape, low=-2, high=2))

    operands = [tensor(batch, queries, heads * size)]
    if form == "cached":
        operands += [tensor(batch, heads, keys, size), tensor(batch, heads, keys, value_size)]
    else:
        operands += [tensor(batch, keys, heads * size), tensor(batch, keys, heads * value_size)]
    has_bias = form == "apart" and d.chance(0.5)
    width = heads * (2 * size + value_size)
    operands.append(graph.operand(d.values((width,)), 0.8) if has_bias else "")
    masked = d.chance(0.5)
    mask = _mask(d, batch, queries, keys, total)
    if mask.ndim == 1 and mask.shape[0] != batch:
        masked = False  # MultiHeadAttention has no such mask
    operands.append(graph.operand(mask, 0.2, "mask") if masked else "")
    shape = (d.choice([1, batch]), d.choice([1, heads]), queries, total)
    operands.append(graph.operand(d.values(shape), 0.3, "bias") if d.chance(0.4) else "")
    if past:
        operands.append(tensor(batch, heads, past, size))
        operands.append(tensor(batch, heads, past, value_size))
    results = graph.node(
        "MultiHeadAttention", operands, 3 if past else 1, num_heads=heads,
        scale=d.choice([None, None, 0.3]),
        unidirectional=d.choice([None, 0, 1]) if keys == queries else None,
    )
    return graph.finish(results)


def _projected(d: Draw) -> Case:
    batch, heads, length = d.integer(1, 2), d.integer(1, 3), d.integer(1, 5)
    width, size = d.integer(1, 6), d.integer(1, 5)
    past = d.integer(1, 3) if d.chance(0.3) else 0
    value_size = size if past or d.chance(0.7) else d.integer(1, 5)
    total = past + length
    columns = heads * (2 * size + value_size)
    graph = Graph(d, _opset(d), DOMAIN)
    operands = [
        graph.input(d.values((batch, length, width))),
        graph.operand(d.values((width, columns), low=-1, high=1), 0.8),
        graph.operand(d.values((columns,)), 0.8),
    ]
    mask = _mask(d, batch, length, length, total)
    operands.append(graph.operand(mask, 0.2, "mask") if d.chance(0.5) else "")
    # A range may begin behind a query's own place, which leaves it without a key.
    causal = operands[-1] == "" or mask.shape != (2 * batch,)
    operands.append(graph.input(d.values((2, batch, heads, past, size))) if past else "")
    shape = (d.choice([1, batch]), d.choice([1, heads]), length, total)
    biased = not past and d.chance(0.4)  # ONNX Runtime takes one or the other
    operands.append(graph.operand(d.values(shape), 0.3, "bias") if biased else "")
    hidden = [heads * size, heads * size, heads * value_size]
    results = graph.node(
        "Attention", operands, 2 if past else 1, num_heads=heads,
        unidirectional=d.choice([None, 0, 1]) if causal else None,
        scale=d.choice([None, None, 0.3]),
        qkv_hidden_sizes=hidden if value_size != size or d.chance(0.3) else None,
    )
    return graph.finish(results)


def _rotary(d: Draw) -> Case:
    batch, length, heads, half = (d.integer(1, 4) for _ in range(4))
    partly = d.chance(0.3)
    head = 2 * half + (2 if partly else 0)
    flat = d.chance(0.6)
    x = d.values((batch, length, heads * head) if flat else (batch, heads, length, head))
    follow = d.chance(0.4)
    ids = d.rng.integers(0, 4 if follow else 8, (1,) if follow else (batch, length))
    angles = d.rng.uniform(-3, 3, (8, half))
    operands = [x, ids.astype(np.int64), np.cos(angles), np.sin(angles)]
    operands[2:] = [np.array(table, np.float32) for table in operands[2:]]
    named = {"num_heads": heads} if partly or d.chance(0.4) else {}
    if partly:
        named["rotary_embedding_dim"] = 2 * half
    return single(
        d, "RotaryEmbedding", _opset(d), operands, [0, 0, 0.8, 0.8], domain=DOMAIN,
        interleaved=d.choice([None, 0, 1]), **named,
    )


def _few_bits(d: Draw) -> Case:
    """Weights of 4 or 8 bits with a scale for each block of a row."""
    bits = d.choice([4, 4, 4, 8])
    block = d.choice([16, 16, 32])
    inner, columns = d.integer(1, 70), d.integer(1, 6)
    blocks = -(-inner // block)
    batch = d.shape(1, 2, size=3)
    graph = Graph(d, _opset(d), DOMAIN)
    x = graph.input(d.values((*batch, inner)))
    packed = d.rng.integers(0, 256, (columns, blocks, block * bits // 8)).astype(np.uint8)
    scales = d.values((columns, blocks), low=0.01, high=0.1)
    operands = [x, graph.constant(packed), graph.constant(scales.reshape(-1))]
    zeros = d.choice([None, "packed", "packed"])
    if zeros:
        stored = d.rng.integers(0, 256, (columns * -(-blocks * bits // 8),)).astype(np.uint8)
        operands.append(graph.constant(stored))
    if d.chance(0.3):
        operands += [""] * (5 - len(operands)) + [graph.constant(d.values((columns,)))]
    result = graph.node(
        "MatMulNBits", operands, K=inner, N=columns, bits=bits, block_size=block,
        accuracy_level=d.choice([None, 0, 1]),
    )
    return graph.finish(result)


def _group_query(d: Draw) -> Case:
    """A first step, of sequences that may be padded, or a further one of one token, or of several
    for one sequence."""
    key_heads = d.integer(1, 2)
    heads = key_heads * d.integer(1, 3)
    rotary = d.chance(0.6)
    size = 16 if rotary else 8  # ONNX Runtime wants multiples of 8, and 16 where they turn
    first = d.chance(0.4)
    batch = d.integer(1, 3)
    queries = d.integer(1, 5) if first else 1
    if not first and d.chance(0.3):
        batch, queries = 1, d.integer(2, 4)
    # The cache that goes in: as long as the longest past, or a buffer with room behind it.
    past = 0 if first and d.chance(0.7) else d.integer(1, 5)
    lengths = np.full((batch,), queries if first else past + queries, np.int64)
    if not first and batch > 1:
        lengths[1:] = d.rng.integers(queries + 1, past + queries + 1, (batch - 1,))
    total = int(lengths.max())
    if first and d.chance(0.6):
        lengths = d.rng.integers(1, queries + 1, (batch,))
    cache = past if past and not first and d.chance(0.6) else total + d.integer(0, 3)
    graph = Graph(d, _opset(d), DOMAIN)

    def tensor(*shape: int) -> str:
        return graph.input(d.values(shape, low=-2, high=2))

    if d.chance(0.4):
        operands = [tensor(batch, queries, (heads + 2 * key_heads) * size), "", ""]
    else:
        operands = [tensor(batch, queries, n * size) for n in (heads, key_heads, key_heads)]
    operands += [tensor(batch, key_heads, cache, size) for _ in range(2)] if past else ["", ""]
    operands.append(graph.input((lengths - 1).astype(np.int32), "lengths"))
    operands.append(graph.operand(np.array([total], np.int32), 0.3, "total"))
    if rotary:
        angles = d.rng.uniform(-3, 3, (total + 8, size // 2))
        operands += [graph.constant(f(angles).astype(np.float32)) for f in (np.cos, np.sin)]
    results = graph.node(
        "GroupQueryAttention", operands, 3, num_heads=heads, kv_num_heads=key_heads,
        do_rotary=int(rotary), rotary_interleaved=d.choice([None, 0, 1]) if rotary else None,
        scale=d.choice([None, None, 0.3]), softcap=d.choice([None, None, 2.0]),
        local_window_size=d.choice([None, None, 2, 4]),
    )
    return graph.finish(results)


_BY_NAME: dict[str, Callable[[Draw], Case]] = {
    "Attention": _projected,
    "BiasGelu": _gelu("BiasGelu", 1.0),
    "BiasSplitGelu": _split_gelu,
    "EmbedLayerNormalization": _embedding,
    "FastGelu": _gelu("FastGelu", 0.5),
    "FusedConv": _convolution,
    "FusedGemm": _gemm,
    "FusedMatMul": _product,
    "FusedMatMulActivation": _activated_product,
    "Gelu": _gelu("Gelu", 0.0),
    "GroupNorm": _group_norm,
    "GroupQueryAttention": _group_query,
    "MatMulNBits": _few_bits,
    "MultiHeadAttention": _multi_head,
    "QuickGelu": _gelu("QuickGelu", 0.0),
    "RotaryEmbedding": _rotary,
    "SkipLayerNormalization": _skip_norm("SkipLayerNormalization"),
    "SkipSimplifiedLayerNormalization": _skip_norm("SkipSimplifiedLayerNormalization"),
    "TransposeMatMul": _transposed_product,
}
GENERATORS = {f"{DOMAIN}.{name}": generate for name, generate in _BY_NAME.items()} | {
    "EarlyLayerNormalization": _early_norm("LayerNormalization"),
    "SimplifiedLayerNormalization": _early_norm("SimplifiedLayerNormalization"),
}
