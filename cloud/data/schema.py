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
MOST_NEGATIVES = 100  # for each row
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
    other_labels: tuple[str, ...] = ()  # further columns of 0 and 1, e.g. bought: attributes of events, not learned
    events: Literal["", "liked", "all"] = ""  # rows that enter the history; "": all ratings, and what has a label of 1
    order: Literal["sorted", "any"] = "sorted"  # in the file, within each user
    request: str = ""  # a column that says which rows of a user were on one screen, beside those of one time
    clock: Literal["shared", "user"] = "shared"  # "user": times of two users do not compare, as step numbers do not

    def __post_init__(self) -> None:
        if not math.isfinite(self.threshold):
            raise EdgeError(f"{setting('threshold')} is {self.threshold}", fix="threshold = 4")
        for name in self.other_labels:
            if not name.isidentifier() or self.other_labels.count(name) > 1 or name == self.label:
                raise EdgeError(
                    f"{setting('other_labels')} holds {name!r}",
                    fix="name each further column once; as templates name it, it has letters, digits and _ alone",
                )

    @property
    def file(self) -> File:
        """The file of the log and how to read it."""
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
        """The file of items or users and how to read it; None without a path."""
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
class Negatives:
    """What is drawn beside each row of a log of choices alone, which has neither label nor rating."""

    each: int = 0  # negatives for each row; 0 where the log holds both
    by: Literal["uniform", "popularity", "stage"] = "popularity"
    seed: int = 0

    def __post_init__(self) -> None:
        check_counts(self, each=(0, MOST_NEGATIVES), seed=(0, MOST_SEED))


@dataclass(frozen=True)
class Source:
    """A whole `edge.toml`: which files, which columns, which words."""

    log: LogTable
    text: TextSpec
    items: Entities = field(default_factory=Entities)
    users: Entities = field(default_factory=Entities)
    split: Split = field(default_factory=Split)
    negatives: Negatives = field(default_factory=Negatives)
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
    _check_labels(source, path)
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


def _check_labels(source: Source, path: Path) -> None:
    """A label, a rating, or choices alone with negatives to draw; and nothing that would be ignored."""
    log, drawn = source.log, source.negatives.each > 0
    if log.label and log.rating:
        raise EdgeError(
            f"{path}: [log] has both label and rating",
            evidence=f"liked is {log.label!r} = 1, or {log.rating!r} of the threshold or more",
            fix="leave out label, or rating and threshold",
        )
    if not log.label and not log.rating and not drawn:
        raise EdgeError(
            f"{path}: [log] has neither label nor rating",
            fix='label = "clicked" for a column of 0 and 1, or rating = "rating" with threshold = 4; '
            "for a log of choices alone, [negatives] with each = 4",
        )
    if drawn and (log.label or log.rating):
        raise EdgeError(
            f"{path}: [negatives] are drawn for a log of choices alone, and [log] has {log.label or log.rating!r}",
            fix="leave out [negatives]: the rows that were not liked are the negatives",
        )
    if drawn and log.clock == "user" and source.negatives.by != "stage":
        raise EdgeError(
            f'{path}: [negatives] by = "{source.negatives.by}" needs times that compare, and clock is "user"',
            fix='by = "stage"',
        )


def _absolute(toml: Path, path: str) -> str:
    return str(toml.parent / path) if path else ""
