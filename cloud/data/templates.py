"""Are the templates' fields there? Asked before a log is read, not in the middle of rendering it."""

from __future__ import annotations

import difflib
from collections.abc import Collection

from cloud.data.schema import Source
from edge.config import setting
from edge.errors import EdgeError
from edge.text.checks import MAX_ATTRIBUTES, MAX_NAME
from edge.text.spec import TextSpec
from edge.text.template import Field

CANDIDATE_STATISTICS = ("views_rank", "liked_share")
USER_STATISTICS = ("liked_share",)
EVENT_FIELDS = ("liked",)
MAX_MAPPED = MAX_ATTRIBUTES - len(CANDIDATE_STATISTICS)  # a request holds the statistics, too
RESERVED = ("id", "time", "item", *CANDIDATE_STATISTICS, *EVENT_FIELDS)


def check_templates(source: Source, text: TextSpec) -> None:
    """Errors: a template names an attribute the source does not map, or an optional one outside [[ ]]."""
    items, users = source.items.attributes, source.users.attributes
    for section, attributes in (("items", items), ("users", users)):
        if len(attributes) > MAX_MAPPED:
            raise EdgeError(f"[{section}.attributes] has {len(attributes)} attributes, {MAX_MAPPED} at most")
        for name in attributes:
            if name in RESERVED or not name.isidentifier() or len(name) > MAX_NAME:
                raise EdgeError(
                    f"[{section}.attributes] cannot name an attribute {name!r}",
                    evidence=f"taken: {', '.join(RESERVED)}",
                    fix="choose another name: letters, digits and _",
                )
    profile, event, candidate = text.templates(setting("text."))
    always_item = [name for name, attribute in items.items() if attribute.required]
    always_user = [name for name, attribute in users.items() if attribute.required]
    _check(profile.name, profile.parts, profile.fields, [*users, *USER_STATISTICS], always_user)
    _check(
        event.name,
        event.parts,
        event.fields,
        [*EVENT_FIELDS, *(f"item.{name}" for name in items)],
        [*EVENT_FIELDS, *(f"item.{name}" for name in always_item)],
    )
    if not candidate.fields:
        raise EdgeError(
            f"template {candidate.name!r} names no attribute, so all items read alike",
            evidence=f"it has: {', '.join(items)}",
            fix=f'candidate = "{" ".join(f"[[{{{name}}}]]" for name in items)}"',
        )
    statistics = CANDIDATE_STATISTICS if source.log.clock == "shared" else ()
    _check(candidate.name, candidate.parts, candidate.fields, [*items, *statistics], always_item)


def _check(
    template: str, parts: Collection[object], fields: Collection[str], known: list[str], always: list[str]
) -> None:
    for name in fields:
        if name not in known:
            nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
            raise EdgeError(
                f"template {template!r} names {name!r}, which the data does not have",
                evidence=f"it has: {', '.join(known)}",
                fix=f"did you mean {nearest[0]!r}?" if nearest else "map a column to it in edge.toml",
            )
    for part in parts:
        if isinstance(part, Field) and part.name not in always:
            raise EdgeError(
                f"template {template!r} column {part.column}: {part.name!r} may be absent",
                fix=f"write [[{{{part.name}}}]], or mark the attribute required = true",
            )
