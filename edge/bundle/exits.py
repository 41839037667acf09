"""The exits of a bundle: what may be reached by which plan, and how good it was when the bundle was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.bundle.archive import refuse
from edge.bundle.facts import MODEL_ENGINES
from edge.bundle.values import is_count, is_number
from edge.metrics import RANGES

PLANS = ("prefix", "segments", "full")

Exits = Mapping[str, Mapping[int, float | None]]  # plan -> exit depth, ascending -> AUC, None if it was not measured


@dataclass(frozen=True)
class Exit:
    """Quality on the test split when scoring stops at `depth`; of all engines if `engine` is None."""

    depth: int
    plan: str  # attention plan: full, prefix or segments
    quality: Mapping[str, float]
    engine: str | None = None


def parse_exits(path: Path, values: Sequence[Any], layers: int, handover: int) -> tuple[Exit, ...]:
    """Of `[{"depth": 4, "plan": "prefix", "quality": {"auc": 0.76}}]`, and optionally "engine": "litert".

    Refuses a list that a model of so many layers cannot have, or that does not say what the prefix plan reaches. The
    deepest exit tells a wrong number of layers, the segments plan's exits a wrong hand-over.
    """
    exits = tuple(_parse_exit(path, f"manifest.json: exits[{index}]", value) for index, value in enumerate(values))
    if not any(exit.plan == "prefix" for exit in exits):
        refuse(path, "manifest.json lists no exit of the prefix plan" if exits else "manifest.json lists no exit")
    for exit in exits:
        if exit.depth > layers:
            refuse(path, f"manifest.json lists an exit at depth {exit.depth}, deeper than the model's {layers} layers")
        if exit.plan == "segments" and not 0 < handover < exit.depth:
            refuse(path, f"manifest.json lists exit {exit.depth} of the segments plan, where segments have not met")
    if len({(exit.depth, exit.plan, exit.engine) for exit in exits}) < len(exits):
        refuse(path, "manifest.json lists an exit twice")
    prefix, segments = ({exit.depth for exit in exits if exit.plan == plan} for plan in ("prefix", "segments"))
    if max(prefix) < layers:
        refuse(path, f"manifest.json lists no exit of the prefix plan at the model's {layers} layers")
    if segments and (missing := {depth for depth in prefix if depth > handover} - segments):
        refuse(path, f"manifest.json lists exits of the segments plan, but none at depth {min(missing)}")
    return exits


def _parse_exit(path: Path, where: str, value: Any) -> Exit:
    if not isinstance(value, dict) or not is_count(value.get("depth"), least=1):
        refuse(path, f"{where} has no depth of 1 or more")
    plan, engine, quality = value.get("plan"), value.get("engine"), value.get("quality")
    if plan not in PLANS:
        refuse(path, f"{where}.plan must be one of {', '.join(PLANS)}")
    if engine not in (None, *MODEL_ENGINES):
        refuse(path, f"{where}.engine must be one of {', '.join(MODEL_ENGINES)}, or absent")
    if not isinstance(quality, dict) or not all(map(is_number, quality.values())):
        refuse(path, f"{where}.quality must map metrics to finite numbers")
    for metric, figure in quality.items():
        least, most = RANGES.get(metric, (figure, figure))
        if not least <= figure <= most:
            refuse(path, f"{where}.quality: {ascii(metric)[:40]} must be from {least:g} to {most:g}, it is {figure:g}")
    return Exit(value["depth"], plan, quality, engine)


def read_exits(exits: Sequence[Exit], engine: str, handover: int) -> Exits:
    """By plan, for one engine. The full plan gives the prefix plan's scores, so it has its exits."""
    prefix, segments = _exits_of(exits, "prefix", engine), _exits_of(exits, "segments", engine)
    if handover and not segments:
        segments = {depth: None for depth in prefix if depth > handover}
    return {"prefix": prefix, "segments": segments, "full": prefix}


def _exits_of(exits: Sequence[Exit], plan: str, engine: str) -> dict[int, float | None]:
    """As measured on this engine, else on all together, else on another: an exit is there on every engine."""
    relevance = {engine: 2, None: 1}
    listed = [exit for exit in exits if exit.plan == plan]
    listed.sort(key=lambda exit: (exit.depth, relevance.get(exit.engine, 0)))
    return {exit.depth: exit.quality.get("auc") for exit in listed}  # of one depth the last counts
