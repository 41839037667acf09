"""Whether the templates' fields exist: checked before a log is read, not while it is rendered."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from cloud.data.schema import Entities, Source
from cloud.data.statistics import LIKED, RATING, STATISTICS
from edge.config import setting
from edge.errors import EdgeError, did_you_mean
from edge.text.checks import MAX_ATTRIBUTES, MAX_NAME
from edge.text.number import Number
from edge.text.spec import TextSpec
from edge.text.template import Field, Template

EVENT_FIELDS = ("liked", "rating")
MAX_MAPPED = MAX_ATTRIBUTES - len(STATISTICS)  # a request holds the statistics, too
RESERVED = ("id", "time", "item", *STATISTICS, *EVENT_FIELDS)
NUMERIC = ("integer", "number", "boolean")  # types that a number may be


def check_templates(source: Source, text: TextSpec) -> None:
    """Errors: a template names an attribute the source does not map, or an optional one outside [[ ]]."""
    items, users = source.items.attributes, source.users.attributes
    for section, attributes in (("items", items), ("users", users)):
        if len(attributes) > MAX_MAPPED:
            raise EdgeError(
                f"[{section}.attributes] has {len(attributes)} attributes, {MAX_MAPPED} at most",
                fix="map only the attributes that the model should read",
            )
        for name in attributes:
            if name in RESERVED or not name.isidentifier() or len(name) > MAX_NAME:
                raise EdgeError(
                    f"[{section}.attributes] cannot name an attribute {name!r}",
                    evidence=f"taken: {', '.join(RESERVED)}",
                    fix="choose another name: letters, digits and _",
                )
    profile, item, event, context = text.templates(setting("text."))
    always_item = [name for name, attribute in items.items() if attribute.required]
    always_user = [name for name, attribute in users.items() if attribute.required]
    known = known_fields(source)
    _check(profile, list(users), always_user)
    if not item.fields:
        raise EdgeError(
            f"template {item.name!r} names no attribute, so all items read alike",
            evidence=f"it has: {', '.join(items)}",
            fix=f'item = "{" ".join(f"[[{{{name}}}]]" for name in items)}"',
        )
    _check(item, list(items), always_item)
    _check(event, known.events, known.events)
    _check(context, [*items, *known.statistics], always_item)
    for number in text.numbers:
        _check_number(number, source, known)


@dataclass(frozen=True)
class Fields:
    """What an app sends beside the attributes that are mapped: of an event, of an item at a moment."""

    events: tuple[str, ...]
    statistics: tuple[str, ...]


def known_fields(source: Source) -> Fields:
    """Ratings are there where the log has them, statistics where times of two users compare."""
    rated, chosen = bool(source.log.rating), source.negatives.each > 0
    absent = {RATING: not rated, LIKED: chosen}  # of choices alone every item is liked by all
    statistics = tuple(name for name in STATISTICS if not absent.get(name, False))
    events = EVENT_FIELDS if rated else EVENT_FIELDS[:1]
    return Fields((*events, *source.log.other_labels), statistics if source.log.clock == "shared" else ())


def _check_number(number: Number, source: Source, known: Fields) -> None:
    """Errors: it reads what is not there, or what is no number."""
    items, users = (_numeric(entities) for entities in (source.items, source.users))
    of_items = [f"item.{name}" for name in (*items, *known.statistics)]
    own = [*of_items, *(f"user.{name}" for name in users)]
    past = [*known.events, *of_items]
    there = {"of": past if number.history else own, "minus": past, "where": list(known.events)}
    there["same"] = list(source.items.attributes)
    for field, names in there.items():
        value = getattr(number, field)
        if value and value not in names:
            raise EdgeError(
                f"the number {number.name!r} has {field} = {value!r}, which the data does not have as a number"
                if field != "same"
                else f"the number {number.name!r} has same = {value!r}, which is no attribute of items",
                evidence=f"it has: {', '.join(names) or 'none'}",
                fix=did_you_mean(value, names) if names else "map a column to it in edge.toml",
            )


def _numeric(entities: Entities) -> list[str]:
    return [name for name, attribute in entities.attributes.items() if attribute.type in NUMERIC]


def _check(template: Template, known: Sequence[str], always: Sequence[str]) -> None:
    for name in template.fields:
        if name not in known:
            nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
            raise EdgeError(
                f"template {template.name!r} names {name!r}, which the data does not have",
                evidence=f"it has: {', '.join(known)}",
                fix=f"did you mean {nearest[0]!r}?" if nearest else "map a column to it in edge.toml",
            )
    for part in template.parts:
        if isinstance(part, Field) and part.name not in always:
            raise EdgeError(
                f"template {template.name!r} column {part.column}: {part.name!r} may be absent",
                fix=f"write [[{{{part.name}}}]], or mark the attribute required = true",
            )
