"""A smeltd of its own for a test: private socket and state, stopped at the end."""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
import tempfile
import time
import urllib.request


class DaemonProcess:
    """Use as a context manager. `client` runs the smelt command line against it."""

    def __init__(self, binaries: pathlib.Path, workers: int = 2) -> None:
        self.binaries = binaries
        self.workers = workers
        self.scratch = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.scratch.name)
        self.address = f"unix:{self.folder}/smeltd.sock"
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> DaemonProcess:
        self.log = open(self.folder / "log", "wb")
        self.process = subprocess.Popen(
            [self.binaries / "smeltd", "--listen", self.address,
             "--state-dir", self.folder / "state", "--metrics", "127.0.0.1:0",
             "--workers", str(self.workers), "--drain-delay", "0"],
            stdout=self.log, stderr=subprocess.STDOUT,
        )
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _wait(self) -> None:
        assert self.process is not None
        deadline = time.monotonic() + 30
        while self.client("server", "info").returncode != 0:
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise SystemExit("smeltd did not come up:\n" + self.log_text())
            time.sleep(0.1)

    def __exit__(self, *_: object) -> None:
        assert self.process is not None
        self.process.terminate()
        self.process.wait(timeout=60)
        self.log.close()
        self.scratch.cleanup()

    def client(self, *arguments: object, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.binaries / "smelt"), "--server", self.address, *map(str, arguments)],
            capture_output=True, text=True, timeout=timeout, check=False,
        )

    def alive(self) -> bool:
        assert self.process is not None
        return self.process.poll() is None and self.client("server", "info").returncode == 0

    def log_text(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def peak_rss_bytes(self) -> int:
        assert self.process is not None
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1)) * 1024

    def metrics(self) -> dict[str, float]:
        """Every sample of /metrics by its name with labels. The port is in the log."""
        port = re.search(r"metrics\S*?[=:]\"?(?:http://)?127\.0\.0\.1:(\d+)", self.log_text())
        if port is None:
            raise SystemExit("no metrics address in the log:\n" + self.log_text())
        with urllib.request.urlopen(f"http://127.0.0.1:{port.group(1)}/metrics") as answer:
            text = answer.read().decode()
        samples = {}
        for line in text.splitlines():
            if line and not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                samples[name] = float(value)
        return samples


def report_of(path: pathlib.Path) -> dict:
    return json.loads(path.read_text())
