"""Profiles as plain text."""

from __future__ import annotations

from collections.abc import Sequence

from edge.bench.profiles.profile import DeviceProfile
from edge.bench.profiles.read import figures
from edge.table import render


def profiles_text(profiles: Sequence[DeviceProfile]) -> str:
    """One line each, slowest first."""
    rows = [
        (
            profile.name,
            profile.device,
            f"{profile.fast.cores} x {profile.fast.core} {profile.fast.clock}",
            str(profile.int8_rate),
            str(profile.budgets.download),
            str(profile.budgets.resident),
            f"{profile.budgets.new.value:g} / {profile.budgets.kept}",
        )
        for profile in sorted(profiles, key=lambda profile: profile.int8_rate.value)
    ]
    return render(("profile", "device", "fast cores", "int8", "download", "resident", "new / kept items"), rows)


def profile_text(profile: DeviceProfile) -> str:
    """Every figure with its source."""
    rows = [(key, str(figure), figure.source) for key, figure in figures(profile)]
    return (
        f"{profile.name}: {profile.device}, {profile.system}, {profile.fast.core}\n{render(('', '', 'source'), rows)}"
    )
