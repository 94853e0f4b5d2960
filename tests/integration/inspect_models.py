#!/usr/bin/env python3
"""What `smelt inspect --json` says of .tflite files is what LiteRT says of them.

    inspect_models.py BIN_DIR FILE ...

FILE is a .tflite file of whatever origin, or an .onnx file, which `smelt-bench convert` makes one
of, as it is and with int8 weights. Compared by tensor: name, type, sizes, scales, zero points and
axis; by operator: name, inputs and outputs; and the names of the signatures' tensors.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Iterator

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from integration.checks import report

TYPES = {
    "f32": np.float32, "f16": np.float16, "i8": np.int8, "u8": np.uint8, "i16": np.int16,
    "i32": np.int32, "i64": np.int64, "bool": np.bool_, "string": np.bytes_,
}


def tensor_differs(ours: dict, theirs: dict) -> bool:
    sizes = ours["shape_signature"] or ours["shape"]
    quantization = theirs["quantization_parameters"]
    own = ours.get("quantization") or {"scales": [], "zero_points": [], "axis": 0}
    scales = np.asarray(own["scales"], np.float32)
    return (
        ours["name"] != theirs["name"]
        or list(sizes) != list(theirs["shape_signature"])
        or TYPES.get(ours["type"]) is not theirs["dtype"]
        or not np.array_equal(scales, quantization["scales"])
        or [int(zero) for zero in own["zero_points"]] != list(quantization["zero_points"])
        or (len(scales) > 1 and own["axis"] != quantization["quantized_dimension"])
    )


def operator_differs(ours: dict, theirs: dict) -> bool:
    return (
        ours["name"] != theirs["op_name"]
        or ours["inputs"] != [int(i) for i in theirs["inputs"]]
        or ours["outputs"] != [int(i) for i in theirs["outputs"]]
    )


def differences(description: dict, file: bytes) -> Iterator[str]:
    """Of the main subgraph, and of the signatures' names."""
    interpreter = Interpreter(
        model_content=file,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    if description["problem_count"] != "0":
        yield f"problems: {description['problems']}"
    tflite = description["tflite"]
    main = tflite["subgraphs"][0]
    details = {one["index"]: one for one in interpreter.get_tensor_details()}
    for index, tensor in enumerate(main["tensors"]):
        if index not in details:
            yield f"tensor {index} {tensor['name']} is not in LiteRT"
        elif tensor_differs(tensor, details[index]):
            yield f"tensor {index}: {tensor} is not {details[index]}"
    operators = interpreter._get_ops_details()  # pylint: disable=protected-access
    if len(operators) != len(main["operators"]):
        yield f"{len(main['operators'])} operators, not {len(operators)}"
    for ours, theirs in zip(main["operators"], operators):
        if operator_differs(ours, theirs):
            yield f"operator {ours} is not {theirs}"
    signatures = {
        one["key"]: {
            "inputs": sorted(port["name"] for port in one["inputs"]),
            "outputs": sorted(port["name"] for port in one["outputs"]),
        }
        for one in tflite["signatures"]
    }
    theirs = {
        key: {side: sorted(names) for side, names in sides.items()}
        for key, sides in interpreter.get_signature_list().items()
    }
    if signatures != theirs:
        yield f"signatures {signatures}, not {theirs}"


def inspect(bin_dir: str, file: Path) -> dict:
    answer = subprocess.run(
        [f"{bin_dir}/smelt", "inspect", file, "--json", "--standalone", "--progress", "quiet"],
        capture_output=True, check=True, text=True,
    )
    return json.loads(answer.stdout)


def files_of(bin_dir: str, given: list[str], folder: Path) -> Iterator[tuple[str, Path]]:
    for name in given:
        if not name.endswith(".onnx"):
            yield Path(name).name, Path(name)
            continue
        for precision in ("float32", "dynamic_range"):
            made = folder / f"{Path(name).stem}.{precision}.tflite"
            subprocess.run(
                [f"{bin_dir}/smelt-bench", "convert", name, "-o", made, "--verify", "structure",
                 "--precision", precision],
                capture_output=True, check=True,
            )
            yield made.name, made


def main() -> int:
    bin_dir, given = sys.argv[1], sys.argv[2:]
    checks: dict[str, bool] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, file in files_of(bin_dir, given, Path(folder)):
            found = list(differences(inspect(bin_dir, file), file.read_bytes()))
            for line in found[:5]:
                print(f"{name}: {line}", file=sys.stderr)
            checks[f"{name} is described as LiteRT sees it"] = not found
    return report(checks)


if __name__ == "__main__":
    sys.exit(main())
