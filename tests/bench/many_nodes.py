#!/usr/bin/env python3
"""Does the time of a conversion grow as its graph does?

    many_nodes.py [--bin build/release/bin] [--nodes 2000 64000] [--rounds 5]

Writes a residual network for each number of nodes (every fifth block works channels last, so that
the layout has something to decide) and converts all by turns, each conversion in a process of its
own, the smaller ones several times a round. Prints, as JSON, for each size the fastest round's
seconds (verification apart), and how much more the last size takes than the first: the median of
the rounds, each of which sees one state of the machine (the fastest of many short runs is luckier
than that of a few long ones, which `fastest_ratio` is left to). The nodes' ratio is the least that
a linear conversion takes.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile

import numpy as np
from onnx import TensorProto, helper, numpy_helper

CHANNELS = 8
REPEATS = 8  # of the smaller sizes, in a round
SHAPE = [1, CHANNELS, 8, 8]


def write_source(path: pathlib.Path, count: int) -> int:
    """Returns how many nodes the graph has: the first number of whole blocks from `count` on."""
    rng = np.random.default_rng(0)
    kernel = (rng.standard_normal((CHANNELS, CHANNELS, 3, 3)) * 0.1).astype(np.float32)
    nodes, last, block = [], "x", 0
    while len(nodes) < count:
        nodes += [
            helper.make_node("Conv", [last, "w"], [f"c{block}"], pads=[1, 1, 1, 1]),
            helper.make_node("Relu", [f"c{block}"], [f"r{block}"]),
            helper.make_node("Add", [f"r{block}", last], [f"a{block}"]),
        ]
        last = f"a{block}"
        if block % 5 == 0:
            nodes += [
                helper.make_node("Transpose", [last], [f"t{block}"], perm=[0, 2, 3, 1]),
                helper.make_node("Sigmoid", [f"t{block}"], [f"s{block}"]),
                helper.make_node("Transpose", [f"s{block}"], [f"u{block}"], perm=[0, 3, 1, 2]),
            ]
            last = f"u{block}"
        block += 1
    graph = helper.make_graph(
        nodes, "many",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, SHAPE)],
        [helper.make_tensor_value_info(last, TensorProto.FLOAT, SHAPE)],
        [numpy_helper.from_array(kernel, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    path.write_bytes(model.SerializeToString())
    return len(nodes)


def convert(tool: pathlib.Path, source: pathlib.Path) -> dict[str, float]:
    answer = subprocess.run(
        [tool, "convert", source, "-o", source.with_suffix(".tflite"), "--verify", "structure",
         "--json"],
        check=True, capture_output=True,
    )
    return json.loads(answer.stdout)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=pathlib.Path, default=pathlib.Path("build/release/bin"))
    parser.add_argument("--nodes", type=int, nargs="+", default=[2000, 64000])
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    sizes = []
    with tempfile.TemporaryDirectory() as name:
        sources = [pathlib.Path(name) / f"{count}.onnx" for count in arguments.nodes]
        for source, count in zip(sources, arguments.nodes):
            sizes.append({"nodes": write_source(source, count), "seconds": float("inf")})
        ratios = []
        for _ in range(arguments.rounds):
            means = []
            for source, size in zip(sources, sizes):
                repeats = REPEATS if size is not sizes[-1] else 1
                seconds = [convert(arguments.bin / "smelt-bench", source)["conversion_seconds"]
                           for _ in range(repeats)]
                size["seconds"] = min([size["seconds"], *seconds])
                means.append(statistics.mean(seconds))
            ratios.append(means[-1] / means[0])
    first, last = sizes[0], sizes[-1]
    print(json.dumps({
        "sizes": sizes,
        "node_ratio": last["nodes"] / first["nodes"],
        "time_ratio": statistics.median(ratios),
        "fastest_ratio": last["seconds"] / first["seconds"],
    }, indent=1))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
