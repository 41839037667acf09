"""The exits of a bundle, as everything here names them: encode depth and interact depth."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edge.bundle.bundle import Bundle
from edge.errors import EdgeError
from edge.runtime.choice import Exit

_WRITTEN = re.compile(r"(0|[1-9][0-9]{0,8})/(0|[1-9][0-9]{0,8})")  # 01/2 would be exit 1/2 once more
AS_WRITTEN = "write encode depth / interact depth, e.g. 1/2"


@dataclass(frozen=True)
class ExitQuality:
    """What the manifest says that an exit reaches on the test split."""

    exit: Exit
    quality: Mapping[str, float]


def exits_of(bundle: Bundle) -> tuple[ExitQuality, ...]:
    """Ascending."""
    found = [ExitQuality(Exit(one.encode, one.interact), one.quality) for one in bundle.exits]
    return tuple(sorted(found, key=lambda one: one.exit))


def deepest_of(bundle: Bundle) -> Exit:
    return exits_of(bundle)[-1].exit


def parse_exit(text: str, where: str) -> Exit:
    """Of "1/2". Errors: anything else."""
    depths = _WRITTEN.fullmatch(text)
    if depths is None:
        raise EdgeError(f"{where} {text!r} is no exit", fix=AS_WRITTEN)
    return Exit(int(depths[1]), int(depths[2]))


def chosen_exits(bundle: Bundle, asked: Sequence[Exit] | None = None) -> tuple[Exit, ...]:
    """All of the bundle, or those of `asked`. Errors: it lacks one of them."""
    listed = [one.exit for one in exits_of(bundle)]
    if missing := sorted(set(asked or ()) - set(listed)):
        raise EdgeError(
            f"{bundle.path} has no exit {missing[0]}",
            evidence=f"it has exits {', '.join(map(str, listed))}",
            fix="name some of these",
        )
    return tuple(exit for exit in listed if asked is None or exit in asked)
