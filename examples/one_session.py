"""A user who scrolls, watches something and scrolls on: python examples/one_session.py movies.edge request.json

What does not change is computed while the app is idle, and kept, also for the next start. One more event does not
compute the user again. At the end, the served log is written for the next training.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from edge import Event, Ranker, parse_request

PAGE = 4  # candidates on a screen
BUDGET_MS = 10


def main(bundle: str, request_file: str) -> None:
    request = parse_request(Path(request_file).read_bytes())
    said = request.events[-1].attributes if request.events else {}  # the attributes that this app gives an event
    with Ranker.open(bundle, memory_mb=16) as ranker:
        user = ranker.user(request.user, request.events, id="user-7")
        handles = ranker.prepare(request.candidates)  # while the app is idle
        user.prepare()
        for start in range(0, len(handles), PAGE):
            now = time.time()
            ranked = ranker.rank(user, handles[start : start + PAGE], budget_ms=BUDGET_MS, time_s=now)
            print(f"screen {start // PAGE + 1}: {[item.id for item in ranked.items]} ({ranked.explanation})")
            user.add(Event(ranked.items[0], {**said, "liked": True}, now + 1))  # the first one
        Path("served.jsonl").write_text(ranker.log(), encoding="utf-8")  # docs/data.md: how to train on it


if __name__ == "__main__":
    main(*sys.argv[1:])
