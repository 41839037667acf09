"""The manifests that this version reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edge.bundle.manifest import SCHEMA, decode_manifest, parse_manifest
from edge.bundle.ranking_manifest import RANKING_SCHEMA, parse_ranking_manifest


def parse_any_manifest(path: Path, data: bytes) -> dict[str, Any]:
    """The checked manifest of a bundle of either model. Errors: neither schema, or a manifest that breaks its rules."""
    of_entries = decode_manifest(path, data, SCHEMA, RANKING_SCHEMA)["schema"] == RANKING_SCHEMA
    return (parse_ranking_manifest if of_entries else parse_manifest)(path, data)
