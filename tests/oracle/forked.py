"""Runs a function once an item, each in a process of its own.

LiteRT aborts or corrupts its heap on some files: a judge that dies is a result about its file and
must not touch the next one. Forking from a parent that has everything imported costs a few
milliseconds, where a fresh interpreter costs a second.
"""

from __future__ import annotations

import gc
import os
import pickle
import selectors
import signal
import time
from typing import Any, Callable, Iterable, Iterator, TypeVar

Item = TypeVar("Item")


class Died(Exception):
    """The child ended without a result; the text says how."""


def _child(function: Callable[[Any], Any], item: Any, pipe: int) -> None:
    try:
        reply = pickle.dumps((True, function(item)))
    except BaseException as error:  # noqa: B902 - everything must reach the parent
        reply = pickle.dumps((False, f"{type(error).__name__}: {error}"))
    with os.fdopen(pipe, "wb") as stream:
        stream.write(reply)


def _start(function: Callable[[Any], Any], item: Any) -> tuple[int, int]:
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        gc.disable()  # a child is short; a collection would copy every page that it inherits
        os.close(read_end)
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        try:
            _child(function, item, write_end)
        finally:
            os._exit(0)
    os.close(write_end)
    return pid, read_end


def _finish(pid: int, data: bytes, killed: bool) -> Any:
    _, status = os.waitpid(pid, 0)
    if killed:
        return Died("timed out")
    if os.WIFSIGNALED(status):
        return Died(f"killed by {signal.Signals(os.WTERMSIG(status)).name}")
    if not data:
        return Died(f"exited with {os.WEXITSTATUS(status)} and no result")
    try:
        ok, value = pickle.loads(data)
    except Exception as error:
        return Died(f"result is unreadable: {error}")
    return value if ok else Died(value)


def run_each(
    function: Callable[[Item], Any],
    items: Iterable[Item],
    jobs: int = 2,
    timeout: float = 120.0,
) -> Iterator[tuple[Item, Any]]:
    """Yields (item, result) as they end; the result is a `Died` where there is none."""
    pending = iter(items)
    selector = selectors.DefaultSelector()
    running: dict[int, tuple[Item, int, float, bytearray]] = {}
    more = True
    while more or running:
        while more and len(running) < jobs:
            try:
                item = next(pending)
            except StopIteration:
                more = False
                break
            pid, pipe = _start(function, item)
            running[pipe] = (item, pid, time.monotonic() + timeout, bytearray())
            selector.register(pipe, selectors.EVENT_READ)
        for key, _ in selector.select(timeout=1.0 if running else 0):
            item, pid, _, data = running[key.fd]
            chunk = os.read(key.fd, 1 << 20)
            if chunk:
                data += chunk
                continue
            selector.unregister(key.fd)
            os.close(key.fd)
            del running[key.fd]
            yield item, _finish(pid, bytes(data), killed=False)
        now = time.monotonic()
        for pipe in [p for p, entry in running.items() if entry[2] < now]:
            item, pid, _, _ = running.pop(pipe)
            selector.unregister(pipe)
            os.close(pipe)
            os.kill(pid, signal.SIGKILL)
            yield item, _finish(pid, b"", killed=True)
