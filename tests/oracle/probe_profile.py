#!/usr/bin/env python3
"""Proves the target profile: runs one-operator files in LiteRT, each in a process of its own.

    probe_profile.py --tool build/dev/tests/write_probe [--op OP] [--jobs N]

The tool writes a file for every operator, element type and rank that the profile promises, and for
every graph of tests/probe/variants (other attributes, shapes and constants), with inputs and the
values that our interpreter expects. Prints what differs; exits 1 if anything does.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from oracle.forked import Died, run_each

DTYPES = {
    "f32": np.float32, "f16": np.float16, "f64": np.float64, "bool": np.bool_,
    "i8": np.int8, "i16": np.int16, "i32": np.int32, "i64": np.int64,
    "u8": np.uint8, "u16": np.uint16, "u32": np.uint32, "u64": np.uint64,
}
# Relative to the largest expected value; kernels of f32 may sum and approximate in other ways.
TOLERANCE = {"f32": 2e-6, "f16": 2e-3, "f64": 1e-12}
BF16_TOLERANCE = 2.0 ** -7


VARIANTS = Path(__file__).resolve().parents[1] / "probe" / "variants"


class Probe(NamedTuple):
    op: str      # of a variant: its name
    dtype: str
    rank: int
    text: str = ""   # of a variant: the file with its graph


def array(entry: dict) -> np.ndarray:
    data = bytes.fromhex(entry["hex"])
    return np.frombuffer(data, DTYPES[entry["dtype"]]).reshape(entry["shape"])


def bf16_to_f32(bits: np.ndarray) -> np.ndarray:
    return (bits.view(np.uint16).astype(np.uint32) << 16).view(np.float32)


def difference(probe: Probe, wanted: np.ndarray, got: np.ndarray) -> str:
    """What is wrong with `got`; empty when nothing is."""
    if got.dtype != wanted.dtype or got.shape != wanted.shape:
        return f"is {got.dtype}{list(got.shape)}, expected {wanted.dtype}{list(wanted.shape)}"
    if probe.dtype == "bf16" and wanted.dtype == np.int16:
        # bf16 leaves the file as i16 bits.
        wanted, got, tolerance = bf16_to_f32(wanted), bf16_to_f32(got), BF16_TOLERANCE
    elif wanted.dtype.kind == "f":
        tolerance = TOLERANCE[{2: "f16", 4: "f32", 8: "f64"}[wanted.dtype.itemsize]]
    else:
        same = np.array_equal(wanted, got)
        return "" if same else f"expected {wanted.ravel()[:6]}, got {got.ravel()[:6]}"
    finite = np.abs(wanted[np.isfinite(wanted)].astype(np.float64))
    scale = max(finite.max(initial=0.0), 1e-3)
    error = np.abs(got.astype(np.float64) - wanted.astype(np.float64)) / scale
    if error.size == 0 or (np.isfinite(error).all() and error.max() <= tolerance):
        return ""
    at = int(np.nanargmax(error))
    return f"off by {error.max():.3g} at {at}: expected {wanted.ravel()[at]}, got {got.ravel()[at]}"


def run_file(path: str, probe: Probe) -> str:
    """Runs the file in this process; what is wrong, or empty."""
    from ai_edge_litert.interpreter import Interpreter

    case = json.loads(Path(path + ".json").read_text())
    runner = Interpreter(model_path=path, num_threads=1).get_signature_runner("serving_default")
    results = runner(**{entry["name"]: array(entry) for entry in case["inputs"]})
    for entry in case["outputs"]:
        problem = difference(probe, array(entry), np.asarray(results[entry["name"]]))
        if problem:
            return f"{entry['name']} {problem}"
    return ""


def write(tool: str, probe: Probe, path: str) -> str:
    command = [tool, "-o", path, "--op", probe.op, "--type", probe.dtype, "--rank", str(probe.rank)]
    if probe.text:
        command = [tool, "-o", path, "--ir", probe.text, "--legalize"]
    done = subprocess.run(command, capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stderr.strip()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tool", required=True, help="the built write_probe")
    parser.add_argument("--op", help="this operator or variant only")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    listed = subprocess.run([arguments.tool, "--list"], capture_output=True, text=True, check=True)
    probes = [Probe(op, dtype, int(rank)) for op, dtype, rank in
              (line.split() for line in listed.stdout.splitlines())]
    probes += [Probe(path.stem, "variant", 0, str(path)) for path in sorted(VARIANTS.glob("*.ir"))]
    probes = [p for p in probes if arguments.op in (None, p.op)]
    if not probes:
        parser.error("nothing to probe")

    with tempfile.TemporaryDirectory(prefix="probe_") as folder:
        paths = {p: os.path.join(folder, f"{i}.tflite") for i, p in enumerate(probes)}

        def judge(probe: Probe) -> str:
            return write(arguments.tool, probe, paths[probe]) or run_file(paths[probe], probe)

        import ai_edge_litert.interpreter  # noqa: F401 - loaded once, before the children fork

        wrong = {}
        for probe, result in run_each(judge, probes, jobs=arguments.jobs):
            if isinstance(result, Died) or result:
                wrong[probe] = str(result)
    for probe in sorted(wrong):
        print(f"{probe.op} {probe.dtype} rank {probe.rank}: {wrong[probe].splitlines()[0]}")
    print(f"{len(probes) - len(wrong)} passed, {len(wrong)} failed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
