#!/usr/bin/env python3
"""Compares smelt with onnx2tf on the same models in one run, as ratios smelt / onnx2tf.

    compare_peer.py --smelt-bench BIN --peer-python PYTHON [MODEL.onnx...] [--json FILE]

Without models it builds those of tests/models/zoo.py in a temporary folder. The peer has an
environment of its own, which this script never makes:

    python3.12 -m venv /opt/peer && /opt/peer/bin/pip install onnx2tf==2.6.9
    ... --peer-python /opt/peer/bin/python

For each model: wall time and peak memory of both processes, operators and TRANSPOSEs of both files
(counted in the file), their sizes, their latency in LiteRT (one thread, CPU time, in turns, median,
same inputs in the same layouts), and whether each computes what ONNX Runtime computes. Then smelt's
conversion beside copying the same file, against the target of 5 copies + 30 ms, and geometric means
of the ratios. What a converter can't do is a row with its reason.

A MODEL.npz beside a model holds its inputs, as tests/oracle/judge.py describes them; otherwise they
are drawn. Symbolic dimensions are fixed before either converter sees the model: to the sizes of the
first input set, else by --dim NAME=VALUE, else to 1. The exit status is 1 when an artifact of
smelt's is missing or wrong.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any, Optional

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import onnx

from bench.artifacts import Check, Race, check, operators, race
from bench.converters import Conversion, run_peer, run_smelt
from models import zoo
from oracle.forked import Died, run_each
from oracle.judge import load_sets, preload
from oracle.onnx_side import OnnxRuntimeEngine, source_ports

RATIOS = ("time", "memory", "operators", "size", "latency")


def sizes_in(model: onnx.ModelProto, feed: dict[str, np.ndarray]) -> dict[str, int]:
    """Symbolic dimensions as the input set has them."""
    return {
        dim.dim_param: size
        for value in model.graph.input if value.name in feed
        for dim, size in zip(value.type.tensor_type.shape.dim, feed[value.name].shape)
        if dim.dim_param
    }


def fix(model: onnx.ModelProto, dims: dict[str, int]) -> None:
    """Leaves no symbolic dimension."""
    for value in model.graph.input:
        for dim in value.type.tensor_type.shape.dim:
            if dim.dim_value <= 0:
                dim.dim_value = dims.get(dim.dim_param, 1)
    del model.graph.value_info[:]  # they tell of the old sizes


def sets_of(source: Path, model: onnx.ModelProto) -> list[dict[str, np.ndarray]]:
    """Those beside the model that have the sizes of the first; none without such a file."""
    path = source.with_suffix(".npz")
    if not path.is_file():
        return []
    sets = load_sets(str(path), model)
    shapes = [{name: array.shape for name, array in feed.items()} for feed in sets]
    return [feed for feed, shape in zip(sets, shapes) if shape == shapes[0]]


def drawn(model: onnx.ModelProto) -> list[dict[str, np.ndarray]]:
    """Two input sets: floats between 0 and 1, integers 0 or 1."""
    names, _ = source_ports(model)
    types = {v.name: v.type.tensor_type for v in model.graph.input}
    sets = []
    for seed in range(2):
        generator = np.random.default_rng(seed)
        feed = {}
        for name in names:
            shape = [d.dim_value for d in types[name].shape.dim]
            dtype = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(types[name].elem_type))
            integral = dtype.kind in "iub"
            values = generator.integers(0, 2, shape) if integral else generator.random(shape)
            feed[name] = np.asarray(values).astype(dtype)
        sets.append(feed)
    return sets


def forked(function: Any, item: Any, timeout: float) -> Any:
    """The result, or a sentence where the process died."""
    _, result = next(iter(run_each(function, [item], jobs=1, timeout=timeout)))
    return str(result) if isinstance(result, Died) else result


def describe(conversion: Conversion, checked: Any) -> dict[str, Any]:
    """The columns of one converter."""
    row: dict[str, Any] = {"seconds": conversion.seconds, "peak_rss": conversion.peak_rss}
    if conversion.artifact is None:
        return row | {"verdict": "refused", "problem": conversion.problem}
    counts = operators(conversion.artifact)
    row |= {"operators": counts.total(), "transposes": counts["TRANSPOSE"],
            "size": conversion.artifact.stat().st_size, "counts": dict(sorted(counts.items()))}
    if isinstance(checked, str):
        return row | {"verdict": "crashes", "problem": checked}
    verdict = "wrong" if checked["problem"] else "right"
    return row | {"verdict": verdict, "problem": checked["problem"]}


def compare_one(source: Path, arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """One row. The peer goes first: where it gives outputs channels last, so does smelt."""
    path = folder / "model.onnx"
    model = onnx.load(source)
    sets = sets_of(source, model)
    fix(model, sizes_in(model, sets[0]) if sets else arguments.dim)
    onnx.save(model, path)
    inputs, outputs = source_ports(model)
    feeds = sets or drawn(model)
    engine = OnnxRuntimeEngine(str(path))
    expected = [engine.run(outputs, feed) for feed in feeds]
    arrays = [list(feed.values()) for feed in feeds]
    timeout = arguments.timeout
    peer = run_peer(arguments.peer_python, path, inputs, folder, arguments.peer_runs, timeout)
    peer_checked: Any = {"problem": "", "last": []}
    if peer.artifact is not None:
        peer_checked = forked(check, Check(peer.artifact, arrays, expected), timeout)
    last = [] if isinstance(peer_checked, str) else [outputs[i] for i in peer_checked["last"]]
    smelt, copy = run_smelt(
        arguments.smelt_bench, path, folder, arguments.smelt_runs, timeout, last
    )
    checked: Any = {"problem": ""}
    if smelt.artifact is not None:
        checked = forked(check, Check(smelt.artifact, arrays, expected), timeout)
    row: dict[str, Any] = {"model": source.stem, "channels_last_outputs": last,
                           "smelt": describe(smelt, checked),
                           "peer": describe(peer, peer_checked)}
    if copy is not None:
        row["copy"] = {"conversion": copy.conversion_seconds, "copy": copy.copy_seconds,
                       "allowed": 5 * copy.copy_seconds + 0.030}
    if all(row[side]["verdict"] in ("right", "wrong") for side in ("smelt", "peer")):
        files = (smelt.artifact, peer.artifact)
        times = forked(race, Race(files, arrays[0], arguments.latency_seconds), timeout)
        if not isinstance(times, str):
            row["smelt"]["latency"], row["peer"]["latency"] = times
    row["ratios"] = ratios(row)
    if arguments.keep is not None:
        for name, one in (("smelt", smelt), ("peer", peer)):
            if one.artifact is not None:
                shutil.copy(one.artifact, arguments.keep / f"{source.stem}.{name}.tflite")
    return row


def ratios(row: dict[str, Any]) -> dict[str, Optional[float]]:
    columns = dict(zip(RATIOS, ("seconds", "peak_rss", "operators", "size", "latency")))
    if "refused" in (row["smelt"]["verdict"], row["peer"]["verdict"]):
        return dict.fromkeys(RATIOS)
    return {name: row["smelt"][column] / row["peer"][column]
            if row["peer"].get(column) and row["smelt"].get(column) else None
            for name, column in columns.items()}


def geometric_mean(values: list[float]) -> Optional[float]:
    return math.exp(sum(map(math.log, values)) / len(values)) if values else None


def text(value: Optional[float], form: str = "{:.3f}") -> str:
    return "-" if value is None else form.format(value)


def print_row(row: dict[str, Any]) -> None:
    smelt, peer = row["smelt"], row["peer"]
    counts = " ".join(
        f"{smelt.get(k, '-')}/{peer.get(k, '-')}" for k in ("operators", "transposes")
    )
    latency = "/".join(text(side.get("latency"), "{:.5f}") for side in (smelt, peer))
    copy = row.get("copy")
    beside = f"{copy['conversion'] * 1e3:.1f}/{copy['allowed'] * 1e3:.1f}" if copy else "-"
    shares = " ".join(f"{name} {text(row['ratios'][name])}" for name in RATIOS)
    print(f"{row['model']:24} {smelt['verdict']}/{peer['verdict']} {shares}; "
          f"ops, TRANSPOSE {counts}; latency s {latency}; copy ms {beside}", flush=True)
    for name in ("smelt", "peer"):
        if row[name]["problem"]:
            print(f"    {name} {row[name]['verdict']}: {row[name]['problem']}", flush=True)


def named_dim(argument: str) -> tuple[str, int]:
    name, _, value = argument.partition("=")
    return name, int(value)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", type=Path, metavar="MODEL.onnx")
    parser.add_argument("--smelt-bench", type=Path, default=Path("build/release/bin/smelt-bench"))
    parser.add_argument("--peer-python", type=Path, required=True)
    parser.add_argument("--dim", type=named_dim, action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--full", action="store_true",
                        help="the zoo's models in the widths of the publications")
    parser.add_argument("--smelt-runs", type=int, default=5)
    parser.add_argument("--peer-runs", type=int, default=1)
    parser.add_argument("--latency-seconds", type=float, default=6.0, help="for both files")
    parser.add_argument("--timeout", type=float, default=900.0, help="seconds a step")
    parser.add_argument("--keep", type=Path, help="folder for both artifacts of every model")
    parser.add_argument("--json", type=Path, help="all figures go here")
    arguments = parser.parse_args()
    arguments.dim = dict(arguments.dim)
    if arguments.keep is not None:
        arguments.keep.mkdir(parents=True, exist_ok=True)
    return arguments


def main() -> int:
    arguments = parse()
    preload()
    rows = []
    with tempfile.TemporaryDirectory() as name:
        models = arguments.models
        if not models:
            (Path(name) / "zoo").mkdir()
            models = [Path(zoo.write(one, Path(name) / "zoo", arguments.full).onnx_path)
                      for one in [*zoo.ZOO, *zoo.SCALED]]
        for number, source in enumerate(models):
            folder = Path(name) / str(number)
            folder.mkdir()
            rows.append(compare_one(source, arguments, folder))
            print_row(rows[-1])
            shutil.rmtree(folder)
    means = {name: geometric_mean([r["ratios"][name] for r in rows if r["ratios"][name]])
             for name in RATIOS}
    print("geometric means: " + " ".join(f"{k} {text(v)}" for k, v in means.items()))
    if arguments.json is not None:
        arguments.json.write_text(json.dumps({"models": rows, "means": means}, indent=1) + "\n")
    return 0 if all(r["smelt"]["verdict"] == "right" for r in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
