"""SqueezeNet 1.1 (Iandola et al. 2016): no norms, Concat, pooling with ceil_mode, Dropout."""

from __future__ import annotations

import numpy as np

from models.network import Network

Built = tuple[Network, dict[str, str]]


def _fire(n: Network, x: str, squeeze: int, expand: int) -> str:
    s = n.relu(n.conv(x, squeeze, 1, bias=True))
    wide = n.relu(n.conv(s, expand, 1, bias=True))
    tall = n.relu(n.conv(s, expand, 3, bias=True))
    return n.concat([wide, tall])


def squeezenet() -> Built:
    n = Network("squeezenet", 11, 224)
    x = n.relu(n.conv(n.input, 64, 3, 2, bias=True, pad=0))
    x = n.max_pool(x, 3, 2, ceil=1)
    x = _fire(n, _fire(n, x, 16, 64), 16, 64)
    x = n.max_pool(x, 3, 2, ceil=1)
    x = _fire(n, _fire(n, x, 32, 128), 32, 128)
    x = n.max_pool(x, 3, 2, ceil=1)
    x = _fire(n, _fire(n, x, 48, 192), 48, 192)
    x = _fire(n, _fire(n, x, 64, 256), 64, 256)
    x = n.one("Dropout", x, ratio=0.5)
    x = n.relu(n.conv(x, 1000, 1, bias=True))
    pooled = n.one("GlobalAveragePool", x)
    return n, {"logits": n.one("Reshape", pooled, n.constant(np.array([1, -1], np.int64)))}
