"""Converts many models in few processes and says for each what became of it."""

from __future__ import annotations

import json
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Sequence


@dataclass
class Conversion:
    """`state`: succeeded, failed, or crashed (the process died or hung over this model)."""

    state: str
    reason: str = ""
    message: str = ""


# Codes of a valid model that smelt may decline. Any other code is a defect: it blames the source
# model (our cases are valid) or smelt itself.
DECLINING = frozenset(
    {
        "unsupported_onnx_op",
        "unsupported_domain",
        "unsupported_opset",
        "unsupported_type",
        "unsupported_rank",
        "unsupported_attribute_value",
        "unsupported_outputs",
        "requires_constant_input",
        "unknown_rank",
        "dynamic_dimension_unsupported",
        "runtime_operator_unsupported",
        "runtime_type_unsupported",
        "runtime_rank_unsupported",
        "custom_op_candidate_disabled",
        "custom_op_not_in_allowlist",
    }
)


class Converter:
    """`smelt-bench convert-batch LIST`: one JSON line a model, in the list's order."""

    def __init__(self, program: str, seconds_per_model: float = 60.0) -> None:
        self._program = program
        self._seconds = seconds_per_model

    def convert(self, pairs: Sequence[tuple[str, str]], jobs: int = 1) -> list[Conversion]:
        """Converts (source, destination) pairs, in order, over `jobs` processes."""
        size = max(1, (len(pairs) + jobs - 1) // jobs)
        chunks = [pairs[i : i + size] for i in range(0, len(pairs), size)]
        with ThreadPoolExecutor(max_workers=jobs) as pool:
            return [r for chunk in pool.map(self._convert_chunk, chunks) for r in chunk]

    def _convert_chunk(self, pairs: Sequence[tuple[str, str]]) -> list[Conversion]:
        """Starts again behind a model that killed the process, and blames that one alone."""
        done: list[Conversion] = []
        while len(done) < len(pairs):
            results, how = self._run(pairs[len(done) :])
            done += results
            if len(done) < len(pairs):
                done.append(Conversion("crashed", "", how))
        return done

    def _run(self, pairs: Sequence[tuple[str, str]]) -> tuple[list[Conversion], str]:
        with tempfile.NamedTemporaryFile("w", suffix=".list") as listing:
            listing.writelines(f"{a}\t{b}\n" for a, b in pairs)
            listing.flush()
            command = [self._program, "convert-batch", listing.name]
            with tempfile.TemporaryFile() as errors:
                child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors)
                try:
                    output, _ = child.communicate(timeout=30 + self._seconds * len(pairs))
                    how = f"exit status {child.returncode}"
                except subprocess.TimeoutExpired:
                    child.kill()
                    output, _ = child.communicate()
                    how = "timed out"
                errors.seek(0)
                tail = errors.read().decode(errors="replace").strip()[-600:]
        return [_parse(line) for line in output.decode().splitlines() if line], f"{how}: {tail}"


def _parse(line: str) -> Conversion:
    answer = json.loads(line)
    return Conversion(
        answer["state"], answer.get("reason_code", ""), answer.get("message", "")
    )


def program_exists(program: str) -> bool:
    return Path(program).is_file()
