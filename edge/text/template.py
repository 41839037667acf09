"""Templates: how records become text. Data, not code, so every platform renders the same words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from edge.errors import EdgeError, did_you_mean
from edge.text.types import Value
from edge.text.wording import ARGUMENTS, FILTERS, WordingError, is_missing, plain

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_TOKEN = re.compile(r"\[\[|\]\]|\{[^{}]*\}|[{}]")
_SPACES = re.compile(" {2,}")


@dataclass(frozen=True)
class Field:
    """`{name|filter:argument}` at a 1-based column."""

    name: str
    column: int
    filter: str = ""
    arguments: tuple[str, ...] = ()

    def words(self, value: Value) -> str:
        """The rendered value (SPEC.md, section 3). Errors: a value that the filter does not accept."""
        return FILTERS[self.filter](value, *self.arguments) if self.filter else plain(value)


@dataclass(frozen=True)
class Group:
    """`[[ ... ]]`: left out whole if one of its fields has nothing to say."""

    parts: tuple[str | Field, ...]


@dataclass(frozen=True)
class Template:
    """A parsed template. Names the template and the column in every error."""

    name: str
    text: str
    parts: tuple[str | Field | Group, ...]

    @classmethod
    def parse(cls, text: str, name: str = "template") -> Template:
        """Errors: unclosed or nested braces and groups, a bad field name, filter or argument count."""
        return cls(name, text, _parts(text, name))

    @property
    def fields(self) -> tuple[str, ...]:
        """The names the template uses, in order of first use."""
        return tuple(dict.fromkeys(field.name for field in self._fields()))

    def _fields(self) -> Iterator[Field]:
        for part in self.parts:
            for inner in part.parts if isinstance(part, Group) else (part,):
                if isinstance(inner, Field):
                    yield inner

    def render(self, scope: Mapping[str, Value]) -> str:
        """The text; runs of spaces become one. `scope` maps names to values.

        Errors: a field outside a group has no value, or a filter does not fit the value.
        """
        pieces = []
        for part in self.parts:
            if isinstance(part, str):
                pieces.append(part)
            elif isinstance(part, Field):
                pieces.append(self._required(part, scope))
            else:
                pieces.append(self._group(part, scope))
        return _SPACES.sub(" ", "".join(pieces)).strip(" ")

    def wording(self, name: str, value: Value) -> tuple[str, ...]:
        """What the value of that name is worded as, in each field that names it: equal ones render alike."""
        return tuple(self._words(field, value) for field in self._fields() if field.name == name)

    def _group(self, group: Group, scope: Mapping[str, Value]) -> str:
        pieces = []
        for part in group.parts:
            words = part if isinstance(part, str) else self._words(part, scope.get(part.name))
            if words == "" and not isinstance(part, str):
                return ""
            pieces.append(words)
        return "".join(pieces)

    def _required(self, field: Field, scope: Mapping[str, Value]) -> str:
        value = scope.get(field.name)
        if is_missing(value):
            raise _error(
                self.name, field.column, f"{field.name!r} has no value", self.text,
                fix=f"send {field.name!r}; or put the field into [[ ]] in the template, so that it may be missing",
            )  # fmt: skip
        return self._words(field, value)

    def _words(self, field: Field, value: Value) -> str:
        if is_missing(value):
            return ""
        try:
            return field.words(value)
        except WordingError as error:
            what = f"filter {field.filter!r} of {field.name!r}" if field.filter else repr(field.name)
            raise _error(self.name, field.column, f"{what} {error}", self.text) from error


def _error(name: str, column: int, problem: str, text: str, fix: str = "") -> EdgeError:
    return EdgeError(f"template {name!r} column {column}: {problem}", evidence=text, fix=fix)


def _parts(text: str, name: str) -> tuple[str | Field | Group, ...]:
    outer: list[str | Field | Group] = []
    inner: list[str | Field] | None = None  # the open group's parts
    opened = position = 0
    for match in _TOKEN.finditer(text):
        token, column = match.group(), match.start() + 1
        target: list[Any] = outer if inner is None else inner
        if match.start() > position:
            target.append(text[position : match.start()])
        position = match.end()
        if token == "[[":
            if inner is not None:
                raise _error(name, column, "a group inside a group", text, fix="close the first with ]]")
            inner, opened = [], column
        elif token == "]]":
            if inner is None:
                raise _error(name, column, "']]' closes no group", text)
            if not any(isinstance(part, Field) for part in inner):
                raise _error(name, opened, "a group without a field", text, fix="write it without [[ ]]")
            outer.append(Group(tuple(inner)))
            inner = None
        elif len(token) == 1:
            raise _error(name, column, f"{token!r} without its other half", text)
        else:
            target.append(_field(token[1:-1], column, name, text))
    if inner is not None:
        raise _error(name, opened, "'[[' is never closed", text, fix="add ]]")
    return (*outer, text[position:]) if position < len(text) else tuple(outer)


def _field(body: str, column: int, name: str, text: str) -> Field:
    path, bar, call = body.partition("|")
    if not _NAME.fullmatch(path):
        fix = "letters, digits and _; the item's words are those of the template item" if "." in path else ""
        raise _error(name, column, f"{path!r} is not a field name", text, fix=fix or "letters, digits and _")
    if not bar:
        return Field(path, column)
    filter_name, *arguments = call.split(":")
    if filter_name not in FILTERS:
        fix = did_you_mean(filter_name, FILTERS)
        raise _error(name, column, f"unknown filter {filter_name!r}", text, fix=fix)
    if len(arguments) != ARGUMENTS.get(filter_name, 0):
        wanted = ARGUMENTS.get(filter_name, 0)
        raise _error(name, column, f"filter {filter_name!r} takes {wanted} arguments, got {len(arguments)}", text)
    return Field(path, column, filter_name, tuple(arguments))
