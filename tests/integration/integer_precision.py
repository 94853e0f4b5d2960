#!/usr/bin/env python3
"""Integer activations: LiteRT runs the zoo's int8 and int16x8 files, and they compute the model.

    integer_precision.py BIN_DIR ZOO_DIR [NAME ...]

Converts ZOO_DIR/NAME.onnx (all when none is named) with `smelt convert --precision int8` and
`int16x8`, calibrated on the inputs beside it, runs source and file on them, and compares outputs by
the cosine of their angle. A file that LiteRT does not load, allocate and run fails whatever its
cosine would be. The trained CNN is calibrated on samples: it may lose half a point of its accuracy
on the others in int8, and nothing in int16x8; without samples the warning `uncalibrated` is due.
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
from integration.dynamic_range import cosine
from oracle.forked import Died, run_each
from oracle.judge import load_sets
from oracle.litert_side import LiteRtModel
from oracle.onnx_side import OnnxRuntimeEngine, source_ports

MODELS = Path(__file__).resolve().parents[1] / "models"
CALIBRATED_ON = 100
PRECISIONS = ("int8", "int16x8")
LEAST = {"int8": 0.95, "int16x8": 0.99}
# Boxes and scores are joined in one tensor, which has one scale: beside boxes of some hundred, 8
# bits leave nothing of the scores. Such a file must be refused, not published.
REFUSED = {("yolov8n", "int8")}
# Random weights amplify what rounding costs.
LEAST_OF = {
    ("efficientnet_b0", "int8"): 0.85, ("shufflenet_v2", "int8"): 0.85,
    ("deeplabv3", "int16x8"): 0.98, ("gpt2", "int16x8"): 0.98, ("mobilenet_v2", "int16x8"): 0.98,
    ("shufflenet_v2", "int16x8"): 0.92, ("yolov8n", "int16x8"): 0.98,
}


class Result(NamedTuple):
    cosine: float
    integer: int
    floats: int


def convert(bin_dir: str, model: Path, artifact: Path, *flags: str) -> dict:
    """The report."""
    report_file = artifact.with_suffix(".json")
    answer = subprocess.run(
        [f"{bin_dir}/smelt", "convert", model, "-o", artifact, "--report", report_file,
         "--standalone", "--progress", "quiet", *flags],
        capture_output=True, check=False, text=True,
    )
    if answer.returncode != 0:
        raise RuntimeError(f"{model.name}: {answer.stderr}")
    return json.loads(report_file.read_text())


def judge(work: tuple[str, Path, str, str]) -> Result:
    """The worst cosine of an output on any of the sets."""
    bin_dir, model, precision, folder = work
    artifact = Path(folder) / f"{model.stem}.{precision}.tflite"
    source = onnx.load(model)
    _, outputs = source_ports(source)
    sets = load_sets(str(model.with_suffix(".npz")), source)
    alike = [one for one in sets if all(one[name].shape == sets[0][name].shape for name in one)]
    samples = artifact.with_suffix(".npz")
    np.savez(samples, **{name: np.stack([one[name] for one in alike]) for name in sets[0]})
    said = convert(bin_dir, model, artifact, "--precision", precision, "--calibration",
                   str(samples))
    quantization = said["quantization"]
    reference, runtime = OnnxRuntimeEngine(str(model)), LiteRtModel(str(artifact))
    worst = 1.0
    for feed in sets:
        wanted, got = reference.run(outputs, feed), runtime.run(feed)
        for name, one in zip(outputs, wanted):
            if one.shape != got[name].shape:
                raise RuntimeError(f"output {name} is {got[name].shape}, expected {one.shape}")
            worst = min(worst, cosine(one, got[name]))
    return Result(worst, int(quantization.get("integer_operators", 0)),
                  int(quantization.get("float_operators", 0)))


def accuracy(path: str) -> tuple[float, float, float]:
    """Of the source and of the file at `path`, and the cosine of their outputs, on samples that it
    was not calibrated on."""
    with np.load(MODELS / "digits_samples.npz") as data:
        images, labels = data["images"][CALIBRATED_ON:], data["labels"][CALIBRATED_ON:]
    source, runtime = OnnxRuntimeEngine(str(MODELS / "digits_cnn.onnx")), LiteRtModel(path)
    theirs = [source.run(["logits"], {"image": image[None]})[0] for image in images]
    ours = [runtime.run({"image": image[None]})["logits"] for image in images]
    right = [np.mean([one.argmax() == label for one, label in zip(side, labels)])
             for side in (theirs, ours)]
    return float(right[0]), float(right[1]), cosine(np.stack(theirs), np.stack(ours))


def trained(bin_dir: str, folder: str, checks: dict[str, bool]) -> None:
    model = MODELS / "digits_cnn.onnx"
    said = convert(bin_dir, model, Path(folder) / "noise.tflite", "--precision", "int8")
    reasons = [one.get("reason_code") for one in said["diagnostics"]]
    checks[f"without samples: {reasons}"] = reasons == ["uncalibrated"]
    samples = Path(folder) / "samples.npz"
    with np.load(MODELS / "digits_samples.npz") as data:
        np.savez(samples, image=data["images"][:CALIBRATED_ON, None])
    for precision, lost, least in (("int8", 0.005, 0.999), ("int16x8", 0.0, 0.9999)):
        for flags in ([], ["--per-tensor"], ["--calibration-method", "mse"]):
            artifact = Path(folder) / "digits.tflite"
            convert(bin_dir, model, artifact, "--precision", precision, "--calibration",
                    str(samples), *flags)
            _, result = next(iter(run_each(accuracy, [str(artifact)], jobs=1, timeout=300)))
            label = f"trained CNN {precision} {' '.join(flags)}"
            if isinstance(result, Died):
                checks[f"{label}: {result}"] = False
                continue
            before, after, angle = result
            said = (f"{label}: {before:.4f} of its samples right, now {after:.4f}, "
                    f"cosine {angle:.6f}")
            checks[said] = before - after <= lost and angle >= (0.99 if flags else least)


def main() -> int:
    bin_dir, zoo, *names = sys.argv[1:]
    models = [Path(zoo) / f"{name}.onnx" for name in names] or sorted(Path(zoo).glob("*.onnx"))
    checks: dict[str, bool] = {f"{len(models)} models": bool(models)}
    with tempfile.TemporaryDirectory() as folder:
        works = [(bin_dir, model, precision, folder)
                 for model in models for precision in PRECISIONS]
        for (_, model, precision, _), result in run_each(judge, works, jobs=os.cpu_count() or 1,
                                                         timeout=600):
            label = f"{model.stem} {precision}"
            is_refused = (model.stem, precision) in REFUSED
            if isinstance(result, Died) or is_refused:
                checks[f"{label}: {result}"] = is_refused and "verification_mismatch" in str(result)
                continue
            least = LEAST_OF.get((model.stem, precision), LEAST[precision])
            said = (f"{label}: cosine {result.cosine:.5f} (at least {least}), {result.integer} "
                    f"operators in integers, {result.floats} in float32")
            checks[said] = result.cosine >= least and result.integer > 0
        if not names:
            trained(bin_dir, folder, checks)
    return report(checks)


if __name__ == "__main__":
    sys.exit(main())
