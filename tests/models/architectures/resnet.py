"""ResNet-18 and ResNet-50 (He et al. 2015), as torchvision lays them out."""

from __future__ import annotations

from models.network import Network

Built = tuple[Network, dict[str, str]]


def basic(n: Network, x: str, width: int, stride: int = 1) -> str:
    y = n.relu(n.conv_norm(x, width, 3, stride))
    y = n.conv_norm(y, width, 3)
    if stride != 1 or n.channels(x) != width:
        x = n.conv_norm(x, width, 1, stride)
    return n.relu(n.one("Add", y, x))


def bottleneck(n: Network, x: str, width: int, stride: int = 1, dilation: int = 1) -> str:
    y = n.relu(n.conv_norm(x, width, 1))
    y = n.relu(n.conv_norm(y, width, 3, stride, dilation=dilation))
    y = n.conv_norm(y, 4 * width, 1)
    if stride != 1 or n.channels(x) != 4 * width:
        x = n.conv_norm(x, 4 * width, 1, stride)
    return n.relu(n.one("Add", y, x))


def stem(n: Network, width: int) -> str:
    return n.max_pool(n.relu(n.conv_norm(n.input, width, 7, 2)), 3, 2, 1)


def _resnet(name: str, opset: int, depths: list[int], deep: bool) -> Built:
    n = Network(name, opset, 224)
    x = stem(n, 64)
    block = bottleneck if deep else basic
    for stage, depth in enumerate(depths):
        for index in range(depth):
            x = block(n, x, 64 << stage, 2 if stage and index == 0 else 1)
    return n, {"logits": n.classifier(x)}


def resnet18() -> Built:
    return _resnet("resnet18", 11, [2, 2, 2, 2], deep=False)


def resnet50() -> Built:
    return _resnet("resnet50", 13, [3, 4, 6, 3], deep=True)
