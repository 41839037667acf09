"""The columns that edge.toml names, in a table's header: each there, once; else what is wrong with the file."""

from __future__ import annotations

import csv
import difflib
from collections.abc import Sequence
from pathlib import Path

from cloud.data.schema import File
from cloud.data.tables.contents import text_other_than
from cloud.data.values import shown
from edge.errors import EdgeError

SEPARATORS = (",", ";", "\t", "|", ":", " ")


def require_columns(wanted: Sequence[str], present: Sequence[str], where: str) -> None:
    """Errors: a column is missing (the nearest is named), or there twice. `where` is FILE or FILE:LINE."""
    missing = [name for name in wanted if name not in present]
    if missing:
        names = " and ".join(map(repr, missing))
        raise EdgeError(
            f"{where}: missing column{'s' if len(missing) > 1 else ''} {names}",
            evidence=f"it has: {', '.join(map(repr, present))}",
            fix=nearest(missing, [name for name in present if name not in wanted]),
        )
    for name in wanted:
        if present.count(name) > 1:
            places = " and ".join(str(place) for place, other in enumerate(present, start=1) if other == name)
            raise EdgeError(
                f"{where}: {present.count(name)} columns are named {name!r}",
                evidence=f"columns {places} of {len(present)}",
                fix="rename all but one of them",
            )


def nearest(missing: Sequence[str], present: Sequence[str]) -> str:
    """What to do about columns that are missing among those `present`; "" if there is none to mean."""
    present = [other for other in present if other]
    longer = {name: [other for other in present if name.lower() in other.lower()][:1] for name in missing}
    left = [other for other in present if [other] not in longer.values()]
    guesses = []
    for name in missing:
        guess = longer[name] or difflib.get_close_matches(name, left, n=1, cutoff=0.0)
        left = [other for other in left if other not in guess]
        guesses += guess
    if not guesses:
        return ""
    known = " and ".join(map(repr, dict.fromkeys(guesses)))
    return f"did you mean {known}? correct the name of the column in edge.toml"


def require_csv_header(wanted: Sequence[str], header: Sequence[str], first: str, line: int, file: File) -> None:
    """Errors: those of `require_columns`, or what the text of the `first` line shows the file to be instead."""
    found = sum(name in header for name in wanted)
    if found < len(wanted):
        if other := text_other_than("CSV", first, Path(file.path)):
            raise EdgeError(f"{file.path} is {other[0]}", evidence=f"line {line}: {_shown(first)}", fix=other[1])
        if first.lower().startswith("sep="):
            raise EdgeError(f"{file.path}:{line}: {_shown(first)} is not a header", fix="delete this line")
        if not found and any(character < " " and character not in "\t\r\n" for character in first):
            raise EdgeError(
                f"{file.path} is not text",
                evidence=f"line {line}: {_shown(first)}",
                fix="write it as CSV, JSONL or Parquet, or name its encoding",
            )
        _require_separator(wanted, first, found, file)
        if not found and any(cell.strip().replace(".", "", 1).isdigit() for cell in header):
            raise EdgeError(
                f"{file.path} has no header: its first line holds values",
                evidence=f"line {line}: {_shown(first)}",
                fix="add a first line with the names of the columns",
            )
    require_columns(wanted, header, f"{file.path}:{line}")


def _require_separator(wanted: Sequence[str], first: str, found: int, file: File) -> None:
    """Errors: another separator shows more of the wanted columns."""

    def columns(separator: str) -> int:
        try:
            cells = next(csv.reader([first], delimiter=separator, quotechar=file.quote or None), [])
        except csv.Error:
            return 0
        return sum(name in cells for name in wanted)

    best = max(SEPARATORS, key=columns)
    if columns(best) > found:
        raise EdgeError(
            f"{file.path} is separated by {best!r}, not {file.separator!r}",
            evidence=f"its header: {_shown(first)}",
            fix=f'separator = "{best}"'.replace("\t", "\\t"),
        )


def _shown(line: str) -> str:
    return shown(ascii(line.rstrip("\r\n")), 100)
