"""DeepLabv3 (Chen et al. 2017) as torchvision exports it: a ResNet whose last stages are dilated,
atrous pyramid pooling, and Resize to sizes that are read from the values."""

from __future__ import annotations

from models.architectures.resnet import bottleneck, stem
from models.network import Network
from models.transformer import size_of

Built = tuple[Network, dict[str, str]]


def _resize_like(n: Network, x: str, like: str) -> str:
    """Bilinear to height and width of another value; batch and channels are x's own."""
    own = n.one("Slice", n.one("Shape", x), n.int64([0]), n.int64([2]), n.int64([0]))
    sides = [n.unsqueeze(size_of(n, like, axis), 0) for axis in (2, 3)]
    target = n.one("Concat", own, n.one("Concat", *sides, axis=0), axis=0)
    y = n.one(
        "Resize",
        x,
        "",
        "",
        target,
        mode="linear",
        coordinate_transformation_mode="pytorch_half_pixel",
        cubic_coeff_a=-0.75,
        nearest_mode="floor",
    )
    return n.with_channels(y, n.channels(x))


def _pyramid(n: Network, x: str, width: int) -> str:
    parts = [n.relu(n.conv_norm(x, width))]
    parts += [n.relu(n.conv_norm(x, width, 3, dilation=rate)) for rate in (12, 24, 36)]
    pooled = n.relu(n.conv_norm(n.one("GlobalAveragePool", x), width))
    parts.append(_resize_like(n, pooled, x))
    return n.relu(n.conv_norm(n.concat(parts), width))


def _head(n: Network, x: str, width: int, classes: int) -> str:
    return n.conv(n.relu(n.conv_norm(x, width, 3)), classes, bias=True)


def deeplabv3(full: bool) -> Built:
    base, depths, size = (64, (3, 4, 6, 3), 520) if full else (12, (1, 2, 2, 2), 128)
    classes = 21
    n = Network("deeplabv3", 16, size, batch="batch")
    x = stem(n, base)
    stages = []
    before = 1  # the first block of a dilated stage keeps the dilation before it
    for stage, (depth, stride, dilation) in enumerate(zip(depths, (1, 2, 1, 1), (1, 1, 2, 4))):
        for index in range(depth):
            rates = (1, dilation) if index else (stride, before)
            x = bottleneck(n, x, base << stage, *rates)
        before = dilation
        stages.append(x)
    wide = 4 * base
    out = _resize_like(n, _head(n, _pyramid(n, x, wide), wide, classes), n.input)
    aux = _resize_like(n, _head(n, stages[2], wide, classes), n.input)
    for name in ("out", "aux"):
        n.declared[name] = ("batch", classes, size, size)
    return n, {"out": out, "aux": aux}
