"""The shape buckets of a model with static shapes, read from the names of its functions, e.g. "encode_64"."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from pathlib import Path

from edge.errors import EdgeError

Bucket = tuple[int, ...]


def read_buckets(names: Iterable[str], path: Path, kind: str, entry_points: Collection[str]) -> dict[str, list[Bucket]]:
    """Entry point -> its buckets, ascending. Errors: one has no `kind`, a function or signature, in `path`."""
    buckets: dict[str, list[Bucket]] = {}
    for name in names:
        if parts := re.fullmatch(r"([a-z_]+?)((?:_\d+)+)", name):
            buckets.setdefault(parts[1], []).append(tuple(map(int, parts[2][1:].split("_"))))
    if missing := sorted(set(entry_points) - set(buckets)):
        evidence = f"no {kind} for: {', '.join(missing)}"
        raise EdgeError(
            f"{path} is not a model of this project", evidence=evidence, fix="export the model again with this version"
        )
    return {entry: sorted(found) for entry, found in buckets.items()}
