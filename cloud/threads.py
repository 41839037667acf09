"""How torch's threads wait for each other. Imports no torch, which reads it when it is imported."""

from __future__ import annotations

import os


def let_waiting_threads_sleep() -> None:
    """For a command, which owns its process: waiting threads sleep instead of spinning.

    On a machine of one's own that costs nothing; beside another process a spinning thread holds the very core that its
    partner waits for (benchmarks/log/2026-11.md). What the environment says already stays.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
