"""What is known about items and users: the columns of the log that an id decides, and those of files of their own."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

import numpy as np

from cloud.data.schema import Attribute
from cloud.data.suggest import names
from cloud.data.suggest.liking import OWN
from cloud.data.suggest.roles import Roles
from cloud.data.suggest.sample import Column, Sample, decided
from cloud.data.suggest.types import Typed, typed
from cloud.data.templates import MAX_MAPPED, RESERVED

NEARLY = 0.7  # decided to that share: said, and left out
MOSTLY, TOO_FEW = "mostly", "too few rows of one id"
SPACED = 0.3  # share of ids with a space in them: these are names
MOST_NAMES = 0.5  # users per value of a text; one each is a name, and describes nobody
LEAST_USERS = 20
LONG = 60  # characters on average: such a text stands last, for a segment is cut at its end


@dataclass
class Attributes:
    """Of items or of users, by name, the title first. `codes`: names of those that have no words."""

    kind: str  # "item" or "user"
    attributes: dict[str, Attribute] = field(default_factory=dict)
    codes: list[str] = field(default_factory=list)
    long: list[str] = field(default_factory=list)  # names of those of many words

    def add(self, column: Column, found: Typed, required: bool) -> str:
        """The name it gets."""
        name = _free_name(column.name, self.kind, self.attributes)
        self.attributes[name] = replace(found.attribute, required=required)
        self.codes += [name] if found.code else []
        self.long += [name] if np.mean([len(string) for string in column.strings]) > LONG else []
        return name

    def with_title(self, column: str, required: bool) -> None:
        """The column is the title, under that name and in front."""
        old = next(name for name, attribute in self.attributes.items() if attribute.column == column)
        title = replace(self.attributes.pop(old), type="title", separator="|", required=required)
        others = {f"{name}_2" if name == "title" else name: other for name, other in self.attributes.items()}
        self.attributes = {"title": title, **others}


@dataclass(frozen=True)
class _Table:
    """Where attributes stand: the log, or a file of their own, whose columns are listed under a `prefix`."""

    sample: Sample
    ids: int
    prefix: str = ""


def of_log(sample: Sample, roles: Roles, own_file: set[str]) -> tuple[Attributes, Attributes]:
    """Items' and users', from the log's columns without a role; `own_file`: kinds that have a file instead."""
    found = {"item": Attributes("item"), "user": Attributes("user")}
    tables = {kind: _Table(sample, _ids(kind, roles)) for kind in found}
    for column in sample.columns.values():
        if column is roles.item and _is_title(column):
            kind, why = "item", roles.why[column.name][1]
        elif column.name in roles.why:
            continue
        else:
            kind, why = _owner(column, roles)
        if not kind:
            roles.why[column.name] = ("-", why)
            roles.check += [f"{column.name!r} is left out: {why}"] if why.startswith((MOSTLY, TOO_FEW)) else []
        elif kind not in own_file:
            _take(column, found[kind], roles, tables[kind], why)
        elif column is not roles.item:
            roles.why[column.name] = ("-", f"of the {kind}, and --{kind}s names a file of them")
    _give_title(found["item"], roles, tables["item"])
    return found["item"], found["user"]


def of_file(sample: Sample, id_column: str, kind: str, roles: Roles) -> Attributes:
    """Those of a file of items or users."""
    found, table = Attributes(kind), _Table(sample, sample.rows, f"{kind}s: ")
    roles.why[table.prefix + id_column] = (f"{kind}'s id", "as in the log")
    for column in sample.columns.values():
        if column.name != id_column:
            _take(column, found, roles, table, f"a column of the {kind}s' file")
    if kind == "item":
        _give_title(found, roles, table)
    return found


def _is_title(item: Column) -> bool:
    """True if the ids of items are their names."""
    spaces = sum(" " in string for string in item.strings)
    return names.title_rank(item.name) is not None or spaces > SPACED * len(item.strings)


