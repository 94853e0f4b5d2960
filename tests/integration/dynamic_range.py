#!/usr/bin/env python3
"""Weights as int8: LiteRT computes the zoo's models nearly as ONNX Runtime does, from small files.

    dynamic_range.py BIN_DIR ZOO_DIR [NAME ...]

Converts ZOO_DIR/NAME.onnx (all when none is named) with `smelt-bench convert --precision
dynamic_range --verify run`, runs source and file on the inputs beside it, and compares outputs by
the cosine of their angle. The trained CNN is converted by the command line and must keep its
accuracy within half a point.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import onnx

from integration.checks import report
from oracle.forked import Died, run_each
from oracle.judge import load_sets
from oracle.litert_side import LiteRtModel
from oracle.onnx_side import OnnxRuntimeEngine, source_ports

MODELS = Path(__file__).resolve().parents[1] / "models"
LEAST_COSINE = 0.999
# Weights drawn at random spread over a channel as trained ones do not: what rounding costs, by
# model, where it costs more.
LEAST = {
    "deeplabv3": 0.998, "efficientnet_b0": 0.998, "gpt2": 0.998, "hrnet": 0.996,
    "resnet50": 0.99, "unet": 0.998, "vit_b": 0.998, "yolov8n": 0.993,
}
# A quarter of float32, and what stays: small weights, biases, tables of positions and the graph.
# Reduced widths leave some models hardly a weight that is not small.
LARGEST_SHARE = 0.6
SHARES = {
    "densenet121": 0.91, "shufflenet_v2": 0.8, "super_resolution": 1, "super_resolution_view": 1,
}


class Result(NamedTuple):
    cosine: float
    share: float


def convert(bin_dir: str, model: Path, artifact: Path, *flags: str) -> dict:
    answer = subprocess.run(
        [f"{bin_dir}/smelt-bench", "convert", model, "-o", artifact, "--json", *flags],
        capture_output=True, check=False, text=True,
    )
    if answer.returncode != 0:
        said = json.loads(answer.stdout)["report"]["message"] if answer.stdout else answer.stderr
        raise RuntimeError(f"{model.name}: {said}")
    return json.loads(answer.stdout)


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a.astype(np.float64).ravel(), b.astype(np.float64).ravel()
    lengths = np.linalg.norm(a) * np.linalg.norm(b)
    return float(a @ b / lengths) if lengths > 0 else float(np.array_equal(a, b))


def judge(work: tuple[str, Path, str]) -> Result:
    """The worst cosine of an output on any of the sets."""
    bin_dir, model, folder = work
    small = Path(folder) / f"{model.stem}.int8.tflite"
    whole = Path(folder) / f"{model.stem}.tflite"
    convert(bin_dir, model, small, "--precision", "dynamic_range", "--verify", "run")
    convert(bin_dir, model, whole)
    source = onnx.load(model)
    _, outputs = source_ports(source)
    reference, runtime = OnnxRuntimeEngine(str(model)), LiteRtModel(str(small))
    worst = 1.0
    for feed in load_sets(str(model.with_suffix(".npz")), source):
        wanted, got = reference.run(outputs, feed), runtime.run(feed)
        for name, one in zip(outputs, wanted):
            if one.shape != got[name].shape:
                raise RuntimeError(f"output {name} is {got[name].shape}, expected {one.shape}")
            worst = min(worst, cosine(one, got[name]))
    return Result(worst, small.stat().st_size / whole.stat().st_size)


def accuracy(path: str) -> tuple[float, float]:
    """Of the source and of the file at `path`, on the held-out samples."""
    with np.load(MODELS / "digits_samples.npz") as data:
        images, labels = data["images"], data["labels"]
    source, runtime = OnnxRuntimeEngine(str(MODELS / "digits_cnn.onnx")), LiteRtModel(path)
    theirs, ours = [], []
    for image in images:
        feed = {"image": image[None]}
        theirs.append(source.run(["logits"], feed)[0].argmax())
        ours.append(runtime.run(feed)["logits"].argmax())
    return float(np.mean(theirs == labels)), float(np.mean(ours == labels))


def trained(bin_dir: str, folder: str, checks: dict[str, bool]) -> None:
    model = MODELS / "digits_cnn.onnx"
    for flags in ([], ["--per-tensor"], ["--quantize-min-elements", "1"]):
        artifact = Path(folder) / "digits.tflite"
        subprocess.run(
            [f"{bin_dir}/smelt", "convert", model, "-o", artifact, "--standalone", "--progress",
             "quiet", "--precision", "dynamic_range", *flags],
            check=True, stdout=subprocess.DEVNULL,
        )
        _, result = next(iter(run_each(accuracy, [str(artifact)], jobs=1, timeout=300)))
        if isinstance(result, Died):
            checks[f"trained CNN {flags}: {result}"] = False
            continue
        before, after = result
        said = f"trained CNN {' '.join(flags)}: {before:.4f} of its samples right, now {after:.4f}"
        checks[said] = before - after <= 0.005


def main() -> int:
    bin_dir, zoo, names = sys.argv[1], Path(sys.argv[2]), sys.argv[3:]
    checks: dict[str, bool] = {}
    with tempfile.TemporaryDirectory() as folder:
        models = [zoo / f"{name}.onnx" for name in names] or sorted(zoo.glob("*.onnx"))
        works = [(bin_dir, model, folder) for model in models]
        for (_, model, _), result in run_each(judge, works, jobs=2, timeout=600):
            if isinstance(result, Died):
                checks[f"{model.stem}: {result}"] = False
                continue
            least = LEAST.get(model.stem, LEAST_COSINE)
            checks[f"{model.stem}: cosine {result.cosine:.5f}, {result.share:.3f} of float32"] = (
                result.cosine >= least and result.share <= SHARES.get(model.stem, LARGEST_SHARE))
        if not names:
            trained(bin_dir, folder, checks)
    return report(checks)


if __name__ == "__main__":
    sys.exit(main())
