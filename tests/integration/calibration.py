#!/usr/bin/env python3
"""Samples to calibrate with travel through the command line, a daemon and its worker.

    calibration.py BIN_DIR

Each form of the same samples (NPY, NPZ, folders, raw, Fortran order, channels last) must give the
ranges that NumPy and ONNX Runtime give, each broken one the reason calibration_data_invalid.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from integration.checks import report

MODELS = Path(__file__).resolve().parents[1] / "models"
MODEL = MODELS / "digits_cnn.onnx"


def run(bin_dir: str, folder: Path, *flags: str | Path) -> tuple[int, dict]:
    """The exit code, and the report."""
    answer = folder / "report.json"
    answer.unlink(missing_ok=True)
    done = subprocess.run(
        [f"{bin_dir}/smelt", "convert", MODEL, "-o", folder / "out.tflite", "--standalone",
         "--progress", "quiet", "--report", answer, *flags],
        capture_output=True, check=False, text=True,
    )
    found = json.loads(answer.read_text()) if answer.exists() else {"message": done.stderr}
    return done.returncode, found


def write_forms(folder: Path, images: np.ndarray) -> dict[str, list[str | Path]]:
    """The same samples of the input "image", f32[1,1,8,8], as flags."""
    np.save(folder / "rows.npy", images)
    np.save(folder / "own_axis.npy", images[:, None])
    np.save(folder / "double.npy", images.astype(np.float64))
    np.save(folder / "fortran.npy", np.asfortranarray(images))
    np.save(folder / "big_endian.npy", images.astype(">f4"))
    np.save(folder / "last.npy", images.transpose(0, 2, 3, 1))
    np.savez(folder / "stored.npz", image=images, labels=np.arange(len(images)))
    np.savez_compressed(folder / "packed.npz", image=images)
    (folder / "raw.bin").write_bytes(images.astype("<f4").tobytes())
    parts = folder / "parts"
    parts.mkdir()
    for i, part in enumerate(np.array_split(images, 7)):
        np.save(parts / f"{i}.npy", part)
    (parts / "notes.txt").write_text("not a sample")
    last = ["--calibration-layout", "image=nhwc"]
    return {
        "rows": [folder / "rows.npy"],
        "by the input's name": [f"image={folder / 'rows.npy'}"],
        "an axis of their own": [folder / "own_axis.npy"],
        "double": [folder / "double.npy"],
        "Fortran order": [folder / "fortran.npy"],
        "big endian": [folder / "big_endian.npy"],
        "channels last": [folder / "last.npy", *last],
        "input channels last": [folder / "last.npy", "--input-layout", "image=nhwc"],
        "stored archive": [folder / "stored.npz"],
        "deflated archive": [folder / "packed.npz"],
        "raw": [f"{folder / 'raw.bin'}:f32"],
        "a folder": [parts],
    }


def ranges(bin_dir: str, folder: Path, checks: dict[str, bool]) -> None:
    with np.load(MODELS / "digits_samples.npz") as data:
        images = data["images"] * np.float32(3) - np.float32(1.25)
    images[5, 0, 0, 0] = np.nan
    images[6, 0, 0, 0] = -np.inf
    finite = images[np.isfinite(images)].astype(np.float64)
    found = []
    for name, (path, *flags) in write_forms(folder, images).items():
        code, answer = run(bin_dir, folder, "--calibration", path, *flags)
        said = answer.get("calibration", {})
        entry = (said.get("input_ranges") or [{}])[0]
        measured = entry.get("min"), entry.get("max"), int(said.get("samples", 0))
        checks[f"{name}: {measured}, {answer.get('message', '')}"] = (
            code == 0 and measured == (finite.min(), finite.max(), len(images))
        )
        if name != "input channels last":
            found.append((said, (folder / "out.tflite").read_bytes()))
    checks["every form measures the same"] = all(one == found[0] for one in found)
    run(bin_dir, folder)
    checks["the file is that of a job without"] = (
        (folder / "out.tflite").read_bytes() == found[0][1]
    )


def methods(bin_dir: str, folder: Path, checks: dict[str, bool]) -> None:
    with np.load(MODELS / "digits_samples.npz") as data:
        images = data["images"]
    np.save(folder / "plain.npy", images)
    average = np.array([images[0].min(), images[0].max()], np.float64)
    for image in images[1:50].astype(np.float64):
        average += 0.05 * (np.array([image.min(), image.max()]) - average)
    for method in ("minmax", "average", "percentile", "mse", "kl"):
        code, answer = run(bin_dir, folder, "--calibration", folder / "plain.npy",
                           "--calibration-method", method, "--calibration-samples", "50")
        said = answer.get("calibration", {})
        entry = (said.get("input_ranges") or [{}])[0]
        low, high = entry.get("min", 0.0), entry.get("max", 0.0)
        right = images[:50].min() <= low < high <= images[:50].max()
        if method == "average":
            right = bool(np.allclose([low, high], average, rtol=1e-12, atol=0))
        checks[f"{method}: {low} to {high}"] = (
            code == 0 and right and said.get("method") == method
            and int(said.get("samples", 0)) == 50
        )


def refusals(bin_dir: str, folder: Path, checks: dict[str, bool]) -> None:
    np.save(folder / "wrong.npy", np.zeros((3, 1, 9, 9), np.float32))
    np.save(folder / "words.npy", np.array(["a", "b"]))
    np.savez(folder / "keys.npz", other=np.zeros((3, 1, 8, 8), np.float32))
    whole = (folder / "packed.npz").read_bytes()
    (folder / "cut.npz").write_bytes(whole[: len(whole) // 2])
    (folder / "text.npy").write_text("hello")
    wanted = {
        "wrong.npy": "calibration_data_invalid", "words.npy": "unsupported_type",
        "keys.npz": "calibration_data_invalid", "cut.npz": "calibration_data_invalid",
        "text.npy": "calibration_data_invalid",
    }
    for name, reason in wanted.items():
        code, answer = run(bin_dir, folder, "--calibration", folder / name)
        checks[f"{name}: {answer.get('reason_code')}: {answer.get('message')}"] = (
            code == 1 and answer.get("reason_code") == reason and name in answer["message"]
        )


def main() -> int:
    bin_dir = sys.argv[1]
    checks: dict[str, bool] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ranges(bin_dir, folder, checks)
        methods(bin_dir, folder, checks)
        refusals(bin_dir, folder, checks)
    return report(checks)


if __name__ == "__main__":
    sys.exit(main())
