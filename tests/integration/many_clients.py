#!/usr/bin/env python3
"""Twenty clients at once: every artifact right and the same, the daemon small, the metrics true.

    many_clients.py BIN_DIR EXPECTED_DIR MODEL...

EXPECTED_DIR/NAME.tflite are artifacts made one at a time, with the sizes of NAME.dims beside the
model where there is one. Each client converts a choice of the models in an order of its own; every
artifact must have exactly the expected bytes.
"""

from __future__ import annotations

import pathlib
import random
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from daemon_process import DaemonProcess  # noqa: E402

CLIENTS = 20
MODELS_PER_CLIENT = 11
MAX_DAEMON_RSS = 256 << 20


class Tally:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.passed = 0
        self.failed = 0

    def check(self, good: bool, what: str) -> None:
        with self.lock:
            self.passed += good
            self.failed += not good
            if not good:
                print(f"FAILED {what}")


def sizes(model: pathlib.Path) -> list[str]:
    """Options that bind the model's symbolic dimensions."""
    listed = model.with_suffix(".dims")
    lines = listed.read_text().split() if listed.is_file() else []
    return [option for line in lines for option in ("--dim", line)]


def run_client(daemon: DaemonProcess, number: int, models: list[pathlib.Path],
               expected: dict[str, bytes], tally: Tally) -> None:
    for model in random.Random(number).sample(models, min(MODELS_PER_CLIENT, len(models))):
        out = daemon.folder / f"{number}.{model.stem}.tflite"
        done = daemon.client("convert", model, "-o", out, "--verify", "structure", "--progress",
                             "quiet", *sizes(model), timeout=900)
        same = done.returncode == 0 and out.read_bytes() == expected[model.stem]
        tally.check(same, f"client {number} {model.stem}: exit status {done.returncode}, "
                    + done.stderr[-300:])
        out.unlink(missing_ok=True)


def total(samples: dict[str, float], name: str) -> float:
    return sum(value for key, value in samples.items() if key.split("{")[0] == name)


def main() -> int:
    binaries, expected_folder = map(pathlib.Path, sys.argv[1:3])
    models = [pathlib.Path(name) for name in sys.argv[3:]]
    expected = {m.stem: (expected_folder / f"{m.stem}.tflite").read_bytes() for m in models}
    tally = Tally()
    with DaemonProcess(binaries) as daemon:
        threads = [
            threading.Thread(target=run_client, args=(daemon, i, models, expected, tally))
            for i in range(CLIENTS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        rss = daemon.peak_rss_bytes()
        tally.check(rss <= MAX_DAEMON_RSS, f"the daemon used {rss >> 20} MiB")
        samples = daemon.metrics()
        jobs = CLIENTS * min(MODELS_PER_CLIENT, len(models))
        submitted = total(samples, "smelt_jobs_submitted_total")
        finished = total(samples, "smelt_jobs_finished_total")
        tally.check(submitted == jobs, f"{submitted} jobs counted as submitted, {jobs} were")
        tally.check(finished == jobs, f"{finished} jobs counted as finished, {jobs} were")
        tally.check(daemon.alive(), "the daemon lives")
        print(f"daemon peak RSS {rss / 2**20:.0f} MiB, {jobs} jobs by {CLIENTS} clients")
    print(f"{tally.passed} passed, {tally.failed} failed")
    return int(tally.failed > 0)


if __name__ == "__main__":
    sys.exit(main())
