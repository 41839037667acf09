"""What differs between two runs of a stage, a line each: setting, old value, new value."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from edge.config import setting
from edge.errors import EdgeError

MOST_CHARACTERS = 48  # of a value in a line
HASH_CHARACTERS = 12
MOST_LINES = 5  # in an error; the rest is counted
ABSENT = object()


class DifferentRunError(EdgeError):
    """What stands at a target is the same stage's, made with other settings, from other parents, by other code."""

    def __init__(self, problem: str, evidence: str, undo: str, restart: str = "--restart") -> None:
        self.undo = undo
        fix = f"{undo}choose another --out, or start over with {restart}"
        super().__init__(problem, evidence=evidence, fix=fix)

    def restarted_by(self, option: str) -> DifferentRunError:
        """The same error of a command that starts over by another option."""
        return DifferentRunError(self.problem, self.evidence, self.undo, option)


def check_same(old: Mapping[str, Any], new: Mapping[str, Any], facts: Collection[str], what: str) -> None:
    """Errors: `what` was made from `old`, which is not `new`. Both are as in a manifest."""
    lines = differences(old, new, facts)
    if not lines:
        return
    if old.get("stage_schema", 1) != new["stage_schema"]:
        problem, undo = f"{what} by another version of the stage", ""
    elif old["parents"] != new["parents"]:
        problem, undo = f"{what} from other parents", "give the old parents again, "
    else:
        problem, undo = f"{what} with other settings", "give the old settings again, "
    more = [f"and {len(lines) - MOST_LINES} more"] if len(lines) > MOST_LINES else []
    raise DifferentRunError(problem, "\n".join([*lines[:MOST_LINES], *more]), undo)


def differences(old: Mapping[str, Any], new: Mapping[str, Any], facts: Collection[str]) -> list[str]:
    """`old` and `new` say what a run is made from, as a manifest does; `facts` are keys that are no settings.

    What an old manifest does not say is no difference: the stages' schemas began with 1.
    """
    lines = []
    if old.get("stage_schema", 1) != new["stage_schema"]:
        change = _change(old.get("stage_schema", 1), new["stage_schema"])
        lines.append(f"schema of the stage {new['stage']!r}: {change}: it computes something else now")
    lines += _of_parents(old["parents"], new["parents"])
    was, now = dict(_flat(old["config"], facts)), dict(_flat(new["config"], facts))
    for key in [*now, *(key for key in was if key not in now)]:
        before, after = was.get(key, ABSENT), now.get(key, ABSENT)
        if before != after:
            lines.append(f"{key}: {_change(before, after)}")
    return lines


def _of_parents(old: Sequence[Mapping[str, str]], new: Sequence[Mapping[str, str]]) -> Iterator[str]:
    for before, after in zip_longest(old, new):
        if before != after:
            yield f"parent: {_parent(before)} -> {_parent(after)}"


def _parent(parent: Mapping[str, str] | None) -> str:
    return f"{parent['stage']} run {parent['hash'][:HASH_CHARACTERS]}" if parent else "none"


def _flat(config: Mapping[str, Any], facts: Collection[str]) -> Iterator[tuple[str, Any]]:
    """Dotted keys, settings as the user types them."""
    for name, value in config.items():
        yield from _below(name if name in facts else setting(name), value)


def _below(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for name, part in value.items():
            yield from _below(f"{key}.{name}", part)
    else:
        yield key, value


def _change(before: Any, after: Any) -> str:
    """Both values, each cut to the part where they begin to differ."""
    texts = [json.dumps(value, ensure_ascii=False) if value is not ABSENT else "absent" for value in (before, after)]
    if max(map(len, texts)) <= MOST_CHARACTERS:
        return " -> ".join(texts)
    same = next((place for place, (a, b) in enumerate(zip(*texts, strict=False)) if a != b), min(map(len, texts)))
    return " -> ".join(_cut(text, max(0, same - MOST_CHARACTERS // 4)) for text in texts)


def _cut(text: str, start: int) -> str:
    end = start + MOST_CHARACTERS
    return ("..." if start else "") + text[start:end] + ("..." if end < len(text) else "")
