#!/usr/bin/env python3
"""Judges converted zoo models and the trained CNN.

    judge_zoo.py --dir DIR [--full]   # DIR/NAME.{onnx,npz} of zoo.py beside DIR/NAME.tflite
    judge_zoo.py --digits FILE        # the trained CNN, on every held-out sample
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from oracle.forked import Died, run_each
from oracle.judge import Work, judge_each
from oracle.litert_side import LiteRtModel
from oracle.onnx_side import OnnxRuntimeEngine

HERE = Path(__file__).resolve().parent
# TRANSPOSEs that the layout of each model needs: one for its image; two an attention whose query,
# key and value are products of one tensor, and one more for each further tensor; one an output that
# keeps channels first behind a channels-last operator. Where less would do, the comment says how
# much.
TRANSPOSES = {
    "bert": 6,  # 3 attentions
    "convnext": 1,
    "deeplabv3": 3,
    "densenet121": 1,
    "detr": 22,  # 6 attentions whose values, or queries, are of another tensor, and an image
    "gpt2": 6,  # 3 attentions
    "hrnet": 2,
    "lstm_tagger": 2,
    "shufflenet_v2": 1,
    "super_resolution": 0,
    "super_resolution_view": 0,
    "swin": 11,  # 4 windowed attentions; windows and heads in two steps
    "vit_b": 7,  # 3 attentions and an image
    "whisper_decoder": 10,  # 2 attentions, and 2 to the encoder
    "whisper_encoder": 5,  # 2 attentions and a spectrogram
    "resnet18": 1,
    "resnet50": 1,
    "mobilenet_v2": 1,
    "mobilenet_v3_small": 1,
    "efficientnet_b0": 1,
    "squeezenet": 1,
    "unet": 2,
    "yolov8n": 3,
    "vit_erf": 13,
    "vit_gelu": 13,
}
# The same for models of zoo.py --full: it is the number of attentions that differs.
FULL_TRANSPOSES = {
    **TRANSPOSES,
    "bert": 24,
    "detr": 77,
    "gpt2": 24,
    "swin": 35,
    "vit_b": 25,
    "whisper_decoder": 20,
    "whisper_encoder": 9,
}


def transposes_of(tflite: Path) -> int:
    """How many TRANSPOSE operators the file has; counted in the file, not after delegation."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.Model.GetRootAsModel(tflite.read_bytes(), 0)
    graph = model.Subgraphs(0)
    codes = [
        model.OperatorCodes(graph.Operators(i).OpcodeIndex()).BuiltinCode()
        for i in range(graph.OperatorsLength())
    ]
    return codes.count(schema.BuiltinOperator.TRANSPOSE)


def judge_folder(folder: Path, names: list[str], full: bool) -> int:
    """Returns how many are not right; a model without an artifact is not."""
    limits = FULL_TRANSPOSES if full else TRANSPOSES
    failed = 0
    works = []
    wanted = names or sorted(p.stem for p in folder.glob("*.onnx"))
    total = len(wanted)
    for name in wanted:
        tflite = folder / f"{name}.tflite"
        if tflite.is_file():
            paths = [str(folder / f"{name}{end}") for end in (".onnx", ".tflite", ".npz")]
            works.append(Work(name, *paths, mode="zoo"))
        else:
            print(f"FAILED zoo {name}: no artifact")
            failed += 1
    for work, verdict in judge_each(works, jobs=2, timeout=3600 if full else 300):
        moves = transposes_of(folder / f"{work.name}.tflite")
        too_many = moves > limits.get(work.name, moves)
        right = verdict.state == "right" and not too_many
        failed += not right
        label = "ok    " if right else "FAILED"
        print(
            f"{label} zoo {work.name}: largest difference {verdict.max_abs:.3g} {verdict.detail}, "
            f"{moves} TRANSPOSE" + (f", allowed {limits[work.name]}" if too_many else "")
        )
    print(f"{total - failed} passed, {failed} failed")
    return failed + (total == 0)


def digits_result(path: str) -> tuple[str, str | None]:
    """A sentence and the problem, if any. Every prediction must be the source model's, so the
    accuracy is its accuracy to the last sample."""
    with np.load(HERE / "digits_samples.npz") as data:
        images, labels = data["images"], data["labels"]
    source = OnnxRuntimeEngine(str(HERE / "digits_cnn.onnx"))
    runtime = LiteRtModel(path)
    ports = runtime.port_problem(["image"], ["logits"])
    if ports is not None:
        return "", ports
    ours, theirs = [], []
    for image in images:
        feed = {"image": image[None]}
        ours.append(int(runtime.run(feed)["logits"].argmax()))
        theirs.append(int(source.run(["logits"], feed)[0].argmax()))
    changed = [i for i, (a, b) in enumerate(zip(ours, theirs)) if a != b]
    accuracy = float(np.mean(np.array(ours) == labels))
    text = f"{accuracy:.4f} of {len(labels)} samples right, {len(changed)} changed"
    if changed:
        return text, f"predictions of samples {changed[:10]} differ from the source's"
    return text, None if accuracy > 0.95 else "the accuracy is too low"


def judge_digits(path: str) -> int:
    """In a process of its own, as every judge."""
    _, result = next(iter(run_each(digits_result, [path], jobs=1, timeout=300)))
    text, problem = ("", str(result)) if isinstance(result, Died) else result
    print(f"{'ok    ' if problem is None else 'FAILED'} digits: {text} {problem or ''}")
    print("1 passed, 0 failed" if problem is None else "0 passed, 1 failed")
    return 0 if problem is None else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dir", type=Path)
    parser.add_argument("--full", action="store_true", help="the models are of zoo.py --full")
    parser.add_argument("--digits")
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    if (arguments.dir is None) == (arguments.digits is None):
        parser.error("give either --dir or --digits")
    if arguments.digits:
        return min(1, judge_digits(arguments.digits))
    return min(1, judge_folder(arguments.dir, arguments.names, arguments.full))


if __name__ == "__main__":
    sys.exit(main())
