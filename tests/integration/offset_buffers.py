#!/usr/bin/env python3
"""Constants behind the FlatBuffer, as files past 2 GiB have them: LiteRT computes the same bits.

    offset_buffers.py SMELT_BENCH MODEL.onnx SAMPLES.npz

The same model is written with its constants inside and, forced by a tiny limit, outside.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from integration.checks import report
from oracle.litert_side import LiteRtModel


def written(bench: str, model: str, artifact: Path, *flags: str) -> bytes:
    subprocess.run(
        [bench, "convert", model, "-o", artifact, "--verify", "run", *flags],
        check=True, stdout=subprocess.DEVNULL,
    )
    return artifact.read_bytes()


def main() -> int:
    bench, model, samples = sys.argv[1:4]
    x = np.load(samples)["images"][:4]
    results, files = [], []
    with tempfile.TemporaryDirectory() as folder:
        for name, flags in (("inside", ()), ("outside", ("--max-inline-bytes", "1"))):
            path = Path(folder) / f"{name}.tflite"
            files.append(written(bench, model, path, *flags))
            runtime = LiteRtModel(str(path))
            results.append([runtime.run({"image": one[None]}) for one in x])
    checks = {
        "the file says where its constants are": b"outside flatbuffers" in files[1]
        and b"outside flatbuffers" not in files[0],
        "it names the release that can read it": b"2.14.0" in files[1],
        "equal bits in LiteRT": all(
            np.array_equal(inside[name], outside[name])
            for inside, outside in zip(*results) for name in inside
        ),
        "results that differ between samples": any(
            not np.array_equal(results[0][0][name], results[0][1][name]) for name in results[0][0]
        ),
    }
    return report(checks)


if __name__ == "__main__":
    sys.exit(main())
