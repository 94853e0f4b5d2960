"""Swin-T (Liu et al. 2021): attention within windows, which every second block shifts by a roll
(Slice and Concat), a bias by relative position, patches merged by Slice with steps."""

from __future__ import annotations

import numpy as np

from models.network import Network
from models.transformer import (
    INT64_MAX,
    SHARP,
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
WINDOW = 7
HEAD = 32


def _roll(n: Network, x: str, axis: int, shift: int) -> str:
    """torch.roll along an axis."""
    tail = slice_of(n, x, axis, -shift, INT64_MAX)
    return n.one("Concat", tail, slice_of(n, x, axis, 0, -shift), axis=axis)


def _relative_bias(n: Network, heads: int, window: int) -> str:
    """Rows of a table, one for each offset of two cells: (1, heads, cells, cells)."""
    rows, columns = np.mgrid[0:window, 0:window].reshape(2, -1)
    span = 2 * window - 1
    index = (rows[:, None] - rows + window - 1) * span + columns[:, None] - columns + window - 1
    table = n.random((span * span, heads), 0.5)
    picked = n.one("Gather", table, n.int64(index.reshape(-1)), axis=0)
    cells = window * window
    return n.unsqueeze(transpose(n, reshape(n, picked, [cells, cells, -1]), 2, 0, 1), 0)


def _shift_mask(size: int, window: int, shift: int) -> np.ndarray:
    """-100 between cells that only the roll brought together: (windows, cells, cells)."""
    part = np.searchsorted([size - window, size - shift], np.arange(size), side="right")
    regions = part[:, None] * 3 + part
    count = size // window
    cut = regions.reshape(count, window, count, window).transpose(0, 2, 1, 3)
    cells = cut.reshape(count * count, -1)
    return np.where(cells[:, :, None] == cells[:, None], 0, -100).astype(np.float32)


def _attention(n: Network, x: str, width: int, window: int, mask: np.ndarray | None) -> str:
    """Within each row of x, (batch * windows, cells, width)."""
    heads, cells = width // HEAD, window * window
    rows = size_of(n, x, 0)
    packed = dense(n, x, width, 3 * width, scale=SHARP)
    turned = transpose(n, reshape(n, packed, [rows, cells, 3, heads, HEAD]), 2, 0, 3, 1, 4)
    q, k, v = (n.one("Gather", turned, n.int64(i), axis=0) for i in range(3))
    q = n.one("Mul", q, scalar(n, HEAD**-0.5))
    scores = n.one("MatMul", q, transpose(n, k, 0, 1, 3, 2))
    scores = n.one("Add", scores, _relative_bias(n, heads, window))
    if mask is not None:
        windows = len(mask)
        images = n.one("Div", rows, n.int64(windows))
        split = reshape(n, scores, [images, windows, heads, cells, cells])
        hidden = n.unsqueeze(n.unsqueeze(n.constant(mask, "attn_mask"), 1), 0)
        scores = reshape(n, n.one("Add", split, hidden), [-1, heads, cells, cells])
    mixed = n.one("MatMul", n.one("Softmax", scores, axis=-1), v)
    return dense(n, reshape(n, transpose(n, mixed, 0, 2, 1, 3), [rows, cells, width]), width, width)


def _block(n: Network, x: str, size: int, width: int, shifted: bool) -> str:
    window = min(WINDOW, size)
    shift = window // 2 if shifted and size > window else 0
    batch, count = size_of(n, x, 0), size // window
    y = reshape(n, layer_norm(n, x, width), [batch, size, size, width])
    for axis in (1, 2) if shift else ():
        y = _roll(n, y, axis, -shift)
    y = reshape(n, y, [batch, count, window, count, window, width])
    y = reshape(n, transpose(n, y, 0, 1, 3, 2, 4, 5), [-1, window * window, width])
    y = _attention(n, y, width, window, _shift_mask(size, window, shift) if shift else None)
    y = reshape(n, y, [batch, count, count, window, window, width])
    y = reshape(n, transpose(n, y, 0, 1, 3, 2, 4, 5), [batch, size, size, width])
    for axis in (1, 2) if shift else ():
        y = _roll(n, y, axis, shift)
    x = n.one("Add", x, reshape(n, y, [batch, size * size, width]))
    return n.one("Add", x, feed_forward(n, layer_norm(n, x, width), width, 4 * width))


def _merge(n: Network, x: str, size: int, width: int) -> str:
    """Four neighbours become one of twice the width."""
    batch = size_of(n, x, 0)
    grid = reshape(n, x, [batch, size, size, width])
    parts = []
    for column in (0, 1):
        for row in (0, 1):
            rows = slice_of(n, grid, 1, row, INT64_MAX, 2)
            parts.append(slice_of(n, rows, 2, column, INT64_MAX, 2))
    flat = reshape(n, n.one("Concat", *parts, axis=-1), [batch, -1, 4 * width])
    return dense(n, layer_norm(n, flat, 4 * width), 4 * width, 2 * width, bias=False)


def swin(full: bool) -> Built:
    width, depths, size, classes = (96, (2, 2, 6, 2), 224, 1000) if full else (32, (2, 2), 112, 100)
    n = Network("swin", 16, size, batch="batch")
    patches = n.conv(n.input, width, 4, 4, bias=True, pad=0)
    size //= 4
    flat = reshape(n, patches, [size_of(n, patches, 0), width, size * size])
    x = layer_norm(n, transpose(n, flat, 0, 2, 1), width)
    for stage, depth in enumerate(depths):
        if stage:
            x = _merge(n, x, size, width)
            size, width = size // 2, 2 * width
        for index in range(depth):
            x = _block(n, x, size, width, shifted=index % 2 == 1)
    pooled = n.one("GlobalAveragePool", transpose(n, layer_norm(n, x, width), 0, 2, 1))
    n.declared["logits"] = ("batch", classes)
    return n, {"logits": n.linear(n.one("Flatten", pooled, axis=1), width, classes)}
