"""A user who scrolls, watches something and scrolls on: python examples/one_session.py movies.edge request.json

The user's side is computed once, while the app is idle, and kept; an event more does not start it over.
"""

from __future__ import annotations

import sys
from pathlib import Path

from edge import Event, Ranker, parse_request

PAGE = 4  # candidates on a screen
BUDGET_MS = 10


def main(bundle: str, request_file: str) -> None:
    request = parse_request(Path(request_file).read_bytes())
    with Ranker.open(bundle, memory_mb=16) as ranker:
        user = ranker.user(request.user, request.events)
        user.prepare()  # while the app is idle
        for start in range(0, len(request.candidates), PAGE):
            page = request.candidates[start : start + PAGE]
            ranked = ranker.rank(user, page, budget_ms=BUDGET_MS)
            print(f"screen {start // PAGE + 1}: {[item.id for item in ranked.items]} ({ranked.explanation})")
            user.add(Event(ranked.items[0], {"liked": True}))  # the first one was watched


if __name__ == "__main__":
    main(*sys.argv[1:])
