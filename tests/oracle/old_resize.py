"""Resize before opset 11 and Upsample, which onnx's evaluator can't run, said by Resize 13."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper, numpy_helper

# Operators that say the same at every opset here.
_SAME = ("Constant", "Identity")


def _is_old_linear(node: onnx.NodeProto, opset: int) -> bool:
    old = node.op_type == "Upsample" or (node.op_type == "Resize" and opset < 11)
    modes = [a.s for a in node.attribute if a.name == "mode"]
    return old and modes in ([b"linear"], [b"bilinear"])


def in_new_terms(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model itself, but for one whose old resizing is linear: the other modes copy elements."""
    (opset,) = [e for e in model.opset_import if e.domain == ""] or [None]
    if opset is None or opset.version > 10:
        return model
    resizing = [n for n in model.graph.node if n.op_type not in _SAME]
    if not resizing or not all(_is_old_linear(node, opset.version) for node in resizing):
        return model
    result = onnx.ModelProto()
    result.CopyFrom(model)
    for entry in result.opset_import:
        if entry.domain == "":
            entry.version = 13
    for node in result.graph.node:
        if node.op_type in _SAME:
            continue
        stated = [a.floats for a in node.attribute if a.name == "scales"]
        if stated:
            scales = numpy_helper.from_array(np.array(stated[0], np.float32), "stated_scales")
            result.graph.initializer.append(scales)
            node.input.append(scales.name)
        x, scales_name = node.input
        node.CopyFrom(
            helper.make_node(
                "Resize",
                [x, "", scales_name],
                list(node.output),
                mode="linear",
                coordinate_transformation_mode="asymmetric",
            )
        )
    return result
