"""Rows that cannot be used: where they are, what is wrong, what to do about it, and what a run does about them."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

from edge.errors import EdgeError
from edge.files import write_atomically

SHOWN = 20
LISTED = 10_000  # of each kind
SWALLOWED = 10  # lines of a row that cannot be parsed, from which on rows of their own may be among them
FEW = 0.2  # share of a file's rows up to which they may be left out
SKIP = "correct them, or pass --skip-bad-rows to leave them out and list them in the run"
FIRST_KEPT = "--skip-bad-rows leaves them out and keeps the first of each"
FIXES = {  # kinds for which leaving rows out is no fix, or not the best one
    "unsorted": 'order = "any" in [log]',
    "duplicate": FIRST_KEPT,
    "duplicate id": FIRST_KEPT,
    "nested value": "write the one value that is wanted in its place, or a list of texts",
    "quote without end or field too long": "close the quote, or write the long text in one line",
    "id of a bad row": "correct that row: these ones are read with it",
    "broken quoting": 'correct the quotes, or, if the file has no quoting, quote = ""',
}
MANY = {  # where more than FEW are bad
    "missing column": "give every row as many values as the header has, or correct separator and quote in edge.toml",
    "too many columns": "quote the values that hold the separator, or correct separator and quote in edge.toml",
    "field too long": "write the file without the column that holds them, if edge.toml does not name it",
    "missing key": "write it into every object; an attribute need not be there if it has no required = true",
    "Python, not JSON": "write every line by json.dumps, in place of str or repr",
    "not JSON": "write a JSON object a line",
    "not an object": "write a JSON object a line",
}
OF_IDS = ("empty id", "unknown id")  # an id has no type, and is always needed


@dataclass(frozen=True)
class BadRow:
    """`line` counts from 1, the header included; in Parquet it is the row, counted from 1."""

    file: str
    line: int
    column: str
    problem: str

    def __str__(self) -> str:
        column = f" column {self.column!r}:" if self.column else ""
        return f"{self.file}:{self.line}:{column} {self.problem}"


@dataclass(frozen=True)
class _Group:
    """Rows that are bad in one way, which one fix can cure."""

    file: str
    column: str
    kind: str
    fix: str


@dataclass
class BadRows:
    """Collects what the readers refuse. Every row is counted, the first 10,000 of each kind are listed.

    `warnings` is what they found odd and used all the same.
    """

    rows: list[BadRow] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)  # rows of each file, bad or not
    warnings: list[EdgeError] = field(default_factory=list)
    swallowed: list[tuple[str, int, int]] = field(default_factory=list)  # file, first and last line of a bad row
    _groups: Counter[_Group] = field(default_factory=Counter)
    _explained: dict[tuple[str, str, str], str] = field(default_factory=dict)
    _settled: dict[tuple[str, str], str] = field(default_factory=dict)

    def add(self, file: str, line: int, column: str, kind: str, evidence: str = "", fix: str = "") -> None:
        """One bad row of a `kind` such as "wrong type"; `evidence` is the value or what was expected.

        `fix` is the setting that such a row calls for. It names no value, so that rows of one fault share one.
        """
        self.kinds[kind] += 1
        self._groups[_Group(file, column, kind, fix)] += 1
        if self.kinds[kind] <= LISTED:
            problem = f"{kind}: {evidence}" if evidence else kind
            self.rows.append(BadRow(file, line, column, problem))

    def span(self, file: str, first: int, last: int) -> None:
        """A row that cannot be parsed takes the lines from `first` to `last`, which may be rows of their own."""
        if last - first >= SWALLOWED:
            self.swallowed.append((file, first, last))

    def refuse_swallowed(self) -> None:
        """Raise an error if leaving out a bad row would leave out the lines that its open quote swallowed."""
        if not self.swallowed:
            return
        file, first, last = max(self.swallowed, key=lambda row: row[2] - row[1])
        others = len(self.swallowed) - 1
        raise EdgeError(
            f"{file}:{first}: an open quote swallows {last - first:,} lines, which --skip-bad-rows would lose",
            evidence=f"the row runs from line {first:,} to line {last:,}"
            + (f"; {_rows(others)} more swallow lines" if others else ""),
            fix=f'find the quote in line {first:,} and close it, or, if the file has no quoting, quote = ""',
        )

    def count(self, file: str, kind: str) -> int:
        """How many bad rows of one kind a file has."""
        return sum(count for group, count in self._groups.items() if (group.file, group.kind) == (file, kind))

    def explain(self, file: str, kind: str, fix: str, column: str = "") -> None:
        """Say what cures the rows of a kind, of one column or of all, where only the whole file shows it."""
        self._explained[file, kind, column] = fix

    def calls(self, file: str, column: str) -> dict[str, int]:
        """The settings that the bad rows of a column call for, and how many do."""
        found: Counter[str] = Counter()
        for group, count in self._groups.items():
            if (group.file, group.column) == (file, column) and group.fix:
                found[group.fix] += count
        return dict(found.most_common())

    def settle(self, file: str, column: str, instead: str = "") -> None:
        """The setting that rows of a column call for is right, however few they are; or what to do `instead` of it."""
        self._settled[file, column] = instead

    @property
    def total(self) -> int:
        """How many bad rows there are in all files."""
        return self.kinds.total()

    def ordered(self) -> list[BadRow]:
        """The listed rows by file, in the order in which they were read, and line: causes stand before what follows."""
        return sorted(self.rows, key=lambda row: (self._place(row.file), row.line))

    def _place(self, file: str) -> int:
        return next((place for place, other in enumerate(self.seen) if other == file), len(self.seen))

    def refuse(self) -> None:
        """Raise an error that shows the first rows, counts all and says what to do, if there is any bad row."""
        if self.total:
            bad = _rows(self.total).replace(" ", " bad ")
            raise self._error(f"{bad} of {self.seen.total():,}", self._shown(), self._fixes())

    def warn(self) -> None:
        """Of rows that are to be left out: a warning if there is something better to do."""
        fixes = {fix: count for fix, count in self._fixes().items() if fix not in (SKIP, FIRST_KEPT)}
        if fixes:
            left_out = f"{self.total:,} of {self.seen.total():,} rows are left out"
            self.warnings.append(self._error(left_out, [], fixes))

    def _error(self, problem: str, shown: list[str], fixes: dict[str, int]) -> EdgeError:
        first = {group.kind: self._place(group.file) for group in reversed(self._groups)}
        ordered = sorted(self.kinds.most_common(), key=lambda counted: first[counted[0]])
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in ordered)
        counted = [fix if len(fixes) == 1 else f"{fix} ({_rows(count)})" for fix, count in fixes.items()]
        return EdgeError(f"{problem} ({kinds})", evidence="\n".join(shown), fix="\nfix: ".join(counted))

    def _shown(self) -> list[str]:
        """The first rows of the listed ones, some of every kind."""
        each, taken = SHOWN // len(self.kinds) + 1, Counter[str]()
        lines: list[str] = []
        for row in self.ordered():
            kind = row.problem.partition(":")[0]
            if taken[kind] < each and len(lines) < SHOWN:
                taken[kind] += 1
                lines.append(str(row))
        return lines if len(lines) == self.total else [*lines, f"... and {self.total - len(lines):,} more"]

    def _fixes(self) -> dict[str, int]:
        """What to do and for how many rows, most first; but a cause before what follows: quotes, a file read before."""
        fixes: Counter[str] = Counter()
        places: dict[str, tuple[int, bool]] = {}
        for group, count in self._groups.items():
            whole = [self._explained.get((group.file, group.kind, column)) for column in (group.column, "")]
            known = (*whole, FIXES.get(group.kind), self._setting(group, count), self._general_fix(group, count))
            fix = next(fix for fix in known if fix)
            fixes[fix] += count
            place = (self._place(group.file), "quot" not in group.kind)
            places[fix] = min(places.get(fix, place), place)
        return dict(sorted(fixes.most_common(), key=lambda counted: places[counted[0]]))

    def _setting(self, group: _Group, count: int) -> str:
        """What most rows call for. What a few call for would be wrong for the others, which could be read."""
        elsewhere = sum(
            other for at, other in self._groups.items() if at.file == group.file and at.column != group.column
        )
        if group.fix and (group.file, group.column) in self._settled:
            return self._settled[group.file, group.column] or group.fix
        rows = self.seen[group.file] - elsewhere  # of a bad row the first bad column is known alone
        if count > rows / 2 or not group.fix:
            return group.fix
        others = f"{count:,} of the {rows:,} rows call for {group.fix}, the others do not"
        return f"write every {group.column!r} alike: {others}"

    def _general_fix(self, group: _Group, count: int) -> str:
        """For rows that no setting cures: many of one kind are not the rows' fault."""
        if count <= FEW * self.seen[group.file]:
            return SKIP
        if group.kind in MANY:
            return MANY[group.kind]
        rows = f"{count:,} of the {self.seen[group.file]:,} rows of {Path(group.file).name}"
        fails = f"{group.column!r} fails in {rows}"
        if group.kind in OF_IDS:
            return f"correct them, or name another column in edge.toml: {fails}"
        needless = " or leave out required = true," if group.kind.startswith("empty ") else ""
        return f"correct them,{needless} or name another column or type in edge.toml: {fails}"

    def write(self, path: Path) -> None:
        """One JSON object a line: file, line, column, problem."""
        lines = [json.dumps(asdict(row), ensure_ascii=True) + "\n" for row in self.ordered()]
        write_atomically(path, "".join(lines))


def _rows(count: int) -> str:
    return f"{count:,} row" if count == 1 else f"{count:,} rows"
