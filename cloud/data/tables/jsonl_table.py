"""JSONL, an object a line, as batches of columns."""

from __future__ import annotations

import json
import shlex
from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from cloud.data.bad_rows import BadRows
from cloud.data.schema import File
from cloud.data.tables.batch import ROWS, Batch
from cloud.data.tables.contents import text_other_than
from cloud.data.tables.header import require_columns
from cloud.data.tables.json_line import REPAIRS, read_object
from cloud.data.tables.repair import rewritten
from cloud.data.tables.text_file import open_text
from cloud.data.values import BadValueError, shown
from edge.errors import EdgeError

SAMPLED = 1000  # objects whose keys are kept, to name one that is alike


def read_jsonl(file: File, wanted: list[str], bad: BadRows, optional: Collection[str]) -> Iterator[Batch]:
    """The wanted keys of each object; of the optional ones an object may have none. Lines that cannot be read go to
    `bad`. Errors: a key that no object has.
    """
    with open_text(file, newline="\n") as text:
        lines = ((number, line) for number, line in enumerate(text, start=1) if line.strip())
        reader = _Reader(file, wanted, bad, optional)
        while block := list(islice(lines, ROWS)):
            bad.seen[file.path] += len(block)
            found = [(number, reader.row(number, line)) for number, line in block]
            whole = [(number, row) for number, row in found if row is not None]
            columns = {name: [row.get(name) for _, row in whole] for name in wanted}
            yield Batch([number for number, _ in whole], columns)
        reader.conclude()


class _Reader:
    """Reads lines one by one; of a bad one the first thing that is wrong is reported."""

    def __init__(self, file: File, wanted: Sequence[str], bad: BadRows, optional: Collection[str]) -> None:
        self.file, self.wanted, self.bad, self.optional = file, wanted, bad, optional
        self.broken = ""  # the first line that is not an object
        self.objects = 0
        self.absent = set(wanted)  # from all objects so far
        self.names: dict[str, None] = {}  # of the first objects
        self.holders: dict[str, None] = {}  # the names of these whose value is an object that has a wanted name

    def row(self, number: int, line: str) -> dict[str, Any] | None:
        try:
            return self._object(line)
        except BadValueError as error:
            self.bad.add(self.file.path, number, error.column, error.kind, error.evidence, error.fix)
            return None

    def _object(self, line: str) -> dict[str, Any]:
        try:
            row = read_object(line)
        except BadValueError:
            self.broken = self.broken or line
            raise
        self.objects += 1
        if self.objects <= SAMPLED:
            self.names.update(dict.fromkeys(row))
        if self.absent:
            self.absent -= row.keys()
            inner = (name for name, value in row.items() if isinstance(value, dict) and self.absent & value.keys())
            self.holders.update(dict.fromkeys(inner))
        for name in self.wanted:
            if name not in row:
                if name in self.optional:
                    continue
                raise BadValueError("missing key", f"the object has {shown(', '.join(row))}", name)
            if name in row.repeated:
                raise BadValueError("repeated key", "it stands twice in the object", name)
            if is_nested(row[name]):
                raise BadValueError("nested value", shown(json.dumps(row[name])), name)
        return row

    def conclude(self) -> None:
        """What the file is instead if most lines are no objects. Errors: no object has a key that is wanted."""
        file, rows = self.file.path, self.bad.seen[self.file.path]
        if 2 * self.objects >= rows:
            self._require_flat()
            present = [*self.names, *(name for name in self.wanted if name not in self.absent | self.names.keys())]
            require_columns(self.wanted, present, file)
        for kind, command in REPAIRS.items():
            if kind != "Python, not JSON" or not self.objects:  # which reads no JSON
                self.bad.explain(file, kind, rewritten(command, file))
        if other := self._instead():
            for kind in ("not JSON", "not an object", *REPAIRS):
                self.bad.explain(file, kind, other)

    def _require_flat(self) -> None:
        """Errors: keys that are wanted stand within another object."""
        if self.absent and self.holders:
            within = [name for name in self.wanted if name in self.absent]
            raise EdgeError(
                f"{self.file.path}: {', '.join(map(repr, within))} {'is' if len(within) == 1 else 'are'} in no object",
                evidence=f"objects within the objects have it: {', '.join(map(repr, self.holders))}",
                fix=rewritten(
                    f"jq -c {shlex.quote(' + '.join(['.', *(f'.[{json.dumps(n)}]' for n in self.holders)]))}",
                    self.file.path,
                ),
            )

    def _instead(self) -> str:
        """The fix for a file of which most lines are no objects; "" for another one."""
        file, rows = self.file.path, self.bad.seen[self.file.path]
        for kind, command in REPAIRS.items():
            if 2 * self.bad.count(file, kind) > rows:
                return rewritten(command, file)
        other = text_other_than("JSONL", self.broken, Path(file)) if 2 * self.objects < rows else None
        return f"the file is {other[0]}: {other[1]}" if other else ""


def is_nested(value: Any) -> bool:
    """An object, or a list that holds more than plain values: a template has no words for it."""
    return isinstance(value, dict) or (isinstance(value, list) and any(isinstance(part, list | dict) for part in value))
