"""Whisper (Radford et al. 2022): an encoder that begins with one-dimensional convolutions over a
spectrogram, and a decoder with causal and cross attention whose projection shares its embedding."""

from __future__ import annotations

from typing import Optional

import numpy as np

from models.network import Network
from models.ports import Shape
from models.transformer import (
    SHARP,
    dense,
    feed_forward,
    gelu,
    heads,
    joined,
    layer_norm,
    scalar,
    size_of,
    slice_of,
    transpose,
    unite_heads,
)

Built = tuple[Network, dict[str, str]]
LONGEST = 448
SIZES = {"batch_size": (2, 2, 1, 1), "decoder_sequence_length": (7, 7, 1, 1)}


def _shape(full: bool) -> tuple[int, int, int, int]:
    """Width, heads, layers, and positions of the encoder: Whisper-tiny, or less of it."""
    return (384, 6, 4, 1500) if full else (96, 4, 2, 60)


def _attention(
    n: Network, x: str, source: str, width: int, count: int, mask: Optional[str] = None
) -> str:
    """Queries of x on keys and values of the source; keys have no bias."""
    size = width // count
    batch, length = size_of(n, x, 0), size_of(n, x, 1)
    scaled = n.one("Mul", dense(n, x, width, width, scale=SHARP), scalar(n, size**-0.5))
    q = heads(n, scaled, batch, length, count, size)
    keys = dense(n, source, width, width, bias=False, scale=SHARP)
    k, v = (heads(n, y, batch, -1, count, size) for y in (keys, dense(n, source, width, width)))
    scores = n.one("MatMul", q, transpose(n, k, 0, 1, 3, 2))
    if mask is not None:
        scores = n.one("Add", scores, mask)
    mixed = n.one("MatMul", n.one("Softmax", scores, axis=-1), v)
    return dense(n, unite_heads(n, mixed, batch, length, width), width, width)


def _spectrogram(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """Smooth in time, within about -1 and 1 as log-mel features are."""
    batch, bins, frames = shape
    coarse = rng.normal(0, 0.8, (batch, bins, frames // 10 + 2))
    at = np.arange(frames) / 10
    left = at.astype(int)
    return (
        coarse[..., left] * (1 - at + left) + coarse[..., left + 1] * (at - left)
    ).astype(np.float32)


def encoder(full: bool) -> Built:
    width, count, depth, length = _shape(full)
    bins = 80
    n = Network("whisper_encoder", 17, sizes=SIZES)
    mel = n.drawn("input_features", ("batch_size", bins, 2 * length), _spectrogram)
    n.with_channels(mel, bins)
    x = n.with_channels(gelu(n, n.conv(mel, width, 3, bias=True, axes=1)), width)
    x = gelu(n, n.conv(x, width, 3, 2, bias=True, axes=1))
    x = n.one("Add", transpose(n, x, 0, 2, 1), n.random((length, width), 0.3))
    for _ in range(depth):
        y = layer_norm(n, x, width)
        x = n.one("Add", x, _attention(n, y, y, width, count))
        x = n.one("Add", x, feed_forward(n, layer_norm(n, x, width), width, 4 * width))
    n.declared["last_hidden_state"] = ("batch_size", length, width)
    return n, {"last_hidden_state": layer_norm(n, x, width)}


def _causal(n: Network, ids: str) -> str:
    """Lowest above the diagonal: (batch, 1, tokens, tokens)."""
    batch, tokens = size_of(n, ids, 0), size_of(n, ids, 1)
    count = n.one("Range", n.int64(0), tokens, n.int64(1))
    lowest = np.full(1, np.finfo(np.float32).min)
    square = n.one("Expand", n.constant(lowest), joined(n, [tokens, tokens]))
    row = n.one("Reshape", n.one("Add", count, n.int64(1)), n.int64([-1, 1]))
    mask = n.one("Where", n.one("Less", count, row), scalar(n, 0), square)
    shape = joined(n, [batch, 1, tokens, tokens])
    return n.one("Expand", n.unsqueeze(n.unsqueeze(mask, 0), 1), shape)


def decoder(full: bool) -> Built:
    width, count, depth, length = _shape(full)
    words = 51865 if full else 400
    n = Network("whisper_decoder", 17, sizes=SIZES)
    ids = n.drawn(
        "input_ids",
        ("batch_size", "decoder_sequence_length"),
        lambda rng, shape: rng.integers(0, words, shape),
    )
    source = n.drawn(
        "encoder_hidden_states",
        ("batch_size", length, width),
        lambda rng, shape: rng.standard_normal(shape, np.float32),
    )
    table = n.random((words, width), 0.3)
    places = slice_of(n, n.random((LONGEST, width), 0.3), 0, 0, size_of(n, ids, 1))
    x = n.one("Add", n.one("Gather", table, ids, axis=0), places)
    mask = _causal(n, ids)
    for _ in range(depth):
        y = layer_norm(n, x, width)
        x = n.one("Add", x, _attention(n, y, y, width, count, mask))
        y = layer_norm(n, x, width)
        x = n.one("Add", x, _attention(n, y, source, width, count))
        x = n.one("Add", x, feed_forward(n, layer_norm(n, x, width), width, 4 * width))
    logits = n.one("MatMul", layer_norm(n, x, width), transpose(n, table, 1, 0))
    n.declared["logits"] = ("batch_size", "decoder_sequence_length", words)
    return n, {"logits": logits}
