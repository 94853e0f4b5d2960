"""ShuffleNetV2 (Ma et al. 2018): channels are split, half of them pass a branch, and a shuffle
(Reshape, Transpose, Reshape) mixes the halves."""

from __future__ import annotations

from models.network import Network
from models.transformer import reshape, size_of

Built = tuple[Network, dict[str, str]]


def _shuffle(n: Network, x: str) -> str:
    channels = n.channels(x)
    batch, height, width = (size_of(n, x, axis) for axis in (0, 2, 3))
    groups = reshape(n, x, [batch, 2, channels // 2, height, width])
    turned = n.one("Transpose", groups, perm=[0, 2, 1, 3, 4])
    return n.with_channels(reshape(n, turned, [batch, -1, height, width]), channels)


def _branch(n: Network, x: str, width: int, stride: int) -> str:
    y = n.relu(n.conv_norm(x, width))
    y = n.conv_norm(y, width, 3, stride, groups=width)
    return n.relu(n.conv_norm(y, width))


def _unit(n: Network, x: str, width: int, stride: int) -> str:
    half = width // 2
    if stride == 1:
        kept, passed = n.split_channels(x, 2)
        return _shuffle(n, n.concat([kept, _branch(n, passed, half, 1)]))
    down = n.conv_norm(x, n.channels(x), 3, 2, groups=n.channels(x))
    left = n.relu(n.conv_norm(down, half))
    return _shuffle(n, n.concat([left, _branch(n, x, half, 2)]))


def shufflenet_v2(full: bool) -> Built:
    widths, size, classes = (
        ((116, 232, 464, 1024), 224, 1000) if full else ((24, 48, 96, 128), 96, 100)
    )
    n = Network("shufflenet_v2", 16, size, batch="batch")
    x = n.max_pool(n.relu(n.conv_norm(n.input, 24, 3, 2)), 3, 2, 1)
    for width, count in zip(widths, (4, 8, 4)):
        for index in range(count):
            x = _unit(n, x, width, 1 if index else 2)
    x = n.relu(n.conv_norm(x, widths[-1]))
    n.declared["logits"] = ("batch", classes)
    return n, {"logits": n.linear(n.mean(x, [2, 3], keepdims=0), widths[-1], classes)}
