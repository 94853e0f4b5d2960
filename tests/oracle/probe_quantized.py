#!/usr/bin/env python3
"""Proves the integer kernels: random one-operator files, LiteRT's reference kernels against our
interpreter, bit for bit.

    probe_quantized.py --tool build/dev/tests/run_model [--op OP] [--count N] [--seed S]

Prints what differs; exits 1 if anything does, or if either side refuses a file.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from oracle.forked import Died, run_each
from oracle.quantized_cases import CASES, WITHOUT_REFERENCE


class Probe(NamedTuple):
    name: str
    dtype: str
    number: int
    path: str


def write(name: str, dtype: Any, number: int, seed: int, path: str) -> Probe:
    draw, _ = CASES[name]
    words = [seed, number, np.dtype(dtype).itemsize, *name.encode()]
    made = draw(np.random.default_rng(words), dtype)
    Path(path).write_bytes(made.bytes())
    Path(path + ".in").write_bytes(b"".join(feed.tobytes() for feed in made.feeds))
    return Probe(name, np.dtype(dtype).name, number, path)


def judge(probe: Probe) -> list[np.ndarray]:
    """The outputs of LiteRT's reference kernels."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    resolver = (OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
                if probe.name in WITHOUT_REFERENCE else OpResolverType.BUILTIN_REF)
    interpreter = Interpreter(model_path=probe.path, num_threads=1,
                              experimental_op_resolver_type=resolver)
    interpreter.allocate_tensors()
    given, at = Path(probe.path + ".in").read_bytes(), 0
    for details in interpreter.get_input_details():
        dtype, shape = np.dtype(details["dtype"]), details["shape"]
        size = int(np.prod(shape)) * dtype.itemsize
        value = np.frombuffer(given[at:at + size], dtype).reshape(shape)
        interpreter.set_tensor(details["index"], value)
        at += size
    interpreter.invoke()
    return [interpreter.get_tensor(d["index"]).copy() for d in interpreter.get_output_details()]


def difference(probe: Probe, wanted: list[np.ndarray]) -> str:
    """What is wrong with our outputs; empty when nothing is."""
    ours, at = Path(probe.path + ".out").read_bytes(), 0
    if len(ours) != sum(one.nbytes for one in wanted):
        return f"gives {len(ours)} bytes, not {sum(one.nbytes for one in wanted)}"
    for number, one in enumerate(wanted):
        got = np.frombuffer(ours[at:at + one.nbytes], one.dtype)
        at += one.nbytes
        if got.tobytes() == one.tobytes():
            continue
        flat = one.ravel()
        wrong = np.flatnonzero(flat != got)
        first = int(wrong[0]) if wrong.size else 0
        return (f"output {number}: {wrong.size} of {flat.size} differ, first at {first}: "
                f"LiteRT {flat[first]}, ours {got[first]}")
    return ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tool", required=True, help="the built run_model")
    parser.add_argument("--op", choices=sorted(CASES), help="this one only")
    parser.add_argument("--count", type=int, default=25, help="files of each operator and type")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", help="write the files to this folder and leave them there")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()

    import ai_edge_litert.interpreter  # noqa: F401 - loaded once, before the children fork

    wrong: dict[Probe, str] = {}
    with tempfile.TemporaryDirectory(prefix="probe_") as temporary:
        folder = Path(arguments.keep or temporary)
        folder.mkdir(parents=True, exist_ok=True)
        probes = [write(name, dtype, number, arguments.seed,
                        str(folder / f"{name}_{np.dtype(dtype).name}_{number}.tflite"))
                  for name, (_, dtypes) in CASES.items() if arguments.op in (None, name)
                  for dtype in dtypes for number in range(arguments.count)]
        done = subprocess.run([arguments.tool], input="".join(p.path + "\n" for p in probes),
                              capture_output=True, text=True)
        said = done.stdout.splitlines()
        if done.returncode != 0 or len(said) != len(probes):
            print(done.stderr[-2000:])
            print(f"{arguments.tool} ended after {len(said)} of {len(probes)} files")
            return 1
        refused = {p: text for p, text in zip(probes, said) if text != "ok"}
        for probe, result in run_each(judge, probes, jobs=arguments.jobs):
            if isinstance(result, Died):
                wrong[probe] = f"LiteRT: {result}"
            elif probe in refused:
                wrong[probe] = f"ours: {refused[probe]}"
            else:
                problem = difference(probe, result)
                if problem:
                    wrong[probe] = problem
    for probe in sorted(wrong):
        print(f"{probe.name} {probe.dtype} {probe.number}: {wrong[probe].splitlines()[0][:300]}")
    failed = Counter((probe.name, probe.dtype) for probe in wrong)
    for (name, dtype), count in sorted(failed.items()):
        print(f"{name} {dtype}: {count} of {arguments.count} differ")
    print(f"{len(probes) - len(wrong)} passed, {len(wrong)} failed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
