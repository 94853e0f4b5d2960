"""A detector of the shape of YOLOv8n: C2f, SPPF, a feature pyramid with Resize, and a head that
decodes its boxes from distributions (Softmax and a 1x1 convolution with weights 0 to 15)."""

from __future__ import annotations

import numpy as np

from models.network import Network

Built = tuple[Network, dict[str, str]]
SIZE = 320
CLASSES = 80
BINS = 16
STRIDES = (8, 16, 32)


def _cv(n: Network, x: str, out: int, kernel: int = 1, stride: int = 1) -> str:
    return n.silu(n.conv_norm(x, out, kernel, stride))


def _c2f(n: Network, x: str, out: int, count: int, shortcut: bool) -> str:
    parts = n.split_channels(_cv(n, x, out), 2)
    for _ in range(count):
        y = _cv(n, _cv(n, parts[-1], out // 2, 3), out // 2, 3)
        parts.append(n.one("Add", parts[-1], y) if shortcut else y)
    return _cv(n, n.concat(parts), out)


def _sppf(n: Network, x: str, out: int) -> str:
    parts = [_cv(n, x, out // 2)]
    for _ in range(3):
        parts.append(n.max_pool(parts[-1], 5, 1, 2))
    return _cv(n, n.concat(parts), out)


def _up(n: Network, x: str) -> str:
    scales = n.constant(np.array([1, 1, 2, 2], np.float32))
    return n.one(
        "Resize",
        x,
        "",
        scales,
        mode="nearest",
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )


def _anchors() -> tuple[np.ndarray, np.ndarray]:
    """Centres of all cells in cell units, [1, 2, cells], and the stride of each, [1, cells]."""
    points, scales = [], []
    for stride in STRIDES:
        cells = SIZE // stride
        rows, columns = np.mgrid[0:cells, 0:cells]
        points.append(np.stack([columns.ravel() + 0.5, rows.ravel() + 0.5]))
        scales.append(np.full((1, cells * cells), stride))
    return (
        np.concatenate(points, axis=1)[None].astype(np.float32),
        np.concatenate(scales, axis=1).astype(np.float32),
    )


def _decode(n: Network, distances: str, cells: int) -> str:
    """Expected distance of each side, then centre and size in pixels."""
    shaped = n.one("Reshape", distances, n.int64([1, 4, BINS, cells]))
    bins = n.one("Transpose", shaped, perm=[0, 2, 1, 3])
    likely = n.one("Softmax", bins, axis=1)
    weight = n.constant(np.arange(BINS, dtype=np.float32).reshape(1, BINS, 1, 1), "dfl")
    expected = n.one("Conv", likely, weight, kernel_shape=[1, 1], strides=[1, 1])
    sides = n.one("Reshape", expected, n.int64([1, 4, cells]))
    axis = n.int64([1])
    near = n.one("Slice", sides, n.int64([0]), n.int64([2]), axis)
    far = n.one("Slice", sides, n.int64([2]), n.int64([4]), axis)
    points, scales = _anchors()
    centre = n.constant(points, "anchors")
    top_left = n.one("Sub", centre, near)
    bottom_right = n.one("Add", centre, far)
    middle = n.one("Div", n.one("Add", top_left, bottom_right), n.constant(np.float32(2)))
    size = n.one("Sub", bottom_right, top_left)
    return n.one("Mul", n.concat([middle, size]), n.constant(scales, "strides"))


def yolov8n() -> Built:
    n = Network("yolov8n", 19, SIZE)
    x = _cv(n, _cv(n, n.input, 16, 3, 2), 32, 3, 2)
    x = _cv(n, _c2f(n, x, 32, 1, True), 64, 3, 2)
    p3 = _c2f(n, x, 64, 2, True)
    p4 = _c2f(n, _cv(n, p3, 128, 3, 2), 128, 2, True)
    x = _c2f(n, _cv(n, p4, 256, 3, 2), 256, 1, True)
    p5 = _sppf(n, x, 256)
    n4 = _c2f(n, n.concat([_up(n, p5), p4]), 128, 1, False)
    n3 = _c2f(n, n.concat([_up(n, n4), p3]), 64, 1, False)
    m4 = _c2f(n, n.concat([_cv(n, n3, 64, 3, 2), n4]), 128, 1, False)
    m5 = _c2f(n, n.concat([_cv(n, m4, 128, 3, 2), p5]), 256, 1, False)
    levels = []
    for feature in (n3, m4, m5):
        boxes = n.conv(_cv(n, _cv(n, feature, 64, 3), 64, 3), 4 * BINS, 1, bias=True)
        # A small gain: saturated scores amplify what is rounded before them.
        wide = _cv(n, _cv(n, feature, CLASSES, 3), CLASSES, 3)
        scores = n.conv(wide, CLASSES, 1, bias=True, gain=0.2)
        both = n.concat([boxes, scores])
        levels.append(n.one("Reshape", both, n.int64([1, 4 * BINS + CLASSES, -1])))
    cells = sum((SIZE // s) ** 2 for s in STRIDES)
    joined = n.concat(levels, axis=2)
    boxes, classes = n.add("Split", [joined, n.int64([4 * BINS, CLASSES])], 2, axis=1)
    scores = n.one("Sigmoid", classes)
    # Scores are an output of their own too: beside boxes in pixels their errors would not show.
    return n, {"output0": n.concat([_decode(n, boxes, cells), scores]), "scores": scores}
