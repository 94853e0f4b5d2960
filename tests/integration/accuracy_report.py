#!/usr/bin/env python3
"""The accuracy report's figures are those of LiteRT beside ONNX Runtime.

    accuracy_report.py BIN_DIR MODEL...

Converts each model to every precision with an accuracy report, and runs source and file in the
stock runtimes on noise drawn as the report says. The draws differ, so the errors are compared as
shares of the signal: where a precision rounds, they must be alike; in float32, small on both sides,
and no layer may be outside its limits: what a tensor is called is what it holds.
Models take floating-point inputs of static shapes.
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
from oracle.litert_side import LiteRtModel
from oracle.onnx_side import OnnxRuntimeEngine

ROUNDING = ("float16", "dynamic_range")
SAMPLES = 6
# Of shares of error, each from a few draws of another generator.
FACTOR = 1.6
FLOAT32_SHARE = 1e-4


def convert(bin_dir: str, model: Path, artifact: Path, precision: str) -> dict:
    """The accuracy report."""
    answer = subprocess.run(
        [f"{bin_dir}/smelt-bench", "convert", model, "-o", artifact, "--accuracy", "--precision",
         precision],
        capture_output=True, check=False, text=True,
    )
    if answer.returncode != 0:
        raise RuntimeError(f"{model.name}: {answer.stdout}{answer.stderr}")
    return json.loads((artifact.parent / f"{model.stem}_accuracy_report.json").read_text())


def noise(model: onnx.ModelProto, random: np.random.Generator) -> dict[str, np.ndarray]:
    weights = {initializer.name for initializer in model.graph.initializer}
    feed = {}
    for port in model.graph.input:
        if port.name in weights:
            continue
        shape = [dim.dim_value for dim in port.type.tensor_type.shape.dim]
        feed[port.name] = random.uniform(-1, 1, shape).astype(np.float32)
    return feed


class Found(NamedTuple):
    shares: dict[str, tuple[float, float]]  # by output, of error: told, and the runtimes'
    layers: dict


def judge(work: tuple[str, Path, str]) -> Found:
    bin_dir, model, precision = work
    source = onnx.load(model)
    outputs = [port.name for port in source.graph.output]
    with tempfile.TemporaryDirectory() as folder:
        artifact = Path(folder) / "model.tflite"
        said = convert(bin_dir, model, artifact, precision)
        reference, runtime = OnnxRuntimeEngine(str(model)), LiteRtModel(str(artifact))
        random = np.random.default_rng(7)
        errors = {name: [0.0, 0.0] for name in outputs}
        for _ in range(SAMPLES):
            feed = noise(source, random)
            wanted, got = reference.run(outputs, feed), runtime.run(feed)
            for name, one in zip(outputs, wanted):
                errors[name][0] += float(np.mean((got[name] - one).astype(np.float64) ** 2))
                errors[name][1] += float(np.mean(one.astype(np.float64) ** 2))
    shares = {}
    for output in said["per_output_metrics"]:
        error, signal = errors[output["name"]]
        told = output["average"]
        shares[output["name"]] = (told["rmse"] / told["ref_rms"], (error / signal) ** 0.5)
    return Found(shares, said["layer_summary"])


def agrees(precision: str, told: float, seen: float) -> bool:
    if precision in ROUNDING:
        return told > 0 and seen > 0 and max(told / seen, seen / told) <= FACTOR
    return max(told, seen) <= FLOAT32_SHARE


def main() -> int:
    bin_dir, models = sys.argv[1], [Path(name) for name in sys.argv[2:]]
    works = [(bin_dir, model, precision)
             for model in models for precision in ("float32", *ROUNDING)]
    checks: dict[str, bool] = {}
    for (_, model, precision), result in run_each(judge, works, jobs=2, timeout=600):
        what = f"{model.stem} in {precision}"
        if isinstance(result, Died):
            checks[f"{what}: {result}"] = False
            continue
        layers = result.layers
        compared, outside = layers["compared"], layers["outside_limits"]
        checks[f"{what}: {compared} layers compared, {outside} outside"] = compared > 0 and (
            precision != "float32" or outside == 0)
        for name, (told, seen) in result.shares.items():
            checks[f"{what}, {name}: error {told:.2e} of the signal told, {seen:.2e} seen"] = (
                agrees(precision, told, seen))
    return report(checks)


if __name__ == "__main__":
    sys.exit(main())
