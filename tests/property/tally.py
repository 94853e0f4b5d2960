"""Counts what became of the cases of each rule, and decides what is a failure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterable

from oracle.exact import BY_EXACT, BY_ROUNDING

# An output that is constant by its nature can't vary, so it need not.
CONSTANT_BY_NATURE = {"Shape", "Size", "ConstantOfShape", "EyeLike", "ViewByShape"}


@dataclass
class Tally:
    """One rule's results."""

    rule: str
    cases: int = 0
    right: int = 0
    telling: int = 0  # right, and the output was not constant
    settled: Counter[str] = field(default_factory=Counter)  # right by the exact result, and how
    refused: Counter[str] = field(default_factory=Counter)
    bad: list[str] = field(default_factory=list)  # one line a failure, with its replay command
    invalid: list[str] = field(default_factory=list)

    def problem(self, offered: bool) -> str | None:
        """Why this rule fails, if it does. `offered`: the support table names it."""
        if self.bad:
            return f"{len(self.bad)} wrong or crashed"
        if self.invalid:
            return f"{len(self.invalid)} cases no reference engine runs"
        if not offered and self.only_unknown():
            return None
        if self.right == 0:
            return "no case was right"
        if self.telling == 0 and self.rule not in CONSTANT_BY_NATURE:
            return "every right output was constant"
        return None

    def only_unknown(self) -> bool:
        untranslated = ("unsupported_onnx_op", "custom_op_candidate_disabled")
        return self.cases > 0 and sum(self.refused[r] for r in untranslated) == self.cases


def offered_operators(page: Path) -> set[str] | None:
    """ONNX operators that core/OPERATORS.md lists, or None without the page. Another table of the
    page is about the target's operators."""
    if not page.is_file():
        return None
    names = set()
    wanted = False
    for line in page.read_text().splitlines():
        cells = [cell.strip(" `") for cell in line.split("|")[1:-1]]
        if not cells:
            wanted = False
        elif cells[0] == "operator":
            wanted = "schema versions" in cells
        elif wanted and cells[0].replace(".", "_").isidentifier():
            names.add(cells[0])
    return names


def table(tallies: Iterable[Tally]) -> str:
    """Text: a row a rule. Of those right, "by exact" and "by rounding" differ from the reference by
    more than the tolerance, and the exact result settled it (oracle/exact.py)."""
    rows = [("rule", "cases", "right", "by exact", "by rounding", "wrong", "refused")]
    total: Counter[str] = Counter()
    for t in sorted(tallies, key=lambda t: t.rule):
        reasons = ", ".join(f"{n} {reason}" for reason, n in t.refused.most_common())
        bad = len(t.bad) + len(t.invalid)
        counts = (t.cases, t.right, t.settled[BY_EXACT], t.settled[BY_ROUNDING], bad)
        rows.append((t.rule, *map(str, counts), reasons))
        total.update(dict(enumerate((*counts, sum(t.refused.values())))))
    rows.append(("total", *(str(total[i]) for i in range(6))))
    widths = [max(len(r[i]) for r in rows) for i in range(6)]
    return "\n".join(
        "  ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(r, widths)))
        + "  " + r[6]
        for r in rows
    )
