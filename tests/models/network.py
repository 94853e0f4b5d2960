"""Builds networks with plain onnx.helper, as an exporter would write them.

Weights are He-scaled and seeded. BatchNormalization statistics are those of four real passes (see
calibration.py): with default statistics activations shrink or grow until the output no longer
depends on the input, and then every conversion looks right.
"""

from __future__ import annotations

import zlib
from typing import Any, Callable, Mapping, Optional, Sequence

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from models.ports import Dim, Ports, Shape

class Network:
    """A model under construction. Knows the channel count of each value that a layer made."""

    def __init__(
        self,
        name: str,
        opset: int,
        size: Optional[int] = None,
        batch: Dim = 1,
        channels: int = 3,
        sizes: Optional[Mapping[str, Sequence[int]]] = None,
    ) -> None:
        """With a `size`, square images are the first input; `sizes` are those of Ports."""
        self.name = name
        self.opset = opset
        self.rng = np.random.default_rng(zlib.crc32(name.encode()))
        self.ports = Ports(name, sizes)
        self.bound: list[str] = []  # symbolic dimensions whose size the conversion is told
        # Shapes of float outputs where inference finds none or unnamed dimensions.
        self.declared: dict[str, Sequence[Dim]] = {}
        self.norms: list[onnx.NodeProto] = []
        self.weights: dict[str, np.ndarray] = {}
        self._nodes: list[onnx.NodeProto] = []
        self._channels: dict[str, int] = {}
        if size is not None:
            self.ports.images("images", batch, (channels, size, size))
            self._channels["images"] = channels

    @property
    def input(self) -> str:
        return self.ports[0].name

    def drawn(
        self,
        name: str,
        shape: Sequence[Dim],
        draw: Callable[[np.random.Generator, Shape], np.ndarray],
    ) -> str:
        """An input; see Ports."""
        self.ports.drawn(name, shape, draw)
        return name

    def channels(self, value: str) -> int:
        return self._channels[value]

    def with_channels(self, value: str, count: int) -> str:
        """The same value, said to have so many channels: what an operator not known here made."""
        self._channels[value] = count
        return value

    def add(
        self, op: str, inputs: Sequence[str], outputs: int = 1, **attributes: Any
    ) -> list[str]:
        """A node with exporter-like names; results inherit the first input's channel count."""
        number = len(self._nodes)
        scope = f"/{self.name}/{op}_{number}"
        names = [f"{scope}_output_{i}" for i in range(outputs)]
        given = {k: v for k, v in attributes.items() if v is not None}
        self._nodes.append(helper.make_node(op, list(inputs), names, name=scope, **given))
        if inputs and inputs[0] in self._channels:
            for name in names:
                self._channels[name] = self._channels[inputs[0]]
        return names

    def one(self, op: str, *inputs: str, **attributes: Any) -> str:
        return self.add(op, inputs, **attributes)[0]

    def constant(self, value: Any, stem: str = "const") -> str:
        name = f"{self.name}.{stem}_{len(self.weights)}"
        self.weights[name] = np.array(value, order="C")
        return name

    def int64(self, values: Any) -> str:
        return self.constant(np.array(values, np.int64), "shape")

    def random(self, shape: Sequence[int], scale: float, offset: float = 0.0) -> str:
        value = self.rng.standard_normal(tuple(shape), dtype=np.float32) * np.float32(scale)
        return self.constant(value + np.float32(offset), "weight")

    def conv(
        self,
        x: str,
        out: int,
        kernel: int = 1,
        stride: int = 1,
        groups: int = 1,
        bias: bool = False,
        pad: Optional[int] = None,
        gain: float = 2.0,
        dilation: int = 1,
        axes: int = 2,
    ) -> str:
        """Convolution over so many axes, with "half" padding unless told otherwise."""
        inputs = self.channels(x)
        fan_in = inputs // groups * kernel**axes
        shape = (out, inputs // groups) + (kernel,) * axes
        operands = [x, self.random(shape, np.sqrt(gain / fan_in))]
        if bias:
            operands.append(self.random((out,), 0.1))
        padding = kernel // 2 * dilation if pad is None else pad
        y = self.one(
            "Conv",
            *operands,
            kernel_shape=[kernel] * axes,
            strides=[stride] * axes,
            pads=[padding] * (2 * axes),
            dilations=[dilation] * axes,
            group=groups,
        )
        self._channels[y] = out
        return y

    def up_conv(self, x: str, out: int, kernel: int = 2, stride: int = 2) -> str:
        inputs = self.channels(x)
        weight = self.random((inputs, out, kernel, kernel), np.sqrt(2.0 / inputs))
        y = self.one(
            "ConvTranspose",
            x,
            weight,
            self.random((out,), 0.1),
            kernel_shape=[kernel, kernel],
            strides=[stride, stride],
        )
        self._channels[y] = out
        return y

    def norm(self, x: str) -> str:
        """BatchNormalization; its statistics are set by the calibration."""
        count = self.channels(x)
        operands = [
            self.constant(self.rng.uniform(0.6, 1.4, count).astype(np.float32), "gamma"),
            self.random((count,), 0.2),
            self.constant(np.zeros(count, np.float32), "mean"),
            self.constant(np.ones(count, np.float32), "var"),
        ]
        y = self.one("BatchNormalization", x, *operands, epsilon=1e-5, momentum=0.9)
        self.norms.append(self._nodes[-1])
        return y

    def conv_norm(
        self,
        x: str,
        out: int,
        kernel: int = 1,
        stride: int = 1,
        groups: int = 1,
        dilation: int = 1,
    ) -> str:
        return self.norm(self.conv(x, out, kernel, stride, groups, dilation=dilation))

    def relu(self, x: str) -> str:
        return self.one("Relu", x)

    def silu(self, x: str) -> str:
        return self.one("Mul", x, self.one("Sigmoid", x))

    def concat(self, values: Sequence[str], axis: int = 1) -> str:
        y = self.add("Concat", values, axis=axis)[0]
        if axis == 1 and all(v in self._channels for v in values):
            self._channels[y] = sum(self._channels[v] for v in values)
        return y

    def split_channels(self, x: str, parts: int) -> list[str]:
        """Equal parts along the channels, spelled as the opset demands."""
        size = self.channels(x) // parts
        if self.opset >= 13:
            names = self.add("Split", [x, self.int64([size] * parts)], parts, axis=1)
        else:
            names = self.add("Split", [x], parts, axis=1, split=[size] * parts)
        for name in names:
            self._channels[name] = size
        return names

    def max_pool(self, x: str, kernel: int, stride: int, pad: int = 0, ceil: int = 0) -> str:
        return self.one(
            "MaxPool",
            x,
            kernel_shape=[kernel, kernel],
            strides=[stride, stride],
            pads=[pad] * 4,
            ceil_mode=ceil or None,
        )

    def mean(self, x: str, axes: Sequence[int], keepdims: int = 1) -> str:
        """ReduceMean: its axes are an attribute until opset 17."""
        if self.opset >= 18:
            return self.one("ReduceMean", x, self.int64(axes), keepdims=keepdims)
        return self.one("ReduceMean", x, axes=list(axes), keepdims=keepdims)

    def unsqueeze(self, x: str, axis: int) -> str:
        if self.opset >= 13:
            return self.one("Unsqueeze", x, self.int64([axis]))
        return self.one("Unsqueeze", x, axes=[axis])

    def linear(self, x: str, inputs: int, out: int) -> str:
        weight = self.random((out, inputs), np.sqrt(1.0 / inputs))
        return self.one("Gemm", x, weight, self.random((out,), 0.1), alpha=1.0, beta=1.0, transB=1)

    def classifier(self, x: str, classes: int = 1000) -> str:
        """Global average, Flatten and a linear layer."""
        pooled = self.one("GlobalAveragePool", x)
        return self.linear(self.one("Flatten", pooled, axis=1), self.channels(x), classes)

    def model(self, outputs: dict[str, str]) -> onnx.ModelProto:
        """The model with the given values as outputs, by the name each gets."""
        nodes = list(self._nodes)
        renamed = {value: name for name, value in outputs.items()}
        for node in nodes:
            node.input[:] = [renamed.get(n, n) for n in node.input]
            node.output[:] = [renamed.get(n, n) for n in node.output]
        inputs = [
            helper.make_tensor_value_info(
                p.name, helper.np_dtype_to_tensor_dtype(self.ports.sample(p, 0).dtype), p.shape
            )
            for p in self.ports
        ]
        empty = [helper.make_empty_tensor_value_info(n) for n in outputs]
        graph = helper.make_graph(nodes, self.name, inputs, empty)
        graph.initializer.extend(numpy_helper.from_array(v, n) for n, v in self.weights.items())
        imports = [helper.make_opsetid("", self.opset)]
        model = helper.make_model(graph, opset_imports=imports, producer_name="zoo")
        model.ir_version = helper.find_min_ir_version_for(imports)
        inferred = onnx.shape_inference.infer_shapes(model)
        for value, known in zip(model.graph.output, inferred.graph.output):
            value.CopyFrom(known)
            if value.name in self.declared:
                shape = self.declared[value.name]
                value.CopyFrom(helper.make_tensor_value_info(value.name, TensorProto.FLOAT, shape))
        onnx.checker.check_model(model)
        return model
