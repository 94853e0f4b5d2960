#!/usr/bin/env python3
"""A model beyond 2 GB: 40 large matrix products whose weights are external data.

    big_model.py [--gigabytes 4] [--bin build/release/bin] [--folder DIR] [--run]

Writes the source, converts it with smelt-bench, and prints in one run: seconds by stage, the
conversion's peak memory beside what is allowed (the model's bytes, 64 MiB, and twice its largest
tensor), and with --run whether LiteRT computes what numpy does. The source and the artifact need
twice the gigabytes on disk; they are removed at the end.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import subprocess
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper

LAYERS = 40
MIB = 1 << 20


def weight(layer: int, width: int) -> np.ndarray:
    """Seeded; scaled so that values neither vanish nor grow over the layers."""
    values = np.random.default_rng(layer).standard_normal((width, width), dtype=np.float32)
    return values / np.float32(np.sqrt(width))


def write_source(folder: pathlib.Path, width: int) -> pathlib.Path:
    nodes, tensors = [], []
    size = width * width * 4
    with open(folder / "weights.bin", "wb") as out:
        for layer in range(LAYERS):
            out.write(weight(layer, width).tobytes())
            tensor = TensorProto(
                name=f"w{layer}", data_type=TensorProto.FLOAT, dims=[width, width],
                data_location=TensorProto.EXTERNAL,
            )
            for key, value in (
                ("location", "weights.bin"), ("offset", str(layer * size)), ("length", str(size)),
            ):
                tensor.external_data.add(key=key, value=value)
            tensors.append(tensor)
            nodes.append(helper.make_node("MatMul", [f"x{layer}", f"w{layer}"], [f"x{layer + 1}"]))
    shape = [1, width]
    graph = helper.make_graph(
        nodes, "big",
        [helper.make_tensor_value_info("x0", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(f"x{LAYERS}", TensorProto.FLOAT, shape)],
        tensors,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    path = folder / "big.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def difference_in_runtime(artifact: pathlib.Path, width: int) -> float:
    """Largest difference to numpy over the largest element."""
    from ai_edge_litert.interpreter import Interpreter

    x = np.random.default_rng(LAYERS).standard_normal((1, width), dtype=np.float32)
    runtime = Interpreter(str(artifact))
    runtime.allocate_tensors()
    runtime.set_tensor(runtime.get_input_details()[0]["index"], x)
    runtime.invoke()
    got = runtime.get_tensor(runtime.get_output_details()[0]["index"])
    want = x
    for layer in range(LAYERS):
        want = want @ weight(layer, width)
    return float(np.abs(got - want).max() / np.abs(want).max())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gigabytes", type=float, default=4.0)
    parser.add_argument("--bin", type=pathlib.Path, default=pathlib.Path("build/release/bin"))
    parser.add_argument("--folder", help="where the temporary files go")
    parser.add_argument("--run", action="store_true", help="run the artifact in LiteRT, too")
    arguments = parser.parse_args()
    width = int(np.sqrt(arguments.gigabytes * 1e9 / LAYERS / 4)) // 64 * 64
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        folder = pathlib.Path(name)
        source = write_source(folder, width)
        artifact = folder / "big.tflite"
        answer = subprocess.run(
            [arguments.bin / "smelt-bench", "convert", source, "-o", artifact, "--with-folder",
             "--verify", "structure", "--json"],
            check=True, capture_output=True,
        )
        result = json.loads(answer.stdout)
        largest = width * width * 4
        allowed = LAYERS * largest + 64 * MIB + 2 * largest
        result["source_bytes"] = LAYERS * largest
        result["artifact_bytes"] = artifact.stat().st_size
        result["allowed_peak_rss_bytes"] = allowed
        if arguments.run:
            result["difference_in_litert"] = difference_in_runtime(artifact, width)
        print(json.dumps(result, indent=1))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
