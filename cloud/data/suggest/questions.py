"""What only the user can decide: errors that show the candidates and name the option that answers."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable

from cloud.data.suggest.sample import Column, Sample, same
from edge.errors import EdgeError

SHOWN = 15  # columns in an error


def one_of(
    sample: Sample,
    role: str,
    candidates: list[Column],
    check: list[str],
    alike: Callable[[Column, Column], bool] = same,
) -> Column:
    """The only one, or the first of several that say the same, which `check` learns. Errors: they differ."""
    first, *others = candidates
    if not all(alike(first, other) for other in others):
        raise several(sample, role, candidates)
    if others:
        also = " and ".join(repr(other.name) for other in others)
        check.append(f"{also} could be the {role}, too: each value goes with one of {first.name!r}")
    return first


def several(sample: Sample, role: str, candidates: list[Column]) -> EdgeError:
    """The error if several columns could have a role; its fix names the option for each."""
    return EdgeError(
        f"{sample.file.path}: several columns could be the {role}: {', '.join(repr(one.name) for one in candidates)}",
        evidence="\n".join(map(described, candidates)),
        fix=" or ".join(f"--{role} {shlex.quote(one.name)}" for one in candidates),
    )


def none(sample: Sample, role: str, what: str, taken: Iterable[str] = ()) -> EdgeError:
    """The error if no column has a role; its evidence lists the free columns."""
    free = [described(column) for name, column in sample.columns.items() if name not in taken and column.kinds]
    more = [f"... and {len(free) - SHOWN:,} more"] if len(free) > SHOWN else []
    return EdgeError(
        f"no column of {sample.file.path} is recognised as {what}",
        evidence="\n".join([*free[:SHOWN], *more]),
        fix=f"name the column: --{role} NAME",
    )


def described(column: Column) -> str:
    """A column for a message: its name, how many values it has, and some of them."""
    count = len(column.kinds)
    return f"{column.name!r}: {f'{count:,} values such as' if count > 1 else 'always'} {column.example}"
