"""Raw values of a table into values that a template can name; each refusal has the kind of its fault."""

from __future__ import annotations

import json
import math
import re
from contextlib import suppress
from decimal import Decimal
from typing import Any

from cloud.data.missing import is_no_id, is_no_value
from cloud.data.schema import Attribute
from edge.text.checks import LARGEST_NUMBER, MAX_LIST, MAX_TEXT
from edge.text.types import Value

ARTICLE = re.compile(r"(?P<name>.+), (?P<article>The|A|An)$")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)
TRUTH = {"false": False, "true": True}
SPOKEN = {"yes": "no", "y": "n", "t": "f", "on": "off", "ja": "nein"}  # other words for true and false
BRACKETS = re.compile(r"\[.*\]|\{.*\}", re.DOTALL)
STRUCTURE = re.compile(r"\[\s*\]|\{\s*\}|[\[{]\s*['\"\[{].*[\]}]", re.DOTALL)  # no title: [REC], [1984]
AS_JSON = {"'": '"', "None": "null", "True": "true", "False": "false"}
PYTHON = re.compile("|".join(AS_JSON))
SHOWN = 60  # characters of a bad value


class BadValueError(ValueError):
    """A value that cannot be used: a `kind` such as "wrong type", the value as evidence, and its column.

    `fix` is the setting that would cure every such value, if there is one.
    """

    def __init__(self, kind: str, evidence: str, column: str, fix: str = "") -> None:
        super().__init__(f"column {column!r}: {kind}: {evidence}")
        self.kind = kind
        self.evidence = evidence
        self.column = column
        self.fix = fix


class NoValueError(BadValueError):
    """A `word` that stands for a missing value, where a number is wanted for the attribute `name`."""

    def __init__(self, name: str, word: str, column: str, required: bool) -> None:
        kind = f"empty {name}" if required else "no value"
        super().__init__(kind, f"{quoted(word)} is no {name}", column)
        self.name, self.word = name, word


def shown(value: Any, length: int = SHOWN) -> str:
    """A value in a message: printable, and cut."""
    string = value if isinstance(value, str) and value.isprintable() else ascii(value)
    return string if len(string) <= length else f"{string[: length - 3]}..."


def quoted(string: str) -> str:
    """A text in a message, in quotes: what cannot be seen is escaped, and it is cut."""
    return repr(string if len(string) <= SHOWN else f"{string[: SHOWN - 3]}...")


def text(value: Any, column: str) -> str:
    """`value` as stripped text. Errors: bytes that are not valid in the file's encoding."""
    if value is None:
        return ""
    if type(value) is str and value.isascii():
        return value.strip()
    if isinstance(value, bytes):
        value = value.decode("utf-8", "surrogateescape")
    if isinstance(value, Decimal):
        value = format(value, "f")
    string = str(value).strip()
    if not string.isascii() and any("\ud800" <= character <= "\udfff" for character in string):
        raise BadValueError("broken encoding", ascii(string)[:SHOWN], column)
    return string


def identifier(value: Any, column: str) -> str:
    """A user's or item's id: text that is not empty; 7 and 7.0 are both "7"."""
    if isinstance(value, float | Decimal) and not math.isfinite(value):
        raise BadValueError("empty id", f"{value} stands for no id", column)
    if isinstance(value, tuple):
        raise BadValueError("wrong type", "a list cannot be an id", column)
    string = _limited(text(_whole(value), column), column)
    if not string or is_no_id(string):
        raise BadValueError("empty id", string and f"{quoted(string)} stands for no id", column)
    return string


def _whole(value: Any) -> Any:
    """7 for 7.0: tables write whole numbers so where one of them is missing."""
    if isinstance(value, float | Decimal) and math.isfinite(value) and value == int(value):
        return int(value)
    return value


def _limited(string: str, column: str) -> str:
    """Errors: longer than a request may hold, which an app sends."""
    if len(string) > MAX_TEXT:
        raise BadValueError("too long", f"{len(string):,} characters, {MAX_TEXT:,} at most", column)
    return string


def number(value: Any, column: str) -> float:
    """A finite number. Errors: empty, not a number, NaN or infinite."""
    if type(value) is float and math.isfinite(value):
        return value
    string = text(value, column)
    if NUMBER.fullmatch(string) and math.isfinite(parsed := float(string)):
        return parsed
    if not string:
        raise BadValueError("NaN", "empty", column)
    if NOT_FINITE.fullmatch(string):
        raise BadValueError("NaN", string, column)
    if not NUMBER.fullmatch(string):
        comma = ", write it with a point" if NUMBER.fullmatch(string.replace(",", ".", 1)) else ""
        raise BadValueError("wrong type", f"{quoted(string)} is not a number{comma}", column)
    raise BadValueError("wrong type", f"{quoted(string)} is too large", column)


