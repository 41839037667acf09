"""How much memory this process holds."""

from __future__ import annotations

import resource
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Memory:
    """Bytes in RAM. `anonymous` leaves out mapped files, which the system can drop; None if unknown."""

    resident: int
    anonymous: int | None


def memory() -> Memory:
    """Of this process, now; where the system has no /proc, the highest it ever was."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return Memory(peak if sys.platform == "darwin" else peak * 1024, None)
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    kilobytes = {name: int(fields[name].split()[0]) for name in ("VmRSS", "RssFile") if name in fields}
    resident, of_files = kilobytes["VmRSS"], kilobytes.get("RssFile")
    return Memory(resident * 1024, None if of_files is None else (resident - of_files) * 1024)
