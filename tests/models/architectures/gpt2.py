"""GPT-2 (Radford et al. 2019) with a cache of keys and values: past inputs, present outputs. The
length of the past is symbolic and bound when the model is converted."""

from __future__ import annotations

import numpy as np

from models.network import Network
from models.ports import Shape
from models.transformer import (
    SHARP,
    Size,
    additive_mask,
    layer_norm,
    reshape,
    scalar,
    size_of,
    transpose,
)

Built = tuple[Network, dict[str, str]]
PAST, LONGEST = 6, 64
SIZES = {
    "batch_size": (2, 2, 1, 1),
    "sequence_length": (3, 3, 1, 1),
    "past_sequence_length": (PAST,) * 4,
    "total_sequence_length": (PAST + 3, PAST + 3, PAST + 1, PAST + 1),
}


def _new_gelu(n: Network, x: str) -> str:
    """The tanh formula: 0.5 * x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))."""
    cubic = n.one("Mul", n.one("Pow", x, scalar(n, 3)), scalar(n, 0.044715))
    inner = n.one("Mul", n.one("Add", x, cubic), scalar(n, np.sqrt(2 / np.pi)))
    plus = n.one("Add", n.one("Tanh", inner), scalar(n, 1))
    return n.one("Mul", n.one("Mul", x, scalar(n, 0.5)), plus)


def _conv1d(n: Network, x: str, inputs: int, out: int, scale: float = 1.0) -> str:
    """transformers' Conv1D: Gemm on all rows at once."""
    leading: list[Size] = [size_of(n, x, 0), size_of(n, x, 1)]
    weight = n.random((inputs, out), scale * np.sqrt(1.0 / inputs))
    bias = n.random((out,), 0.05)
    flat = n.one("Gemm", reshape(n, x, [-1, inputs]), weight, bias, alpha=1.0, beta=1.0)
    return reshape(n, flat, [*leading, out])


def _causal(n: Network, q: str, k: str) -> str:
    """The rows of the new tokens, the columns of all, cut from a triangle."""
    triangle = n.constant(np.tri(LONGEST, dtype=bool)[None, None], "bias")
    rows, total = size_of(n, q, 2), size_of(n, k, 2)
    first = n.one("Sub", total, rows)
    bounds = [n.unsqueeze(s, 0) for s in (first, total)]
    cut = n.one("Slice", triangle, *bounds, n.int64([2]), n.int64([1]))
    return n.one("Slice", cut, n.int64([0]), bounds[1], n.int64([3]), n.int64([1]))


def _heads(n: Network, x: str, count: int, size: int) -> str:
    shaped = reshape(n, x, [size_of(n, x, 0), size_of(n, x, 1), count, size])
    return transpose(n, shaped, 0, 2, 1, 3)


def _attention(
    n: Network, x: str, mask: str, past: tuple[str, str], width: int, count: int
) -> tuple[str, str, str]:
    """The result and the present keys and values."""
    size = width // count
    packed = _conv1d(n, x, width, 3 * width, SHARP)
    q, k, v = (
        _heads(n, part, count, size)
        for part in n.add("Split", [packed, n.int64([width] * 3)], 3, axis=2)
    )
    k = n.one("Concat", past[0], k, axis=-2)
    v = n.one("Concat", past[1], v, axis=-2)
    scores = n.one("MatMul", q, transpose(n, k, 0, 1, 3, 2))
    scores = n.one("Div", scores, scalar(n, np.sqrt(size)))
    lowest = scalar(n, np.finfo(np.float32).min)
    scores = n.one("Where", _causal(n, q, k), scores, lowest)
    likely = n.one("Softmax", n.one("Add", scores, mask), axis=-1)
    mixed = transpose(n, n.one("MatMul", likely, v), 0, 2, 1, 3)
    flat = reshape(n, mixed, [size_of(n, mixed, 0), size_of(n, mixed, 1), width])
    return _conv1d(n, flat, width, width), k, v


def _padded_left(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    return (np.arange(shape[1]) >= rng.integers(0, PAST, (shape[0], 1))).astype(np.int64)


def _places(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    first = rng.integers(0, LONGEST - shape[1], (shape[0], 1))
    return first + np.arange(shape[1])


def gpt2(full: bool) -> Built:
    width, count, depth, words = (768, 12, 12, 50257) if full else (96, 4, 3, 300)
    n = Network("gpt2", 13, sizes=SIZES)
    n.bound = ["past_sequence_length"]
    rows = ("batch_size", "sequence_length")
    ids = n.drawn("input_ids", rows, lambda rng, shape: rng.integers(0, words, shape))
    mask = n.drawn("attention_mask", ("batch_size", "total_sequence_length"), _padded_left)
    places = n.drawn("position_ids", rows, _places)
    cached = ("batch_size", count, "past_sequence_length", width // count)
    pasts = [
        tuple(
            n.drawn(
                f"past_key_values.{layer}.{kind}",
                cached,
                lambda rng, shape: rng.standard_normal(shape, np.float32),
            )
            for kind in ("key", "value")
        )
        for layer in range(depth)
    ]
    table = n.random((words, width), 0.5)
    x = n.one("Gather", table, ids, axis=0)
    x = n.one("Add", x, n.one("Gather", n.random((LONGEST, width), 0.5), places, axis=0))
    flat = reshape(n, mask, [size_of(n, mask, 0), -1])
    additive = additive_mask(n, flat)
    outputs = {}
    n.declared["logits"] = (*rows, words)
    present = ("batch_size", count, "total_sequence_length", width // count)
    for layer, past in enumerate(pasts):
        y, keys, values = _attention(n, layer_norm(n, x, width), additive, past, width, count)
        for kind, value in (("key", keys), ("value", values)):
            outputs[f"present.{layer}.{kind}"] = value
            n.declared[f"present.{layer}.{kind}"] = present
        x = n.one("Add", y, x)
        hidden = _new_gelu(n, _conv1d(n, layer_norm(n, x, width), width, 4 * width))
        x = n.one("Add", x, _conv1d(n, hidden, 4 * width, width))
    logits = n.one("MatMul", layer_norm(n, x, width), n.random((width, words), width**-0.5))
    return n, {"logits": logits, **outputs}
