"""A data set in words, for the top of every report."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from cloud.data import movielens

OWN = "edge.toml"  # what a command calls the user's own log


def described(dataset: Mapping[str, Any]) -> str:
    """What a run's manifest says of its data: name, rows by split, users, items, and the fingerprint's first digits."""
    rows = [f"{count:,} {name}" for name, count in dataset.get("rows", {}).items()]
    counts = [f"{' + '.join(rows)} rows"] if rows else []
    counts += [f"{dataset[name]:,} {name}" for name in ("users", "items") if name in dataset]
    return f"{dataset['name']}: {', '.join(counts)}; SHA-256 {dataset['fingerprint'][:12]}…"


def options_of(name: str, assignments: Iterable[str], skip_bad_rows: bool) -> str:
    """The options of a command that reads the data set of that name: which one, how it is read, what is left out."""
    words = ["--data", name if name in movielens.NAMES else OWN]
    words += [word for assignment in assignments for word in ("--set", assignment)]
    return shlex.join(words + ["--skip-bad-rows"] * skip_bad_rows)
