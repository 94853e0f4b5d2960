#!/usr/bin/env python3
"""What the daemon adds to a conversion, beside what its bytes must cost.

Starts smeltd on a private socket, converts one model several times through the `smelt` client, and
prints in one run, on the same inputs:

- the whole path as the client sees it (upload, job, download);
- the conversion itself, from the job's report;
- hashing, copying and syncing the model's and the artifact's bytes once each, done here.

Every upload is made new by a few bytes after the model (an unknown protobuf field), so that nothing
is answered from the store.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time


def floor_seconds(payload: bytes, file: pathlib.Path) -> float:
    """SHA-256, write and fsync of the payload: what storing it can't do without.

    To a new file that stays, as a store's does: overwriting one would find its memory warm.
    """
    os.sync()
    begun = time.perf_counter()
    hashlib.sha256(payload).hexdigest()
    with open(file, "xb") as out:
        out.write(payload)
        out.flush()
        os.fsync(out.fileno())
    return time.perf_counter() - begun


def unique_copy(model: bytes, serial: int) -> bytes:
    """The model with one more unknown length-delimited field (number 1000)."""
    tag = f"bench {os.getpid()} {serial}".encode()
    return model + bytes([0xC2, 0x3E, len(tag)]) + tag


def wait_for(socket: pathlib.Path, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not socket.exists():
        if time.monotonic() > deadline:
            raise SystemExit("smeltd did not come up")
        time.sleep(0.01)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--bin", type=pathlib.Path, default=pathlib.Path("build/release/bin"))
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    model = arguments.model.read_bytes()
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        socket = folder / "smeltd.sock"
        daemon = subprocess.Popen(
            [arguments.bin / "smeltd", "--listen", f"unix:{socket}",
             "--state-dir", folder / "state", "--metrics", "127.0.0.1:0", "--workers", "2"],
            stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        )
        try:
            wait_for(socket)
            for run in range(arguments.runs + 1):
                source = folder / "model.onnx"
                source.write_bytes(unique_copy(model, run))
                os.sync()  # or the daemon's syncs would wait for this file, too
                begun = time.perf_counter()
                subprocess.run(
                    [arguments.bin / "smelt", "--server", f"unix:{socket}", "convert", source,
                     "-o", folder / "out.tflite", "--verify", "structure",
                     "--report", folder / "report.json", "--progress", "quiet"],
                    check=True, stdout=subprocess.DEVNULL,
                )
                whole = time.perf_counter() - begun
                report = json.loads((folder / "report.json").read_text())
                stages = {t["stage"]: t["seconds"] for t in report["timings"]}
                floor = floor_seconds(source.read_bytes(), folder / f"model {run}")
                artifact = (folder / "out.tflite").read_bytes()
                floor += floor_seconds(artifact, folder / f"artifact {run}")
                if run > 0:  # the first one warms caches
                    rows.append((whole, sum(stages.values()), floor))
        finally:
            daemon.terminate()
            daemon.wait(timeout=60)
    whole, conversion, floor = (statistics.median(column) for column in zip(*rows))
    print(json.dumps({
        "model": str(arguments.model), "runs": arguments.runs, "through_daemon_seconds": whole,
        "conversion_seconds": conversion, "hash_copy_sync_seconds": floor,
        "allowed_seconds": conversion + 1.5 * floor + 0.020,
        "ratio_to_allowed": whole / (conversion + 1.5 * floor + 0.020),
    }, indent=1))


if __name__ == "__main__":
    main()
