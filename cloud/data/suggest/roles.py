"""Which column of a log is the user, the item, the time and the request: by name, then by values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from cloud.data.suggest import names
from cloud.data.suggest.liking import Liking, find_liking, is_of
from cloud.data.suggest.questions import none, one_of
from cloud.data.suggest.sample import Column, Sample
from cloud.data.suggest.times import Clock, read_clock, time_problem
from edge.errors import EdgeError, did_you_mean

SPAN = 600.0  # seconds that a request takes at most
NO_NAME = 2  # rank of a name that says nothing
WEAK = 3  # rank of a name that would do if there is no better one


@dataclass
class Roles:
    """Columns of the log by role. `why` and `check` are shown to the user: what was decided, and what to check."""

    user: Column
    item: Column
    time: Column
    clock: Clock
    liking: Liking
    request: str = ""
    why: dict[str, tuple[str, str]] = field(default_factory=dict)  # column -> (role, why)
    check: list[str] = field(default_factory=list)


def find_roles(sample: Sample, given: Mapping[str, str], choices: bool = False) -> Roles:
    """`given`: columns that the user named, by role; `choices`: each row is one.

    Errors: a role that no column has, or that several could have.
    """
    _check_given(sample, given)
    check: list[str] = []
    taken = set(given.values())
    user, why_user = _named(sample, "user", names.user_rank, given, check, taken)
    taken |= {user.name}
    item, why_item = _named(sample, "item", names.item_rank, given, check, taken)
    taken |= {item.name}
    time, clock, why_time = _time(sample, (user, item), given, taken, check)
    taken |= {time.name}
    if choices:
        liking = Liking("choice", None, (), "")
    else:
        liking = find_liking(sample, (user, item), given.get("label"), taken, check)
    roles = Roles(user, item, time, clock, liking, check=check)
    roles.why = {user.name: ("user", why_user), item.name: ("item", why_item), time.name: ("time", why_time)}
    if liking.column:
        roles.why[liking.column.name] = (liking.kind, liking.why)
    roles.why |= dict.fromkeys(liking.others, ("label, too", "0 and 1; an attribute of events, not learned"))
    if clock.steps:
        kind, other = ("of each user's own", "shared") if clock.own else ("shared by all users", "user")
        check.append(f'the steps of {time.name!r} are taken to be {kind}: if they are not, clock = "{other}"')
    _find_request(sample, roles)
    return roles


def _check_given(sample: Sample, given: Mapping[str, str]) -> None:
    """Errors: no such column, or one for two roles."""
    for role, name in given.items():
        if name not in sample.columns:
            why = f"cannot be read: {sample.left_out[name]}" if name in sample.left_out else "does not exist"
            raise EdgeError(
                f"{sample.file.path}: the column {name!r} of --{role} {why}",
                evidence=f"it has: {', '.join(map(repr, sample.columns))}",
                fix=did_you_mean(name, sample.columns),
            )
        twice = [other for other in given if given[other] == name]
        if len(twice) > 1:
            raise EdgeError(
                f"{sample.file.path}: {name!r} is named by {' and '.join(f'--{other}' for other in twice)}",
                evidence=f"it has: {', '.join(map(repr, sample.columns))}",
                fix="name a column for each",
            )


def _named(
    sample: Sample,
    role: str,
    rank: Callable[[str], int | None],
    given: Mapping[str, str],
    check: list[str],
    taken: Iterable[str] = (),
) -> tuple[Column, str]:
    """The column of ids whose name says it best."""
    if role in given:
        return sample[given[role]], f"named by --{role}"
    ranked: dict[int, list[Column]] = {}
    for column in sample.columns.values():
        place = rank(column.name)
        if place is not None and column.name not in taken and _could_be_id(column):
            ranked.setdefault(place, []).append(column)
    if not ranked:
        raise none(sample, role, f"the {role}'s id", taken)
    best = min(ranked)
    column = one_of(sample, role, ranked[best], check)
    if len(column.kinds) == 1:
        check.append(f"{column.name!r}, taken for the {role}'s id, is {column.example} in every row")
    if best == WEAK:
        check.append(f"{column.name!r} is taken for the {role}'s id, for no name says it better: if not, --{role} NAME")
    how = "titles serve as ids" if best > WEAK else "by its name"
    return column, f"{how}; {len(column.kinds):,} values such as {column.example}"


def _could_be_id(column: Column) -> bool:
    """Neither lists nor fractions."""
    few = column.kinds[:1000]
    fractions = any(isinstance(value, float) and not value.is_integer() for value in few)
    return bool(few) and not fractions and not any(isinstance(value, tuple) for value in few)


def _time(
    sample: Sample, keys: tuple[Column, ...], given: Mapping[str, str], taken: set[str], check: list[str]
) -> tuple[Column, Clock, str]:
    """(column, how it is read, why). `keys`: user and item, whose dates are none of the event's."""
    if "time" in given:
        column = sample[given["time"]]
        clock = read_clock(column, keys[0])
        if clock is None:
            raise _unread_time(sample, column)
        return column, clock, f"named by --time: {clock.described}"
    ranked, unread = _times_by_rank(sample, keys, taken)
    best = min(ranked, default=(True, NO_NAME))
    if unread and best[1] == NO_NAME:  # a name outweighs what values alone suggest
        raise _unread_time(sample, unread[0])
    if not ranked:
        raise none(sample, "time", "the time of the event", taken)
    clocks = ranked[best]
    candidates = [sample[name] for name in clocks]
    column = one_of(sample, "time", candidates, check, lambda *pair: _of_one_order(clocks, *pair))
    if best[1] == NO_NAME:
        check.append(f"{column.name!r} is taken for the time by its values alone: if it is not, --time NAME")
    how = "by its values alone" if best[1] == NO_NAME else "by its name and values"
    return column, clocks[column.name], f"{how}: {clocks[column.name].described}"


