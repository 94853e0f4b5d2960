"""HRNet-W18 (Sun et al. 2019): branches of four resolutions run side by side and are fused again
and again: strided convolutions downwards, nearest Resize upwards."""

from __future__ import annotations

import numpy as np

from models.architectures.resnet import basic, bottleneck
from models.network import Network

Built = tuple[Network, dict[str, str]]


def _up(n: Network, x: str, factor: int) -> str:
    scales = n.constant(np.array([1, 1, factor, factor], np.float32))
    return n.one(
        "Resize",
        x,
        "",
        scales,
        mode="nearest",
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
        cubic_coeff_a=-0.75,
    )


def _moved(n: Network, x: str, source: int, target: int, width: int) -> str:
    """One branch brought to the resolution and width of another."""
    if source == target:
        return x
    if source > target:
        return _up(n, n.conv_norm(x, width), 2 ** (source - target))
    for _ in range(target - source - 1):
        x = n.relu(n.conv_norm(x, n.channels(x), 3, 2))
    return n.conv_norm(x, width, 3, 2)


def _module(n: Network, branches: list[str], blocks: int) -> list[str]:
    for _ in range(blocks):
        branches = [basic(n, x, n.channels(x)) for x in branches]
    fused = []
    for target, own in enumerate(branches):
        parts = [_moved(n, x, i, target, n.channels(own)) for i, x in enumerate(branches)]
        total = parts[0]
        for part in parts[1:]:
            total = n.one("Add", total, part)
        fused.append(n.relu(n.with_channels(total, n.channels(own))))
    return fused


def hrnet(full: bool) -> Built:
    width, modules, blocks, size, classes = (
        (18, (1, 4, 3), 4, 224, 1000) if full else (8, (1, 2, 1), 1, 64, 19)
    )
    n = Network("hrnet", 14, size)
    x = n.relu(n.conv_norm(n.relu(n.conv_norm(n.input, 4 * width, 3, 2)), 4 * width, 3, 2))
    for _ in range(blocks):
        x = bottleneck(n, x, 2 * width)
    branches = [n.relu(n.conv_norm(x, width, 3))]
    for count in modules:
        deepest = branches[-1] if len(branches) > 1 else x
        wider = width << len(branches)
        branches.append(n.relu(n.conv_norm(deepest, wider, 3, 2)))
        for _ in range(count):
            branches = _module(n, branches, blocks)
    same = [branches[0]] + [_up(n, x, 2**i) for i, x in enumerate(branches) if i]
    joined = n.concat(same)
    mixed = n.relu(n.norm(n.conv(joined, n.channels(joined), bias=True)))
    return n, {"heatmaps": n.conv(mixed, classes, bias=True)}
