"""Writes .tflite files of one operator, by LiteRT's own schema: files that smelt did not make."""

from __future__ import annotations

from typing import Any, NamedTuple, Sequence

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

_TYPES = {
    np.dtype(np.float32): schema.TensorType.FLOAT32, np.dtype(np.int8): schema.TensorType.INT8,
    np.dtype(np.uint8): schema.TensorType.UINT8, np.dtype(np.int16): schema.TensorType.INT16,
    np.dtype(np.int32): schema.TensorType.INT32, np.dtype(np.int64): schema.TensorType.INT64,
    np.dtype(np.bool_): schema.TensorType.BOOL,
}


class Quant(NamedTuple):
    """Scales and zero points; several of them along `axis`."""

    scale: Sequence[float]
    zero: Sequence[int]
    axis: int = 0


class OneOperator:
    def __init__(self) -> None:
        self._graph = schema.SubGraphT()
        self._graph.name = "main"
        self._graph.tensors, self._graph.operators = [], []
        self._graph.inputs, self._graph.outputs = [], []
        self._buffers = [schema.BufferT()]
        self._code = schema.OperatorCodeT()
        self.feeds: list[np.ndarray] = []

    def _tensor(self, name: str, shape: Sequence[int], dtype: Any, quant: Quant | None) -> int:
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.type = name, list(shape), _TYPES[np.dtype(dtype)]
        tensor.hasRank = True
        if quant is not None:
            table = schema.QuantizationParametersT()
            table.scale = [float(one) for one in quant.scale]
            table.zeroPoint = [int(one) for one in quant.zero]
            table.quantizedDimension = quant.axis
            tensor.quantization = table
        self._graph.tensors.append(tensor)
        return len(self._graph.tensors) - 1

    def input(self, value: np.ndarray, quant: Quant | None = None) -> int:
        """A graph input that is fed `value`."""
        index = self._tensor(f"in{len(self.feeds)}", value.shape, value.dtype, quant)
        self._graph.inputs.append(index)
        self.feeds.append(value)
        return index

    def constant(self, value: np.ndarray, quant: Quant | None = None) -> int:
        index = self._tensor(f"c{len(self._buffers)}", value.shape, value.dtype, quant)
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(np.ascontiguousarray(value).tobytes(), np.uint8)
        self._buffers.append(buffer)
        self._graph.tensors[index].buffer = len(self._buffers) - 1
        return index

    def output(self, shape: Sequence[int], dtype: Any, quant: Quant | None = None) -> int:
        index = self._tensor(f"out{len(self._graph.outputs)}", shape, dtype, quant)
        self._graph.outputs.append(index)
        return index

    def operator(self, name: str, operands: Sequence[int], options: str = "", version: int = 1,
                 **fields: Any) -> None:
        """`options` names the option table; `fields` are its fields, spelled as the schema does."""
        number = getattr(schema.BuiltinOperator, name)
        self._code.builtinCode, self._code.version = number, version
        self._code.deprecatedBuiltinCode = min(number, 127)
        operator = schema.OperatorT()
        operator.opcodeIndex = 0
        operator.inputs, operator.outputs = list(operands), list(self._graph.outputs)
        if options:
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, options)
            operator.builtinOptions = getattr(schema, options + "T")()
            for field, value in fields.items():
                assert hasattr(operator.builtinOptions, field), field
                setattr(operator.builtinOptions, field, value)
        self._graph.operators.append(operator)

    def _signature(self) -> Any:
        def maps(indices: Sequence[int], prefix: str) -> list[Any]:
            made = []
            for number, index in enumerate(indices):
                entry = schema.TensorMapT()
                entry.name, entry.tensorIndex = f"{prefix}{number}", index
                made.append(entry)
            return made

        signature = schema.SignatureDefT()
        signature.signatureKey, signature.subgraphIndex = "serving_default", 0
        signature.inputs = maps(self._graph.inputs, "in")
        signature.outputs = maps(self._graph.outputs, "out")
        return signature

    def bytes(self) -> bytes:
        model = schema.ModelT()
        model.version, model.description = 3, "one operator"
        model.subgraphs, model.buffers = [self._graph], self._buffers
        model.operatorCodes, model.signatureDefs = [self._code], [self._signature()]
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())
