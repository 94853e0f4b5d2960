"""Losses of class scores, and two operators on positions: AffineGrid and RotaryEmbedding."""

from __future__ import annotations

from typing import Any, Callable, Optional

import numpy as np

from property.case import Case, single
from property.draw import F32, Draw


def _loss(d: Draw, op: str) -> Case:
    opset = d.opset(op)
    spatial = d.choice([(), (), (3,), (2, 3), (2, 1, 3)])
    batch, classes = d.integer(1, 4), d.integer(2, 6)
    scores = d.values((batch, classes, *spatial), F32, -4, 4)
    labels = np.array(d.rng.integers(0, classes, (batch, *spatial)), d.choice([np.int32, np.int64]))
    ignored: Optional[int] = d.choice([None, None, 1, -100])
    if ignored == -100 and labels.size > 1:
        labels.reshape(-1)[0] = ignored
    weights = np.array(d.rng.uniform(0.1, 2, classes), F32) if d.chance(0.5) else None
    if ignored == 1:
        labels.reshape(-1)[-1] = 0  # a mean of nothing is 0 / 0
    reduction = d.choice([None, "none", "sum", "mean"])
    operands = [scores, labels, weights]
    attributes: dict[str, Any] = {"reduction": reduction, "ignore_index": ignored}
    return single(d, op, opset, operands, [0, 0, 0.6], **attributes)


def _affine_grid(d: Draw) -> Case:
    opset = d.opset("AffineGrid")
    axes = d.choice([2, 2, 3])
    size = [d.integer(1, 3), d.integer(1, 3), *(d.integer(2, 5) for _ in range(axes))]
    theta = d.values((size[0], axes, axes + 1), F32, -1, 1)
    operands = [theta, np.array(size, np.int64)]
    corners = d.choice([None, 0, 1])
    return single(d, "AffineGrid", opset, operands, [0, 0.6], align_corners=corners)


def _rotary_embedding(d: Draw) -> Case:
    opset = d.opset("RotaryEmbedding")
    batch, length, heads, half = (d.integer(1, 4) for _ in range(4))
    head = 2 * half + d.choice([0, 0, 2])
    flat = d.chance(0.4)
    x = d.values((batch, length, heads * head) if flat else (batch, heads, length, head), F32)
    with_ids = d.chance(0.5)
    cache = (7, half) if with_ids else (batch, length, half)
    ids = np.array(d.rng.integers(0, 7, (batch, length)), np.int64) if with_ids else None
    angles = d.rng.uniform(-3, 3, cache)
    operands = [x, np.array(np.cos(angles), F32), np.array(np.sin(angles), F32), ids]
    attributes: dict[str, Any] = {"interleaved": d.choice([None, 0, 1])}
    if flat:
        attributes["num_heads"] = heads
    if head > 2 * half:
        attributes["rotary_embedding_dim"] = 2 * half
    return single(d, "RotaryEmbedding", opset, operands, [0, 0.7, 0.7, 0], **attributes)


GENERATORS: dict[str, Callable[[Draw], Case]] = {
    "NegativeLogLikelihoodLoss": lambda d: _loss(d, "NegativeLogLikelihoodLoss"),
    "SoftmaxCrossEntropyLoss": lambda d: _loss(d, "SoftmaxCrossEntropyLoss"),
    "AffineGrid": _affine_grid,
    "RotaryEmbedding": _rotary_embedding,
}
