"""Gives BatchNormalization the statistics of real activations.

The network is run once with every BatchNormalization replaced by what training would do, the
statistics of the batch itself, so that all layers are calibrated in one pass.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

_AXES = [0, 2, 3]


def _mean(source: str, target: str, opset: int) -> onnx.NodeProto:
    if opset >= 18:
        return helper.make_node("ReduceMean", [source, "calibration_axes"], [target], keepdims=1)
    return helper.make_node("ReduceMean", [source], [target], keepdims=1, axes=_AXES)


def _training_nodes(node: onnx.NodeProto, opset: int, index: int) -> list[onnx.NodeProto]:
    """(x - mean) / sqrt(var + eps) * gamma + beta of the batch."""
    x, gamma, beta = node.input[:3]
    p = f"calibration_{index}_"
    column = ["calibration_column"]
    make = helper.make_node
    return [
        _mean(x, p + "mean", opset),
        make("Sub", [x, p + "mean"], [p + "centered"]),
        make("Mul", [p + "centered", p + "centered"], [p + "squared"]),
        _mean(p + "squared", p + "var", opset),
        make("Add", [p + "var", "calibration_epsilon"], [p + "safe"]),
        make("Sqrt", [p + "safe"], [p + "deviation"]),
        make("Div", [p + "centered", p + "deviation"], [p + "normal"]),
        make("Reshape", [gamma] + column, [p + "gamma"]),
        make("Reshape", [beta] + column, [p + "beta"]),
        make("Mul", [p + "normal", p + "gamma"], [p + "scaled"]),
        make("Add", [p + "scaled", p + "beta"], [node.output[0]]),
    ]


def _needed(nodes: list[onnx.NodeProto], outputs: list[str]) -> list[onnx.NodeProto]:
    """Nodes that the outputs depend on: what follows the last norm may fix the batch size."""
    wanted = set(outputs)
    kept = []
    for node in reversed(nodes):
        if wanted.intersection(node.output):
            wanted.update(node.input)
            kept.append(node)
    return kept[::-1]


def _calibration_model(model: onnx.ModelProto) -> tuple[onnx.ModelProto, list[str]]:
    opset = model.opset_import[0].version
    nodes: list[onnx.NodeProto] = []
    outputs: list[str] = []
    for index, node in enumerate(model.graph.node):
        if node.op_type == "BatchNormalization":
            nodes += _training_nodes(node, opset, index)
            outputs += [f"calibration_{index}_mean", f"calibration_{index}_var"]
        else:
            nodes.append(node)
    image = model.graph.input[0]
    size = [d.dim_value for d in image.type.tensor_type.shape.dim]
    graph = helper.make_graph(
        _needed(nodes, outputs),
        "calibration",
        [helper.make_tensor_value_info(image.name, 1, ["batch", *size[1:]])],
        [helper.make_tensor_value_info(n, 1, None) for n in outputs],
    )
    graph.initializer.extend(model.graph.initializer)
    extra: dict[str, Any] = {
        "calibration_axes": np.array(_AXES, np.int64),
        "calibration_column": np.array([1, -1, 1, 1], np.int64),
        "calibration_epsilon": np.array(1e-5, np.float32),
    }
    graph.initializer.extend(numpy_helper.from_array(v, n) for n, v in extra.items())
    clone = helper.make_model(graph, opset_imports=list(model.opset_import))
    clone.ir_version = model.ir_version
    return clone, outputs


def calibrate(model: onnx.ModelProto, images: np.ndarray) -> None:
    """Writes means and variances of `images` into the model."""
    norms = [n for n in model.graph.node if n.op_type == "BatchNormalization"]
    if not norms:
        return
    import onnxruntime

    clone, outputs = _calibration_model(model)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    runtime = onnxruntime.InferenceSession(
        clone.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    found = runtime.run(outputs, {model.graph.input[0].name: images})
    weights = {t.name: t for t in model.graph.initializer}
    for index, node in enumerate(norms):
        for operand, value in zip(node.input[3:5], found[2 * index : 2 * index + 2]):
            # Rounded to a few bits: the last bits of ONNX Runtime's sums differ between machines,
            # and the zoo is to be the same everywhere.
            flat = np.array(value.reshape(-1), np.float32)
            mantissa, exponent = np.frexp(flat)
            rounded = np.ldexp(np.round(mantissa * 256) / 256, exponent).astype(np.float32)
            weights[operand].CopyFrom(numpy_helper.from_array(rounded, operand))
