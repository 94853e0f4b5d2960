#!/usr/bin/env python3
"""Bad input gets a clear answer, with its reason, from a daemon that lives on.

    bad_input.py BIN_DIR GOOD_MODEL

Each case is a file that a client uploads; the answer must name the reason, say something about it,
and leave a daemon that still converts GOOD_MODEL.
"""

from __future__ import annotations

import pathlib
import random
import sys
from collections.abc import Callable

import numpy as np
import onnx
from onnx import TensorProto, helper

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from daemon_process import DaemonProcess, report_of  # noqa: E402

F32 = TensorProto.FLOAT
I64 = TensorProto.INT64


def value(name: str, shape: list, kind: int = F32) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def ints(name: str, values: list[int]) -> onnx.TensorProto:
    return helper.make_tensor(name, I64, [len(values)], values)


def model(nodes: list, inputs: list, outputs: list, initializers: list = (), opset: int = 17,
          domains: list = ()) -> bytes:
    graph = helper.make_graph(nodes, "g", inputs, outputs, initializer=list(initializers))
    imports = [helper.make_opsetid("", opset), *(helper.make_opsetid(d, 1) for d in domains)]
    return helper.make_model(graph, opset_imports=imports).SerializeToString()


def relu(x: str, y: str) -> onnx.NodeProto:
    return helper.make_node("Relu", [x], [y])


def cyclic() -> bytes:
    nodes = [helper.make_node("Add", ["x", "b"], ["a"]), relu("a", "b")]
    return model(nodes, [value("x", [2])], [value("b", [2])])


def duplicate_names() -> bytes:
    return model([relu("x", "y"), relu("x", "y")], [value("x", [2])], [value("y", [2])])


def external(location: str) -> bytes:
    tensor = TensorProto(name="w", data_type=F32, dims=[4], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value=location)
    node = helper.make_node("Add", ["x", "w"], ["y"])
    return model([node], [value("x", [4])], [value("y", [4])], [tensor])


def overflowing_dimensions() -> bytes:
    tensor = TensorProto(name="w", data_type=F32, dims=[2**40, 2**40], raw_data=b"\0" * 16)
    node = helper.make_node("Add", ["x", "w"], ["y"])
    return model([node], [value("x", [1])], [value("y", ["a", "b"])], [tensor])


def huge_constant_of_shape() -> bytes:
    nodes = [helper.make_node("ConstantOfShape", ["s"], ["c"]),
             helper.make_node("Add", ["x", "c"], ["y"])]
    return model(nodes, [value("x", [1])], [value("y", ["n"])], [ints("s", [2**40])])


def huge_tile() -> bytes:
    node = helper.make_node("Tile", ["x", "r"], ["y"])
    return model([node], [value("x", [1024])], [value("y", ["n"])], [ints("r", [2**30])])


def huge_range() -> bytes:
    scalars = [helper.make_tensor(n, I64, [], [v]) for n, v in (("a", 0), ("b", 2**40), ("c", 1))]
    nodes = [helper.make_node("Range", ["a", "b", "c"], ["r"]),
             helper.make_node("Add", ["x", "r"], ["y"])]
    return model(nodes, [value("x", [1], I64)], [value("y", ["n"], I64)], scalars)


def short_payload() -> bytes:
    tensor = TensorProto(name="w", data_type=F32, dims=[4], raw_data=b"\0" * 12)
    node = helper.make_node("Add", ["x", "w"], ["y"])
    return model([node], [value("x", [4])], [value("y", [4])], [tensor])


def unknown_operator() -> bytes:
    node = helper.make_node("NoSuchOperator", ["x"], ["y"])
    return model([node], [value("x", [2])], [value("y", [2])])


def unknown_domain() -> bytes:
    node = helper.make_node("Relu", ["x"], ["y"], domain="example.unknown")
    return model([node], [value("x", [2])], [value("y", [2])], domains=["example.unknown"])


