"""MobileNetV2 (Sandler et al. 2018), MobileNetV3-small (Howard et al. 2019) and EfficientNet-B0
(Tan and Le 2019): inverted residuals, with and without squeeze-and-excitation."""

from __future__ import annotations

from typing import Callable

import numpy as np

from models.network import Network

Built = tuple[Network, dict[str, str]]
Activation = Callable[[Network, str], str]


def _relu6(n: Network, x: str) -> str:
    return n.one("Clip", x, n.constant(np.float32(0)), n.constant(np.float32(6)))


def _hard_swish(n: Network, x: str) -> str:
    return n.one("HardSwish", x)


def mobilenet_v2() -> Built:
    n = Network("mobilenet_v2", 12, 224)
    x = _relu6(n, n.conv_norm(n.input, 32, 3, 2))
    table = [
        (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2),
        (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
    ]
    for expand, out, count, first_stride in table:
        for index in range(count):
            stride = first_stride if index == 0 else 1
            inputs = n.channels(x)
            y = x
            if expand != 1:
                y = _relu6(n, n.conv_norm(y, inputs * expand, 1))
            y = _relu6(n, n.conv_norm(y, n.channels(y), 3, stride, groups=n.channels(y)))
            y = n.conv_norm(y, out, 1)
            x = n.one("Add", x, y) if stride == 1 and inputs == out else y
    x = _relu6(n, n.conv_norm(x, 1280, 1))
    pooled = n.mean(x, [2, 3], keepdims=0)
    return n, {"logits": n.linear(pooled, 1280, 1000)}


def _excite(n: Network, x: str, squeezed: int, inner: str, gate: str, pool: str) -> str:
    """Squeeze-and-excitation: a gate a channel, from the channel's mean."""
    mean = n.one("GlobalAveragePool", x) if pool == "pool" else n.mean(x, [2, 3])
    y = n.conv(mean, squeezed, 1, bias=True)
    y = n.relu(y) if inner == "relu" else n.silu(y)
    y = n.conv(y, n.channels(x), 1, bias=True)
    if gate == "hard":
        y = n.one("HardSigmoid", y, alpha=1.0 / 6.0, beta=0.5)
    else:
        y = n.one("Sigmoid", y)
    return n.one("Mul", x, y)


def mobilenet_v3_small() -> Built:
    n = Network("mobilenet_v3_small", 14, 224)
    x = _hard_swish(n, n.conv_norm(n.input, 16, 3, 2))
    table = [  # kernel, expanded, out, excitation, hard swish, stride
        (3, 16, 16, True, False, 2), (3, 72, 24, False, False, 2), (3, 88, 24, False, False, 1),
        (5, 96, 40, True, True, 2), (5, 240, 40, True, True, 1), (5, 240, 40, True, True, 1),
        (5, 120, 48, True, True, 1), (5, 144, 48, True, True, 1), (5, 288, 96, True, True, 2),
        (5, 576, 96, True, True, 1), (5, 576, 96, True, True, 1),
    ]
    squeezes = {16: 8, 96: 24, 240: 64, 120: 32, 144: 40, 288: 72, 576: 144}
    for kernel, expanded, out, excited, swish, stride in table:
        activate: Activation = _hard_swish if swish else Network.relu
        y = x
        if expanded != n.channels(x):
            y = activate(n, n.conv_norm(y, expanded, 1))
        y = activate(n, n.conv_norm(y, expanded, kernel, stride, groups=expanded))
        if excited:
            y = _excite(n, y, squeezes[expanded], "relu", "hard", "pool")
        y = n.conv_norm(y, out, 1)
        x = n.one("Add", x, y) if stride == 1 and n.channels(x) == out else y
    x = _hard_swish(n, n.conv_norm(x, 576, 1))
    flat = n.one("Flatten", n.one("GlobalAveragePool", x), axis=1)
    hidden = _hard_swish(n, n.linear(flat, 576, 1024))
    return n, {"logits": n.linear(hidden, 1024, 1000)}


def efficientnet_b0() -> Built:
    n = Network("efficientnet_b0", 17, 224)
    x = n.silu(n.conv_norm(n.input, 32, 3, 2))
    table = [  # expansion, out, count, stride, kernel
        (1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3),
        (6, 112, 3, 1, 5), (6, 192, 4, 2, 5), (6, 320, 1, 1, 3),
    ]
    for expand, out, count, first_stride, kernel in table:
        for index in range(count):
            stride = first_stride if index == 0 else 1
            inputs = n.channels(x)
            y = x
            if expand != 1:
                y = n.silu(n.conv_norm(y, inputs * expand, 1))
            width = n.channels(y)
            y = n.silu(n.conv_norm(y, width, kernel, stride, groups=width))
            y = _excite(n, y, max(1, inputs // 4), "silu", "sigmoid", "mean")
            y = n.conv_norm(y, out, 1)
            x = n.one("Add", y, x) if stride == 1 and inputs == out else y
    x = n.silu(n.conv_norm(x, 1280, 1))
    return n, {"logits": n.classifier(x)}
