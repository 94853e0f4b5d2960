#!/usr/bin/env python3
"""Several signatures in one artifact: LiteRT computes each as ONNX Runtime does the whole model.

    signatures.py BIN_DIR

A small decoder with a cache is converted by the command line into prefill, decode and its head.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from integration.checks import report
from oracle.litert_side import LiteRtModel

WIDTH, WORDS = 64, 96
FLAGS = (
    "--signature", "prefill:seq=5,past=0",
    "--signature", "decode:seq=1",
    "--signature", "head:from=mixed,to=logits,seq=2",
)


def decoder() -> onnx.ModelProto:
    """Attention of new rows over the cache and themselves, then logits."""
    random = np.random.default_rng(7)

    def weight(name: str, *shape: int) -> onnx.TensorProto:
        return numpy_helper.from_array(
            (random.standard_normal(shape) / np.sqrt(shape[0])).astype(np.float32), name)

    nodes = [
        helper.make_node("MatMul", ["x", "wq"], ["q"]),
        helper.make_node("MatMul", ["x", "wk"], ["k"]),
        helper.make_node("Concat", ["cache", "k"], ["all"], axis=1),
        helper.make_node("Transpose", ["all"], ["turned"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["q", "turned"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["p"], axis=-1),
        helper.make_node("MatMul", ["p", "all"], ["mixed"]),
        helper.make_node("MatMul", ["mixed", "wo"], ["logits"]),
    ]
    f32 = TensorProto.FLOAT
    graph = helper.make_graph(
        nodes, "decoder",
        [helper.make_tensor_value_info("x", f32, [1, "seq", WIDTH]),
         helper.make_tensor_value_info("cache", f32, [1, "past", WIDTH])],
        [helper.make_tensor_value_info("logits", f32, [1, "seq", WORDS]),
         helper.make_tensor_value_info("all", f32, [1, "past + seq", WIDTH])],
        [weight("wq", WIDTH, WIDTH), weight("wk", WIDTH, WIDTH), weight("wo", WIDTH, WORDS)],
        value_info=[helper.make_tensor_value_info("mixed", f32, [1, "seq", WIDTH])],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def convert(folder: str, model: Path, artifact: Path, *flags: str) -> int:
    subprocess.run(
        [f"{folder}/smelt", "convert", model, "-o", artifact, "--standalone",
         "--progress", "quiet", *flags],
        check=True, stdout=subprocess.DEVNULL,
    )
    return artifact.stat().st_size


def close(expected: list[np.ndarray], actual: dict[str, np.ndarray], names: list[str]) -> bool:
    return sorted(actual) == sorted(names) and all(
        np.allclose(value, actual[name], rtol=1e-4, atol=1e-5)
        for name, value in zip(names, expected)
    )


def main() -> int:
    bin_dir = sys.argv[1]
    random = np.random.default_rng(1)
    checks: dict[str, bool] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = folder / "decoder.onnx"
        shown = decoder()
        # Not a declared output, but what the head begins with.
        shown.graph.output.append(shown.graph.value_info[0])
        onnx.save(decoder(), model)
        source = onnxruntime.InferenceSession(shown.SerializeToString())
        artifact = folder / "decoder.tflite"
        size = convert(bin_dir, model, artifact, *FLAGS)
        alone = convert(bin_dir, model, folder / "alone.tflite", "--dim", "seq=1")
        checks["three signatures in little more than one's size"] = size < 1.3 * alone

        def draw(rows: int) -> np.ndarray:
            return random.standard_normal((1, rows, WIDTH)).astype(np.float32)

        def run(signature: str, feed: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
            return LiteRtModel(str(artifact), signature).run(feed)

        prompt, empty = draw(5), np.zeros((1, 0, WIDTH), np.float32)
        logits, cache, mixed = source.run(None, {"x": prompt, "cache": empty})
        checks["prefill"] = close(
            [logits, cache], run("prefill", {"x": prompt, "cache": empty}), ["logits", "all"])
        checks["head"] = close([logits[:, :2]], run("head", {"mixed": mixed[:, :2]}), ["logits"])
        word = draw(1)
        for _ in range(3):  # the cache grows: its size stayed open
            logits, grown, _ = source.run(None, {"x": word, "cache": cache})
            checks[f"decode after {cache.shape[1]}"] = close(
                [logits, grown], run("decode", {"x": word, "cache": cache}), ["logits", "all"])
            word, cache = draw(1), grown
    return report(checks)


if __name__ == "__main__":
    sys.exit(main())
