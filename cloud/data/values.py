"""Raw values of a table into what a template can name; each refusal says which kind of badness it is."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from cloud.data.schema import Attribute
from edge.text.types import Value

ARTICLE = re.compile(r"(?P<name>.+), (?P<article>The|A|An)$")
FALSE_TRUE = {"0": False, "1": True, "false": False, "true": True, "0.0": False, "1.0": True}


class BadValueError(ValueError):
    """A value that cannot be used: `kind` such as "wrong type", and the value as evidence."""

    def __init__(self, kind: str, evidence: str = "") -> None:
        super().__init__(f"{kind}: {evidence}" if evidence else kind)
        self.kind = kind
        self.evidence = evidence


def text(value: Any) -> str:
    """`value` as stripped text. Errors: bytes that were not valid in the file's encoding."""
    if value is None:
        return ""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "surrogateescape")
    string = str(value).strip()
    if not string.isascii() and any("\ud800" <= character <= "\udfff" for character in string):
        raise BadValueError("broken encoding", ascii(string)[:60])
    return string


def identifier(value: Any) -> str:
    """A user's or item's id: text that is not empty; 7 and 7.0 are both "7"."""
    if isinstance(value, float):
        if not math.isfinite(value):
            raise BadValueError("NaN", repr(value))
        value = int(value) if value.is_integer() else value
    string = text(value)
    if not string:
        raise BadValueError("empty id")
    return string


def number(value: Any) -> float:
    """A finite number. Errors: empty, not a number, NaN or infinite."""
    if isinstance(value, bool | list | dict):
        raise BadValueError("wrong type", f"{value!r} is not a number")
    string = text(value)
    if not string:
        raise BadValueError("NaN", "empty")
    try:
        parsed = float(string)
    except ValueError as error:
        raise BadValueError("wrong type", f"{string[:60]!r} is not a number") from error
    if not math.isfinite(parsed):
        raise BadValueError("NaN", repr(string))
    return parsed


def integer(value: Any) -> int:
    parsed = number(value)
    if not parsed.is_integer():
        raise BadValueError("wrong type", f"{text(value)!r} is not a whole number")
    return int(parsed)


def boolean(value: Any) -> bool:
    """0, 1, true or false. Errors: anything else."""
    string = text(value).lower()
    if string in ("", "nan"):
        raise BadValueError("NaN", "empty" if not string else string)
    if string not in FALSE_TRUE:
        raise BadValueError("wrong type", f"{string[:60]!r} is not 0, 1, true or false")
    return FALSE_TRUE[string]


def time_reader(unit: str) -> Callable[[Any], float]:
    """A function from a raw value to seconds since 1970, UTC. `unit`: seconds, milliseconds or iso."""
    if unit == "iso":
        return _iso_time
    scale = 1000.0 if unit == "milliseconds" else 1.0
    return lambda value: number(value) / scale


def _iso_time(value: Any) -> float:
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    if not isinstance(value, datetime):
        string = text(value)
        if not string:
            raise BadValueError("NaN", "empty")
        try:
            value = datetime.fromisoformat(string)
        except ValueError as error:
            raise BadValueError("wrong type", f"{string[:60]!r} is not an ISO 8601 time") from error
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()


def attribute_value(value: Any, name: str, attribute: Attribute) -> Value:
    """The attribute's typed value, None when absent. Errors: empty though required, wrong type, broken encoding."""
    if isinstance(value, float) and math.isnan(value):
        value = None
    parts = [text(part) for part in value] if isinstance(value, list | tuple) else None
    string = attribute.separator.join(parts) if parts is not None else text(value)
    string = attribute.decode.get(string, string)
    numeric = attribute.type in ("integer", "number", "boolean")
    if not string or string in attribute.missing or (numeric and string.lower() == "nan"):
        if attribute.required:
            raise BadValueError(f"empty {name}")
        return None
    if attribute.type == "list":
        return _words(parts if parts is not None else string.split(attribute.separator), attribute)
    if attribute.type == "title":
        return ARTICLE.sub(r"\g<article> \g<name>", string)
    convert: dict[str, Callable[[str], Value]] = {"integer": integer, "number": number, "boolean": boolean}
    return convert[attribute.type](string) if numeric else string


def _words(parts: list[str], attribute: Attribute) -> tuple[str, ...] | None:
    decoded = [attribute.decode.get(part.strip(), part.strip()) for part in parts]
    return tuple(word for word in decoded if word and word not in attribute.missing) or None