def varint(number: int) -> bytes:
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def field(number: int, payload: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def deep_if(depth: int = 5000) -> bytes:
    """Written on the wire: no library builds or parses such nesting."""
    graph = field(1, relu("x", "y").SerializeToString()) + field(2, b"g")
    for _ in range(depth):
        branches = b"".join(
            field(5, field(1, name) + field(6, graph if name == b"then_branch" else b"")
                  + varint(20 << 3) + varint(5))
            for name in (b"then_branch", b"else_branch")
        )
        node = field(1, b"c") + field(2, b"y") + field(4, b"If") + branches
        graph = field(1, node) + field(2, b"g")
    graph += field(11, value("c", [], TensorProto.BOOL).SerializeToString())
    graph += field(12, value("y", [2]).SerializeToString())
    return varint(1 << 3) + varint(8) + field(7, graph) + field(8, varint(2 << 3) + varint(17))


def empty_graph() -> bytes:
    return model([], [], [])


def no_outputs() -> bytes:
    return model([relu("x", "y")], [value("x", [2])], [])


def not_a_model() -> bytes:
    return random.Random(1).randbytes(4096)


CASES: dict[str, tuple[Callable[[], bytes], set[str]]] = {
    "random bytes": (not_a_model, {"not_a_model"}),
    "text": (lambda: b"hello, this is no model\n" * 9, {"not_a_model"}),
    "an empty file": (lambda: b"", {"not_a_model"}),
    "a cyclic graph": (cyclic, {"graph_cycle"}),
    "duplicate names": (duplicate_names, {"duplicate_name"}),
    "missing external data": (lambda: external("weights.bin"), {"external_data_missing"}),
    "an external path that climbs": (lambda: external("../../secret"), {"external_path_escapes"}),
    "an absolute external path": (lambda: external("/etc/hostname"), {"external_path_escapes"}),
    "dimensions that overflow": (overflowing_dimensions, {"dimension_overflow"}),
    "a ConstantOfShape of 2^40": (huge_constant_of_shape, {"tensor_too_large"}),
    "a Tile to 2^40": (huge_tile, {"tensor_too_large"}),
    "a Range of 2^40": (huge_range, {"tensor_too_large"}),
    "a payload shorter than its shape": (short_payload, {"payload_size_mismatch"}),
    "an unknown operator": (unknown_operator, {"unsupported_onnx_op"}),
    "an unknown domain": (unknown_domain, {"unsupported_domain"}),
    "opset 6": (lambda: model([relu("x", "y")], [value("x", [2])], [value("y", [2])], opset=6),
                {"unsupported_opset"}),
    "opset 99": (lambda: model([relu("x", "y")], [value("x", [2])], [value("y", [2])], opset=99),
                 {"unsupported_opset"}),
    "5,000 nested Ifs": (deep_if, {"nesting_too_deep"}),
    "an empty graph": (empty_graph, {"empty_graph"}),
    "a graph without outputs": (no_outputs, {"no_outputs"}),
}
# Where a cut falls between two fields the rest is a model that lacks something.
TRUNCATED = {"model_truncated", "not_a_model", "model_malformed", "empty_graph", "no_outputs",
             "undefined_name", "unsupported_opset", "payload_size_mismatch"}


def truncations(good: bytes, count: int = 20) -> dict[str, tuple[Callable[[], bytes], set[str]]]:
    cuts = np.linspace(1, len(good) - 1, count).astype(int)
    return {f"cut at byte {cut}": (lambda end=cut: good[:end], TRUNCATED) for cut in cuts}


def main() -> int:
    binaries, good = map(pathlib.Path, sys.argv[1:3])
    passed = failed = 0
    with DaemonProcess(binaries) as daemon:
        cases = {**CASES, **truncations(good.read_bytes())}
        for number, (name, (make, reasons)) in enumerate(cases.items()):
            folder = daemon.folder / str(number)
            folder.mkdir()
            (folder / "bad.onnx").write_bytes(make())
            done = daemon.client("convert", folder / "bad.onnx", "-o", folder / "out.tflite",
                                 "--report", folder / "report.json")
            report = folder / "report.json"
            said = report_of(report)["reason_code"] if report.exists() else ""
            named = said in reasons or any(reason in done.stderr for reason in reasons)
            explained = len(done.stderr.strip()) > 40
            problems = [text for bad, text in (
                (done.returncode not in (1, 2), f"exit status {done.returncode}"),
                (not named, f"reason {said or '?'}, expected one of {sorted(reasons)}"),
                (not explained, "no message"),
                ((folder / "out.tflite").exists(), "an artifact was published"),
                (not daemon.alive(), "the daemon died"),
            ) if bad]
            passed += not problems
            failed += bool(problems)
            if problems:
                print(f"FAILED {name}: {'; '.join(problems)}\n{done.stderr[-600:]}")
        done = daemon.client("convert", good, "-o", daemon.folder / "good.tflite")
        passed += done.returncode == 0
        failed += done.returncode != 0
        if done.returncode != 0:
            print(f"FAILED the good model afterwards: {done.stderr}")
    print(f"{passed} passed, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
