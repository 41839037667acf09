"""From a log without an edge.toml to a source that reads it, with each decision and its reason."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cloud.data.bad_rows import BadRows
from cloud.data.labels import check_labels
from cloud.data.log import PARTS, Events, Log
from cloud.data.read_log import read_log
from cloud.data.schema import Entities, LogTable, Negatives, Source, Split
from cloud.data.split import parts
from cloud.data.suggest import names
from cloud.data.suggest.attributes import Attributes, of_file, of_log
from cloud.data.suggest.files import look_at
from cloud.data.suggest.history import with_history
from cloud.data.suggest.roles import Roles, find_roles
from cloud.data.suggest.sample import ROWS, Column, Sample
from cloud.data.suggest.wording import numbers_for, text_spec
from cloud.data.values import BadValueError, identifier
from edge.errors import EdgeError

NEGATIVES = 4  # drawn for each row of a log of choices alone
COVERED = 0.5  # share of the log's ids that a file of items or users must have


@dataclass(frozen=True)
class Suggestion:
    """A source, the (column, role, why) of every column, and what the user should look at.

    `reasons` are of settings of [log] and [split]. `bad` counts the rows that were looked at and cannot be used.
    """

    source: Source
    rows: int
    whole: bool
    columns: list[tuple[str, str, str]]
    check: list[str]
    reasons: dict[str, str]
    bad: int = 0
    kinds: Mapping[str, int] = field(default_factory=dict)


def suggest(
    log: Path,
    items: Path | None = None,
    users: Path | None = None,
    given: Mapping[str, str] | None = None,
    choices: bool = False,
    rows: int = ROWS,
) -> Suggestion:
    """From the first `rows` of each file.

    `given`: columns that the user named, by role: user, item, time, label. `choices`: each row is one, without a label.
    Errors: a file that is not read, no column for a role or several, items without words.
    """
    sample = look_at(log, rows)
    roles = find_roles(sample, given or {}, choices)
    own = {kind: path for kind, path in (("item", items), ("user", users)) if path}
    in_log = of_log(sample, roles, set(own))
    found = {one.kind: (one, Entities(one.attributes)) for one in in_log}
    found |= {kind: _of_own_file(path, kind, roles, rows) for kind, path in own.items()}
    if not found["item"][0].attributes:
        raise _no_words(sample, roles, items)
    table, reasons = _log_table(sample, roles)
    text = text_spec(roles, found["item"][0], found["user"][0])
    source = Source(table, text, found["item"][1], found["user"][1], negatives=_negatives(roles))
    source = replace(source, name=log.name.partition(".")[0])
    return _checked(Suggestion(source, sample.rows, sample.whole, _columns(sample, roles), roles.check, reasons), rows)


def _columns(sample: Sample, roles: Roles) -> list[tuple[str, str, str]]:
    columns = [(name, role, why) for name, (role, why) in roles.why.items()]
    return columns + [(name, "-", why) for name, why in sample.left_out.items()]


def _negatives(roles: Roles) -> Negatives:
    if roles.liking.kind != "choice":
        return Negatives()
    return Negatives(NEGATIVES, "stage" if roles.clock.own else "popularity")


def _checked(suggestion: Suggestion, rows: int) -> Suggestion:
    """With a split and numbers that fit the log as it is read, and with what its readers say of the first rows."""
    bad = BadRows()
    log = read_log(suggestion.source, bad, rows)
    check = [*suggestion.check, *(warning.problem for warning in bad.warnings)]
    source, log, of_history = with_history(suggestion.source, log, check)
    source, reasons = _split(source, log, check)
    numbers = numbers_for(log, source.items, source.users)
    source = replace(source, text=replace(source.text, numbers=numbers))
    reasons = suggestion.reasons | of_history | reasons
    return replace(suggestion, source=source, check=check, reasons=reasons, bad=bad.total, kinds=bad.kinds)


def _of_own_file(path: Path, kind: str, roles: Roles, rows: int) -> tuple[Attributes, Entities]:
    sample = look_at(path, rows)
    id_column = _id_column(sample, kind, roles.item if kind == "item" else roles.user)
    found = of_file(sample, id_column, kind, roles)
    file = sample.file
    roles.why |= {f"{kind}s: {name}": ("-", why) for name, why in sample.left_out.items()}
    return found, Entities(
        found.attributes, file.path, id_column, file.format, file.separator, file.quote, file.encoding
    )


def _id_column(sample: Sample, kind: str, ids: Column) -> str:
    """The column that has the log's ids; by its name if several have. Errors: none has."""
    wanted = _identifiers(ids)
    covered = {name: len(wanted & _identifiers(column)) / len(wanted) for name, column in sample.columns.items()}
    rank = names.item_rank if kind == "item" else names.user_rank

    def order(name: str) -> tuple[bool, float, int]:
        place = rank(name)
        return name != ids.name, -covered[name], 9 if place is None else place

    best = min((name for name in covered if covered[name] >= COVERED), key=order, default="")
    if not best:
        nearest = max(covered, key=lambda name: covered[name])
        raise EdgeError(
            f"{sample.file.path}: no column has the {kind}s of {ids.name!r} in the log",
            evidence=f"the log has ids such as {ids.example}; {nearest!r} has most, {covered[nearest]:.0%}, "
            f"in {sample.rows:,} rows such as {sample[nearest].example}",
            fix=f"write ids alike in both files, or name the log's column of {kind}s: --{kind} NAME",
        )
    return best


