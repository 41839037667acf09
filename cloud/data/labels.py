"""What is liked and what is not: a log, and each part of it, must hold both."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cloud.data.log import PARTS, TEST, TRAIN, Log
from cloud.data.schema import LogTable
from edge.config import setting
from edge.errors import EdgeError

REQUIRED = (PARTS[TRAIN], PARTS[TEST])  # one label alone teaches nothing and measures nothing


def check_labels(log: Log, table: LogTable) -> list[EdgeError]:
    """A warning if all validation rows have one label. Errors: all rows have, or those of train or test."""
    name, liked = Path(table.path).name, log.events.liked
    if liked.all() or not liked.any():
        raise _in_whole_log(log, table, name)
    counts = {part: liked[log.events.part == number] for number, part in enumerate(PARTS)}
    drawn = not table.label and not table.rating
    evidence = ", ".join(f"{part} {labels.sum():,} of {len(labels):,}" for part, labels in counts.items())
    warnings = []
    for part, labels in counts.items():
        if len(labels) and (labels.all() or not labels.any()):
            error = (
                _none_drawn(log, f"the {part} split", table)
                if drawn
                else EdgeError(
                    f"{_how_many(bool(labels[0]))} event of the {part} split is liked",
                    evidence=f"liked: {evidence}",
                    fix="use more events, or another threshold"
                    if part == PARTS[TRAIN]
                    else f"use more events, or a larger share: --set {setting('split.' + part)}=0.2",
                )
            )
            if part in REQUIRED:
                raise error
            warnings.append(error)
    return warnings


def _none_drawn(log: Log, where: str, table: LogTable) -> EdgeError:
    """Of choices alone: every row is liked, as no user had an item left to draw as a negative."""
    items, users = (len(np.unique(column)) for column in (log.events.item, log.events.user))
    evidence = f"the log has {_number(items, 'item')} and {_number(users, 'user')}"
    return EdgeError(
        f"no negatives could be drawn for {where}",
        evidence=f"{evidence}: a negative is an item of other users' earlier rows that the user has no row of",
        fix=f"check whether {table.item!r} is the item's column, and use events of more users and items; or add the "
        'items that were shown and not chosen, with label = "..." in [log] in place of [negatives]',
    )


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def _in_whole_log(log: Log, table: LogTable, name: str) -> EdgeError:
    if not table.label and not table.rating:
        return _none_drawn(log, f"any event of {name}", table)
    problem = f"{_how_many(bool(log.events.liked[0]))} event of {name} is liked"
    if log.ratings and log.ratings[0] < log.ratings[1]:
        low, high = log.ratings
        return EdgeError(
            problem,
            evidence=f"{table.rating!r} runs from {low:g} to {high:g}, the threshold is {table.threshold:g}",
            fix=f"choose a threshold above {low:g} and up to {high:g}",
        )
    column = table.rating or table.label
    return EdgeError(
        problem,
        evidence=f"{column!r} is the same in all {len(log.events):,} rows",
        fix="add the items that were shown and not chosen: from them the model learns what to rank lower",
    )


def _how_many(liked: bool) -> str:
    return "every" if liked else "no"
