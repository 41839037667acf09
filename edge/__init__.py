"""Rank candidates for a user on a device, with the model in an `.edge` bundle.

    from edge import Ranker, parse_request

    request = parse_request(open("request.json").read())
    with Ranker.open("movies.edge") as ranker:
        user = ranker.user(request.user, request.events)
        ranked = ranker.rank(user, request.candidates, budget_ms=20, time_s=request.time)
    print([item.id for item in ranked.items], ranked.explanation)

The names in `__all__` are the public API; every other module may change (docs/versioning.md). Nothing here imports
torch, and a name is imported when it is first used. Terms are defined in docs/glossary.md.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from edge.cli.runnable import refuse_library as _refuse_library

if TYPE_CHECKING:
    from edge.bundle.keys import PublicKey, read_public_key
    from edge.errors import EdgeError
    from edge.runtime.ranked import Explanation, Ranked
    from edge.runtime.ranker import Ranker
    from edge.runtime.scoring import Handle
    from edge.runtime.user_state import UserState
    from edge.text.request import parse_request
    from edge.text.types import Event, Item, Request, User

    __version__: str

__all__ = [
    "EdgeError",
    "Event",
    "Explanation",
    "Handle",
    "Item",
    "PublicKey",
    "Ranked",
    "Ranker",
    "Request",
    "User",
    "UserState",
    "__version__",
    "parse_request",
    "read_public_key",
]
_HOMES = {
    "EdgeError": "edge.errors",
    "Event": "edge.text.types",
    "Explanation": "edge.runtime.ranked",
    "Handle": "edge.runtime.scoring",
    "Item": "edge.text.types",
    "PublicKey": "edge.bundle.keys",
    "Ranked": "edge.runtime.ranked",
    "Ranker": "edge.runtime.ranker",
    "Request": "edge.text.types",
    "User": "edge.text.types",
    "UserState": "edge.runtime.user_state",
    "parse_request": "edge.text.request",
    "read_public_key": "edge.bundle.keys",
}
_refuse_library(__name__)


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        return version("edge-ranker")
    if name not in _HOMES:
        raise AttributeError(f"module 'edge' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
