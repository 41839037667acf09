"""The exits of an opened bundle: what may be reached by which plan, and how good it was when the bundle was made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Exits = Mapping[str, Mapping[int, float | None]]  # plan -> exit depth, ascending -> AUC, None if it was not measured


def read_exits(manifest: Mapping[str, Any], engine: str, handover: int) -> Exits:
    """Of a manifest that was checked. The full plan gives the prefix plan's scores, so it has its exits."""
    prefix = _exits_of(manifest, "prefix", engine)
    segments = _exits_of(manifest, "segments", engine)
    if handover and not segments:
        segments = {depth: None for depth in prefix if depth > handover}
    return {"prefix": prefix, "segments": segments, "full": prefix}


def _exits_of(manifest: Mapping[str, Any], plan: str, engine: str) -> dict[int, float | None]:
    """As measured on this engine, or where none of its own are listed, on whichever was."""
    listed = [exit for exit in manifest["exits"] if exit["plan"] == plan]
    own = [exit for exit in listed if exit.get("engine") in (None, engine)]
    return {exit["depth"]: exit["quality"].get("auc") for exit in sorted(own or listed, key=lambda exit: exit["depth"])}
