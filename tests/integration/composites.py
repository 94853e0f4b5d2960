#!/usr/bin/env python3
"""Kept composites: LiteRT computes a transformer block with them as ONNX Runtime does without.

    composites.py BIN_DIR

The command line converts a block of a decoder, its norms and attentions spelled in several ways.
The file is looked at through the format's schema, and run with the default delegate, which knows
attention by its name, and without one, so that each definition runs too.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import onnx
import onnxruntime
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from flatbuffers import flexbuffers
from onnx import TensorProto, helper, numpy_helper

BATCH, ROWS, HEADS, SIZE = 2, 6, 4, 8
WIDTH = HEADS * SIZE
COMPOSITE, TRANSPOSE, PLACEHOLDER = 206, 39, 127
RMS, LAYER = "odml.rms_norm", "odml.group_norm"
ATTENTION = "odml.scaled_dot_product_attention"
NAMES = [RMS, LAYER, ATTENTION]


class Block:
    """Nodes and weights of a model on (batch, rows, width)."""

    def __init__(self, opset: int) -> None:
        self.opset = opset
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self.random = np.random.default_rng(5)

    def add(self, op: str, *inputs: str, **attributes: object) -> str:
        name = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], **attributes))
        return name

    def constant(self, value: object, dtype: type = np.float32) -> str:
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def row(self, low: float, high: float) -> str:
        return self.constant(self.random.uniform(low, high, WIDTH))

    def mean(self, x: str) -> str:
        return self.add("ReduceMean", x, axes=[-1], keepdims=1)

    def deviation(self, x: str) -> str:
        """sqrt(mean(x^2) + epsilon) of the last axis."""
        power = self.mean(self.add("Pow", x, self.constant(2)))
        return self.add("Sqrt", self.add("Add", power, self.constant(1e-5)))

    def rms_norm(self, x: str) -> str:
        inverse = self.add("Reciprocal", self.deviation(x))
        return self.add("Mul", self.row(0.5, 1.5), self.add("Mul", x, inverse))

    def layer_norm(self, x: str, spelled: bool) -> str:
        scale, shift = self.row(0.5, 1.5), self.row(-1, 1)
        if not spelled:
            return self.add("LayerNormalization", x, scale, shift, axis=-1, epsilon=1e-5)
        centered = self.add("Sub", x, self.mean(x))
        normal = self.add("Div", centered, self.deviation(centered))
        return self.add("Add", self.add("Mul", normal, scale), shift)

    def dense(self, x: str) -> str:
        weight = self.random.standard_normal((WIDTH, WIDTH)) * 1.6 / np.sqrt(WIDTH)
        bias = self.constant(self.random.standard_normal(WIDTH) * 0.1)
        return self.add("Add", self.add("MatMul", x, self.constant(weight)), bias)

    def heads(self, x: str, *order: int) -> str:
        sizes = self.constant([BATCH, ROWS, HEADS, SIZE], np.int64)
        return self.add("Transpose", self.add("Reshape", x, sizes), perm=order)

    def united(self, x: str) -> str:
        sizes = self.constant([BATCH, ROWS, WIDTH], np.int64)
        return self.add("Reshape", self.add("Transpose", x, perm=[0, 2, 1, 3]), sizes)

    def attention(self, x: str, mask: str, scale_both: bool) -> str:
        query = self.heads(self.dense(x), 0, 2, 1, 3)
        key = self.heads(self.dense(x), 0, 2, 3, 1)
        value = self.heads(self.dense(x), 0, 2, 1, 3)
        if scale_both:
            root = self.constant(SIZE ** -0.25)
            query, key = self.add("Mul", query, root), self.add("Mul", key, root)
            scores = self.add("MatMul", query, key)
        else:
            scores = self.add("Div", self.add("MatMul", query, key), self.constant(SIZE ** 0.5))
        if mask:
            scores = self.add("Add", scores, mask)
        weights = self.add("Softmax", scores, axis=-1)
        return self.united(self.add("MatMul", weights, value))

    def model(self, inputs: dict[str, list[object]], output: str) -> onnx.ModelProto:
        f32 = TensorProto.FLOAT
        shape = inputs["x"]
        graph = helper.make_graph(
            self.nodes, "block",
            [helper.make_tensor_value_info(name, f32, dims) for name, dims in inputs.items()],
            [helper.make_tensor_value_info(output, f32, shape)], self.weights)
        return helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=8)


def transformer_block() -> onnx.ModelProto:
    """Two attentions, one of them causal and padded, and norms by one node and by many."""
    b = Block(17)
    causal = np.triu(np.full((1, 1, ROWS, ROWS), -np.inf), 1)
    seen = b.add("Add", b.constant(causal), "padding")
    x = b.add("Add", "x", b.attention(b.layer_norm("x", False), seen, True))
    x = b.add("Add", x, b.attention(b.layer_norm(x, True), "", False))
    x = b.add("Add", x, b.dense(b.rms_norm(x)))
    return b.model({"x": [BATCH, ROWS, WIDTH], "padding": [BATCH, 1, 1, ROWS]}, b.rms_norm(x))


def native_attention() -> onnx.ModelProto:
    """ONNX's own operator, causal, on heads apart."""
    b = Block(23)
    y = b.add("Attention", "x", "x", "x", is_causal=1, scale=0.7)
    return b.model({"x": [BATCH, HEADS, ROWS, SIZE]}, y)


