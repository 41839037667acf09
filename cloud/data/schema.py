"""How a log is described: the sections of `edge.toml` as frozen dataclasses."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from cloud.data.tables.repair import rewritten
from cloud.limits import MOST_SEED
from edge.config import check_counts, from_dict, setting
from edge.errors import EdgeError
from edge.files import read_toml
from edge.text.spec import TextSpec

Format = Literal["csv", "parquet", "jsonl"]
ValueType = Literal["text", "title", "integer", "number", "boolean", "list"]
TimeUnit = Literal[
    "seconds", "milliseconds", "microseconds", "nanoseconds", "s", "ms", "us", "ns", "iso"
]  # since 1970, or texts
PER_SECOND = {"seconds": 1.0, "milliseconds": 1e3, "microseconds": 1e6, "nanoseconds": 1e9}
PER_SECOND |= {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}


@dataclass(frozen=True)
class Attribute:
    """One attribute of an item or a user, read from `column`.

    type "title" is text whose trailing article ("Matrix, The") moves to the front; "list" splits at
    `separator`. Values listed in `missing` count as absent; `decode` turns codes into words first.
    """

    column: str
    type: ValueType = "text"
    separator: str = "|"
    required: bool = False
    missing: tuple[str, ...] = ()
    decode: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.type == "list" and not self.separator:
            raise EdgeError(f"{setting('separator')} of the list {self.column!r} is empty", fix='separator = "|"')


@dataclass(frozen=True)
class File:
    """Where a table lies. `separator` and `quote` are for CSV; an empty `quote` means no quoting."""

    path: str
    format: Format = "csv"
    separator: str = ","
    quote: str = '"'
    encoding: str = "utf-8"


@dataclass(frozen=True)
class LogTable:
    """The [log] section: one row per event. Liked is `rating` >= `threshold`, or `label` (0 or 1)."""

    path: str
    user: str
    item: str
    time: str
    format: Format = "csv"
    separator: str = ","
    quote: str = '"'
    encoding: str = "utf-8"
    time_unit: TimeUnit = "seconds"
    rating: str = ""
    threshold: float = 4.0
    label: str = ""
    order: Literal["sorted", "any"] = "sorted"  # in the file, within each user
    request: str = ""  # a column that says which rows of a user were on one screen, beside those of one time
    clock: Literal["shared", "user"] = "shared"  # "user": times of two users do not compare, as step numbers do not

    def __post_init__(self) -> None:
        if not math.isfinite(self.threshold):
            raise EdgeError(f"{setting('threshold')} is {self.threshold}", fix="threshold = 4")

    @property
    def file(self) -> File:
        return File(self.path, self.format, self.separator, self.quote, self.encoding)


@dataclass(frozen=True)
class Entities:
    """The [items] or [users] section. Without `path` the attributes are columns of the log itself."""

    attributes: dict[str, Attribute] = field(default_factory=dict)
    path: str = ""
    id: str = ""
    format: Format = "csv"
    separator: str = ","
    quote: str = '"'
    encoding: str = "utf-8"

    @property
    def file(self) -> File | None:
        return File(self.path, self.format, self.separator, self.quote, self.encoding) if self.path else None


@dataclass(frozen=True)
class Split:
    """Which rows test and validate, by time: the last ones of each user, of all users, or each user's last screen.

    `test` and `validation` are shares of the rows, `unseen_items` of the items: these are left out of training.
    """

    by: Literal["user", "time", "last"] = "user"
    validation: float = 0.1
    test: float = 0.1
    unseen_items: float = 0.0
    seed: int = 0  # of the draw of unseen items

    def __post_init__(self) -> None:
        check_counts(self, seed=(0, MOST_SEED))
        if not 0 <= self.unseen_items < 1:
            raise EdgeError(f"{setting('unseen_items')} is {self.unseen_items:g}", fix="a share: 0.1 is a tenth")
        if not (self.validation > 0 and self.test > 0 and self.validation + self.test < 1):
            raise EdgeError(
                f"{setting('validation')}={self.validation:g} and {setting('test')}={self.test:g} leave one part empty",
                fix="use shares above 0 that add up to less than 1",
            )


@dataclass(frozen=True)
class Source:
    """A whole `edge.toml`: which files, which columns, which words."""

    log: LogTable
    text: TextSpec
    items: Entities = field(default_factory=Entities)
    users: Entities = field(default_factory=Entities)
    split: Split = field(default_factory=Split)
    name: str = "log"


def read_source(path: Path) -> Source:
    """The source that an `edge.toml` describes, its paths made absolute.

    Errors: no such file, not TOML (with line and column), unknown keys, wrong types, a section that is
    incomplete or contradicts itself.
    """
    absent = EdgeError(
        f"no data set or file {str(path)!r}", fix="use ml-100k, ml-1m or an edge.toml (`edge init` writes one)"
    )
    values = read_toml(path, absent)
    source = from_dict(Source, values, where=str(path))
    _check(source, path)
    return replace(
        source,
        name=values.get("name", path.stem),
        log=replace(source.log, path=_absolute(path, source.log.path)),
        items=replace(source.items, path=_absolute(path, source.items.path)),
        users=replace(source.users, path=_absolute(path, source.users.path)),
    )


def _check(source: Source, path: Path) -> None:
    if not source.log.path:
        raise EdgeError(f"{path}: path in [log] is empty", fix='path = "events.csv"')
    if source.log.label and source.log.rating:
        raise EdgeError(
            f"{path}: [log] has both label and rating",
            evidence=f"liked is {source.log.label!r} = 1, or {source.log.rating!r} of the threshold or more",
            fix="leave out label, or rating and threshold",
        )
    if not (source.log.label or source.log.rating):
        raise EdgeError(
            f"{path}: [log] has neither label nor rating",
            fix='label = "clicked" for a column of 0 and 1, or rating = "rating" with threshold = 4',
        )
    if source.log.clock == "user" and source.split.by == "time":
        raise EdgeError(
            f'{path}: [split] by = "time" needs times that compare, and [log] has clock = "user"', fix='by = "user"'
        )
    for section, entities in (("items", source.items), ("users", source.users)):
        if entities.path and not entities.id:
            raise EdgeError(f"{path}: [{section}] has a path and no id column", fix='id = "item_id"')
    if not source.items.attributes:
        raise EdgeError(
            f"{path}: [items.attributes] is empty, so an item has no text",
            fix='title = { column = "title", required = true }',
        )
    for file in (source.log.file, source.items.file, source.users.file):
        if file:
            _check_separator(file, path)


def _check_separator(file: File, path: Path) -> None:
    name = f"{path}: of {file.path}"
    if len(file.separator) != 1 or file.separator in "\r\n":
        plain = "".join(f"[{one}]" if one not in "^\\/" else f"\\{one}" for one in file.separator)
        tabs = rewritten(rf"sed 's/{plain}/\t/g'", path.parent / file.path)
        fix = f'separator = "\\t", and {tabs}' if len(file.separator) > 1 else 'separator = ","'
        raise EdgeError(f"{name}, separator must be one character, not {file.separator!r}", fix=fix)
    if len(file.quote) > 1 or file.quote in ("\r", "\n"):
        fix = 'quote = \'"\', or quote = "" if the file has no quoting'
        raise EdgeError(f"{name}, quote must be one character or none, not {file.quote!r}", fix=fix)
    if file.separator == file.quote:
        raise EdgeError(f"{name}, separator and quote are both {file.quote!r}", fix='separator = ","')


def _absolute(toml: Path, path: str) -> str:
    return str(toml.parent / path) if path else ""
