"""A U-Net (Ronneberger et al. 2015): skips by Concat, up by ConvTranspose and by Resize."""

from __future__ import annotations

import numpy as np

from models.network import Network

Built = tuple[Network, dict[str, str]]


def _double(n: Network, x: str, width: int) -> str:
    return n.relu(n.conv_norm(n.relu(n.conv_norm(x, width, 3)), width, 3))


def _resize(n: Network, x: str) -> str:
    scales = n.constant(np.array([1, 1, 2, 2], np.float32))
    return n.one(
        "Resize", x, "", scales, mode="linear", coordinate_transformation_mode="half_pixel"
    )


def unet() -> Built:
    n = Network("unet", 18, 160)
    x = n.input
    skips = []
    for width in (24, 48, 96, 192):
        x = _double(n, x, width)
        skips.append(x)
        x = n.max_pool(x, 2, 2)
    x = _double(n, x, 256)
    for level, skip in enumerate(reversed(skips)):
        width = n.channels(skip)
        # Half of the levels learn to upsample; the others interpolate, as lighter variants do.
        x = n.up_conv(x, width) if level % 2 == 0 else n.conv(_resize(n, x), width, 1, bias=True)
        x = _double(n, n.concat([skip, x]), width)
    mask = n.one("Sigmoid", n.conv(x, 2, 1, bias=True))
    return n, {"mask": mask}
