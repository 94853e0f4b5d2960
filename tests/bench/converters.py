"""Runs smelt-bench and the peer on one model, each in a process that is measured."""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Sequence

MEASURED = Path(__file__).resolve().with_name("measured.py")
_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


@dataclass
class Conversion:
    """What one converter did with one model. `artifact` is None when there is none; `problem`
    says why."""

    artifact: Optional[Path]
    seconds: float
    peak_rss: int
    problem: str = ""


@dataclass
class Copy:
    """smelt's conversion without the process around it, beside copying the same file."""

    conversion_seconds: float
    copy_seconds: float


def measured(
    command: Sequence[str | Path], log: Path, timeout: float, path: Optional[Path] = None
) -> dict:
    """Exit status, wall seconds and peak resident bytes; `path` is searched for programs first."""
    environment = dict(os.environ)
    if path is not None:
        environment["PATH"] = f"{path}:{environment['PATH']}"
    launcher = [sys.executable, "-S", "-E", MEASURED, str(timeout), log, *command]
    answer = subprocess.run(
        [str(part) for part in launcher], env=environment, stdout=subprocess.PIPE, check=True
    )
    return json.loads(answer.stdout)


def _last_line(log: Path, marks: Sequence[str]) -> str:
    """The last line with one of the marks, or the last of all."""
    text = _ESCAPES.sub("", log.read_text(errors="replace")).replace("\r", "\n")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    marked = [line for line in lines if any(mark in line for mark in marks)]
    return (marked or lines or ["no output"])[-1][:300]


def run_smelt(
    program: Path, model: Path, folder: Path, runs: int, timeout: float, last: Sequence[str] = ()
) -> tuple[Conversion, Optional[Copy]]:
    """Medians of `runs` processes; `last` names outputs that are read channels last.

    Each process also copies the model once, for comparison, and checks what it wrote: the wall time
    holds both.
    """
    artifact, log = folder / "smelt.tflite", folder / "smelt.log"
    command = [program, "convert", model, "-o", artifact, "--json"]
    for name in last:
        command += ["--channels-last-output", name]
    passes, answers = [], []
    for _ in range(runs):
        passes.append(measured(command, log, timeout))
        if passes[-1]["status"] != 0:
            break
        answers.append(json.loads(log.read_text()))
    seconds = statistics.median(one["seconds"] for one in passes)
    peak = max(one["peak_rss"] for one in passes)
    if passes[-1]["status"] != 0:
        try:
            problem = json.loads(log.read_text())["report"]["message"]
        except ValueError:
            problem = f"exit status {passes[-1]['status']}: {_last_line(log, ())}"
        return Conversion(None, seconds, peak, problem), None
    copy = Copy(*(statistics.median(a[k] for a in answers)
                  for k in ("conversion_seconds", "copy_seconds")))
    return Conversion(artifact, seconds, peak), copy


def run_peer(
    python: Path, model: Path, inputs: Sequence[str], folder: Path, runs: int, timeout: float
) -> Conversion:
    """Inputs keep the source's layout, as smelt's do. The peer rewrites the file that it is given,
    so that it gets one of its own."""
    own, out, log = folder / "peer.onnx", folder / "peer", folder / "peer.log"
    command = [python.parent / "onnx2tf", "-i", own, "-o", out, "-n"]
    if inputs:
        command += ["-kat", *inputs]
    passes = []
    for _ in range(runs):
        own.write_bytes(model.read_bytes())
        passes.append(measured(command, log, timeout, python.parent))
    seconds = statistics.median(one["seconds"] for one in passes)
    artifact = out / "peer_float32.tflite"
    problem = ""
    if not artifact.is_file():
        marks = ("reason_code", "Error", "ERROR", "Exception")
        problem = f"exit status {passes[-1]['status']}: {_last_line(log, marks)}"
    peak = max(one["peak_rss"] for one in passes)
    return Conversion(artifact if not problem else None, seconds, peak, problem)