def attention_on_heads(batch: object, heads: int) -> onnx.ModelProto:
    b = Block(17)
    key = b.add("Transpose", "x", perm=[0, 1, 3, 2])
    weights = b.add("Softmax", b.add("MatMul", "x", key), axis=-1)
    return b.model({"x": [batch, heads, ROWS, SIZE]}, b.add("MatMul", weights, "x"))


def norms_of_any_batch() -> onnx.ModelProto:
    b = Block(17)
    return b.model({"x": ["batch", ROWS, WIDTH]}, b.rms_norm(b.layer_norm("x", False)))


class Composite(NamedTuple):
    name: str
    attributes: dict[str, object]
    body: str          # the name of its subgraph
    body_index: int
    inputs: list[tuple[int, ...]]


class File:
    def __init__(self, path: Path) -> None:
        self.model = schema.ModelT.InitFromPackedBuf(path.read_bytes(), 0)
        self.codes = [max(c.builtinCode, c.deprecatedBuiltinCode) for c in self.model.operatorCodes]

    def old_code(self) -> list[int]:
        """The one-byte field of the composite's code."""
        return [code.deprecatedBuiltinCode for code, number in
                zip(self.model.operatorCodes, self.codes) if number == COMPOSITE]

    def composites(self) -> list[Composite]:
        found = []
        main = self.model.subgraphs[0]
        for op in main.operators:
            if self.codes[op.opcodeIndex] != COMPOSITE:
                continue
            options = op.builtinOptions2
            index = options.decompositionSubgraphIndex
            found.append(Composite(
                options.name.decode(), flexbuffers.Loads(bytes(options.compositeAttributes)),
                self.model.subgraphs[index].name.decode(), index,
                [tuple(main.tensors[i].shape) for i in op.inputs]))
        return found

    def names(self) -> list[str]:
        return sorted(composite.name for composite in self.composites())

    def transposes(self) -> int:
        return sum(self.codes[op.opcodeIndex] == TRANSPOSE
                   for op in self.model.subgraphs[0].operators)

    def entry_points(self) -> set[int]:
        return {signature.subgraphIndex for signature in self.model.signatureDefs}


def convert(folder: str, model: Path, artifact: Path, *flags: str) -> File:
    subprocess.run(
        [f"{folder}/smelt", "convert", model, "-o", artifact, "--standalone",
         "--progress", "quiet", *flags],
        check=True, stdout=subprocess.DEVNULL,
    )
    return File(artifact)


def run(artifact: Path, feed: dict[str, np.ndarray], delegate: bool) -> np.ndarray:
    resolver = OpResolverType.AUTO if delegate else OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = Interpreter(str(artifact), experimental_op_resolver_type=resolver, num_threads=1)
    return next(iter(interpreter.get_signature_runner()(**feed).values()))


def close(expected: np.ndarray, actual: np.ndarray) -> bool:
    return actual.shape == expected.shape and np.allclose(actual, expected, rtol=1e-4, atol=1e-4)


