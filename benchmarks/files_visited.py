"""How many files of edge/ run when a bundle is opened and a user's candidates are ranked.

    python benchmarks/files_visited.py movies.edge --out benchmarks/results/files-visited.json

Counted are files with a function that is called, not those that are only imported: what a reader has to open who
follows the main path. An installation that is there already is visited, too, where it is checked. It takes a few
seconds.
"""

from __future__ import annotations

import argparse
import sys
import threading
from pathlib import Path
from types import FrameType

import edge
from edge.bundle.bundle import open_bundle
from edge.bundle.listing import GOLDEN
from edge.conformance.golden import read_goldens
from edge.errors import EdgeError
from edge.files import lines_of, write_json

ROOT = Path(edge.__file__).parent


def visited(bundle: Path) -> list[str]:
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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--out", type=Path, help="write the figures as JSON")
    options = parser.parse_args()
    try:
        files = visited(options.bundle)
    except EdgeError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if options.out:
        write_json(options.out, {"count": len(files), "files": files})
    print(*files, f"{len(files)} files", sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
