"""A device's limits on this process: as many cores as its fast cluster has, as much memory as it gives one app."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edge.errors import EdgeError


@dataclass(frozen=True)
class Confinement:
    """What holds while a bundle is measured; None where this system has no such limit.

    `memory` bytes are private ones above those of the bare process, by RLIMIT_DATA: a cgroup needs root. It counts
    what is reserved, touched or not, so it is a little stricter than a phone; mapped model files are left out. It
    holds while the bundle is opened and every request ranked once.
    """

    cores: tuple[int, ...] | None  # of this host, that the process may run on
    memory: int | None


def pin(cores: int) -> tuple[int, ...] | None:
    """Keep this process to its first `cores` cores, or to all if there are fewer; returns which."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    chosen = sorted(os.sched_getaffinity(0))[:cores]
    os.sched_setaffinity(0, chosen)
    return tuple(chosen)


def can_cap_memory() -> bool:
    """True if this system reports the private memory of a process, which a limit needs."""
    return _private_bytes() is not None


@contextmanager
def capped_memory(extra: int) -> Iterator[None]:
    """Limit this process to `extra` more bytes of private memory. Python's own refusals become errors;
    a library may end the process instead.
    """
    held = _private_bytes()
    if held is None:
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limit = held + extra if hard == resource.RLIM_INFINITY else min(held + extra, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))
    try:
        yield
    except MemoryError as error:
        raise EdgeError(
            f"opening and ranking took more than the {extra / 1e6:.0f} MB that the profile gives one app",
            fix="make the bundle smaller, or measure without --profile",
        ) from error
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _private_bytes() -> int | None:
    """What RLIMIT_DATA counts: the private writable memory of this process. None if the system does not report it."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmData:")), None)
