#!/usr/bin/env python3
"""Judges written .tflite files: does LiteRT compute what the source model computes?

    judge.py --onnx MODEL --tflite FILE --inputs SETS.npz [--mode zoo|property]

prints one JSON line and exits 0 when the file is right. SETS.npz holds `<set>_<input>` arrays by
position, and may hold `out_<set>_<output>`: then those are expected, and no engine is asked.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Iterable, Iterator, Optional

# One thread in every library: judges run side by side, and are forked from this process.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Found from any working directory, as a script and as a module.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import onnx

from oracle.exact import BY_ROUNDING, NOT_NEEDED, exact_results, may_saturate, settle
from oracle.forked import Died, run_each
from oracle.litert_side import LiteRtModel
from oracle.onnx_side import (
    EvaluatorEngine,
    ReferenceFailed,
    as_declared,
    run_reference,
    source_ports,
)
from oracle.tolerance import compare, is_float


@dataclass
class Work:
    """One file to judge."""

    name: str
    onnx_path: str
    tflite_path: Optional[str]  # None: only ask whether the reference runs the model
    inputs_path: str
    mode: str = "property"


@dataclass
class Verdict:
    """What was found. `state`: right, wrong, invalid (no reference), or crashed."""

    name: str
    state: str
    detail: str = ""
    engine: str = ""
    max_abs: float = 0.0
    trivial: bool = False
    settled: str = NOT_NEEDED  # how the exact result settled a difference, the worst way
    outputs: list[str] = field(default_factory=list)


def load_sets(path: str, model: onnx.ModelProto) -> list[dict[str, np.ndarray]]:
    """Input sets of an .npz file by the source's input names."""
    names, _ = source_ports(model)
    ports = {v.name: v for v in model.graph.input}
    with np.load(path) as data:
        sets = sorted({int(k.split("_")[0]) for k in data.files if not k.startswith("out_")})
        if not sets:  # a graph without inputs is run once
            sets = [0]
        return [
            {n: as_declared(data[f"{s}_{i}"], ports[n]) for i, n in enumerate(names)} for s in sets
        ]


def load_expected(path: str, model: onnx.ModelProto) -> Optional[list[list[np.ndarray]]]:
    ports = list(model.graph.output)
    with np.load(path) as data:
        sets = sorted({int(k.split("_")[1]) for k in data.files if k.startswith("out_")})
        return [
            [as_declared(data[f"out_{s}_{i}"], v) for i, v in enumerate(ports)] for s in sets
        ] or None


def _hardly_varies(results: list[list[np.ndarray]], index: int) -> bool:
    """True when an output says the same for every input: then any error could hide in it."""
    by_shape: dict[tuple[int, ...], list[np.ndarray]] = {}  # sets may differ in size
    for result in results:
        by_shape.setdefault(result[index].shape, []).append(result[index].astype(np.float64))
    return all(_is_nearly_one(np.stack(values)) for values in by_shape.values())


def _is_nearly_one(stack: np.ndarray) -> bool:
    span = stack.max() - stack.min()
    return bool(np.ptp(stack, axis=0).max() < 5e-2 * span) if span > 0 else True


def judge(work: Work) -> Verdict:
    """Runs both sides in this process."""
    model = onnx.load(work.onnx_path)
    _, outputs = source_ports(model)
    sets = load_sets(work.inputs_path, model)
    expected = load_expected(work.inputs_path, model)
    engine = "given"
    if expected is None:
        try:
            engine, expected = run_reference(work.onnx_path, model, sets)
        except ReferenceFailed as error:
            return Verdict(work.name, "invalid", str(error))
    described = [f"{a.dtype}{list(a.shape)}" for a in expected[0]]
    verdict = Verdict(work.name, "right", engine=engine, outputs=described)
    if work.mode == "zoo":
        dull = [n for i, n in enumerate(outputs) if _hardly_varies(expected, i)]
        if dull:
            verdict.state = "invalid"
            verdict.detail = f"outputs {dull} hardly vary between inputs and prove nothing"
            return verdict
    if work.tflite_path is None:
        verdict.trivial = all(compare(a, a, work.mode).trivial for a in expected[0])
        return verdict
    _judge_file(work, model, verdict, sets, outputs, expected)
    if verdict.state == "wrong" and engine == "onnxruntime" and work.mode == "property":
        verdict.detail += _second_opinion(model, sets, outputs, expected)
    return verdict


