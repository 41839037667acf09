"""Which exits of a bundle are measured."""

from __future__ import annotations

from collections.abc import Sequence

from edge.bundle.bundle import Bundle
from edge.bundle.exits import Exit
from edge.errors import EdgeError


def chosen_exits(bundle: Bundle, asked: Sequence[Exit] | None = None) -> tuple[Exit, ...]:
    """All of the bundle, or those of `asked`. Errors: it lacks one of them."""
    listed = [one.exit for one in bundle.exits]
    if missing := sorted(set(asked or ()) - set(listed)):
        raise EdgeError(
            f"{bundle.path} has no exit {missing[0]}",
            evidence=f"it has exits {', '.join(map(str, listed))}",
            fix="name some of these",
        )
    return tuple(exit for exit in listed if asked is None or exit in asked)
