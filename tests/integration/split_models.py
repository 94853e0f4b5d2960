#!/usr/bin/env python3
"""Artifacts in parts: LiteRT runs the parts one after another to the bits of the one file.

    split_models.py BIN_DIR MODEL.onnx...

Each model is converted whole and in parts, at limits that are shares of its size, as a number of
parts, and between named tensors. Planning takes less than 2 % of a conversion that is long enough
for its time to mean something.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from integration.checks import report
from oracle.litert_side import LiteRtModel

DYNAMIC = 4  # size given to what is known at run time only
MOST_PLANNING = 0.02
LONG_ENOUGH = 0.5  # seconds of a conversion
planning: list[float] = []


def convert(bin_dir: str, model: Path, artifact: Path, *flags: str) -> dict:
    """The report."""
    place = artifact.with_suffix(".report.json")
    done = subprocess.run(
        [f"{bin_dir}/smelt", "convert", model, "-o", artifact, "--standalone",
         "--progress", "quiet", "--report", place, *flags],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
    )
    found = json.loads(place.read_text())
    assert (done.returncode == 0) == (found["state"] == "succeeded"), found
    return found


def draw(tensor: dict, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    shape = [DYNAMIC if size < 0 else size for size in tensor["shape"]]
    dtype = np.dtype(tensor["type"])
    if dtype.kind == "f":
        return random.standard_normal(shape).astype(dtype)
    return random.integers(0, 2, shape).astype(dtype)


def run_chain(folder: Path, manifest: dict, feed: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    tensors = dict(feed)
    for part in manifest["partitions"]:
        wanted = {tensor["name"]: tensors[tensor["name"]] for tensor in part["inputs"]}
        given = LiteRtModel(str(folder / part["file"])).run(wanted)
        assert sorted(given) == sorted(tensor["name"] for tensor in part["outputs"])
        tensors.update(given)
    return {tensor["name"]: tensors[tensor["name"]] for tensor in manifest["outputs"]}


def equal(left: dict[str, np.ndarray], right: dict[str, np.ndarray]) -> bool:
    return left.keys() == right.keys() and all(
        left[name].dtype == right[name].dtype and left[name].tobytes() == right[name].tobytes()
        for name in left)


def judge(folder: Path, found: dict, limit: int | None, whole: Path) -> dict[str, bool]:
    """Checks of one conversion in parts, against the one file."""
    said = {kind: json.loads((folder / f"parts_split_{kind}.json").read_text())
            for kind in ("plan", "manifest", "accuracy_report")}
    plan, manifest, accuracy = said["plan"], said["manifest"], said["accuracy_report"]
    sizes = [(folder / part["file"]).stat().st_size for part in manifest["partitions"]]
    feed = {tensor["name"]: draw(tensor, i) for i, tensor in enumerate(manifest["inputs"])}
    seconds = {row["stage"]: row["seconds"] for row in found["timings"]}
    all_seconds = sum(seconds[stage] for stage in ("import", "passes", "split", "write"))
    if all_seconds >= LONG_ENOUGH:
        planning.append(seconds["split"] / all_seconds)
    crossing = sum(edge["bytes"] for edge in manifest["edges"])
    return {
        "has parts": len(sizes) > 1,
        "parts have the planned sizes": sizes == [p["estimated_bytes"] for p in plan["partitions"]]
        and sizes == [p["size_bytes"] for p in manifest["partitions"]],
        "parts are within the limit": limit is None or max(sizes) <= limit,
        f"{plan['crossing_bytes']:.0f} bytes cross, {plan['greedy_crossing_bytes']:.0f} in greedy "
        f"cuts": plan["crossing_bytes"] <= plan["greedy_crossing_bytes"]
        and crossing <= plan["crossing_bytes"],
        "our interpreter agrees": accuracy["evaluation_pass"],
        "equal bits in LiteRT": equal(LiteRtModel(str(whole)).run(feed),
                                      run_chain(folder, manifest, feed)),
    }


def judge_model(bin_dir: str, model: Path, precision: tuple[str, ...]) -> dict[str, bool]:
    checks: dict[str, bool] = {}
    label = " ".join((model.stem, *precision))
    with tempfile.TemporaryDirectory() as name:
        whole = Path(name) / "whole.tflite"
        if convert(bin_dir, model, whole, *precision)["state"] != "succeeded":
            return {f"{label}: converted whole": False}
        size = whole.stat().st_size
        refused = convert(bin_dir, model, Path(name) / "refused.tflite", *precision,
                          "--split-max-bytes", "2000")
        largest = max(int(row["found"].split()[0]) for row in refused["diagnostics"]
                      if row["reason_code"] == "split_operator_too_large")
        checks[f"{label}: refused below its largest operator"] = refused["state"] == "failed"
        asked = [(("--split-max-bytes", str(limit)), limit)
                 for limit in sorted({largest, (largest + size) // 2, size - 1}) if limit < size]
        asked.append((("--split-parts", "4"), None))
        cut = None
        for number, (flags, limit) in enumerate(asked):
            folder = Path(name) / str(number)
            folder.mkdir()
            found = convert(bin_dir, model, folder / "parts.tflite", *precision, *flags)
            if found["state"] != "succeeded":
                checks[f"{label} {' '.join(flags)}: {found['message']}"] = False
                continue
            for text, good in judge(folder, found, limit, whole).items():
                checks[f"{label} {' '.join(flags)}: {text}"] = good
            cut = json.loads((folder / "parts_split_manifest.json").read_text())
        if cut is not None:
            tensor = cut["edges"][0]["tensors"][0]
            folder = Path(name) / "at"
            folder.mkdir()
            found = convert(bin_dir, model, folder / "parts.tflite", *precision,
                            f"--split-at={tensor}")
            for text, good in judge(folder, found, None, whole).items():
                checks[f"{label} --split-at: {text}"] = good
    return checks


def main() -> int:
    bin_dir, *models = sys.argv[1:]
    checks: dict[str, bool] = {}
    for model in map(Path, models):
        for precision in ((), ("--float16",), ("--precision", "dynamic_range")):
            checks.update(judge_model(bin_dir, model, precision))
    most = max(planning, default=0)
    checks[f"planning takes at most {most:.1%} of {len(planning)} conversions of 0.5 s or more"] = (
        most < MOST_PLANNING)
    return report(checks)


if __name__ == "__main__":
    sys.exit(main())
