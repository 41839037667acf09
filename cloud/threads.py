"""How torch's threads wait for each other. Imports no torch, which reads it when it is imported."""

from __future__ import annotations

import os


def let_waiting_threads_sleep() -> None:
    """For a command, which owns its process: waiting threads sleep instead of spinning.

    On an idle machine that costs nothing; on a shared one, a spinning thread occupies the core that its partner waits
    for (benchmarks/log/2026-11.md). Settings in the environment take precedence.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
