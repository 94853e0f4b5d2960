"""A tagger of words: embedding, two bidirectional LSTMs over sequences of different lengths as
pack_padded_sequence is exported, and a linear layer."""

from __future__ import annotations

from functools import partial

import numpy as np

from models.network import Network
from models.ports import Shape
from models.transformer import Size, dense, joined, reshape, size_of, transpose

Built = tuple[Network, dict[str, str]]
TAGS = 17
SIZES = {"batch": (3, 3, 1, 1), "sequence": (12, 12, 9, 9)}


def _lengths(length: int, rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """Longest first, as packing wants them; none longer than the shortest row."""
    return np.sort(rng.integers(1, length + 1, shape))[::-1].copy()


def _lstm(n: Network, x: str, lengths: str, batch: Size, inputs: int, hidden: int) -> str:
    """Time major; (steps, directions, batch, hidden) becomes (steps, batch, both)."""
    zero = n.constant(np.zeros((1, 1, 1), np.float32))
    state = n.one("Expand", zero, joined(n, [2, batch, hidden]))
    scale = hidden**-0.5
    y = n.add(
        "LSTM",
        [
            x,
            n.random((2, 4 * hidden, inputs), 2 * inputs**-0.5),
            n.random((2, 4 * hidden, hidden), scale),
            n.random((2, 8 * hidden), 0.1),
            lengths,
            state,
            state,
        ],
        3,
        hidden_size=hidden,
        direction="bidirectional",
    )[0]
    return reshape(n, transpose(n, y, 0, 2, 1, 3), [0, 0, -1])


def lstm_tagger(full: bool) -> Built:
    words, width, hidden = (40000, 300, 512) if full else (400, 48, 32)
    n = Network("lstm_tagger", 14, sizes=SIZES)
    ids = n.drawn(
        "tokens", ("batch", "sequence"), lambda rng, shape: rng.integers(0, words, shape)
    )
    # The longest sequence fills its row: pad_packed_sequence would cut the rows to it.
    given = n.drawn("lengths", ("batch",), partial(_lengths, min(SIZES["sequence"])))
    lengths = n.one("Cast", given, to=6)
    x = transpose(n, n.one("Gather", n.random((words, width), 1.0), ids, axis=0), 1, 0, 2)
    batch = size_of(n, x, 1)
    x = _lstm(n, x, lengths, batch, width, hidden)
    x = _lstm(n, x, lengths, batch, 2 * hidden, hidden)
    tags = dense(n, transpose(n, x, 1, 0, 2), 2 * hidden, TAGS)
    n.declared["tags"] = ("batch", "sequence", TAGS)
    return n, {"tags": tags}
