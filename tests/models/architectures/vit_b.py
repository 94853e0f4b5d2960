"""ViT-B/16 (Dosovitskiy et al. 2020) as torchvision writes it: nn.MultiheadAttention works with the
sequence first, its packed projection is turned and cut by Gather, the batch is symbolic."""

from __future__ import annotations

from models.network import Network
from models.transformer import (
    SHARP,
    dense,
    feed_forward,
    joined,
    layer_norm,
    reshape,
    scaled_dot_product,
    size_of,
    transpose,
)

Built = tuple[Network, dict[str, str]]


def _attention(n: Network, x: str, width: int, count: int, tokens: int) -> str:
    rows = transpose(n, x, 1, 0, 2)
    batch, size = size_of(n, rows, 1), width // count
    packed = dense(n, rows, width, 3 * width, scale=SHARP)
    parts = reshape(n, packed, [tokens, batch, 3, width])
    turned = transpose(n, n.unsqueeze(parts, 0), 3, 1, 2, 0, 4)
    stacked = n.one("Squeeze", turned, n.int64([3]))
    groups = n.one("Mul", batch, n.int64(count))
    q, k, v = (
        reshape(
            n,
            transpose(
                n,
                reshape(
                    n, n.one("Gather", stacked, n.int64(i), axis=0), [tokens, groups, size]
                ),
                1, 0, 2,
            ),
            [batch, count, tokens, size],
        )
        for i in range(3)
    )
    mixed = transpose(n, scaled_dot_product(n, q, k, v), 2, 0, 1, 3)
    flat = reshape(n, mixed, [n.one("Mul", batch, n.int64(tokens)), width])
    projected = reshape(n, n.linear(flat, width, width), [tokens, batch, width])
    return transpose(n, projected, 1, 0, 2)


def vit_b(full: bool) -> Built:
    width, count, depth, size, classes = (768, 12, 12, 224, 1000) if full else (96, 4, 3, 96, 100)
    patch = 16
    tokens = (size // patch) ** 2 + 1
    n = Network("vit_b", 17, size, batch="batch")
    batch = size_of(n, n.input, 0)
    patches = n.conv(n.input, width, patch, patch, bias=True, pad=0)
    sequence = transpose(n, reshape(n, patches, [batch, width, tokens - 1]), 0, 2, 1)
    cls = n.one("Expand", n.random((1, 1, width), 0.5), joined(n, [batch, 1, width]))
    x = n.one("Concat", cls, sequence, axis=1)
    x = n.one("Add", x, n.random((1, tokens, width), 0.3))
    for _ in range(depth):
        y = _attention(n, layer_norm(n, x, width, 1e-6), width, count, tokens)
        x = n.one("Add", y, x)
        x = n.one("Add", x, feed_forward(n, layer_norm(n, x, width, 1e-6), width, 4 * width))
    first = n.one("Gather", layer_norm(n, x, width, 1e-6), n.int64(0), axis=1)
    n.declared["logits"] = ("batch", classes)
    return n, {"logits": n.linear(first, width, classes)}
