"""JSONL, an object a line, as batches of columns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from cloud.data.bad_rows import BadRows
from cloud.data.schema import File
from cloud.data.tables.batch import ROWS, Batch
from cloud.data.tables.contents import text_other_than
from cloud.data.tables.header import nearest
from cloud.data.tables.text_file import open_text
from cloud.data.values import BadValueError, shown


class _Object(dict[str, Any]):
    """A JSON object, and the names that stand in it more than once."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        names = [name for name, _ in pairs] if len(self) < len(pairs) else []
        self.repeated = {name for name in names if names.count(name) > 1}


def read_jsonl(file: File, wanted: list[str], bad: BadRows) -> Iterator[Batch]:
    """The wanted keys of each object. Lines that cannot be read go to `bad`."""
    with open_text(file, newline="\n") as text:
        lines = ((number, line) for number, line in enumerate(text, start=1) if line.strip())
        reader = _Reader(file, wanted, bad)
        while block := list(islice(lines, ROWS)):
            bad.seen[file.path] += len(block)
            found = [(number, reader.row(number, line)) for number, line in block]
            whole = [(number, row) for number, row in found if row is not None]
            columns = {name: [row[name] for _, row in whole] for name in wanted}
            yield Batch([number for number, _ in whole], columns)
        reader.explain()


class _Reader:
    """Reads lines one by one; of a bad one the first thing that is wrong is reported."""

    def __init__(self, file: File, wanted: Sequence[str], bad: BadRows) -> None:
        self.file, self.wanted, self.bad = file, wanted, bad
        self.broken = ""  # the first line that is not an object
        self.objects = 0

    def row(self, number: int, line: str) -> dict[str, Any] | None:
        try:
            return self._object(line)
        except BadValueError as error:
            self.bad.add(self.file.path, number, error.column, error.kind, error.evidence, error.fix)
            return None

    def _object(self, line: str) -> dict[str, Any]:
        try:
            row = json.loads(line, object_pairs_hook=_Object)
        except (ValueError, RecursionError) as error:
            self.broken = self.broken or line
            raise BadValueError("not JSON", str(error), "") from error
        if not isinstance(row, _Object):
            self.broken = self.broken or line
            raise BadValueError("not an object", shown(line.strip()), "")
        self.objects += 1
        for name in self.wanted:
            if name not in row:
                others = [other for other in row if other not in self.wanted]
                evidence = f"the object has {shown(', '.join(row))}"
                raise BadValueError("missing column", evidence, name, nearest([name], others))
            if name in row.repeated:
                raise BadValueError("repeated key", "it stands twice in the object", name)
            if _is_nested(row[name]):
                raise BadValueError("nested value", shown(json.dumps(row[name])), name)
        return row

    def explain(self) -> None:
        """Of a file without any object: what it is instead."""
        if not self.objects and (other := text_other_than("JSONL", self.broken)):
            for kind in ("not JSON", "not an object"):
                self.bad.explain(self.file.path, kind, f"the file is {other[0]}: {other[1]}")


def _is_nested(value: Any) -> bool:
    """An object, or a list that holds more than plain values: a template has no words for it."""
    return isinstance(value, dict) or (isinstance(value, list) and any(isinstance(part, list | dict) for part in value))
