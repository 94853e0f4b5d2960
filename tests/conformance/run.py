#!/usr/bin/env python3
"""ONNX's own backend tests, each with one line in expected.txt: `NAME ok` or what it gets instead.

    run.py --smelt-convert build/release/bin/smelt-bench [--update] [--only SUBSTRING]

Outputs are computed by LiteRT from the written file and compared with the test's own. Any
difference from the manifest fails, an unexpected pass too: so the manifest stays true. A wrong
result never enters it.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from conformance.collect import DEBIAN, Test, collect
from oracle.converter import Converter
from oracle.exact import NOT_NEEDED
from oracle.judge import Work, judge_each

MANIFEST = Path(__file__).resolve().parent / "expected.txt"
BAD = ("wrong", "crashed")


def results(
    tests: list[Test], program: str, folder: Path, jobs: int, settled: Counter[str]
) -> dict[str, str]:
    """What each test gets: ok, `refused REASON`, `unjudged WHY`, `wrong ...` or `crashed ...`.
    Counts in `settled` those that are ok by the exact result (oracle/exact.py)."""
    pairs = [(t.onnx_path, str(folder / f"{i}.tflite")) for i, t in enumerate(tests)]
    answers = Converter(program).convert(pairs, jobs)
    found: dict[str, str] = {}
    works = []
    for test, (source, target), answer in zip(tests, pairs, answers):
        if answer.state == "crashed":
            found[test.name] = f"crashed converter: {answer.message}"
        elif answer.state != "succeeded":
            found[test.name] = f"refused {answer.reason}"
        elif test.unjudged:
            found[test.name] = f"unjudged {test.unjudged}"
        else:
            works.append(Work(test.name, source, target, test.inputs_path))
    for work, verdict in judge_each(works, jobs, timeout=60.0):
        right = verdict.state == "right"
        if right and verdict.settled != NOT_NEEDED:
            settled[verdict.settled] += 1
        found[work.name] = "ok" if right else f"{verdict.state} {verdict.detail}"
    return found


def read_manifest() -> dict[str, str]:
    if not MANIFEST.is_file():
        return {}
    lines = [line for line in MANIFEST.read_text().splitlines() if line and line[0] != "#"]
    return dict(line.split(" ", 1) for line in lines)


def write_manifest(found: dict[str, str]) -> None:
    head = "# Written by tests/conformance/run.py --update; read the difference first.\n"
    lines = [f"{n} {r}\n" for n, r in sorted(found.items()) if not r.startswith(BAD)]
    MANIFEST.write_text(head + "".join(lines))


def compare(expected: dict[str, str], found: dict[str, str]) -> list[str]:
    differences = []
    for name in sorted(set(expected) | set(found)):
        wanted, got = expected.get(name, "not listed"), found.get(name, "no such test")
        if wanted != got or got.startswith(BAD):
            differences.append(f"{name}: expected '{wanted}', got '{got}'")
    return differences


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smelt-convert", required=True, help="path of smelt-bench")
    parser.add_argument("--update", action="store_true", help="rewrite the manifest")
    parser.add_argument("--only", default="", help="tests whose name contains this")
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    if not DEBIAN.is_dir():
        print("Debian's libonnx-testdata is not installed", file=sys.stderr)
        return 2
    started = time.monotonic()
    settled: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="smelt-conformance-") as name:
        tests = [t for t in collect(Path(name)) if arguments.only in t.name]
        found = results(tests, arguments.smelt_convert, Path(name), arguments.jobs, settled)
    if arguments.update and not arguments.only:
        write_manifest(found)
    expected = {n: r for n, r in read_manifest().items() if arguments.only in n}
    differences = compare(expected, found)
    for line in differences:
        print(f"FAILED {line}")
    counts = Counter(r.split(" ")[0] for r in found.values())
    print(", ".join(f"{n} {what}" for what, n in sorted(counts.items())))
    print("of those ok, beyond the tolerance:", dict(settled) or "none")
    print(f"{time.monotonic() - started:.0f} s")
    print(f"{len(found) - len(differences)} passed, {len(differences)} failed")
    return 1 if differences or not found else 0


if __name__ == "__main__":
    sys.exit(main())
