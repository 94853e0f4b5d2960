"""Builds the model of one case: a node or a few, with parameters that are constant or computed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Optional, Sequence

import numpy as np
import onnx
from onnx import helper, numpy_helper

from property.draw import ONNX_OF, Draw


@dataclass
class Case:
    """A model with the values of its inputs, by name. `expected`: the values of its outputs, where
    no engine computes the operator and the generator does it itself."""

    model: onnx.ModelProto
    inputs: dict[str, np.ndarray] = field(default_factory=dict)
    expected: Optional[list[np.ndarray]] = None


class Graph:
    """A model under construction. Names are those of exporters: dots, slashes and digits."""

    def __init__(self, draw: Draw, opset: int, domain: str = "") -> None:
        """`domain`: that of the nodes; any but the default one is imported at version 1."""
        self.draw = draw
        self.opset = opset
        self.domain = domain
        self._nodes: list[onnx.NodeProto] = []
        self._inputs: list[onnx.ValueInfoProto] = []
        self._weights: list[onnx.TensorProto] = []
        self._values: dict[str, np.ndarray] = {}
        self._outputs: list[str] = []
        self._count = 0
        self._separator = draw.choice(["", ".", "/", "_"])

    def _name(self, stem: str) -> str:
        self._count += 1
        return f"{stem}{self._separator}{self._count}"

    def input(self, value: np.ndarray, stem: str = "x") -> str:
        """A graph input; data, not weights, now and then with a symbolic first dimension."""
        value = np.array(value, order="C")
        name = self._name(stem)
        shape: list[Any] = list(value.shape)
        if shape and stem == "x" and self.draw.chance(0.08):
            shape[0] = f"n{len(self._inputs)}"
        number = ONNX_OF[value.dtype]
        self._inputs.append(helper.make_tensor_value_info(name, number, shape))
        self._values[name] = value
        return name

    def open_axis(self, name: str, axis: int, symbol: Optional[str] = None) -> None:
        """Makes this dimension of an input symbolic; sizes with one symbol are equal."""
        info = next(v for v in self._inputs if v.name == name)
        dimension = info.type.tensor_type.shape.dim[axis]
        dimension.dim_param = symbol or f"open_{name}_{axis}"

    def open_some(self, name: str, axes: Optional[int] = None) -> None:
        """Makes some of the first `axes` dimensions symbolic; of an input only."""
        for info in self._inputs:
            if info.name == name:
                for axis in range(len(info.type.tensor_type.shape.dim))[:axes]:
                    if self.draw.chance(0.5):
                        self.open_axis(name, axis)

    def constant(self, value: Any, stem: str = "w", as_node: Optional[bool] = None) -> str:
        """An initializer, or a Constant node as some exporters write it."""
        value = np.array(value, order="C")
        name = self._name(stem)
        tensor = numpy_helper.from_array(value, name)
        if self.draw.chance(0.3):  # typed fields are legal too, and old exporters use them
            tensor = helper.make_tensor(name, ONNX_OF[value.dtype], value.shape, value.flatten())
        if as_node if as_node is not None else self.draw.chance(0.15):
            self._nodes.append(helper.make_node("Constant", [], [name], value=tensor))
        else:
            self._weights.append(tensor)
        return name

    def small_constant(self, value: np.ndarray, kind: int) -> str:
        """An initializer of an element type of less than a byte, which numpy does not have."""
        name = self._name("w")
        self._weights.append(helper.make_tensor(name, kind, value.shape, value.flatten()))
        return name

    def operand(self, value: Any, constant: float = 0.5, stem: str = "w") -> str:
        """A parameter: constant with this probability, else computed outside of the graph."""
        value = np.array(value, order="C")
        return self.constant(value, stem) if self.draw.chance(constant) else self.input(value, stem)

    def node(
        self, op: str, inputs: Sequence[str], outputs: int = 1, **attributes: Any
    ) -> list[str]:
        """Adds a node; attributes that are None are left out. Trailing empty inputs are dropped
        in half of the cases: both spellings of an absent operand are legal."""
        operands = list(inputs)
        while operands and operands[-1] == "" and self.draw.chance(0.5):
            operands.pop()
        names = [self._name("y") for _ in range(outputs)]
        given = {k: v for k, v in attributes.items() if v is not None}
        label = self._name("node") if self.draw.chance(0.5) else ""
        self._nodes.append(
            helper.make_node(op, operands, names, name=label, domain=self.domain, **given)
        )
        return names

    def drop_outputs(self, positions: Sequence[int]) -> None:
        """The last node's outputs at these positions are not computed."""
        for position in positions:
            self._nodes[-1].output[position] = ""

    def _blur(self, declared: onnx.TypeProto.Tensor) -> None:
        """Exporters often know an output's rank and not its sizes, and some only its type."""
        if self.draw.chance(0.1):
            declared.ClearField("shape")
        elif self.draw.chance(0.2):
            for index, dimension in enumerate(declared.shape.dim):
                dimension.dim_param = f"unk__{index}"

    def finish(
        self,
        outputs: Sequence[str],
        kinds: Optional[dict[str, int]] = None,
        expected: Optional[list[np.ndarray]] = None,
    ) -> Case:
        """The case. IR versions below 4 list initializers as inputs too, as they had to. `kinds`:
        element types of outputs that onnx can't infer and that are not the first input's."""
        declared = [helper.make_empty_tensor_value_info(name) for name in outputs]
        graph = helper.make_graph(
            self._nodes, f"{self.draw.rule}_{self.draw.number}", self._inputs, declared
        )
        graph.initializer.extend(self._weights)
        imports = [helper.make_opsetid("", self.opset)]
        model = helper.make_model(graph, opset_imports=imports, producer_name="property")
        old = self.opset < 7  # the table that helper asks does not know them all
        model.ir_version = 3 if old else max(3, helper.find_min_ir_version_for(imports))
        if self.domain:
            model.opset_import.append(helper.make_opsetid(self.domain, 1))
        if model.ir_version < 4:
            for tensor in self._weights:
                info = helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims)
                model.graph.input.append(info)
        inferred = onnx.shape_inference.infer_shapes(model)
        types = {v.name: v for v in inferred.graph.output}
        for value in model.graph.output:
            value.CopyFrom(types[value.name])
            if not value.type.tensor_type.elem_type:  # inference gave up: these keep their type
                first = self._inputs[0].type.tensor_type.elem_type
                value.type.tensor_type.elem_type = (kinds or {}).get(value.name, first)
            self._blur(value.type.tensor_type)
        if self.draw.chance(0.3):
            model.graph.value_info.extend(inferred.graph.value_info)
        return Case(model, dict(self._values), expected)


def single(
    draw: Draw,
    op: str,
    opset: int,
    operands: Sequence[Any],
    constant: Sequence[float] = (),
    outputs: int = 1,
    domain: str = "",
    expected: Optional[list[np.ndarray]] = None,
    **attributes: Any,
) -> Case:
    """One node. Operands are arrays, or None where one is absent; `constant` gives for each the
    probability that it is a constant (0 where not said: a graph input)."""
    graph = Graph(draw, opset, domain)
    names = []
    for index, value in enumerate(operands):
        if value is None:
            names.append("")
            continue
        probability = constant[index] if index < len(constant) else 0.0
        names.append(graph.operand(value, probability, "x" if probability == 0.0 else "w"))
    return graph.finish(graph.node(op, names, outputs, **attributes), expected=expected)