def _times_by_rank(
    sample: Sample, keys: tuple[Column, ...], taken: set[str]
) -> tuple[dict[tuple[bool, int], dict[str, Clock]], list[Column]]:
    """((steps, rank of the name) -> clocks of columns, columns that are called a time and hold none)."""
    ranked: dict[tuple[bool, int], dict[str, Clock]] = {}
    unread: list[Column] = []
    for column in sample.columns.values():
        rank = names.time_rank(column.name)
        if column.name in taken or names.OTHER_TIMES.intersection(names.words(column.name)):
            continue
        clock = read_clock(column, keys[0])
        if clock is None:
            unread += [column] if rank == 0 and column.kinds else []
        elif rank == 0 or not ((rank == NO_NAME and clock.steps) or is_of(column, keys)):
            ranked.setdefault((clock.steps, rank), {})[column.name] = clock
    return ranked, unread


def _of_one_order(clocks: Mapping[str, Clock], one: Column, other: Column) -> bool:
    """True if two columns of times put the rows in one order, as seconds and a text of them do."""
    first, second = (np.unique(clocks[column.name].times, return_inverse=True)[1] for column in (one, other))
    return bool((first == second).all())


def _unread_time(sample: Sample, column: Column) -> EdgeError:
    evidence, fix = time_problem(column)
    return EdgeError(
        f"{sample.file.path}: {column.name!r} holds no times that are read",
        evidence=evidence,
        fix=fix or "write times as 2024-05-01T12:00:00Z or in seconds since 1970, or name another column: --time NAME",
    )


def _find_request(sample: Sample, roles: Roles) -> None:
    """A column of requests: each value's rows are of one user and of one moment, or of minutes."""
    for column in sample.columns.values():
        if column.name in roles.why or not names.REQUESTS.intersection(names.words(column.name)):
            continue
        if len(column.kinds) * 1.2 < column.present.sum() and column.present.all() and _one_moment(column, roles):
            roles.request = column.name
            roles.why[column.name] = ("request", "by its name; rows of a value are of one user and one moment")
            return


def _one_moment(request: Column, roles: Roles) -> bool:
    order = np.argsort(request.codes, kind="stable")
    starts = np.flatnonzero(np.diff(request.codes[order], prepend=-1))
    users, times = roles.user.codes[order], roles.clock.times[order]
    one_user = (np.maximum.reduceat(users, starts) == np.minimum.reduceat(users, starts)).mean()
    span = np.maximum.reduceat(times, starts) - np.minimum.reduceat(times, starts)
    return bool(one_user == 1 and (span <= (0 if roles.clock.steps else SPAN)).all())