def _take(column: Column, found: Attributes, roles: Roles, table: _Table, why: str) -> None:
    result = typed(column, table.ids)
    if isinstance(result, Typed) and found.kind == "user" and _names_people(column, result, table.ids):
        result = "nearly one value a user: it names them, and does not describe them"
    if isinstance(result, Typed) and len(found.attributes) == MAX_MAPPED:
        result = f"{MAX_MAPPED} attributes are the most"
    before = "item, " if column is roles.item else ""
    if isinstance(result, str):
        if not before:
            roles.why[table.prefix + column.name] = ("-", result)
        return
    required = table.sample.whole and bool(column.present.all()) and not result.attribute.missing
    name = found.add(column, result, required)
    split = result.attribute.type == "list" and not any(isinstance(value, tuple) for value in column.kinds)
    kind = result.attribute.type + (f" split at {result.attribute.separator!r}" if split else "")
    absent = "" if column.present.all() else f", not known in {1 - column.present.mean():.1%} of the rows"
    words = f"{why}; {'a code, for the numbers alone' if result.code else kind}{absent}"
    roles.why[table.prefix + column.name] = (f"{before}{found.kind}.{name}", words)


def _ids(kind: str, roles: Roles) -> int:
    return len((roles.item if kind == "item" else roles.user).kinds)


def _names_people(column: Column, found: Typed, users: int) -> bool:
    return found.attribute.type == "text" and users >= LEAST_USERS and len(column.kinds) > MOST_NAMES * users


def _owner(column: Column, roles: Roles) -> tuple[str, str]:
    """("item", "user" or "", why): the ids that decide the column."""
    if not column.kinds:
        return "", "empty in every row"
    if len(column.kinds) == 1:
        return "", f"the same in every row: {column.example}"
    shares = {"item": decided(roles.item, column), "user": decided(roles.user, column)}
    owners = [kind for kind, share in shares.items() if share is not None and share >= OWN]
    hint = _hint(column.name)
    if owners:
        kind = hint if hint in owners else min(owners, key=lambda kind: _ids(kind, roles))
        return kind, f"each {kind} has one value"
    if hint and shares[hint] is None:
        return hint, f"by its name: {TOO_FEW} to tell by the values"
    if hint and (shares[hint] or 0.0) >= NEARLY:
        return hint, f"by its name; {MOSTLY} one value for each {hint}, and the first row's counts"
    for kind, share in shares.items():
        if share is not None and share >= NEARLY:
            return "", f"{MOSTLY} of the {kind}, which decides {share:.0%} of it: its rows differ"
    if shares == {"item": None, "user": None}:
        return "", f"{TOO_FEW} to tell whose it is"
    return "", "differs from event to event"


def _hint(name: str) -> str:
    """Whose a column is by its name."""
    parts = names.words(name)
    if names.USERS.intersection(parts[:1]) or names.OF_USERS.intersection(parts):
        return "user"
    return "item" if names.ITEMS.intersection(parts[:1]) or names.OF_ITEMS.intersection(parts) else ""


def _give_title(found: Attributes, roles: Roles, table: _Table) -> None:
    """The text that names an item: by its name, or the one that most items have for themselves."""
    texts = [
        table.sample[attribute.column]
        for name, attribute in found.attributes.items()
        if attribute.type in ("text", "list") and name not in found.codes
    ]
    if not texts:
        return
    ranks = {column.name: names.title_rank(column.name) for column in texts}
    chosen = min(texts, key=lambda column: (ranks[column.name] is None, ranks[column.name] or 0, -len(column.kinds)))
    if ranks[chosen.name] is None and len(chosen.kinds) < MOST_NAMES * table.ids:
        return
    found.with_title(chosen.name, bool(chosen.present.all()))
    role, why = roles.why[table.prefix + chosen.name]
    before = role.rpartition("item.")[0]
    roles.why[table.prefix + chosen.name] = (f"{before}item.title", re.sub("; (text|list [^,]*)", "; title", why))


def _free_name(column: str, kind: str, taken: dict[str, Attribute]) -> str:
    name = names.plain_name(column) or f"{kind}_{len(taken) + 1}"
    if name in RESERVED:
        name = f"{kind}_{name}"
    number, free = 2, name[:90]
    while free in taken:
        free, number = f"{name[:90]}_{number}", number + 1
    return free
