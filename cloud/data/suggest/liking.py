"""What says that an event was liked: a rating, a label of 0 and 1, or neither, where every row is a choice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cloud.data.suggest import names
from cloud.data.suggest.questions import one_of, several
from cloud.data.suggest.sample import Column, Sample, decided
from cloud.data.templates import RESERVED
from cloud.data.values import NUMBER, TRUTH
from edge.errors import EdgeError

OWN = 0.95  # decided to that share: a property of the key
MOST_RATINGS = 101  # distinct values
MOST_ACTIONS = 20
WRITE_ONE = "write a column of 1 where the item was liked and 0 where it was shown and not liked"


@dataclass(frozen=True)
class Liking:
    """`column` is None for choices. `others`: further columns of 0 and 1 about the event."""

    kind: Literal["rating", "label", "choice"]
    column: Column | None
    others: tuple[str, ...]
    why: str


def find_liking(
    sample: Sample, keys: tuple[Column, ...], given: str | None, taken: set[str], check: list[str]
) -> Liking:
    """`keys`: user and item, whose properties are no labels. Errors: no column can be it, or several could."""
    if given is not None:
        return _with_others(sample, keys, _given(sample, given), "named by --label", taken)
    ranked: dict[int, list[Column]] = {}
    odd: list[Column] = []
    for column in sample.columns.values():
        rank, kind = names.label_rank(column.name), _kind(column)
        if column.name in taken:
            continue
        if kind is None or (rank == 2 and not _could_be_label(column, kind)):
            odd += [column] if rank < 2 and column.kinds else []
        elif not is_of(column, keys):
            ranked.setdefault(rank, []).append(column)
    if not ranked or (odd and min(ranked) == 2):  # a name outweighs what values alone suggest
        return _choices(sample, odd, keys, taken, check)
    best = min(ranked)
    if best == 2 and len(ranked[best]) > 1:
        raise several(sample, "label", ranked[best])
    column = _decisive(sample, ranked[best], check)
    if best == 2:
        check.append(f"{column.name!r} is taken for the {_kind(column)} by its values alone: if not, --label NAME")
    how = "by its name and values" if best < 2 else "by its values alone"
    return _with_others(sample, keys, column, f"{how}: {_values_of(column)}", taken)


def is_of(column: Column, keys: tuple[Column, ...]) -> bool:
    """True for a property of the user or the item."""
    return any((decided(key, column) or 0.0) >= OWN for key in keys)


def _given(sample: Sample, name: str) -> Column:
    column = sample[name]
    if _kind(column) is None:
        raise EdgeError(
            f"{sample.file.path}: {name!r}, named by --label, holds neither ratings nor 0 and 1 alike",
            evidence=f"it holds {_values_of(column)}",
            fix=WRITE_ONE,
        )
    return column


def _with_others(sample: Sample, keys: tuple[Column, ...], column: Column, why: str, taken: set[str]) -> Liking:
    """With the other columns of 0 and 1 whose names say that they are of the event."""
    others = [
        other.name
        for other in sample.columns.values()
        if other is not column
        and other.name not in {*taken, *RESERVED}
        and other.name.isidentifier()
        and names.label_rank(other.name) < 2
        and _kind(other) == "label"
        and other.present.all()
        and not is_of(other, (*keys, column) if _kind(column) == "rating" else keys)
    ]
    return Liking("rating" if _kind(column) == "rating" else "label", column, tuple(others), why)


def _decisive(sample: Sample, candidates: list[Column], check: list[str]) -> Column:
    """The rating among several, if the others follow from it: they are labels made of it."""
    for one in candidates if len(candidates) > 1 else ():
        others = [other for other in candidates if other is not one]
        if _kind(one) == "rating" and all((decided(one, other) or 0.0) >= OWN for other in others):
            check.append(f"from {one.name!r} follows {' and '.join(repr(other.name) for other in others)}, left out")
            return one
    return one_of(sample, "label", candidates, check)


def _choices(sample: Sample, odd: list[Column], keys: tuple[Column, ...], taken: set[str], check: list[str]) -> Liking:
    """A log without a label. Errors: a column seems to say it, in other values."""
    always = [column for column in odd if set(column.strings) <= {"1", "1.0", "true", "True"}]
    unclear = [column for column in odd if column not in always]
    for column in sample.columns.values():
        acts = names.ACTIONS.intersection(names.words(column.name)) and 2 <= len(column.kinds) <= MOST_ACTIONS
        if acts and column.name not in taken and not is_of(column, keys):
            unclear.append(column)
    for column in unclear:
        raise EdgeError(
            f"{sample.file.path}: {column.name!r} holds neither ratings nor 0 and 1",
            evidence=f"it holds {_values_of(column)}",
            fix=f"{WRITE_ONE}; or name another: --label NAME; or, if every row is a choice: --choices",
        )
    why = f"{always[0].name!r} is 1 in every row" if always else "no column says what was liked"
    check.append(f"{why}, so each row is taken for a choice and negatives are drawn: if one does, --label NAME")
    return Liking("choice", None, (), why)


def _kind(column: Column) -> Literal["label", "rating"] | None:
    """A label holds 0 and 1, or true and false; a rating some numbers; None for anything else."""
    strings = {string.lower() for string, absent in zip(column.strings, column.absent, strict=True) if not absent}
    truths = {TRUTH.get(string, float(string) if NUMBER.fullmatch(string) else string) for string in strings}
    if truths == {0, 1}:
        return "label"
    numbers = all(NUMBER.fullmatch(string) for string in strings)
    return "rating" if numbers and 2 <= len(truths) <= MOST_RATINGS else None


def _could_be_label(column: Column, kind: str) -> bool:
    """By its values alone: 0 and 1, or stars from 1 to 5 at most, halves too."""
    if names.PLACES.intersection(names.words(column.name)):
        return False
    if kind == "label":
        return True
    stars = sorted(float(str(value)) for value in column.kinds)
    return len(stars) > 2 and stars[0] >= 0.5 and stars[-1] == 5 and all(2 * star == int(2 * star) for star in stars)


def _values_of(column: Column) -> str:
    shown = [repr(string) for string, absent in zip(column.strings, column.absent, strict=True) if not absent]
    return ", ".join(sorted(shown)[:6] if len(shown) <= 6 else [*shown[:5], f"... ({len(shown):,} values)"])
