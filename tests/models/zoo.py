#!/usr/bin/env python3
"""Writes the zoo: public architectures with He-scaled seeded weights, and inputs for each.

    zoo.py --out DIR [--full] [NAME...]   # DIR/NAME.onnx and DIR/NAME.npz (four input sets)
    zoo.py --list

Where a symbolic dimension is to be bound, DIR/NAME.dims has NAME=SIZE for the converter, one a
line. --full builds the widths of the publications instead of those that a test run can afford.
A model whose outputs hardly vary between the inputs is an error: it would prove nothing.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import onnx

from models.architectures import (
    bert,
    convnext,
    deeplab,
    densenet,
    detr,
    gpt2,
    hrnet,
    mobilenet,
    resnet,
    shufflenet,
    squeezenet,
    super_resolution,
    swin,
    tagger,
    unet,
    vit,
    vit_b,
    whisper,
    yolo,
)
from models.calibration import calibrate
from models.pictures import pictures
from models.ports import INPUT_SETS
from oracle.judge import Work, judge_each

ZOO = {
    "resnet18": resnet.resnet18,
    "resnet50": resnet.resnet50,
    "mobilenet_v2": mobilenet.mobilenet_v2,
    "mobilenet_v3_small": mobilenet.mobilenet_v3_small,
    "efficientnet_b0": mobilenet.efficientnet_b0,
    "squeezenet": squeezenet.squeezenet,
    "unet": unet.unet,
    "yolov8n": yolo.yolov8n,
    "vit_erf": vit.vit_erf,
    "vit_gelu": vit.vit_gelu,
}
# These take `full`: reduced widths, or those of the publication.
SCALED = {
    "bert": bert.bert,
    "convnext": convnext.convnext,
    "deeplabv3": deeplab.deeplabv3,
    "densenet121": densenet.densenet121,
    "detr": detr.detr,
    "gpt2": gpt2.gpt2,
    "hrnet": hrnet.hrnet,
    "lstm_tagger": tagger.lstm_tagger,
    "shufflenet_v2": shufflenet.shufflenet_v2,
    "super_resolution": super_resolution.depth_to_space,
    "super_resolution_view": super_resolution.transposed_view,
    "swin": swin.swin,
    "vit_b": vit_b.vit_b,
    "whisper_decoder": whisper.decoder,
    "whisper_encoder": whisper.encoder,
}


def write(name: str, folder: Path, full: bool) -> Work:
    """Builds, calibrates and saves one model with its inputs."""
    network, outputs = SCALED[name](full) if name in SCALED else ZOO[name]()
    model = network.model(outputs)
    if network.norms:
        calibrate(model, pictures(name, 4, network.ports[0].shape[1:], "calibration"))
    path = folder / f"{name}.onnx"
    onnx.save(model, path)
    if network.bound:
        lines = [f"{dim}={network.ports.size(dim, 0)}\n" for dim in network.bound]
        (folder / f"{name}.dims").write_text("".join(lines))
    sets = {
        f"{i}_{index}": network.ports.sample(port, i)
        for i in range(INPUT_SETS)
        for index, port in enumerate(network.ports)
    }
    np.savez(folder / f"{name}.npz", **sets)
    return Work(name, str(path), None, str(folder / f"{name}.npz"), "zoo")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, help="folder for the models")
    parser.add_argument("--list", action="store_true", help="print the names and stop")
    parser.add_argument("--full", action="store_true", help="the widths of the publications")
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: all")
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join([*ZOO, *SCALED]))
        return 0
    if arguments.out is None:
        parser.error("--out is required")
    arguments.out.mkdir(parents=True, exist_ok=True)
    works = [write(n, arguments.out, arguments.full) for n in arguments.names or [*ZOO, *SCALED]]
    failed = 0
    for work, verdict in judge_each(works, jobs=1, timeout=3600 if arguments.full else 300):
        size = Path(work.onnx_path).stat().st_size
        print(f"{verdict.state:8} {work.name}: {size} bytes {verdict.outputs} {verdict.detail}")
        failed += verdict.state != "right"
    print(f"{len(works) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
