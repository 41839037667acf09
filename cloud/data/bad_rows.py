"""Rows that cannot be used: where they are, what is wrong, and what a run does about them."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

from edge.errors import EdgeError

SHOWN = 20
LISTED = 10_000


@dataclass(frozen=True)
class BadRow:
    """`line` counts from 1, the header included; in Parquet it is the row, counted from 1."""

    file: str
    line: int
    column: str
    problem: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: column {self.column!r}: {self.problem}"


@dataclass
class BadRows:
    """Collects what the readers refuse. Every row is counted, the first 10,000 are listed."""

    rows: list[BadRow] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)

    def add(self, file: str, line: int, column: str, kind: str, evidence: str = "") -> None:
        """One bad row of a `kind` such as "wrong type"; `evidence` is the value or what was expected."""
        self.kinds[kind] += 1
        if len(self.rows) < LISTED:
            problem = f"{kind}: {evidence}" if evidence else kind
            self.rows.append(BadRow(file, line, column, problem))

    @property
    def total(self) -> int:
        return self.kinds.total()

    def ordered(self) -> list[BadRow]:
        """The listed rows by file and line."""
        return sorted(self.rows, key=lambda row: (row.file, row.line))

    def refuse(self) -> None:
        """Raise an error that shows the first rows and counts the rest, if there is any bad row."""
        if not self.total:
            return
        shown = [str(row) for row in self.ordered()[:SHOWN]]
        if self.total > len(shown):
            shown.append(f"... and {self.total - len(shown):,} more")
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in self.kinds.most_common())
        raise EdgeError(
            f"{self.total:,} bad rows in the log ({kinds})",
            evidence="\n".join(shown),
            fix="correct them, or pass --skip-bad-rows to leave them out and list them in the run",
        )

    def write(self, path: Path) -> None:
        """One JSON object a line: file, line, column, problem."""
        lines = [json.dumps(asdict(row), ensure_ascii=True) + "\n" for row in self.ordered()]
        path.write_text("".join(lines), encoding="utf-8")
