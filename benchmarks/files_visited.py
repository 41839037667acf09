"""How many files of edge/ run when a bundle is opened and a user's candidates are ranked.

    python benchmarks/files_visited.py movies.edge

Counted are files with a function that is called, not those that are only imported: what a reader has to open who
follows the main path. An installation that is there already is visited, too, where it is checked.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from types import FrameType

import edge
from edge.bundle.bundle import open_bundle
from edge.bundle.listing import GOLDEN
from edge.conformance.golden import read_goldens
from edge.files import lines_of

ROOT = Path(edge.__file__).parent


def visited(bundle: str) -> list[str]:
    """The files of edge/, relative to it, that opening, one user and one ranking run."""
    request = next(read_goldens(lines_of(open_bundle(bundle).read(GOLDEN).decode()))).request
    found: set[str] = set()

    def note(frame: FrameType, event: str, argument: object) -> None:
        path = Path(frame.f_code.co_filename)
        if event == "call" and path.is_relative_to(ROOT) and frame.f_code.co_name != "<module>":
            found.add(str(path.relative_to(ROOT)))

    from edge import Ranker

    threading.setprofile(note)
    sys.setprofile(note)
    with Ranker.open(bundle) as ranker:
        ranker.rank(ranker.user(request.user, request.events), request.candidates, budget_ms=20)
    sys.setprofile(None)
    threading.setprofile(None)  # type: ignore[arg-type]
    return sorted(found)


if __name__ == "__main__":
    files = visited(sys.argv[1])
    print(*files, f"{len(files)} files", sep="\n")
