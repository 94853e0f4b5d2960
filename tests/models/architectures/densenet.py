"""DenseNet-121 (Huang et al. 2017): every layer reads the Concat of all before it, norms first."""

from __future__ import annotations

from models.network import Network

Built = tuple[Network, dict[str, str]]


def _layer(n: Network, features: list[str], growth: int) -> str:
    x = n.concat(features) if len(features) > 1 else features[0]
    narrow = n.conv(n.relu(n.norm(x)), 4 * growth)
    return n.conv(n.relu(n.norm(narrow)), growth, 3)


def densenet121(full: bool) -> Built:
    growth, size, classes = (32, 224, 1000) if full else (8, 96, 100)
    n = Network("densenet121", 13, size)
    x = n.max_pool(n.relu(n.conv_norm(n.input, 2 * growth, 7, 2)), 3, 2, 1)
    for block, depth in enumerate((6, 12, 24, 16)):
        if block:
            narrow = n.conv(n.relu(n.norm(x)), n.channels(x) // 2)
            x = n.one("AveragePool", narrow, kernel_shape=[2, 2], strides=[2, 2])
        features = [x]
        for _ in range(depth):
            features.append(_layer(n, features, growth))
        x = n.concat(features)
    return n, {"logits": n.classifier(n.relu(n.norm(x)), classes)}
