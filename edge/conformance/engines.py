"""Which engines are checked, and how far each may be off."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from edge.engines.opening import RUNNABLE

ALL = "all"


def choose_engines(
    engines: Sequence[str] | None, models: Path, known: Sequence[str], absent: Callable[[str, Path], str]
) -> tuple[list[str], dict[str, str]]:
    """The engines to check of those `known`, and why others are not: what `absent` says of them."""
    named = [engine for engine in engines or () if engine != ALL]
    if engines is None:
        named = [name for name in RUNNABLE if (models / name).is_dir()]
    every = [engine for engine in known if engine not in named] if ALL in (engines or ()) else []
    unchecked = {engine: reason for engine in every if (reason := absent(engine, models))}
    return [*named, *(engine for engine in every if engine not in unchecked)], unchecked


def tolerance_of(manifest: Mapping[str, Any], engine: str) -> float:
    """How far an engine's logits may be off: its own allowance, else that of all."""
    golden = manifest["golden"]
    return float(golden.get("tolerances", {}).get(engine, golden["tolerance"]))
