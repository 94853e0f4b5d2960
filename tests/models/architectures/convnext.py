"""ConvNeXt-T (Liu et al. 2022): norms and linear layers on channels-last views of an NCHW graph."""

from __future__ import annotations

import numpy as np

from models.network import Network
from models.transformer import feed_forward, layer_norm, transpose

Built = tuple[Network, dict[str, str]]


def _norm(n: Network, x: str) -> str:
    """LayerNorm2d: over the channels of (N, C, H, W)."""
    width = n.channels(x)
    normal = layer_norm(n, transpose(n, x, 0, 2, 3, 1), width, 1e-6)
    return n.with_channels(transpose(n, normal, 0, 3, 1, 2), width)


def _block(n: Network, x: str) -> str:
    width = n.channels(x)
    y = transpose(n, n.conv(x, width, 7, groups=width, bias=True), 0, 2, 3, 1)
    y = feed_forward(n, layer_norm(n, y, width, 1e-6), width, 4 * width)
    gamma = n.constant(n.rng.uniform(0.3, 0.9, width).astype(np.float32), "gamma")
    return n.one("Add", x, transpose(n, n.one("Mul", gamma, y), 0, 3, 1, 2))


def convnext(full: bool) -> Built:
    widths, depths, size, classes = (
        ((96, 192, 384, 768), (3, 3, 9, 3), 224, 1000)
        if full
        else ((24, 48, 96, 192), (2, 2, 3, 2), 96, 100)
    )
    n = Network("convnext", 16, size, batch="batch")
    x = _norm(n, n.conv(n.input, widths[0], 4, 4, bias=True, pad=0))
    for stage, (width, depth) in enumerate(zip(widths, depths)):
        if stage:
            x = n.conv(_norm(n, x), width, 2, 2, bias=True, pad=0)
        for _ in range(depth):
            x = _block(n, x)
    pooled = _norm(n, n.with_channels(n.one("GlobalAveragePool", x), widths[-1]))
    return n, {"logits": n.linear(n.one("Flatten", pooled, axis=1), widths[-1], classes)}
