"""What a build may cost and must reach: the limits of `edge-bench gate`, read from TOML.

download = "2.8 MB"     # 1 MB = 1,000,000 bytes; MiB and plain integers too
installed = "9 MB"
resident = "60 MB"      # measured in a fresh process when it is limited
parity = true           # the golden requests are reproduced on the engine
unique_weights = true   # one shared layer, and every weight once in the installed model

[quality]               # at the deepest exit; log_loss is a maximum, the others are minima
auc = 0.74

[exits.4.quality]       # at exit depth 4
auc = 0.72

[instructions]          # ARM64 instructions of one request, at most
limit = 900_000_000     # at the deepest exit; elsewhere: [exits.4] instructions = 500_000_000
candidates = 50         # of the request that is counted; also user_tokens = 112 and kept_user = true

[growth]                # against the bundle of --baseline
download = "1 kB"       # at most so many bytes more; installed and resident too
auc = 0.002             # at most so much lost at any exit; any metric of the bundle's
time = 1.05             # at most so many times the CPU time: fails where the whole interval is above it
instructions = 1.01     # at most so many times the instructions
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from edge.bundle.sizes import parse_bytes
from edge.errors import EdgeError
from edge.toml import read_toml

SIZES = ("download", "installed", "resident")
SWITCHES = ("parity", "unique_weights")
METRICS = ("auc", "user_auc", "ndcg@10", "log_loss")  # that edge.metrics.summarise measures
RATIOS = ("time", "instructions")
_KEYS = (*SIZES, *SWITCHES, "quality", "exits", "instructions", "growth")
_COUNTED = ("candidates", "user_tokens", "kept_user")


@dataclass(frozen=True)
class CountedRequest:
    """Whose instructions are counted. `user_tokens` 0: as many as a user may have."""

    candidates: int = 50
    user_tokens: int = 0
    kept_user: bool = False


@dataclass(frozen=True)
class Growth:
    """What may be added to a baseline, all inclusive: bytes by size, loss by metric, ratios of costs."""

    sizes: Mapping[str, int] = field(default_factory=dict)
    quality: Mapping[str, float] = field(default_factory=dict)
    time: float | None = None
    instructions: float | None = None

    @property
    def empty(self) -> bool:
        return self == Growth()


@dataclass(frozen=True)
class Budget:
    """Limits, all inclusive; None and empty mean unlimited. `exits` maps a depth to its quality limits."""

    download: int | None = None
    installed: int | None = None
    resident: int | None = None
    parity: bool = False
    unique_weights: bool = False
    quality: Mapping[str, float] = field(default_factory=dict)  # of the deepest exit
    exits: Mapping[int, Mapping[str, float]] = field(default_factory=dict)
    instructions: int | None = None  # at the deepest exit
    exit_instructions: Mapping[int, int] = field(default_factory=dict)
    counted: CountedRequest = CountedRequest()
    growth: Growth = Growth()

    @property
    def empty(self) -> bool:
        return replace(self, counted=CountedRequest()) == Budget()

    @property
    def counts_instructions(self) -> bool:
        limits = (self.instructions, self.growth.instructions)
        return bool(self.exit_instructions) or any(limit is not None for limit in limits)

    def tightened(self, other: Budget) -> Budget:
        """This budget with every size and quality limit that `other` sets in place of its own."""
        own = {size: getattr(other, size) for size in SIZES if getattr(other, size) is not None}
        return replace(self, **own, quality={**self.quality, **other.quality}, exits={**self.exits, **other.exits})


def read_budget(path: Path) -> Budget:
    """The budget in a TOML file; errors name the file and the key."""
    return parse_budget(read_toml(path), str(path))


def parse_budget(table: Mapping[str, Any], where: str) -> Budget:
    _known(table, _KEYS, where)
    limits: dict[str, Any] = {size: parse_bytes(table[size], f"{where}: {size}") for size in SIZES if size in table}
    limits |= {name: _boolean(table[name], f"{where}: {name}") for name in SWITCHES if name in table}
    exits, exit_instructions = {}, {}
    for depth, values in _exits(table, where):
        place = f"{where}: exits.{depth}"
        _known(values, ("quality", "instructions"), place)
        if "quality" in values:
            exits[depth] = _quality(values, place)
        if "instructions" in values:
            exit_instructions[depth] = _count(values["instructions"], f"{place}.instructions")
    instructions, counted = _instructions(_table(table, "instructions", where), f"{where}: instructions")
    return Budget(
        **limits,
        quality=_quality(table, where),
        exits=exits,
        instructions=instructions,
        exit_instructions=exit_instructions,
        counted=counted,
        growth=_growth(_table(table, "growth", where), f"{where}: growth"),
    )


def _exits(table: Mapping[str, Any], where: str) -> Iterable[tuple[int, Mapping[str, Any]]]:
    for depth, values in _table(table, "exits", where).items():
        if not depth.isascii() or not depth.isdigit() or int(depth) < 1:
            raise EdgeError(f"{where}: exits.{depth} is no exit depth", fix="write e.g. [exits.4.quality]")
        if not isinstance(values, Mapping):
            raise EdgeError(f"{where}: exits.{depth} must be a table", fix=f"write [exits.{depth}.quality]")
        yield int(depth), values


def _instructions(table: Mapping[str, Any], where: str) -> tuple[int | None, CountedRequest]:
    _known(table, ("limit", *_COUNTED), where)
    counts = {key: _count(table[key], f"{where}.{key}") for key in ("limit", *_COUNTED[:2]) if key in table}
    kept = _boolean(table.get("kept_user", False), f"{where}.kept_user")
    return counts.pop("limit", None), CountedRequest(**counts, kept_user=kept)


def _growth(table: Mapping[str, Any], where: str) -> Growth:
    _known(table, (*SIZES, *METRICS, *RATIOS), where)
    return Growth(
        sizes={size: parse_bytes(table[size], f"{where}.{size}") for size in SIZES if size in table},
        quality={metric: _number(table[metric], f"{where}.{metric}") for metric in METRICS if metric in table},
        **{name: _number(table[name], f"{where}.{name}", least=1.0) for name in RATIOS if name in table},
    )


def _quality(table: Mapping[str, Any], where: str) -> dict[str, float]:
    found = _table(table, "quality", where)
    return {metric: _number(limit, f"{where}: quality.{metric}", least=-math.inf) for metric, limit in found.items()}


def _number(value: Any, where: str, least: float = 0.0) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        raise EdgeError(f"{where} must be a number, not {value!r}")
    if value < least:
        raise EdgeError(f"{where} must be a number from {least}, not {value!r}")
    return float(value)


def _count(value: Any, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise EdgeError(f"{where} must be a whole number from 1, not {value!r}", fix="write e.g. 900_000_000")
    return value


def _boolean(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise EdgeError(f"{where} must be true or false, not {value!r}")
    return value


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
