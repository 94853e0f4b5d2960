"""What a written .tflite is worth: its operators, its results, and its latency in LiteRT.

Both converters' files are read by position, because the peer renames tensors. Functions that load
a file into LiteRT are for a process of their own (oracle.forked): a bad file kills its reader.
"""

from __future__ import annotations

import statistics
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Sequence

import numpy as np

from oracle.tolerance import compare

Feed = Sequence[np.ndarray]


def operators(path: Path) -> Counter[str]:
    """How many of each builtin the file has in all its graphs."""
    from ai_edge_litert import schema_py_generated as schema

    names = {v: k for k, v in vars(schema.BuiltinOperator).items() if isinstance(v, int)}
    model = schema.Model.GetRootAsModel(path.read_bytes(), 0)
    found: Counter[str] = Counter()
    for g in range(model.SubgraphsLength()):
        graph = model.Subgraphs(g)
        for i in range(graph.OperatorsLength()):
            code = model.OperatorCodes(graph.Operators(i).OpcodeIndex())
            found[names[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]] += 1
    return found


class Artifact:
    """One file in the stock interpreter, one thread, fed and read by position."""

    def __init__(self, path: Path, feed: Feed) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._interpreter = Interpreter(model_path=str(path), num_threads=1)
        details = self._interpreter.get_input_details()
        if len(details) != len(feed):
            raise ValueError(f"{len(details)} inputs, the source has {len(feed)}")
        for detail, value in zip(details, feed):
            if list(detail["shape"]) != list(value.shape):
                self._interpreter.resize_tensor_input(detail["index"], value.shape)
        self._interpreter.allocate_tensors()
        self._inputs = [d["index"] for d in details]

    def run(self, feed: Feed) -> list[np.ndarray]:
        self.load(feed)
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(d["index"]).copy()
                for d in self._interpreter.get_output_details()]

    def load(self, feed: Feed) -> None:
        for index, value in zip(self._inputs, feed):
            self._interpreter.set_tensor(index, value)

    def seconds(self) -> float:
        """CPU time of one run: neighbours on the machine disturb it less than the wall's."""
        begun = time.process_time()
        self._interpreter.invoke()
        return time.process_time() - begun


def is_channels_last(got: Sequence[int], wanted: Sequence[int]) -> bool:
    """Is `got` the shape `wanted` with its axis 1 moved to the end, and not `wanted` itself?"""
    got, wanted = list(got), list(wanted)
    return len(wanted) > 2 and got != wanted and got == wanted[:1] + wanted[2:] + wanted[1:2]


@dataclass
class Check:
    """A file to judge: it should give `expected[i]` for `feeds[i]`."""

    path: Path
    feeds: Sequence[Feed]
    expected: Sequence[Sequence[np.ndarray]]


def check(work: Check) -> dict[str, Any]:
    """`problem`: what is wrong, "" when nothing is; `last`: the outputs (by position) that come
    channels last, which is no error."""
    runtime = Artifact(work.path, work.feeds[0])
    last: list[int] = []
    for feed, expected in zip(work.feeds, work.expected):
        results = runtime.run(feed)
        if len(results) != len(expected):
            return {"problem": f"{len(results)} outputs, not {len(expected)}", "last": []}
        last = [i for i, (a, b) in enumerate(zip(results, expected))
                if is_channels_last(a.shape, b.shape)]
        for i, (got, wanted) in enumerate(zip(results, expected)):
            got = np.moveaxis(got, -1, 1) if i in last else got
            # By the output's span, or element by element where it hardly has one.
            problem = compare(got, wanted, "zoo").problem
            if problem is not None and compare(got, wanted, "property").problem is not None:
                return {"problem": f"output {i}: {problem}", "last": last}
    return {"problem": "", "last": last}


@dataclass
class Race:
    """Two files that run in turns on the same inputs, for about `budget` seconds."""

    paths: tuple[Path, Path]
    feed: Feed
    budget: float


def race(work: Race) -> tuple[float, float]:
    """Median seconds of each. Who is loaded first lies elsewhere in memory, which alone can make a
    few percent: both are loaded four times, in turns as well."""
    samples: dict[int, list[float]] = {0: [], 1: []}
    for order in ((0, 1), (1, 0)) * 2:
        loaded = {i: Artifact(work.paths[i], work.feed) for i in order}
        for artifact in loaded.values():
            artifact.load(work.feed)
            artifact.seconds()  # the first run prepares
        deadline = time.monotonic() + work.budget / 4
        runs = 0
        while runs < 5 or (time.monotonic() < deadline and runs < 500):
            for i in order if runs % 2 == 0 else order[::-1]:
                samples[i].append(loaded[i].seconds())
            runs += 1
    return statistics.median(samples[0]), statistics.median(samples[1])