class Judge:
    def __init__(self, bin_dir: str, folder: Path) -> None:
        self.bin_dir, self.folder = bin_dir, folder
        self.random = np.random.default_rng(1)
        self.checks: dict[str, bool] = {}

    def draw(self, *shape: int) -> np.ndarray:
        return self.random.standard_normal(shape).astype(np.float32)

    def saved(self, name: str, model: onnx.ModelProto) -> Path:
        onnx.save(model, self.folder / name)
        return self.folder / name

    def computes(self, what: str, model: Path, artifact: Path, feed: dict[str, np.ndarray]) -> None:
        (expected,) = onnxruntime.InferenceSession(str(model)).run(None, feed)
        for delegate in (True, False):
            said = f"{what} {'with' if delegate else 'without'} the delegate"
            self.checks[said] = close(expected, run(artifact, feed, delegate))

    def block(self) -> None:
        model = self.saved("block.onnx", transformer_block())
        artifact = self.folder / "block.tflite"
        kept = convert(self.bin_dir, model, artifact, "--composites", "all")
        composites = kept.composites()
        checks = self.checks
        checks["each norm and attention is one operator"] = kept.names() == sorted(
            [RMS, RMS, LAYER, LAYER, ATTENTION, ATTENTION])
        checks["the code has its placeholder"] = kept.old_code() == [PLACEHOLDER]
        checks["bodies are named after it"] = all(
            c.body in (f"{c.name}.impl", f"{c.name}.impl_1") for c in composites)
        checks["bodies are no entry points"] = kept.entry_points() == {0}
        bodies = {name: {c.body_index for c in composites if c.name == name} for name in NAMES}
        checks["equal bodies are one"] = len(bodies[RMS]) == 1 and len(bodies[LAYER]) == 1
        near = np.float32(1e-5)
        attributes = {c.name: c.attributes for c in composites}
        checks["attributes of the RMS norm"] = attributes[RMS] == {"epsilon": near}
        checks["attributes of the layer norm"] = attributes[LAYER] == {
            "epsilon": near, "num_groups": 1, "channel_axis": 2, "sub_type": 1}
        checks["attributes of the attention"] = list(attributes[ATTENTION]) == ["scale"] and \
            np.isclose(attributes[ATTENTION]["scale"], SIZE ** -0.5, rtol=1e-6)
        rows = (BATCH, ROWS, HEADS, SIZE)
        checks["heads come behind the rows"] = all(
            c.inputs[:3] == [rows] * 3 and len(c.inputs[3]) == 4
            for c in composites if c.name == ATTENTION)
        checks["nothing is turned around them"] = kept.transposes() == 0
        padding = np.zeros((BATCH, 1, 1, ROWS), np.float32)
        padding[1, 0, 0, 4:] = np.finfo(np.float32).min
        feed = {"x": self.draw(BATCH, ROWS, WIDTH), "padding": padding}
        self.computes("block", model, artifact, feed)

        plain = convert(self.bin_dir, model, self.folder / "plain.tflite")
        none = convert(self.bin_dir, model, self.folder / "none.tflite", "--composites", "none")
        checks["none are kept unless asked for"] = plain.names() == [] and none.names() == []
        for name in NAMES:
            only = convert(self.bin_dir, model, self.folder / "one.tflite", "--composites", name)
            checks[f"{name} alone"] = only.names() == [name, name]
        old = convert(self.bin_dir, model, artifact, "--composites", "all", "--min-runtime", "2.16")
        checks["an old runtime gets the definitions"] = old.names() == []
        half = convert(self.bin_dir, model, artifact, "--composites", "all", "--float16")
        checks["float16 weights beside them"] = half.names() == kept.names()
        close_enough = np.abs(run(artifact, feed, True) -
                              run(self.folder / "plain.tflite", feed, True)).max()
        checks["which computes the same but for rounding"] = close_enough < 0.1

    def others(self) -> None:
        artifact = self.folder / "other.tflite"
        model = self.saved("attention.onnx", native_attention())
        kept = convert(self.bin_dir, model, artifact, "--composites", "all")
        self.checks["ONNX's own attention"] = kept.names() == [ATTENTION]
        self.computes("ONNX's own attention", model, artifact,
                      {"x": self.draw(BATCH, HEADS, ROWS, SIZE)})
        # The CPU delegate can't allocate several batches of a single head.
        for batch, heads, names in ((2, 1, []), (1, 1, [ATTENTION]), ("batch", 2, [ATTENTION])):
            what = f"attention of {heads} heads, batch {batch}"
            model = self.saved("heads.onnx", attention_on_heads(batch, heads))
            kept = convert(self.bin_dir, model, artifact, "--composites", "all")
            self.checks[what] = kept.names() == names
            for size in (batch,) if isinstance(batch, int) else (1, 3):
                self.computes(f"{what}: {size}", model, artifact,
                              {"x": self.draw(size, heads, ROWS, SIZE)})
        model = self.saved("norms.onnx", norms_of_any_batch())
        kept = convert(self.bin_dir, model, artifact, "--composites", "all")
        self.checks["norms of an open batch"] = kept.names() == [LAYER, RMS]
        for batch in (1, 3):
            self.computes(f"norms of {batch}", model, artifact,
                          {"x": self.draw(batch, ROWS, WIDTH)})


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        judge = Judge(sys.argv[1], Path(name))
        judge.block()
        judge.others()
    for text, good in judge.checks.items():
        print("ok    " if good else "FAILED", text)
    good = sum(judge.checks.values())
    print(f"{good} passed, {len(judge.checks) - good} failed")
    return 0 if good == len(judge.checks) else 1


if __name__ == "__main__":
    sys.exit(main())
