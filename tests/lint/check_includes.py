#!/usr/bin/env python3
"""Checks what review forgets: include directions, header owners, file sizes, the fixed top level.

The rules are data in rules.py. Prints one line a violation and exits 1 when there is any.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Iterator, Mapping

from rules import (
    CLIENT,
    COLUMNS,
    CORE,
    CORE_PROTO,
    EMPTY_NAMES,
    FORBIDDEN,
    GRPC_STUB_OWNERS,
    LENGTHS,
    OWNERS,
    SERVER,
    SERVER_LEAVES,
    TOP_LEVEL,
    TOP_LEVEL_IGNORED,
)

ROOT = Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')
TYPE = re.compile(r"^\s*(?:class|struct|enum class)\s+(\w+)")
TEXT = (".h", ".cc", ".py", ".sh", ".proto", ".txt", ".md", ".cmake", ".json", ".yaml", ".yml", "")
SKIPPED_FOLDERS = {"build", ".git", ".venv", "__pycache__"}


def inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + "/")


def entry(table: Mapping[str, set[str]], path: str) -> str | None:
    """The longest folder of the table that holds the path."""
    found = [folder for folder in table if inside(path, folder)]
    return max(found, key=len) if found else None


def direction_problem(folder: str, include: str) -> str | None:
    """Why a file in `folder` may not include the project's header `include`."""
    target = os.path.dirname(include)
    if inside(folder, "core"):
        return _table_problem(CORE, folder, target)
    if inside(folder, "server"):
        for leaf in SERVER_LEAVES:
            if inside(target, leaf) and not inside(folder, leaf):
                return f"nothing includes {leaf}"
        return _table_problem(SERVER, folder, target)
    return _table_problem(CLIENT, folder, target)


def _table_problem(table: Mapping[str, set[str]], folder: str, target: str) -> str | None:
    own = entry(table, folder)
    if own is None:
        return f"{folder} has no row in tests/lint/rules.py"
    allowed = {own, "core/base"} | table[own]
    if any(inside(target, a) for a in allowed):
        return None
    return f"{own} may include {', '.join(sorted(allowed))} only"


def proto_problem(folder: str, include: str) -> str | None:
    if include.endswith(".grpc.pb.h") and not _owned(folder, GRPC_STUB_OWNERS):
        return f"service stubs belong to {', '.join(GRPC_STUB_OWNERS)}"
    if inside(folder, "core") and not _owned(folder, CORE_PROTO):
        return f"in core only {', '.join(CORE_PROTO)} include generated messages"
    return None


def _owned(folder: str, owners: tuple[str, ...]) -> bool:
    return any(inside(folder, owner) for owner in owners)


def owner_problem(folder: str, include: str) -> str | None:
    for prefix, owners in OWNERS.items():
        if include.startswith(prefix) and not _owned(folder, owners):
            return f"this header belongs to {', '.join(owners)}"
    return None


def include_problem(folder: str, include: str) -> str | None:
    if include.split("/")[0] in ("core", "server", "client"):
        return direction_problem(folder, include)
    if include.split("/")[0] == "tests":
        return "the product never includes tests"
    if include.startswith("smelt/"):
        return proto_problem(folder, include)
    return owner_problem(folder, include)


def files() -> Iterator[str]:
    for base, folders, names in os.walk(ROOT):
        folders[:] = [f for f in folders if f not in SKIPPED_FOLDERS]
        for name in names:
            yield os.path.relpath(os.path.join(base, name), ROOT)


def code_problems(path: str, lines: list[str]) -> Iterator[str]:
    """Of one C++ file of the product."""
    folder = os.path.dirname(path)
    for number, line in enumerate(lines, 1):
        include = INCLUDE.match(line)
        if include:
            problem = include_problem(folder, include.group(1))
            if problem:
                yield f"{path}:{number}: includes {include.group(1)}: {problem}"
        declared = TYPE.match(line)
        if declared and declared.group(1).endswith(EMPTY_NAMES):
            yield f"{path}:{number}: {declared.group(1)}: name it for what it does"
    if path.endswith(".h") and "#pragma once" not in (line.strip() for line in lines):
        yield f"{path}:1: no #pragma once"


def length_problems(path: str, lines: list[str]) -> Iterator[str]:
    for folders, endings, limit in LENGTHS:
        if path.split("/")[0] in folders and path.endswith(endings) and len(lines) > limit:
            yield f"{path}:{limit + 1}: {len(lines)} lines, at most {limit}: split it by nouns"
    if path.endswith((".h", ".cc", ".py")):
        for number, line in enumerate(lines, 1):
            if len(line) > COLUMNS and not IR_TEXT.match(line):
                yield f"{path}:{number}: {len(line)} columns, at most {COLUMNS}"


# A line of the IR's text form inside a test can't be broken.
IR_TEXT = re.compile(r"\s*(%|graph @|composite\()")


def top_level_problems() -> Iterator[str]:
    for name in sorted(os.listdir(ROOT)):
        if not name.startswith(".") and name not in TOP_LEVEL | TOP_LEVEL_IGNORED:
            yield f"{name}: not in the fixed top level ({', '.join(sorted(TOP_LEVEL))})"


def problems() -> Iterator[str]:
    yield from top_level_problems()
    for path in sorted(files()):
        if not path.endswith(TEXT[:-1]) and "." in os.path.basename(path)[1:]:
            continue
        try:
            text = (ROOT / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        lines = text.splitlines()
        for word in FORBIDDEN:
            if word in text:
                number = next(i for i, line in enumerate(lines, 1) if word in line)
                yield f"{path}:{number}: must not name '{word}'"
        yield from length_problems(path, lines)
        if path.split("/")[0] in ("core", "server", "client") and path.endswith((".h", ".cc")):
            yield from code_problems(path, lines)


def main() -> int:
    found = list(problems())
    for line in found:
        print(line)
    print(f"lint: {len(found)} problems" if found else "lint: ok")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
