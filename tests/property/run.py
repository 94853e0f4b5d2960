#!/usr/bin/env python3
"""Property tests of the importer's rules: seeded models, converted, judged from outside.

    run.py --smelt-convert build/release/bin/smelt-bench --cases 50 --seed 1 [--rule NAME]...
    run.py --reference-only --cases 50       # are the cases themselves valid?

Each case is right, refused (with a reason that a valid model may get), or a failure: wrong in
LiteRT, refused for a fault that the model does not have, or a crash. A failing case is kept with
its inputs and a command that replays it.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Iterator

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from oracle.converter import DECLINING, Conversion, Converter
from oracle.exact import NOT_NEEDED
from oracle.forked import Died, run_each
from oracle.judge import Work, judge_each
from property.cases import CaseFile, CaseRange, write_cases
from property.families import all_generators
from property.tally import Tally, offered_operators, table

ROOT = Path(__file__).resolve().parents[2]
# How many cases are on disk at a time, and how many one generating process makes.
BLOCK = 3000
CHUNK = 25


class Run:
    """One invocation: counts by rule, and where failures are kept."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments
        self.tallies: dict[str, Tally] = {}
        self.converter = Converter(arguments.smelt_convert) if arguments.smelt_convert else None
        self.kept = Path(arguments.keep)

    def tally(self, rule: str) -> Tally:
        return self.tallies.setdefault(rule, Tally(rule))

    def blocks(self, folder: str) -> Iterator[list[CaseRange]]:
        """Work in pieces that fit on a small disk."""
        block: list[CaseRange] = []
        count = 0
        first, last = self.arguments.first, self.arguments.first + self.arguments.cases
        for rule in self.arguments.rule or list(all_generators()):
            for start in range(first, last, CHUNK):
                end = min(start + CHUNK, last)
                block.append(CaseRange(rule, self.arguments.seed, start, end, folder))
                count += end - start
                if count >= BLOCK:
                    yield block
                    block, count = [], 0
        if block:
            yield block

    def run_block(self, block: list[CaseRange]) -> None:
        cases: list[CaseFile] = []
        for wanted, result in run_each(write_cases, block, self.arguments.jobs):
            if isinstance(result, Died):
                self.tally(wanted.rule).invalid.append(f"{wanted.rule}: generator: {result}")
            else:
                cases += result
        for case in cases:
            self.tally(case.rule).cases += 1
        if self.converter is None:
            self.judge(cases, convert=False)
        else:
            pairs = [(c.onnx_path, c.tflite_path) for c in cases]
            answers = self.converter.convert(pairs, self.arguments.jobs)
            self.judge([c for c, a in zip(cases, answers) if self.accepted(c, a)], convert=True)
        for case in cases:
            for path in (case.onnx_path, case.inputs_path, case.tflite_path):
                Path(path).unlink(missing_ok=True)

    def accepted(self, case: CaseFile, answer: Conversion) -> bool:
        """Counts what has no artifact; True where there is one to judge."""
        if answer.state == "succeeded":
            return True
        if answer.state == "failed" and answer.reason in DECLINING:
            self.tally(case.rule).refused[answer.reason] += 1
            if self.arguments.show_refused:
                print(f"refused {case.rule} {case.number}: {answer.reason}: {answer.message}")
        elif answer.state == "failed":
            self.fail(case, f"refused a valid model: {answer.reason}: {answer.message}")
        else:
            self.fail(case, f"converter {answer.message}")
        return False

    def judge(self, cases: list[CaseFile], convert: bool) -> None:
        by_name = {Path(c.onnx_path).stem: c for c in cases}
        works = [
            Work(name, c.onnx_path, c.tflite_path if convert else None, c.inputs_path)
            for name, c in by_name.items()
        ]
        for work, verdict in judge_each(works, self.arguments.jobs, timeout=60.0):
            case = by_name[work.name]
            tally = self.tally(case.rule)
            if verdict.state == "right":
                tally.right += 1
                tally.telling += not verdict.trivial
                if verdict.settled != NOT_NEEDED:
                    tally.settled[verdict.settled] += 1
                    if self.arguments.show_settled:
                        print(f"{work.name} (opset {case.opset}): by {verdict.settled}")
            elif verdict.state == "invalid":
                tally.invalid.append(f"{work.name} (opset {case.opset}): {verdict.detail}")
                self.keep(case)
            else:
                self.fail(case, f"{verdict.state}: {verdict.detail}")

    def keep(self, case: CaseFile) -> None:
        self.kept.mkdir(parents=True, exist_ok=True)
        for path in (case.onnx_path, case.inputs_path, case.tflite_path):
            if Path(path).exists():
                (self.kept / Path(path).name).write_bytes(Path(path).read_bytes())

    def fail(self, case: CaseFile, detail: str) -> None:
        self.keep(case)
        replay = (
            f"tests/property/run.py --smelt-convert {self.arguments.smelt_convert} "
            f"--seed {self.arguments.seed} --rule {case.rule} --first {case.number} --cases 1"
        )
        line = f"{case.rule} case {case.number} (opset {case.opset}): {detail}\n    {replay}"
        self.tally(case.rule).bad.append(line)


def report(run: Run) -> int:
    """Prints the table and the failures; returns how many rules fail, missing ones included."""
    arguments = run.arguments
    offered = offered_operators(ROOT / "core" / "OPERATORS.md")
    print(table(run.tallies.values()))
    failed = []
    for rule, tally in sorted(run.tallies.items()):
        known = offered is not None and rule in offered
        problem = tally.problem(known)
        if problem is not None:
            failed.append(f"{rule}: {problem}")
        for line in (tally.bad + tally.invalid)[: arguments.show]:
            print(line)
    if offered is not None and run.converter is not None and not arguments.rule:
        for rule in sorted(offered - set(run.tallies)):
            failed.append(f"{rule}: core/OPERATORS.md offers it, no generator tries it")
    for line in failed:
        print(f"FAILED {line}")
    return len(failed)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smelt-convert", help="path of smelt-bench")
    parser.add_argument("--reference-only", action="store_true", help="judge the cases alone")
    parser.add_argument("--cases", type=int, default=50, help="cases a rule")
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rule", action="append", help="only this rule; may be repeated")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--show", type=int, default=5, help="failures printed a rule")
    parser.add_argument("--show-refused", action="store_true", help="print every refusal")
    parser.add_argument(
        "--show-settled", action="store_true", help="print every case that the exact result settled"
    )
    parser.add_argument("--keep", default=str(ROOT / "build" / "property-failures"))
    arguments = parser.parse_args()
    if bool(arguments.smelt_convert) == arguments.reference_only:
        parser.error("give either --smelt-convert or --reference-only")
    started = time.monotonic()
    run = Run(arguments)
    with tempfile.TemporaryDirectory(prefix="smelt-property-") as folder:
        for block in run.blocks(folder):
            run.run_block(block)
            done = sum(tally.cases for tally in run.tallies.values())
            print(f"{done} cases, {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    failed = report(run)
    print(f"{time.monotonic() - started:.0f} s")
    print(f"{max(0, len(run.tallies) - failed)} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
