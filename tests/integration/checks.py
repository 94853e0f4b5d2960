"""What the tests that are scripts print: named checks, and their count in the last line."""

from __future__ import annotations


def report(checks: dict[str, bool]) -> int:
    """The exit status."""
    for text, good in checks.items():
        print("ok    " if good else "FAILED", text)
    print(f"{sum(checks.values())} passed, {len(checks) - sum(checks.values())} failed")
    return 0 if all(checks.values()) else 1