def integer(value: Any, column: str) -> int:
    """An integer from a cell. Errors: text, or a number with a fraction."""
    parsed = number(value, column)
    if not parsed.is_integer():
        raise BadValueError("wrong type", f"{text(value, column)!r} is not a whole number", column)
    return int(parsed)


def boolean(value: Any, column: str) -> bool:
    """0, 1, true or false. Errors: anything else; for other words of truth, that 1 and 0 say the same."""
    written = text(value, column)
    string = written.lower()
    if string in ("", "nan"):
        raise BadValueError("NaN", written or "empty", column)
    if string in TRUTH:
        return TRUTH[string]
    if NUMBER.fullmatch(string) and float(string) in (0, 1):
        return float(string) == 1
    raise BadValueError(
        "wrong type", f"{quoted(written)} is not 0, 1, true or false", column, _as_digits(string, column)
    )


def _as_digits(string: str, column: str) -> str:
    """What to write for "yes" and "no", or another pair of words; "" for a text that is neither."""
    pairs = [(yes, no) for yes, no in SPOKEN.items() if string in (yes, no)]
    return "".join(f"write 1 in place of {yes} and 0 in place of {no} into the column {column!r}" for yes, no in pairs)


def rating(value: Any, column: str) -> float:
    """The number that the threshold is for. Errors: those of `number`; for true and false, that it is a label."""
    try:
        return number(value, column)
    except BadValueError as error:
        if text(value, column).lower() in TRUTH:
            error.fix = f'label = "{column}" in place of rating in [log]'
        elif digits := _as_digits(text(value, column).lower(), column):
            error.fix = f'label = "{column}" in place of rating in [log], and {digits}'
        raise


def label(value: Any, column: str) -> bool:
    """Liked or not. Errors: those of `boolean`; for another number, that it is a rating."""
    try:
        return boolean(value, column)
    except BadValueError as error:
        if NUMBER.fullmatch(text(value, column)):
            error.fix = f'rating = "{column}" with a threshold in place of label in [log]'
        raise


def attribute_value(value: Any, name: str, attribute: Attribute) -> Value:
    """The typed value, None when absent. Errors: empty though required, wrong type, broken encoding, over a limit."""
    column = attribute.column
    if isinstance(value, float) and math.isnan(value):
        value = None
    parts = [text(_whole(part), column) for part in value] if isinstance(value, list | tuple) else None
    string = attribute.separator.join(parts) if parts is not None else text(_whole(value), column)
    string = attribute.decode.get(string, string)
    numeric = attribute.type in ("integer", "number", "boolean")
    if not string or string in attribute.missing or (numeric and string.lower() == "nan"):
        if attribute.required:
            raise BadValueError(f"empty {name}", string, column)
        return None
    if attribute.type == "list":
        return _words(string.split(attribute.separator) if parts is None else parts, string, attribute)
    if parts is not None:
        raise BadValueError("wrong type", f"a list: {shown(string)}", column, f'type = "list" for {name}')
    if numeric and is_no_value(string):
        raise NoValueError(name, string, column, attribute.required)
    return _number(string, attribute) if numeric else _text(string, attribute)


def _number(string: str, attribute: Attribute) -> Value:
    if attribute.type == "boolean":
        return boolean(string, attribute.column)
    value = (integer if attribute.type == "integer" else number)(string, attribute.column)
    if abs(value) > LARGEST_NUMBER:
        raise BadValueError("too large", f"{shown(string)} is beyond {LARGEST_NUMBER:.0e}", attribute.column)
    return value


def _text(string: str, attribute: Attribute) -> str:
    _refuse_structure(string, STRUCTURE, attribute.column, "")
    string = _limited(string, attribute.column)
    return ARTICLE.sub(r"\g<article> \g<name>", string) if attribute.type == "title" else string


def _words(parts: list[str], string: str, attribute: Attribute) -> tuple[str, ...] | None:
    _refuse_structure(string, BRACKETS, attribute.column, f", join its words by {attribute.separator!r}")
    decoded = [attribute.decode.get(part.strip(), part.strip()) for part in parts]
    words = tuple(_limited(word, attribute.column) for word in decoded if word and word not in attribute.missing)
    if len(words) > MAX_LIST:
        raise BadValueError("too long", f"{len(words):,} words, {MAX_LIST:,} at most", attribute.column)
    return words or None


def _refuse_structure(string: str, pattern: re.Pattern[str], column: str, advice: str) -> None:
    """Errors: a list or an object written out as text, as programs do that put one into a CSV file."""
    if not pattern.fullmatch(string):
        return
    for written in (string, PYTHON.sub(lambda found: AS_JSON[found[0]], string)):
        with suppress(ValueError, RecursionError):
            json.loads(written)
            break
    else:
        return
    raise BadValueError("nested value", f"{shown(string)}{advice}", column)
