"""Words that databases and programs write for a missing value, and the setting that declares them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from cloud.data.schema import Attribute
from edge.errors import EdgeError
from edge.text.types import Value

WORDS = {"nan", "null", "none", "na", "n/a", "nat", "nil", "undefined", "<na>", "#n/a", r"\n"}
SIGNS = {"-", "--", "?"}  # of attributes alone: an id may be one
SEVERAL = 2  # items or users with such a word: one may be called so


def is_no_id(string: str) -> bool:
    """True for a word such as "null" that stands for a missing id."""
    return string.lower() in WORDS


def is_no_value(string: str) -> bool:
    """True for a word or sign, such as "n/a" or "-", that stands for a missing value."""
    return string.lower() in WORDS or string in SIGNS


def missing_setting(name: str, attribute: Attribute, words: Iterable[str], kind: str, required: bool = False) -> str:
    """The line of edge.toml that reads `words` as missing, of an attribute of the `kind` "item" or "user"."""
    parts = {"column": json.dumps(attribute.column, ensure_ascii=False)}
    if attribute.type != "text":
        parts["type"] = f'"{attribute.type}"'
    if attribute.type == "list" and attribute.separator != "|":
        parts["separator"] = json.dumps(attribute.separator, ensure_ascii=False)
    if required:
        parts["required"] = "true"
    every = dict.fromkeys([*attribute.missing, *words])
    parts["missing"] = json.dumps(list(every), ensure_ascii=False)
    if attribute.decode:
        pairs = (
            f"{json.dumps(code)} = {json.dumps(word, ensure_ascii=False)}" for code, word in attribute.decode.items()
        )
        parts["decode"] = f"{{ {', '.join(pairs)} }}"
    line = ", ".join(f"{key} = {value}" for key, value in parts.items())
    return f"{name} = {{ {line} }} in [{kind}s.attributes]"


def read_as_words(
    wanted: Mapping[str, Attribute], found: Iterable[Mapping[str, Value]], kind: str, file: str
) -> Iterator[EdgeError]:
    """Warnings: several items or users have a word for nothing where words are read."""
    rows = list(found)
    for name, attribute in wanted.items():
        if attribute.type not in ("text", "title", "list"):
            continue
        values = (row.get(name) for row in rows)
        each = (word for value in values for word in (value if isinstance(value, tuple) else (value,)))
        words = Counter(word for word in each if isinstance(word, str) and is_no_value(word))
        if words.total() >= SEVERAL:
            shown = " or ".join(map(repr, sorted(words)))
            yield EdgeError(
                f"{words.total():,} of {len(rows):,} {kind}s in {file} have {shown} for {name!r}, read as a word",
                fix=f"{missing_setting(name, attribute, words, kind, attribute.required)}, if it stands for no value",
            )
