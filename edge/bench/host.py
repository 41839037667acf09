"""The machine that a measurement was taken on."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Host:
    """`load` is the system's one-minute load before the measurement, of other processes; None if unknown."""

    cpu: str
    cores: int
    system: str
    python: str
    load: float | None


def this_host() -> Host:
    """This machine: processor, cores, system, Python and load average."""
    load = round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None
    return Host(
        _cpu(), os.cpu_count() or 1, f"{platform.system()} {platform.release()}", platform.python_version(), load
    )


def _cpu() -> str:
    """Linux names the processor in /proc/cpuinfo only."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()
