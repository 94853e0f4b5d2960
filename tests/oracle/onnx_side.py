"""Runs a source model: ONNX Runtime first, onnx's ReferenceEvaluator where that can't."""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np
import onnx

from oracle.tolerance import BFLOAT16

# The newest that the pinned ONNX Runtime runs.
RUNTIME_OPSET = 26
RUNTIME_IR = 13


class ReferenceFailed(Exception):
    """Neither engine runs the model, so nothing can be judged with it."""


def source_ports(model: onnx.ModelProto) -> tuple[list[str], list[str]]:
    """Names of what a caller feeds and fetches. Initializers may be listed as inputs: not fed."""
    weights = {t.name for t in model.graph.initializer}
    weights |= {t.values.name for t in model.graph.sparse_initializer}
    inputs = [v.name for v in model.graph.input if v.name not in weights]
    return inputs, [v.name for v in model.graph.output]


def exact(array: Any) -> np.ndarray:
    """A contiguous copy that keeps rank 0 (ascontiguousarray would make it rank 1)."""
    return np.array(array, order="C")


def carried(array: np.ndarray) -> np.ndarray:
    """For storage: numpy's files know no bfloat16, so its bits travel as uint16."""
    return array.view(np.uint16) if array.dtype == BFLOAT16 else array


def as_declared(array: np.ndarray, value: onnx.ValueInfoProto) -> np.ndarray:
    """The other way: uint16 where the model says bfloat16. Some ONNX tests store it so, too."""
    number = value.type.tensor_type.elem_type
    if number == onnx.TensorProto.BFLOAT16 and array.dtype == np.uint16:
        return array.view(BFLOAT16)
    return array


class OnnxRuntimeEngine:
    """The model in ONNX Runtime, unoptimized: its fusions use approximations of their own."""

    name = "onnxruntime"

    def __init__(self, model_bytes_or_path: bytes | str) -> None:
        import onnxruntime

        onnxruntime.set_default_logger_severity(4)
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        self._runtime = onnxruntime.InferenceSession(
            model_bytes_or_path, options, providers=["CPUExecutionProvider"]
        )

    def run(self, outputs: Sequence[str], feed: dict[str, np.ndarray]) -> list[np.ndarray]:
        return [exact(v) for v in self._runtime.run(list(outputs), feed)]


class EvaluatorEngine:
    """The model in onnx's own evaluator: slow, but knows every opset and element type."""

    name = "evaluator"

    def __init__(self, model: onnx.ModelProto) -> None:
        from onnx.reference import ReferenceEvaluator

        self._evaluator = ReferenceEvaluator(model)

    def run(self, outputs: Sequence[str], feed: dict[str, np.ndarray]) -> list[np.ndarray]:
        with np.errstate(all="ignore"):
            return [exact(v) for v in self._evaluator.run(list(outputs), feed)]


def lowered(model: onnx.ModelProto) -> bytes | None:
    """The same model at an opset that ONNX Runtime knows, where that is truly the same: each
    operator's schema must be one that the older opset has as well."""
    opset = max((i.version for i in model.opset_import if i.domain in ("", "ai.onnx")), default=0)
    if opset <= RUNTIME_OPSET:
        return None
    for node in model.graph.node:
        if node.domain or any(a.HasField("g") for a in node.attribute):
            return None
        if onnx.defs.get_schema(node.op_type, opset, "").since_version > RUNTIME_OPSET:
            return None
    older = onnx.ModelProto()
    older.CopyFrom(model)
    older.ir_version = min(older.ir_version, RUNTIME_IR)
    for entry in older.opset_import:
        entry.version = min(entry.version, RUNTIME_OPSET)
    return older.SerializeToString()


def _type_problem(model: onnx.ModelProto, results: list[list[np.ndarray]]) -> str | None:
    """The evaluator computes with numpy, whose promotions are not ONNX's: such results are void."""
    for value, array in zip(model.graph.output, results[0]):
        number = value.type.tensor_type.elem_type
        if number and np.dtype(onnx.helper.tensor_dtype_to_np_dtype(number)) != array.dtype:
            return f"'{value.name}' became {array.dtype}"
    return None


def run_reference(
    path: str, model: onnx.ModelProto, input_sets: Sequence[dict[str, np.ndarray]]
) -> tuple[str, list[list[np.ndarray]]]:
    """Outputs for each input set and the engine that computed them."""
    _, outputs = source_ports(model)
    try:
        engine: Any = OnnxRuntimeEngine(lowered(model) or path)
        return engine.name, [engine.run(outputs, feed) for feed in input_sets]
    except Exception as error:  # the binding throws many types
        first = f"{type(error).__name__}: {error}"
    try:
        engine = EvaluatorEngine(model)
        results = [engine.run(outputs, feed) for feed in input_sets]
        problem = _type_problem(model, results)
        if problem is None:
            return engine.name, results
        second = problem
    except Exception as error:
        second = f"{type(error).__name__}: {error}"
    raise ReferenceFailed(f"onnxruntime: {first[:300]}; evaluator: {second[:300]}")
