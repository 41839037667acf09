"""From the files of a source to a `Log`: every row checked, nothing repaired in silence."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cloud.data.bad_rows import BadRows
from cloud.data.clock import agree, clock_warnings, explain_duplicates, explain_early, require_moments
from cloud.data.entities import Directory
from cloud.data.log import EVENT, SHOWN, TEST, Events, Log
from cloud.data.log_rows import LogRows, RowReader
from cloud.data.long_requests import long_request_warnings
from cloud.data.moments import of_requests
from cloud.data.negatives import with_negatives
from cloud.data.order import first_of_each, in_order
from cloud.data.schema import LogTable, Source
from cloud.data.split import parts, unseen_items
from cloud.data.tables.read import existing
from cloud.runs.directory import sha256_json
from edge.errors import EdgeError
from edge.files import sha256_file
from edge.text.types import Item, User


def fingerprint(source: Source) -> dict[str, str]:
    """SHA-256 of the files of log, items and users, and of them all together as "all"."""
    files = {"log": source.log.file, "items": source.items.file, "users": source.users.file}
    hashes = {section: sha256_file(existing(file)) for section, file in files.items() if file}
    return hashes | {"all": sha256_json(hashes)}


def read_log(source: Source, bad: BadRows, rows: int = 0) -> Log:
    """The whole log, or, of `rows` above 0, the first batches that hold so many. Bad rows are left out and collected.

    Errors: no usable row at all.
    """
    users = Directory.open("user", source.users, source.log.user, bad)
    items = Directory.open("item", source.items, source.log.item, bad)
    reader = RowReader(source.log, users, items, bad)
    found = reader.read(rows)
    for directory in (users, items):
        directory.conclude(source.log.path, bad)
    found.select(agree(source.log, found.line, found.time, reader.stamped, bad))
    if not len(found):
        bad.refuse()
        raise EdgeError(
            f"{source.log.path} holds no events", fix="check its path in edge.toml: a log has a row for each event"
        )
    require_moments(source.log, found.time, bad)
    ratings = (float(found.value.min()), float(found.value.max())) if source.log.rating else None
    found.select(_in_order(source.log, found, bad))
    if source.log.request:
        moment = of_requests(found.user, found.request, found.time)
        bad.warnings += long_request_warnings(source.log, found.line, found.user, found.time, moment)
        found.time = moment
    found.select(np.lexsort((found.time, found.user)))
    bad.warnings += clock_warnings(source.log, found.line, found.user, found.time)
    of_users, found.user = users.occurring(found.user)
    of_items, found.item = items.occurring(found.item)
    return Log(
        tuple(name for name, _ in of_users),
        tuple(User(attributes) for _, attributes in of_users),
        tuple(Item(name, attributes) for name, attributes in of_items),
        _events(source, found),
        source.log.clock == "shared",
        ratings,
        source.log.other_labels,
    )


def _in_order(log: LogTable, rows: LogRows, bad: BadRows) -> NDArray[np.bool_]:
    """(row,) False for duplicate events, and for those out of order in a log that must be sorted."""
    keep = first_of_each(log, rows.line, rows.user, rows.item, rows.time, bad)
    explain_duplicates(log, rows.user, rows.time, bad)
    if log.order == "sorted":
        # a duplicate event is out of order if its first row is, or not at all
        once = slice(None) if keep.all() else np.flatnonzero(keep)
        keep[once] = in_order(log, rows.line[once], rows.user[once], rows.time[once], bad)
    explain_early(log, rows.time, ~keep, bad)
    return keep


def _events(source: Source, rows: LogRows) -> Events:
    """With their parts; what only the test may have of unseen items is left out of the others."""
    log, value = source.log, rows.value
    liked = value >= log.threshold if log.rating else value > 0
    role = np.where(_enters_history(log, liked, rows.others), np.int8(EVENT), np.int8(SHOWN))
    part = parts(rows.user, rows.time, source.split)
    events = Events(rows.user, rows.item, rows.time, liked, value, role, rows.others, part)
    item = events.item
    held_out = unseen_items(item, source.split)
    apart = held_out & (events.part != TEST)
    events = events.select(~apart) if apart.any() else events
    if not source.negatives.each or not len(events):
        return events
    unseen = np.zeros(int(item.max()) + 1, dtype=bool)
    unseen[item[held_out]] = True
    return with_negatives(events, source.negatives, unseen)


def _enters_history(log: LogTable, liked: NDArray[np.bool_], others: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Ratings of both signs do; of what was shown only what has a label of 1, unless all shall."""
    if log.events == "all" or (log.rating and not log.events):
        return np.ones(len(liked), dtype=bool)
    return liked | (others > 0).any(axis=1)
