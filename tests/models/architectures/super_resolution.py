"""ESPCN (Shi et al. 2016): three convolutions, then channels become pixels; by DepthToSpace, and
spelled as Reshape, Transpose, Reshape."""

from __future__ import annotations

from models.network import Network
from models.transformer import reshape, size_of

Built = tuple[Network, dict[str, str]]
UP = 3


def _features(n: Network, width: int) -> str:
    x = n.one("Tanh", n.conv(n.input, width, 5, bias=True, gain=1.0))
    x = n.one("Tanh", n.conv(x, width // 2, 3, bias=True, gain=1.0))
    return n.conv(x, UP * UP, 3, bias=True, gain=1.0)


def _network(name: str, full: bool) -> tuple[Network, str]:
    n = Network(name, 17, 224 if full else 48, batch="batch", channels=1)
    return n, _features(n, 64 if full else 32)


def depth_to_space(full: bool) -> Built:
    n, x = _network("super_resolution", full)
    return n, {"upscaled": n.one("DepthToSpace", x, blocksize=UP, mode="CRD")}


def transposed_view(full: bool) -> Built:
    n, x = _network("super_resolution_view", full)
    batch, height, width = (size_of(n, x, axis) for axis in (0, 2, 3))
    cells = reshape(n, x, [batch, 1, UP, UP, height, width])
    turned = n.one("Transpose", cells, perm=[0, 1, 4, 2, 5, 3])
    tall = n.one("Mul", height, n.int64(UP))
    wide = n.one("Mul", width, n.int64(UP))
    y = reshape(n, turned, [batch, 1, tall, wide])
    size = 224 if full else 48
    n.declared["upscaled"] = ("batch", 1, UP * size, UP * size)
    return n, {"upscaled": y}
