"""DETR (Carion et al. 2020): a convolutional backbone, sine positions from a pixel mask, an encoder
and a decoder with the sequence first, and heads for classes and boxes of a set of queries."""

from __future__ import annotations

from typing import Optional

import numpy as np

from models.architectures.resnet import bottleneck, stem
from models.network import Network
from models.ports import Shape
from models.transformer import (
    INT64_MAX,
    Size,
    dense,
    feed_forward,
    layer_norm,
    reshape,
    scalar,
    size_of,
    slice_of,
    transpose,
)

Built = tuple[Network, dict[str, str]]


def _backbone(n: Network, base: int, depths: tuple[int, ...]) -> str:
    x = stem(n, base)
    for stage, depth in enumerate(depths):
        for index in range(depth):
            x = bottleneck(n, x, base << stage, 2 if stage and index == 0 else 1)
    return x


def _waves(n: Network, position: str, width: int) -> str:
    """Sine of even and cosine of odd frequencies, interleaved: (batch, H, W, width)."""
    powers = 10000.0 ** (2 * (np.arange(width) // 2) / width)
    angle = n.one("Div", n.unsqueeze(position, 3), n.constant(powers.astype(np.float32)))
    even = n.one("Sin", slice_of(n, angle, 3, 0, INT64_MAX, 2))
    odd = n.one("Cos", slice_of(n, angle, 3, 1, INT64_MAX, 2))
    pairs = n.one("Concat", n.unsqueeze(even, 4), n.unsqueeze(odd, 4), axis=4)
    sizes: list[Size] = [size_of(n, angle, axis) for axis in range(3)]
    return reshape(n, pairs, [*sizes, -1])


def _positions(n: Network, mask: str, width: int) -> str:
    """(batch, width, H, W) from how many valid rows and columns there are up to each cell."""
    valid = n.one("Cast", mask, to=1)
    waves = []
    for axis in (1, 2):
        count = n.one("CumSum", valid, n.int64(axis))
        last = slice_of(n, count, axis, -1, INT64_MAX)
        share = n.one("Div", count, n.one("Add", last, scalar(n, 1e-6)))
        waves.append(_waves(n, n.one("Mul", share, scalar(n, 2 * np.pi)), width // 2))
    return transpose(n, n.one("Concat", *waves, axis=3), 0, 3, 1, 2)


def _heads(n: Network, x: str, width: int, count: int, batch: str, rows: Size) -> str:
    """(rows, batch, width) to (batch * count, rows, width / count)."""
    groups = n.one("Mul", batch, n.int64(count))
    projected = dense(n, x, width, width)
    return transpose(n, reshape(n, projected, [rows, groups, width // count]), 1, 0, 2)


def _attention(
    n: Network, q: str, k: str, v: str, width: int, count: int, mask: Optional[str]
) -> str:
    """nn.MultiheadAttention; the mask is (batch, 1, 1, keys)."""
    batch, rows, keys = size_of(n, q, 1), size_of(n, q, 0), size_of(n, k, 0)
    queries = _heads(n, q, width, count, batch, rows)
    scaled = n.one("Mul", queries, scalar(n, (width // count) ** -0.5))
    turned = transpose(n, _heads(n, k, width, count, batch, keys), 0, 2, 1)
    scores = n.one("MatMul", scaled, turned)
    if mask is not None:
        split = reshape(n, scores, [batch, count, rows, keys])
        split = n.one("Where", mask, scalar(n, -np.inf), split)
        scores = reshape(n, split, [n.one("Mul", batch, n.int64(count)), rows, keys])
    values = _heads(n, v, width, count, batch, keys)
    mixed = transpose(n, n.one("MatMul", n.one("Softmax", scores, axis=-1), values), 1, 0, 2)
    # Small, or attention upon attention averages all queries into one.
    return dense(n, reshape(n, mixed, [rows, batch, width]), width, width, scale=0.3)


def _perceptron(n: Network, x: str, width: int, out: int) -> str:
    for _ in range(2):
        x = n.relu(dense(n, x, width, width))
    return n.one("Sigmoid", dense(n, x, width, out, scale=3.0))


def _valid(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """Which cells of the backbone's last stage are of the image: what is below and right of a
    random height and width is padding."""
    batch, rows, columns = shape
    sides = rng.integers(3, rows + 1, (batch, 2, 1, 1))
    return (np.mgrid[:rows, :columns] < sides).all(axis=1)


def detr(full: bool) -> Built:
    base, depths, width, count, layers, queries, size = (
        (64, (3, 4, 6, 3), 256, 8, 6, 100, 640) if full else (8, (1, 1, 1, 1), 64, 4, 2, 10, 160)
    )
    hidden = 2048 if full else 128
    n = Network("detr", 14, size, batch="batch")
    cells = size // 32
    valid = n.drawn("pixel_mask", ("batch", cells, cells), _valid)
    features = n.conv(_backbone(n, base, depths), width, bias=True, gain=1.0)
    batch = size_of(n, features, 0)
    flat = reshape(n, features, [batch, width, -1])
    x = transpose(n, flat, 2, 0, 1)
    places = _positions(n, valid, width)
    place = transpose(n, reshape(n, places, [size_of(n, places, 0), width, -1]), 2, 0, 1)
    outside = n.one("Not", reshape(n, valid, [size_of(n, valid, 0), -1]))
    mask = n.unsqueeze(n.unsqueeze(outside, 1), 2)
    for _ in range(layers):
        placed = n.one("Add", x, place)
        y = _attention(n, placed, placed, x, width, count, mask)
        x = layer_norm(n, n.one("Add", x, y), width)
        x = layer_norm(n, n.one("Add", x, feed_forward(n, x, width, hidden, "relu")), width)
    wanted = n.unsqueeze(n.random((queries, width), 2.0), 1)
    shape = n.one("Concat", n.int64([1]), n.unsqueeze(batch, 0), n.int64([1]), axis=0)
    wanted = n.one("Tile", wanted, shape)
    target = n.one("ConstantOfShape", n.one("Shape", wanted))
    memory, memory_placed = x, n.one("Add", x, place)
    for _ in range(layers):
        placed = n.one("Add", target, wanted)
        y = _attention(n, placed, placed, target, width, count, None)
        target = layer_norm(n, n.one("Add", target, y), width)
        placed = n.one("Add", target, wanted)
        y = _attention(n, placed, memory_placed, memory, width, count, mask)
        target = layer_norm(n, n.one("Add", target, y), width)
        y = feed_forward(n, target, width, hidden, "relu")
        target = layer_norm(n, n.one("Add", target, y), width)
    found = transpose(n, layer_norm(n, target, width), 1, 0, 2)
    n.declared = {"logits": ("batch", queries, 92), "pred_boxes": ("batch", queries, 4)}
    return n, {
        "logits": dense(n, found, width, 92),
        "pred_boxes": _perceptron(n, found, width, 4),
    }
