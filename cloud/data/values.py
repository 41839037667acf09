"""Raw values of a table into what a template can name; each refusal says what kind of badness it met."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from cloud.data.schema import Attribute
from edge.text.types import Value

ARTICLE = re.compile(r"(?P<name>.+), (?P<article>The|A|An)$")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)
TRUTH = {"0": False, "1": True, "0.0": False, "1.0": True, "false": False, "true": True}
SHOWN = 60  # characters of a bad value


class BadValueError(ValueError):
    """A value that cannot be used: a `kind` such as "wrong type", the value as evidence, and its column."""

    def __init__(self, kind: str, evidence: str, column: str) -> None:
        super().__init__(f"column {column!r}: {kind}: {evidence}")
        self.kind = kind
        self.evidence = evidence
        self.column = column


def text(value: Any, column: str) -> str:
    """`value` as stripped text. Errors: bytes that are not valid in the file's encoding."""
    if value is None:
        return ""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "surrogateescape")
    string = str(value).strip()
    if not string.isascii() and any("\ud800" <= character <= "\udfff" for character in string):
        raise BadValueError("broken encoding", ascii(string)[:SHOWN], column)
    return string


def identifier(value: Any, column: str) -> str:
    """A user's or item's id: text that is not empty; 7 and 7.0 are both "7"."""
    if isinstance(value, float):
        if not math.isfinite(value):
            raise BadValueError("NaN", "no id", column)
        value = int(value) if value.is_integer() else value
    if isinstance(value, tuple):
        raise BadValueError("wrong type", "a list cannot be an id", column)
    string = text(value, column)
    if not string:
        raise BadValueError("empty id", "", column)
    return string


def number(value: Any, column: str) -> float:
    """A finite number. Errors: empty, not a number, NaN or infinite."""
    if type(value) is float and math.isfinite(value):
        return value
    string = text(value, column)
    if not string:
        raise BadValueError("NaN", "empty", column)
    if NOT_FINITE.fullmatch(string):
        raise BadValueError("NaN", string, column)
    if not NUMBER.fullmatch(string):
        raise BadValueError("wrong type", f"{string[:SHOWN]!r} is not a number", column)
    parsed = float(string)
    if not math.isfinite(parsed):
        raise BadValueError("wrong type", f"{string[:SHOWN]!r} is too large", column)
    return parsed


def integer(value: Any, column: str) -> int:
    parsed = number(value, column)
    if not parsed.is_integer():
        raise BadValueError("wrong type", f"{text(value, column)!r} is not a whole number", column)
    return int(parsed)


def boolean(value: Any, column: str) -> bool:
    """0, 1, true or false. Errors: anything else."""
    string = text(value, column).lower()
    if string in ("", "nan"):
        raise BadValueError("NaN", string or "empty", column)
    if string not in TRUTH:
        raise BadValueError("wrong type", f"{string[:SHOWN]!r} is not 0, 1, true or false", column)
    return TRUTH[string]


def time_reader(unit: str) -> Callable[[Any, str], float]:
    """A function from a raw value to seconds since 1970, UTC. `unit`: seconds, milliseconds or iso."""
    if unit == "iso":
        return _iso_time
    return (lambda value, column: number(value, column) / 1000) if unit == "milliseconds" else number


def _iso_time(value: Any, column: str) -> float:
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    if not isinstance(value, datetime):
        string = text(value, column)
        if string.lower() in ("", "nan", "nat"):
            raise BadValueError("NaN", string or "empty", column)
        try:
            value = datetime.fromisoformat(string)
        except ValueError as error:
            raise BadValueError("wrong type", f"{string[:SHOWN]!r} is no ISO 8601 time", column) from error
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()


def attribute_value(value: Any, name: str, attribute: Attribute) -> Value:
    """The typed value, None when absent. Errors: empty though required, wrong type, broken encoding."""
    column = attribute.column
    if isinstance(value, float) and math.isnan(value):
        value = None
    parts = [text(part, column) for part in value] if isinstance(value, list | tuple) else None
    string = attribute.separator.join(parts) if parts is not None else text(value, column)
    string = attribute.decode.get(string, string)
    numeric = attribute.type in ("integer", "number", "boolean")
    if not string or string in attribute.missing or (numeric and string.lower() == "nan"):
        if attribute.required:
            raise BadValueError(f"empty {name}", string, column)
        return None
    if attribute.type == "list":
        return _words(parts if parts is not None else string.split(attribute.separator), attribute)
    if attribute.type == "title":
        return ARTICLE.sub(r"\g<article> \g<name>", string)
    convert: dict[str, Callable[[str, str], Value]] = {
        "integer": integer,
        "number": number,
        "boolean": boolean,
    }
    return convert[attribute.type](string, column) if numeric else string


def _words(parts: list[str], attribute: Attribute) -> tuple[str, ...] | None:
    decoded = [attribute.decode.get(part.strip(), part.strip()) for part in parts]
    return tuple(word for word in decoded if word and word not in attribute.missing) or None
