"""The exact result, as near as double precision comes to it: a model with every float a double.

Engines round intermediate results, so two that are both right may differ by more than the
tolerance where terms cancel. Then the exact result decides, not the difference between the two.
"""

from __future__ import annotations

from typing import Iterable, Optional, Sequence

import ml_dtypes
import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

from oracle.old_resize import in_new_terms
from oracle.onnx_side import EvaluatorEngine
from oracle.tolerance import ABSOLUTE, RELATIVE, is_float

_NARROW = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16)
# Attributes that name the element type of a result.
_TYPE_ATTRIBUTES = ("to", "dtype", "output_datatype")
# Attributes that name the element type of what happens inside; float32 where they are left out.
_INNER_TYPE_ATTRIBUTES = ("stash_type", "softmax_precision")


def _widen_tensor(tensor: TensorProto) -> None:
    if tensor.data_type in _NARROW:
        values = numpy_helper.to_array(tensor).astype(np.float64)
        tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))


def _widen_types(values: Iterable[onnx.ValueInfoProto]) -> None:
    for value in values:
        if value.type.tensor_type.elem_type in _NARROW:
            value.type.tensor_type.elem_type = TensorProto.DOUBLE


def _widen_inside(node: onnx.NodeProto, opsets: dict[str, int]) -> None:
    # The evaluator computes LayerNormalization in its operand's type, and wants nothing else named.
    if node.op_type == "LayerNormalization" or not onnx.defs.has(node.op_type, node.domain):
        return
    schema = onnx.defs.get_schema(node.op_type, opsets.get(node.domain, 1), node.domain)
    for name in _INNER_TYPE_ATTRIBUTES:
        if name in schema.attributes:
            others = [a for a in node.attribute if a.name != name]
            del node.attribute[:]
            node.attribute.extend([*others, onnx.helper.make_attribute(name, TensorProto.DOUBLE)])


def _widen_graph(graph: onnx.GraphProto, opsets: dict[str, int]) -> None:
    for tensor in graph.initializer:
        _widen_tensor(tensor)
    for values in (graph.input, graph.output, graph.value_info):
        _widen_types(values)
    for node in graph.node:
        _widen_inside(node, opsets)
        for attribute in node.attribute:
            if attribute.HasField("t"):
                _widen_tensor(attribute.t)
            if attribute.HasField("g"):
                _widen_graph(attribute.g, opsets)
            if attribute.name in _TYPE_ATTRIBUTES and attribute.i in _NARROW:
                attribute.i = TensorProto.DOUBLE


def in_double(model: onnx.ModelProto) -> onnx.ModelProto:
    wide = onnx.ModelProto()
    wide.CopyFrom(model)
    _widen_graph(wide.graph, {entry.domain: entry.version for entry in wide.opset_import})
    return wide


def exact_results(
    model: onnx.ModelProto, outputs: Sequence[str], feed: dict[str, np.ndarray]
) -> list[np.ndarray]:
    """Raises whatever the evaluator raises where it can't run the model."""
    wide = {n: a.astype(np.float64) if is_float(a.dtype) else a for n, a in feed.items()}
    return EvaluatorEngine(in_double(in_new_terms(model))).run(outputs, wide)


# Of the largest element: no rounding of an engine comes near it.
MEANS_ANOTHER = 1e-2

# How a difference between two engines was settled by the exact result, the better way first.
NOT_NEEDED = ""
BY_EXACT = "exact"  # within the tolerance of the exact result: the reference is further away
BY_ROUNDING = "rounding"  # beyond it, by no more than the element type's rounding explains


# Products of bytes, which ONNX Runtime adds up in saturating 16 bits on CPUs without VNNI.
_PRODUCTS_OF_BYTES = ("MatMulInteger", "QLinearMatMul", "ConvInteger", "QLinearConv")


def may_saturate(model: onnx.ModelProto) -> bool:
    """Then ONNX Runtime's integers are no measure where the exact ones differ."""
    return any(node.op_type in _PRODUCTS_OF_BYTES for node in model.graph.node)


def settle(actual: np.ndarray, reference: np.ndarray, exact: np.ndarray) -> Optional[str]:
    """BY_EXACT, BY_ROUNDING, or None: `actual` is wrong.

    What rounding explains is the error of the reference's worst element, and for a float32 one
    unit in the last place of the largest element: no sum of terms that large can do better. A
    reference that is off by more than two of these units is wrong, not rounded, and excuses
    nothing beyond them. Where it is off by a hundredth of the largest element, the two engines mean
    different things by the model, and the reference is right. Integers equal the exact ones."""
    if not is_float(actual.dtype):
        same = exact.dtype == actual.dtype and np.array_equal(actual, exact)
        return BY_EXACT if same else None
    if exact.dtype != np.float64 or exact.shape != actual.shape:
        return None
    a = actual.astype(np.float64)
    with np.errstate(all="ignore"):
        error = np.abs(a - exact)
        noise = np.abs(reference.astype(np.float64) - exact)
    finite = np.isfinite(exact)
    if not finite.any() or not np.array_equal(a[~finite], exact[~finite], equal_nan=True):
        return None
    largest = np.abs(exact[finite]).max()
    if (noise[finite & np.isfinite(noise)] > MEANS_ANOTHER * largest).any():
        return None
    tolerance = np.maximum(RELATIVE * np.abs(exact[finite]), ABSOLUTE)
    if (error[finite] <= tolerance).all():
        return BY_EXACT
    unit = float(ml_dtypes.finfo(actual.dtype).eps) * largest
    worst = min(noise[finite & np.isfinite(noise)].max(initial=0.0), 2 * unit)
    if actual.dtype == np.float32:
        worst = max(worst, unit)
    return BY_ROUNDING if (error[finite] <= np.maximum(tolerance, worst)).all() else None
