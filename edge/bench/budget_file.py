"""Budgets as TOML.

download = "2.8 MB"     # 1 MB = 1,000,000 bytes; MiB and plain integers too
installed = "9 MB"
resident = "60 MB"      # measured in a fresh process when it is limited
parity = true           # the golden requests are reproduced on the engine
unique_weights = true   # one shared layer, and every weight once in the installed model

[quality]               # at the best exit; log_loss is a maximum, the others are minima
auc = 0.74

[exits."1/0".quality]   # at exit 1/0: encode depth / interact depth
auc = 0.72

[instructions]          # ARM64 instructions of one request, at most
limit = 900_000_000     # at the deepest exit; elsewhere: [exits."1/0"] instructions = 500_000_000
candidates = 50         # of the request that is counted; also events, item_tokens and scenario = "kept"

[growth]                # against the bundle of --baseline
download = "1 kB"       # at most so many bytes more; installed and resident too
auc = 0.002             # at most so much lost at any exit; any metric of the bundle's
time = 1.05             # at most so many times the CPU time: fails where the whole interval is above it
instructions = 1.01     # at most so many times the instructions
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from edge.bench.budget import METRICS, RATIOS, SIZES, SWITCHES, Budget, Growth
from edge.bench.sized_request import SizedRequest
from edge.bundle.exits import Exit
from edge.bundle.sizes import parse_bytes
from edge.errors import EdgeError, did_you_mean
from edge.files import read_toml

_KEYS = (*SIZES, *SWITCHES, "quality", "exits", "instructions", "growth")
_COUNTED = ("candidates", "events", "item_tokens", "scenario")


def read_budget(path: Path) -> Budget:
    """The budget in a TOML file; errors name the file and the key."""
    return parse_budget(read_toml(path), str(path))


def parse_budget(table: Mapping[str, Any], where: str) -> Budget:
    """Errors name `where` and the key."""
    try:
        return _budget(table)
    except EdgeError as error:
        raise EdgeError(f"{where}: {error.problem}", evidence=error.evidence, fix=error.fix) from error


def _budget(table: Mapping[str, Any]) -> Budget:
    _known(table, _KEYS)
    exits, exit_instructions = {}, {}
    for exit, values in _exits(table):
        if "quality" in values:
            exits[exit] = _table(values, "quality", f"exits.{exit}.")
        if "instructions" in values:
            exit_instructions[exit] = values["instructions"]
    counted = dict(_table(table, "instructions"))
    _known(counted, ("limit", *_COUNTED), "instructions.")
    budget = Budget(
        **_sizes(table),
        **{name: table[name] for name in SWITCHES if name in table},
        quality=_table(table, "quality"),
        exits=exits,
        instructions=counted.pop("limit", None),
        exit_instructions=exit_instructions,
        counted=SizedRequest(**counted),
        growth=_growth(_table(table, "growth")),
    )
    if counted and not budget.counts_instructions:
        raise EdgeError(
            "[instructions] describes a request but holds no limit", fix="add a limit, or remove the section"
        )
    return budget


def _sizes(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    return {size: parse_bytes(table[size], prefix + size) for size in SIZES if size in table}


def _exits(table: Mapping[str, Any]) -> Iterable[tuple[Exit, Mapping[str, Any]]]:
    exits = _table(table, "exits")
    for name in exits:
        exit = Exit.parse(name, "a key of [exits]")
        values = _table(exits, name, "exits.")
        _known(values, ("quality", "instructions"), f"exits.{name}.")
        yield exit, values


def _growth(table: Mapping[str, Any]) -> Growth:
    _known(table, (*SIZES, *METRICS, *RATIOS), "growth.")
    return Growth(
        sizes=_sizes(table, "growth."),
        quality={metric: table[metric] for metric in METRICS if metric in table},
        **{name: table[name] for name in RATIOS if name in table},
    )


def _table(table: Mapping[str, Any], key: str, prefix: str = "") -> Mapping[str, Any]:
    """One that is absent is empty, one that is there is not."""
    value = table.get(key, {})
    if not isinstance(value, Mapping):
        raise EdgeError(f"{prefix}{key} must be a table, not {value!r}", fix=f"write [{prefix}{key}]")
    if key in table and not value:
        raise EdgeError(f"[{prefix}{key}] holds no limit", fix="add one, or remove the section")
    return value


def _known(table: Mapping[str, Any], keys: tuple[str, ...], prefix: str = "") -> None:
    for key in table:
        if key not in keys:
            raise EdgeError(f"unknown key {prefix + key!r}", fix=did_you_mean(key, keys))
