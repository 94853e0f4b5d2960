"""BERT (Devlin et al. 2018) as an encoder of token ids: both sizes symbolic, an additive mask made
from 0 and 1, decomposed norms, two of the spellings of GELU, a pooler on the first token."""

from __future__ import annotations

import numpy as np

from models.network import Network
from models.ports import Shape
from models.transformer import (
    SHARP,
    additive_mask,
    dense,
    gelu,
    layer_norm,
    reshape,
    scalar,
    size_of,
    slice_of,
    transpose,
)

Built = tuple[Network, dict[str, str]]
SIZES = {"batch": (2, 2, 1, 1), "sequence": (11, 11, 20, 20)}


def _mask(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """The tail of each sequence is padding."""
    lengths = rng.integers(4, shape[1] + 1, (shape[0], 1))
    return (np.arange(shape[1]) < lengths).astype(np.int64)


def _embedding(n: Network, ids: str, rows: int, width: int) -> str:
    return n.one("Gather", n.random((rows, width), 0.5), ids, axis=0)


def _half_gelu(n: Network, x: str) -> str:
    """As other exporters write it: (x * 0.5) * (1 + erf(x * sqrt 0.5))."""
    erf = n.one("Erf", n.one("Mul", x, scalar(n, np.sqrt(0.5))))
    return n.one("Mul", n.one("Mul", x, scalar(n, 0.5)), n.one("Add", erf, scalar(n, 1)))


def _view(n: Network, x: str, sizes: list[int]) -> str:
    """The leading sizes of x are kept as read from x itself, for every view anew."""
    return reshape(n, x, [size_of(n, x, 0), size_of(n, x, 1), *sizes])


def _attention(n: Network, x: str, mask: str, width: int, count: int) -> str:
    size = width // count
    q = transpose(n, _view(n, dense(n, x, width, width, scale=SHARP), [count, size]), 0, 2, 1, 3)
    k = transpose(n, _view(n, dense(n, x, width, width, scale=SHARP), [count, size]), 0, 2, 3, 1)
    v = transpose(n, _view(n, dense(n, x, width, width), [count, size]), 0, 2, 1, 3)
    scores = n.one("Div", n.one("MatMul", q, k), scalar(n, np.sqrt(size)))
    likely = n.one("Softmax", n.one("Add", scores, mask), axis=-1)
    mixed = transpose(n, n.one("MatMul", likely, v), 0, 2, 1, 3)
    return dense(n, _view(n, mixed, [width]), width, width)


def bert(full: bool) -> Built:
    width, count, depth, words = (768, 12, 12, 30522) if full else (96, 4, 3, 500)
    n = Network("bert", 14, sizes=SIZES)
    symbolic = ("batch", "sequence")
    ids = n.drawn("input_ids", symbolic, lambda rng, shape: rng.integers(0, words, shape))
    mask = n.drawn("attention_mask", symbolic, _mask)
    kinds = n.drawn("token_type_ids", symbolic, lambda rng, shape: rng.integers(0, 2, shape))
    positions = n.constant(np.arange(512)[None], "position_ids")
    rows = slice_of(n, positions, 1, 0, size_of(n, ids, 1))
    x = n.one("Add", _embedding(n, ids, words, width), _embedding(n, kinds, 2, width))
    x = n.one("Add", x, _embedding(n, rows, 512, width))
    x = layer_norm(n, x, width, 1e-12)
    additive = additive_mask(n, mask)
    for layer in range(depth):
        x = layer_norm(n, n.one("Add", _attention(n, x, additive, width, count), x), width, 1e-12)
        activate = _half_gelu if layer == 1 else gelu
        hidden = activate(n, dense(n, x, width, 4 * width))
        x = layer_norm(n, n.one("Add", dense(n, hidden, 4 * width, width), x), width, 1e-12)
    first = n.one("Gather", x, n.int64(0), axis=1)
    pooled = n.one("Tanh", n.linear(first, width, width))
    n.declared["last_hidden_state"] = (*symbolic, width)
    n.declared["pooler_output"] = ("batch", width)
    return n, {"last_hidden_state": x, "pooler_output": pooled}
