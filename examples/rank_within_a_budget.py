"""Rank a request's candidates within a time: python examples/rank_within_a_budget.py movies.edge request.json 20"""

from __future__ import annotations

import sys
from pathlib import Path

from edge import EdgeError, Ranker, parse_request


def main(bundle: str, request_file: str, milliseconds: str) -> None:
    request = parse_request(Path(request_file).read_bytes())
    with Ranker.open(bundle) as ranker:
        user = ranker.user(request.user, request.events)
        ranked = ranker.rank(user, request.candidates, budget_ms=float(milliseconds), time_s=request.time)
    for item, score in zip(ranked.items, ranked.scores, strict=True):
        shown = f"{score:8.1%}" if ranked.explanation.probabilities else f"{score:8.4f}"
        print(f"{shown}  {item.id}  {item.attributes.get('title', '')}")
    print(ranked.explanation)
    if ranked.explanation.missed:
        print("missed:", ", ".join(ranked.explanation.missed))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except EdgeError as error:  # the one error that a bundle, a request or an argument can cause
        sys.exit(f"error: {error}")
