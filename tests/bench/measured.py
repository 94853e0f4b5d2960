#!/usr/bin/env python3
"""Runs a command and prints, as JSON, its exit status, wall seconds and peak resident bytes.

    measured.py TIMEOUT LOG COMMAND...

A process of its own, with the standard library alone: Linux counts what the parent had resident at
the fork into a child's peak, so whoever has models loaded can't measure a lean child.
"""

import json
import os
import signal
import sys
import time


def main() -> int:
    timeout, log, command = float(sys.argv[1]), sys.argv[2], sys.argv[3:]
    begun = time.perf_counter()
    child = os.fork()
    if child == 0:
        os.setsid()  # so that its children can be ended with it
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(output, 1)
        os.dup2(output, 2)
        try:
            os.execvp(command[0], command)
        except OSError as error:
            print(f"{command[0]}: {error}", flush=True)
            os._exit(127)
    signal.signal(signal.SIGALRM, lambda *_: os.killpg(child, signal.SIGKILL))
    signal.setitimer(signal.ITIMER_REAL, timeout)
    _, status, usage = os.wait4(child, 0)  # with the children that it waited for
    seconds = time.perf_counter() - begun
    code = os.waitstatus_to_exitcode(status)
    print(json.dumps({"status": code, "seconds": seconds, "peak_rss": usage.ru_maxrss * 1024}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
