"""Makes the cases of a rule and keeps them in files, each replayable by its number."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx

from oracle.onnx_side import source_ports
from property.draw import Draw
from property.families import all_generators


@dataclass(frozen=True)
class CaseFile:
    """Where one case is stored."""

    rule: str
    number: int
    opset: int
    onnx_path: str
    inputs_path: str
    tflite_path: str


@dataclass(frozen=True)
class CaseRange:
    """Cases `first` to `last`, exclusive, of a rule."""

    rule: str
    seed: int
    first: int
    last: int
    folder: str


def _check(model: onnx.ModelProto) -> None:
    """onnx's checker, but for its wish that outputs declare a shape: engines and exporters do
    without. And but for operators that ONNX Runtime has under ONNX's own domain."""
    try:
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError as error:
        texts = ("Field 'shape' of 'type' is required", "LayerNormalization with domain_version")
        if not any(text in str(error) for text in texts):
            raise


def write_cases(wanted: CaseRange) -> list[CaseFile]:
    generate = all_generators()[wanted.rule]
    written = []
    for number in range(wanted.first, wanted.last):
        case = generate(Draw(wanted.rule, wanted.seed, number))
        _check(case.model)
        stem = Path(wanted.folder) / f"{wanted.rule}_{wanted.seed}_{number}"
        onnx.save(case.model, f"{stem}.onnx")
        names, _ = source_ports(case.model)
        arrays = {f"0_{i}": case.inputs[n] for i, n in enumerate(names)}
        arrays |= {f"out_0_{i}": value for i, value in enumerate(case.expected or [])}
        np.savez(f"{stem}.npz", **arrays)
        opset = case.model.opset_import[0].version
        written.append(
            CaseFile(
                wanted.rule, number, opset, f"{stem}.onnx", f"{stem}.npz", f"{stem}.tflite"
            )
        )
    return written