def _invocations(
    runtime: LiteRtModel, sets: list[dict[str, np.ndarray]], expected: list[list[np.ndarray]]
) -> Iterator[tuple[str, dict[str, np.ndarray], list[np.ndarray], dict[str, np.ndarray]]]:
    """Each set once, and the last a second time: a file must not remember what it was given."""
    for number, (feed, wanted) in enumerate(zip(sets, expected)):
        yield f"input set {number}", feed, wanted, runtime.run(feed)
    feed, wanted = sets[-1], expected[-1]
    yield f"input set {len(sets) - 1} a second time", feed, wanted, runtime.run_twice(feed)


def _judge_file(
    work: Work,
    model: onnx.ModelProto,
    verdict: Verdict,
    sets: list[dict[str, np.ndarray]],
    outputs: list[str],
    expected: list[list[np.ndarray]],
) -> None:
    try:
        runtime = LiteRtModel(str(work.tflite_path))
        problem = runtime.port_problem(list(sets[0]), outputs)
        if problem is not None:
            verdict.state, verdict.detail = "wrong", problem
            return
        trivial = True
        for invocation, feed, wanted, got in _invocations(runtime, sets, expected):
            for name, reference in zip(outputs, wanted):
                difference = compare(got[name], reference, work.mode)
                verdict.max_abs = max(verdict.max_abs, difference.max_abs)
                trivial = trivial and difference.trivial
                if difference.problem is None:
                    continue
                settled = None
                if work.mode == "property":
                    settled = _settled(model, outputs, name, feed, got[name], reference)
                if settled is None:
                    verdict.state = "wrong"
                    verdict.detail = f"output '{name}', {invocation}: {difference.problem}"
                    return
                if verdict.settled != BY_ROUNDING:
                    verdict.settled = settled
        verdict.trivial = trivial
    except Exception as error:
        verdict.state = "wrong"
        verdict.detail = f"LiteRT: {type(error).__name__}: {str(error)[:400]}"


def _settled(
    model: onnx.ModelProto,
    outputs: list[str],
    name: str,
    feed: dict[str, np.ndarray],
    actual: np.ndarray,
    reference: np.ndarray,
) -> Optional[str]:
    """The exact result decides between two that differ. None: `actual` is wrong, or none exists."""
    if actual.dtype != reference.dtype or actual.shape != reference.shape:
        return None
    if not is_float(actual.dtype) and not may_saturate(model):
        return None
    try:
        exact = exact_results(model, outputs, feed)
    except Exception:  # the evaluator throws many types
        return None
    return settle(actual, reference, exact[outputs.index(name)])


def _second_opinion(
    model: onnx.ModelProto,
    sets: list[dict[str, np.ndarray]],
    outputs: list[str],
    expected: list[list[np.ndarray]],
) -> str:
    """Does the other engine side with ONNX Runtime? Helps to tell our faults from its own."""
    try:
        results = EvaluatorEngine(model).run(outputs, sets[0])
    except Exception as error:
        return f" [evaluator can't run it: {type(error).__name__}]"
    same = all(compare(a, b, "property").problem is None for a, b in zip(results, expected[0]))
    return " [evaluator agrees with onnxruntime]" if same else " [evaluator DISAGREES with both?]"


def preload() -> None:
    """Imports both engines here, so that a forked judge starts with them."""
    import ai_edge_litert.interpreter  # noqa: F401
    import onnx.reference  # noqa: F401
    import onnxruntime  # noqa: F401


def judge_each(
    works: Iterable[Work], jobs: int = 2, timeout: float = 120.0
) -> Iterator[tuple[Work, Verdict]]:
    """Judges every file in a process of its own."""
    preload()
    for work, result in run_each(judge, works, jobs, timeout):
        if isinstance(result, Died):
            yield work, Verdict(work.name, "crashed", f"judge {result}")
        else:
            yield work, result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--onnx", required=True)
    parser.add_argument("--tflite", help="without it only the reference side is tried")
    parser.add_argument("--inputs", required=True)
    parser.add_argument("--mode", choices=("zoo", "property"), default="property")
    parser.add_argument("--timeout", type=float, default=600.0, help="seconds")
    arguments = parser.parse_args()
    name = Path(arguments.onnx).stem
    work = Work(name, arguments.onnx, arguments.tflite, arguments.inputs, arguments.mode)
    verdict = next(v for _, v in judge_each([work], jobs=1, timeout=arguments.timeout))
    print(json.dumps(asdict(verdict)))
    return 0 if verdict.state == "right" else 1


if __name__ == "__main__":
    sys.exit(main())
