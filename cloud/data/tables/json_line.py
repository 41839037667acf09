"""One line of JSONL: the object in it, or why it is not one and the command that repairs every such line."""

from __future__ import annotations

import ast
import json
import re
from contextlib import suppress
from typing import Any

from cloud.data.tables.repair import AN_OBJECT_A_LINE, ESCAPED, FROM_PYTHON, NO_COMMAS
from cloud.data.values import BadValueError, shown

REPAIRS = {
    "trailing comma": NO_COMMAS,
    "several objects": AN_OBJECT_A_LINE,
    "control character": ESCAPED,
    "Python, not JSON": FROM_PYTHON,
}


class JsonObject(dict[str, Any]):
    """A JSON object, and the names that stand in it more than once."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        names = [name for name, _ in pairs] if len(self) < len(pairs) else []
        self.repeated = {name for name in names if names.count(name) > 1}


def read_object(line: str) -> JsonObject:
    """Errors: no JSON, and if it is nearly so, why; JSON that is no object."""
    try:
        row = json.loads(line, object_pairs_hook=JsonObject)
    except (json.JSONDecodeError, RecursionError) as error:
        kind = fault(line)
        evidence = str(error)
        if kind == "control character" and isinstance(error, json.JSONDecodeError):
            character = line[error.pos]
            written = json.dumps(character)[1:-1]
            evidence = (
                f"U+{ord(character):04X} within a text, which JSON writes as {written} (character {error.pos + 1})"
            )
        raise BadValueError(kind, evidence, "") from error
    except ValueError:  # a whole number of more digits than Python reads stays as it is written
        row = json.loads(line, object_pairs_hook=JsonObject, parse_int=str)
    if not isinstance(row, JsonObject):
        raise BadValueError("not an object", shown(line.strip()), "")
    return row


def fault(line: str) -> str:
    """What keeps a line from being an object: one of `REPAIRS`, or "not JSON"."""
    line = line.strip(" \t\r\n")  # no more is white space in JSON
    with suppress(ValueError, RecursionError):
        if isinstance(json.loads(re.sub(r",$|,(?=\s*[\]}])", "", line)), dict):
            return "trailing comma"
    with suppress(ValueError, RecursionError):
        found, end = json.JSONDecoder().raw_decode(line)
        if isinstance(found, dict) and line[end:].lstrip().startswith("{"):
            return "several objects"
    with suppress(ValueError, RecursionError):
        if isinstance(json.loads(line, strict=False), dict):
            return "control character"
    with suppress(ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        if isinstance(written := ast.literal_eval(line), dict) and json.dumps(written):
            return "Python, not JSON"
    return "not JSON"
