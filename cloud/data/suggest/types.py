"""The type of an attribute, by its values: what reads every one of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from cloud.data.schema import Attribute, ValueType
from cloud.data.suggest import names
from cloud.data.suggest.sample import Column, stands_for_none
from cloud.data.times import DATE
from cloud.data.values import NUMBER, TRUTH, BadValueError, attribute_value, integer
from edge.text.checks import LARGEST_NUMBER

URL = re.compile(r"(https?://|www\.|/|s3:|gs:)\S+|\S+@\S+\.\w+", re.IGNORECASE)
CODE = re.compile(r"(?=.*\d)[\w:.-]{6,}", re.ASCII)  # B00005N5PF, 5f3e-..., 00012345
MOSTLY = 0.9
ODD, ODD_SHARE = 5, 0.1  # distinct values of a column of numbers that are none: how many at most
SEPARATORS = ("|", ";", ",", "/", " ")
LISTED = 0.1  # share of values that hold the separator
OF_EACH = {"|": 2.0, ";": 2.0, ",": 3.0, "/": 4.0, " ": 5.0}  # values that hold a word of the list, on average
LIST_WORDS = frozenset(("genre", "genres", "tag", "tags", "class", "categories", "keywords", "topics", "labels", "seq"))
LIST_WORDS |= {"authors", "actors", "cast"}
LONG_WORD = 30  # characters; longer ones are no words of a list
GENDERS = {"M": "male", "F": "female", "m": "male", "f": "female"}


@dataclass(frozen=True)
class Typed:
    """An attribute as it may be written down. `code`: it tells items apart or groups them, and has no words."""

    attribute: Attribute
    code: bool = False


def typed(column: Column, distinct_ids: int) -> Typed | str:
    """The type of a column that items or users have, of which `distinct_ids` were met; or why it has none."""
    strings = [string for string, absent in zip(column.strings, column.absent, strict=True) if not absent]
    if not strings:
        return "empty in every row"
    if len(strings) == 1:
        return f"the same in every row: {column.example}"
    if names.SECRETS.intersection(names.words(column.name)) or _share(strings, URL) > MOSTLY:
        return "an address, a link or a secret: it describes nothing"
    if any(isinstance(value, date) for value in column.kinds) or _share(strings, DATE) > MOSTLY:
        return "a date has no words: write its year, if that matters, in a column of its own"
    words_missing = _words_for_none(column.strings)
    attribute = replace(_by_values(column, strings), missing=words_missing)
    if attribute.type in ("integer", "number"):
        odd = sorted(string for string in strings if not NUMBER.fullmatch(string))
        attribute = replace(attribute, missing=(*words_missing, *odd))
    if attribute.type == "list":
        parts = {part.strip() for string in strings for part in string.split(attribute.separator)}
        attribute = replace(attribute, missing=tuple(sorted({*words_missing, *_words_for_none(parts)})))
    if attribute.type == "text" and {"gender", "sex"}.intersection(names.words(column.name)):
        attribute = replace(attribute, decode={code: GENDERS[code] for code in sorted(strings) if code in GENDERS})
    if problem := _unreadable(column, attribute):
        return problem
    if _is_code(column.name, strings, attribute.type):
        attribute = replace(attribute, type="text", missing=words_missing)
        if distinct_ids < 3 * len(strings):
            return "a code: it has no words, and hardly any two share one"
        return Typed(attribute, code=True)
    return Typed(attribute)


def _words_for_none(strings: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({string for string in strings if string and stands_for_none(string)}))


def _share(strings: Sequence[str], pattern: re.Pattern[str]) -> float:
    return sum(bool(pattern.fullmatch(string)) for string in strings) / len(strings)


def _by_values(column: Column, strings: list[str]) -> Attribute:
    if any(isinstance(value, tuple) for value in column.kinds):
        return Attribute(column.name, "list")
    small = {string.lower() for string in strings}
    if small in (set(TRUTH), {"0", "1"}, {"0.0", "1.0"}):
        return Attribute(column.name, "boolean")
    numbers = [string for string in strings if NUMBER.fullmatch(string)]
    odd = len(strings) - len(numbers)
    if numbers and odd <= min(ODD, ODD_SHARE * len(strings)) and not _zeros_lead(numbers):
        return Attribute(column.name, _numeric(numbers))
    separator = _separator(column.name, strings)
    return Attribute(column.name, "list", separator) if separator else Attribute(column.name)


def _zeros_lead(numbers: list[str]) -> bool:
    """ZIP codes and the like."""
    return any(len(string) > 1 and string[0] == "0" and string[1].isdigit() for string in numbers)


def _numeric(numbers: list[str]) -> ValueType:
    if any(abs(float(string)) > LARGEST_NUMBER for string in numbers):
        return "text"
    try:
        for string in numbers:
            integer(string, "")
    except BadValueError:
        return "number"
    return "integer"


def _separator(name: str, strings: list[str]) -> str:
    """What the values are lists by: many hold it, and the words between come back in others."""
    listed = bool(LIST_WORDS.intersection(names.words(name)) or name.endswith("token_seq"))
    for separator in SEPARATORS:
        if separator in " /" and not listed:
            continue
        split = [[part.strip() for part in string.split(separator)] for string in strings]
        several = sum(len(parts) > 1 for parts in split) / len(strings)
        parts = [part for parts in split for part in set(parts) if part]
        again = len(parts) >= OF_EACH[separator] * len(set(parts))
        if several >= LISTED and again and np.mean([len(part) for part in parts]) <= LONG_WORD:
            return separator
    return ""


def _is_code(name: str, strings: list[str], kind: ValueType) -> bool:
    if kind not in ("text", "integer"):
        return False
    parts = names.words(name)
    is_id = bool(parts) and (
        parts[-1] in names.IDS - {"number", "key"} or (parts[-1].endswith("id") and kind == "integer")
    )
    return is_id or (kind == "text" and _share(strings, CODE) > MOSTLY)


def _unreadable(column: Column, attribute: Attribute) -> str:
    """Why some value cannot be read as the type; "" if all can."""
    for value in column.distinct:
        try:
            attribute_value(value, column.name, attribute)
        except BadValueError as error:
            return f"{error.kind}: {error.evidence}"
    return ""
