#!/usr/bin/env python3
"""A model cut anywhere gets a clear answer through the command line, from a daemon that lives on.

    truncated_models.py BIN_DIR GOOD_MODEL

The other kinds of bad input are in bad_input_test.cc. Here the client uploads GOOD_MODEL cut at
twenty places; each answer must name a reason and publish nothing, and the whole model converts
afterwards.
"""

from __future__ import annotations

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from daemon_process import DaemonProcess, report_of  # noqa: E402

CUTS = 20
# Where a cut falls between two fields the rest is a model that lacks something.
REASONS = {"model_truncated", "not_a_model", "model_malformed", "empty_graph", "no_outputs",
           "undefined_name", "unsupported_opset", "payload_size_mismatch"}


def problems_of(daemon: DaemonProcess, folder: pathlib.Path, cut: bytes) -> list[str]:
    folder.mkdir()
    (folder / "cut.onnx").write_bytes(cut)
    done = daemon.client("convert", folder / "cut.onnx", "-o", folder / "out.tflite",
                         "--report", folder / "report.json")
    report = folder / "report.json"
    said = report_of(report)["reason_code"] if report.exists() else ""
    checks = (
        (done.returncode == 1, f"exit status {done.returncode}"),
        (said in REASONS, f"reason {said or 'not given'}"),
        (said and said in done.stderr, "the reason is not shown"),
        (not (folder / "out.tflite").exists(), "an artifact was published"),
        (daemon.alive(), "the daemon died"),
    )
    return [text for good, text in checks if not good]


def main() -> int:
    binaries, good = map(pathlib.Path, sys.argv[1:3])
    model = good.read_bytes()
    passed = failed = 0
    with DaemonProcess(binaries) as daemon:
        for number in range(CUTS):
            end = 1 + number * (len(model) - 2) // (CUTS - 1)
            problems = problems_of(daemon, daemon.folder / str(number), model[:end])
            passed += not problems
            failed += bool(problems)
            if problems:
                print(f"FAILED cut at byte {end}: {'; '.join(problems)}")
        done = daemon.client("convert", good, "-o", daemon.folder / "good.tflite")
        passed += done.returncode == 0
        failed += done.returncode != 0
        if done.returncode != 0:
            print(f"FAILED the whole model afterwards: {done.stderr}")
    print(f"{passed} passed, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