def _identifiers(column: Column) -> set[str]:
    """As ids are compared: 7 and 7.0 are one."""
    found = set()
    for value in column.kinds:
        with suppress(BadValueError):
            found.add(identifier(value, column.name))
    return found


def _no_words(sample: Sample, roles: Roles, items: Path | None) -> EdgeError:
    left = [f"{name!r}: {why}" for name, (role, why) in roles.why.items() if role == "-"]
    return EdgeError(
        f"{items or sample.file.path}: no column says in words what an item is, and ids are never read",
        evidence="\n".join(left) or f"beside ids, time and label there is nothing: {', '.join(sample.columns)}",
        fix="add titles to the log, or name a file that has them by the item's id: --items FILE",
    )


def _log_table(sample: Sample, roles: Roles) -> tuple[LogTable, dict[str, str]]:
    """The [log] section, and why its settings are so."""
    file, clock = sample.file, roles.clock
    liking, reasons = roles.liking, {}
    threshold = 4.0
    if clock.sorted and not sample.whole:
        reasons["order"] = f'the first {sample.rows:,} rows are in order: "sorted" would refuse a later one that is not'
    if liking.kind == "rating" and liking.column:
        threshold, share = _threshold(liking.column)
        reasons["threshold"] = f"{share:.0%} of the rows are liked: the nearest to one half that a value gives"
    if clock.own:
        reasons["clock"] = "each user's steps begin at the first number, so they do not compare"
    elif clock.steps:
        reasons["clock"] = 'users begin at different steps, so these seem to be of one clock; if not, "user"'
    name = liking.column.name if liking.column else ""
    table = LogTable(
        **vars(file),
        user=roles.user.name,
        item=roles.item.name,
        time=roles.time.name,
        time_unit=clock.unit,
        rating=name if liking.kind == "rating" else "",
        threshold=threshold,
        label=name if liking.kind == "label" else "",
        other_labels=liking.others,
        order="sorted" if clock.sorted and sample.whole else "any",
        request=roles.request,
        clock="user" if clock.own else "shared",
    )
    return table, reasons


def _threshold(label: Column) -> tuple[float, float]:
    """(the value that makes the share of liked rows nearest to one half, that share)."""
    numbers = np.array(
        [float(string) if not absent else np.nan for string, absent in zip(label.strings, label.absent, strict=True)]
    )
    rows = numbers[label.codes]
    rows = rows[~np.isnan(rows)]
    shares = {float(value): float((rows >= value).mean()) for value in np.unique(rows)[1:]}
    return min(shares.items(), key=lambda pair: abs(pair[1] - 0.5))


def _split(source: Source, log: Log, check: list[str]) -> tuple[Source, dict[str, str]]:
    """The first kind of split by which every part has rows and labels of both kinds; the usual one if none does."""
    kinds: tuple[Split, ...] = (Split(), Split(by="last"))
    if log.shared_clock:
        kinds = (*kinds, Split(by="time"))
    wide = tuple(replace(split, validation=0.2, test=0.2) for split in kinds if split.by != "last")
    for split in (*kinds, *wide):
        part = _parts(log.events, split)
        if _can_be_learned(replace(log, events=replace(log.events, part=part)), source.log):
            reason = "" if split == Split() else "users have too few rows for the last tenth of each"
            return replace(source, split=split), {"by": reason} if reason else {}
    check.append("too few rows to train, validate and test on, with liked ones and others in each: add more")
    return source, {}


def _parts(events: Events, split: Split) -> NDArray[np.int8]:
    """(event,) as reading the log would give them; negatives drawn for a row, which follow it, share its part."""
    happened = events.happened
    rows = events.select(happened)
    return parts(rows.user, rows.time, split)[np.cumsum(happened) - 1]


def _can_be_learned(log: Log, table: LogTable) -> bool:
    if any(not (log.events.part == part).any() for part in range(len(PARTS))):
        return False
    try:
        check_labels(log, table)
    except EdgeError:
        return False
    return True
