"""What a build may cost and must reach: the limits of `edge-bench gate`, read from TOML.

download = "2.8 MB"     # 1 MB = 1,000,000 bytes; MiB and plain integers too
installed = "9 MB"
resident = "60 MB"      # measured in a fresh process when it is limited

[quality]               # at the deepest exit; log_loss is a maximum, the others are minima
auc = 0.74

[exits.4.quality]       # at exit depth 4
auc = 0.72
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from edge.bench.sizes import parse_bytes
from edge.errors import EdgeError

SIZES = ("download", "installed", "resident")
_KEYS = (*SIZES, "quality", "exits")


@dataclass(frozen=True)
class Budget:
    """Limits, all inclusive; None and empty mean unlimited. `exits` maps a depth to its quality limits."""

    download: int | None = None
    installed: int | None = None
    resident: int | None = None
    quality: Mapping[str, float] = field(default_factory=dict)  # of the deepest exit
    exits: Mapping[int, Mapping[str, float]] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        return self == Budget()

    def tightened(self, other: Budget) -> Budget:
        """This budget with every limit that `other` sets in place of its own."""
        own = {size: getattr(other, size) for size in SIZES if getattr(other, size) is not None}
        return replace(self, **own, quality={**self.quality, **other.quality}, exits={**self.exits, **other.exits})


def read_budget(path: Path) -> Budget:
    """The budget in a TOML file; errors name the file and the key."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise EdgeError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise EdgeError(f"{path} is not a TOML file", evidence=str(error)) from error
    return parse_budget(table, str(path))


def parse_budget(table: Mapping[str, Any], where: str) -> Budget:
    _known(table, _KEYS, where)
    limits = {size: parse_bytes(table[size], f"{where}: {size}") for size in SIZES if size in table}
    exits = {}
    for depth, values in _table(table, "exits", where).items():
        if not depth.isascii() or not depth.isdigit() or int(depth) < 1:
            raise EdgeError(f"{where}: exits.{depth} is no exit depth", fix="write e.g. [exits.4.quality]")
        if not isinstance(values, Mapping):
            raise EdgeError(f"{where}: exits.{depth} must be a table", fix=f"write [exits.{depth}.quality]")
        _known(values, ("quality",), f"{where}: exits.{depth}")
        exits[int(depth)] = _quality(values, f"{where}: exits.{depth}")
    return Budget(**limits, quality=_quality(table, where), exits=exits)


def _quality(table: Mapping[str, Any], where: str) -> dict[str, float]:
    limits = {}
    for metric, limit in _table(table, "quality", where).items():
        if isinstance(limit, bool) or not isinstance(limit, int | float) or not limit == limit:
            raise EdgeError(f"{where}: quality.{metric} must be a number, not {limit!r}")
        limits[metric] = float(limit)
    return limits


def _table(table: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    value = table.get(key, {})
    if not isinstance(value, Mapping):
        raise EdgeError(f"{where}: {key} must be a table, not {value!r}")
    return value


def _known(table: Mapping[str, Any], keys: tuple[str, ...], where: str) -> None:
    for key in table:
        if key not in keys:
            nearest = difflib.get_close_matches(key, keys, n=1, cutoff=0.0)
            raise EdgeError(f"{where}: unknown key {key!r}", fix=f"did you mean {nearest[0]!r}?")
