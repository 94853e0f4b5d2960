#!/usr/bin/env python3
"""Trains the small CNN of the tests on the handwritten digits that scikit-learn bundles.

    python3 -m venv /tmp/train && /tmp/train/bin/pip install -r tests/models/requirements-train.txt
    /tmp/train/bin/python tests/models/train_digits.py

writes digits_cnn.onnx and digits_samples.npz beside itself. Both are in the repository: nobody
needs to train to test. 1,397 of the 1,797 pictures are trained on; the other 400 are the samples,
`images` float32 [400, 1, 8, 8] in 0..1 and `labels` int64 [400]. Seeded; about 20 seconds.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from models.layers import Conv, Layer, Linear, MaxPool, Norm, Relu

SEED = 20
SAMPLES = 400
EPOCHS = 40
BATCH = 32
HERE = Path(__file__).resolve().parent


def load() -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = (digits.images / 16).astype(np.float32)[:, None]
    order = np.random.default_rng(SEED).permutation(len(images))
    return images[order], digits.target[order].astype(np.int64)


def network(rng: np.random.Generator) -> list[Layer]:
    return [
        Conv(rng, 1, 16), Norm(16), Relu(),
        Conv(rng, 16, 24), Norm(24), Relu(), MaxPool(),
        Conv(rng, 24, 32), Norm(32), Relu(), MaxPool(),
        Linear(rng, 32 * 4, 10),
    ]  # fmt: skip


def predict(layers: list[Layer], x: np.ndarray, training: bool = False) -> np.ndarray:
    for layer in layers:
        x = layer.forward(x, training)
    return x


def _step(layers: list[Layer], x: np.ndarray, labels: np.ndarray) -> None:
    """Gradients of the mean cross entropy."""
    logits = predict(layers, x, training=True)
    shifted = np.exp(logits - logits.max(1, keepdims=True))
    gradient = shifted / shifted.sum(1, keepdims=True)
    gradient[np.arange(len(labels)), labels] -= 1
    gradient /= len(labels)
    for layer in reversed(layers):
        gradient = layer.backward(gradient)


def train(layers: list[Layer], images: np.ndarray, labels: np.ndarray) -> None:
    """Adam with a rate that falls to zero along a cosine."""
    rng = np.random.default_rng(SEED + 1)
    parameters = [p for layer in layers for p in layer.parameters()]
    first = [np.zeros_like(value) for value, _ in parameters]
    second = [np.zeros_like(value) for value, _ in parameters]
    steps = EPOCHS * (len(images) // BATCH)
    for step in range(1, steps + 1):
        pick = rng.integers(0, len(images), BATCH)
        _step(layers, images[pick], labels[pick])
        rate = 2e-3 * (1 + np.cos(np.pi * step / steps))
        for (value, gradient), m, v in zip(parameters, first, second):
            m += 0.1 * (gradient - m)
            v += 0.001 * (gradient**2 - v)
            unbiased = (v / (1 - 0.999**step)) ** 0.5 + 1e-8
            value -= (rate * (m / (1 - 0.9**step)) / unbiased).astype(np.float32)


def export(layers: list[Layer]) -> onnx.ModelProto:
    """The trained layers as exporters write them: norms apart, Flatten before Gemm."""
    nodes, weights = [], []
    value = "image"

    def weight(name: str, array: np.ndarray) -> str:
        weights.append(numpy_helper.from_array(np.array(array, np.float32), name))
        return name

    def node(op: str, name: str, *operands: str, **attributes: object) -> str:
        nodes.append(helper.make_node(op, [value, *operands], [f"{name}.out"], name, **attributes))
        return f"{name}.out"

    for index, layer in enumerate(layers):
        name = f"layer{index}"
        if isinstance(layer, Conv):
            operand = weight(f"{name}.weight", layer.weight)
            value = node("Conv", name, operand, kernel_shape=[3, 3], pads=[1, 1, 1, 1])
        elif isinstance(layer, Norm):
            operands = [
                weight(f"{name}.{part}", getattr(layer, part))
                for part in ("gamma", "beta", "mean", "var")
            ]
            value = node("BatchNormalization", name, *operands, epsilon=layer.epsilon)
        elif isinstance(layer, Relu):
            value = node("Relu", name)
        elif isinstance(layer, MaxPool):
            value = node("MaxPool", name, kernel_shape=[2, 2], strides=[2, 2])
        elif isinstance(layer, Linear):
            value = node("Flatten", f"{name}.flat")
            operands = [weight(f"{name}.weight", layer.weight), weight(f"{name}.bias", layer.bias)]
            value = node("Gemm", name, *operands, transB=1)
    nodes[-1].output[0] = "logits"
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 1, 8, 8])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 10])
    graph = helper.make_graph(nodes, "digits_cnn", [image], [logits], weights)
    imports = [helper.make_opsetid("", 13)]
    model = helper.make_model(graph, opset_imports=imports, producer_name="train_digits")
    model.ir_version = 8
    onnx.checker.check_model(model, full_check=True)
    return model


def main() -> int:
    images, labels = load()
    layers = network(np.random.default_rng(SEED))
    train(layers, images[SAMPLES:], labels[SAMPLES:])
    held_out = predict(layers, images[:SAMPLES]).argmax(1) == labels[:SAMPLES]
    print(f"right on {held_out.sum()} of {SAMPLES} held-out samples")
    onnx.save(export(layers), HERE / "digits_cnn.onnx")
    samples = HERE / "digits_samples.npz"
    np.savez_compressed(samples, images=images[:SAMPLES], labels=labels[:SAMPLES])
    return 0 if held_out.mean() > 0.95 else 1


if __name__ == "__main__":
    sys.exit(main())
