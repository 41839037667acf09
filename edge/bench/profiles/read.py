"""Profiles from TOML: those shipped here by name, any other by its path."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from edge.bench.profiles.profile import DeviceProfile, Figure
from edge.config import from_dict
from edge.errors import EdgeError, nearest
from edge.files import read_toml

FOLDER = Path(__file__).parent
UNITS = {
    "fast.cores": "", "fast.clock": "GHz", "fast.cache": "MB", "memory": "GB", "app_memory": "MB",
    "int8_rate": "GMAC/s", "budgets.download": "MB", "budgets.resident": "MB", "budgets.new": "ms",
    "budgets.kept": "ms",
}  # fmt: skip


def profile_names() -> list[str]:
    """Of the profiles shipped with edge-ranker."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def read_profile(name_or_path: str | Path) -> DeviceProfile:
    """Errors name the file and the key; an unknown name or key names the nearest."""
    path = _path(str(name_or_path))
    profile = from_dict(DeviceProfile, read_toml(path), str(path))
    for key, figure in figures(profile):
        _check(figure, f"{path}.{key}", UNITS[key])
    return profile


def figures(part: Any, prefix: str = "") -> Iterator[tuple[str, Figure]]:
    """Every figure of a profile with its dotted key."""
    for field in fields(part):
        value = getattr(part, field.name)
        if isinstance(value, Figure):
            yield prefix + field.name, value
        elif is_dataclass(value):
            yield from figures(value, f"{prefix}{field.name}.")


def _path(name: str) -> Path:
    if name in profile_names():
        return FOLDER / f"{name}.toml"
    if name.endswith(".toml") or "/" in name:
        return Path(name)
    near = nearest(name, profile_names())
    raise EdgeError(
        f"there is no device profile {name!r}",
        evidence=f"known: {', '.join(profile_names())}",
        fix=(f"did you mean {near!r}? " if near else "") + "for a profile of your own, give the path of its TOML file",
    )


def _check(figure: Figure, where: str, unit: str) -> None:
    if not 0 < figure.value < math.inf:
        raise EdgeError(f"{where}.value must be above 0, not {figure.value}", fix=f"give it in {unit}")
    if figure.unit != unit:
        raise EdgeError(f"{where}.unit must be {unit!r}, not {figure.unit!r}", fix=f"convert the value to {unit}")
    if not figure.source.strip():
        raise EdgeError(f"{where} has no source", fix='name the source, or write "estimate: ..." and explain it')
