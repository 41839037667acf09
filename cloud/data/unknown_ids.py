"""Ids written in two ways: in a log and in its file of items or users, or within one log."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Mapping

from cloud.data.values import quoted
from edge.errors import EdgeError

Way = Callable[[str], str]
ACCENTS = "how an accent is encoded"

WAYS: dict[str, Way] = {  # what two spellings of one id may differ in, and ids without it
    "white space or invisible characters": lambda name: re.sub(r"[\s\u00ad\u200b-\u200f\u2060\ufeff]+", "", name),
    "upper and lower case": str.casefold,
    "a trailing .0": lambda name: re.sub(r"(?<=\d)\.0+$", "", name),
    "leading zeros": lambda name: re.sub(r"(?<!\d)0+(?=\d)", "", name),
    ACCENTS: lambda name: unicodedata.normalize("NFKC", name),
    "punctuation": lambda name: re.sub(r"[^\w]|_", "", name),
    "what stands before the number": lambda name: re.sub(r"^\D+(?=\d+$)", "", name),
}
ALWAYS = ("a trailing .0", "leading zeros", "white space or invisible characters", ACCENTS, "upper and lower case")
ENOUGH = 0.25  # share of the unknown ids that one way must account for, to be no accident
EXAMPLES = 3


def explain_unknown(unknown: Mapping[str, int], known: Collection[str], log: str, table: str) -> str:
    """What to do about the `unknown` ids, each with the line of the file `log` that it stands in first.

    "" if nothing shows that the ids of the file `table` are the same ones.
    """
    matches = {what: _matches(unknown, known, way) for what, way in WAYS.items()}
    what = max(matches, key=lambda what: len(matches[what]))
    together = _matches(unknown, known, _all_ways)
    if len(together) > 1.1 * len(matches[what]):
        what, matches["the ways of writing them"] = "the ways of writing them", together
    found = matches[what]
    if len(found) < ENOUGH * len(unknown):
        return ""
    name, other = next(iter(found.items()))
    spelt = ascii if what == ACCENTS else quoted  # two that look the same
    return (
        f"write the ids alike in both files: {len(found):,} of the {len(unknown):,} unknown ones differ only in {what} "
        f"({spelt(name)} in {log}:{unknown[name]} is {spelt(other)} in {table})"
    )


def compare_examples(unknown: Collection[str], known: Collection[str], log: str, table: str) -> str:
    """What to do where most ids are unknown and no way of writing explains it."""
    ours, theirs = (", ".join(quoted(name) for name in sorted(names)[:EXAMPLES]) for names in (unknown, known))
    return f"name the columns that hold the same ids in edge.toml: {log} has {ours}, {table} has {theirs}"


def written_twice(lines: Mapping[str, int], kind: str, log: str) -> EdgeError | None:
    """A warning if some ids, each with its first line in the file `log`, are others written in another way."""
    for what in ALWAYS:
        way = WAYS[what]
        others = {name: plain for name in lines if (plain := way(name)) != name and plain in lines}
        if others:
            name, plain = next(iter(others.items()))
            spelt = ascii if what == ACCENTS else quoted
            return EdgeError(
                f"{len(others):,} of {len(lines):,} {kind}s in {log} are others, it seems, but for {what}",
                evidence=" and ".join(f"{spelt(one)} in {log}:{lines[one]}" for one in (name, plain)) + " count as two",
                fix=f"write the id of one {kind} alike in every row, if they are one",
            )
    return None


def _matches(unknown: Collection[str], known: Collection[str], way: Way) -> dict[str, str]:
    """Unknown ids that `way` makes equal to one known id, and to no more."""
    plain = {name: way(name) for name in known}
    counts = Counter(plain.values())
    single = {value: name for name, value in plain.items() if counts[value] == 1}
    return {name: single[way(name)] for name in unknown if way(name) in single}


def _all_ways(name: str) -> str:
    for way in WAYS.values():
        name = way(name)
    return name
