#!/usr/bin/env python3
"""Writes the zoo: public architectures with He-scaled seeded weights, and inputs for each.

    zoo.py --out DIR [NAME...]     # DIR/NAME.onnx and DIR/NAME.npz (four input sets)
    zoo.py --list

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

from models.architectures import mobilenet, resnet, squeezenet, unet, vit, yolo
from models.calibration import calibrate
from models.pictures import pictures
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
INPUT_SETS = 4


def write(name: str, folder: Path) -> Work:
    """Builds, calibrates and saves one model with its inputs."""
    network, outputs = ZOO[name]()
    model = network.model(outputs)
    shape = network.input_shape[1:]
    calibrate(model, pictures(name, 4, shape, "calibration"))
    path = folder / f"{name}.onnx"
    onnx.save(model, path)
    images = pictures(name, INPUT_SETS, shape)
    np.savez(folder / f"{name}.npz", **{f"{i}_0": images[i][None] for i in range(INPUT_SETS)})
    return Work(name, str(path), None, str(folder / f"{name}.npz"), "zoo")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, help="folder for the models")
    parser.add_argument("--list", action="store_true", help="print the names and stop")
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: all")
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join(ZOO))
        return 0
    if arguments.out is None:
        parser.error("--out is required")
    arguments.out.mkdir(parents=True, exist_ok=True)
    works = [write(name, arguments.out) for name in arguments.names or ZOO]
    failed = 0
    for work, verdict in judge_each(works, jobs=1, timeout=300):
        size = Path(work.onnx_path).stat().st_size
        print(f"{verdict.state:8} {work.name}: {size} bytes {verdict.outputs} {verdict.detail}")
        failed += verdict.state != "right"
    print(f"{len(works) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
