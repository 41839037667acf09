"""Special cases in a request's attributes and texts, whatever a model computes from them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from edge.text.spec import TextSpec
from edge.text.template import Field, Template
from edge.text.types import Item, Request

NO_HISTORY, ONE_CANDIDATE, EMPTY_ATTRIBUTE = "no history", "one candidate", "an empty attribute"
COMPATIBILITY, IDEOGRAPHS, EMOJI, MARKS = "compatibility characters", "ideographs", "emoji", "combining marks"
UNICODE = (COMPATIBILITY, IDEOGRAPHS, EMOJI, MARKS)


def text_attributes(spec: TextSpec, items: Iterable[Item]) -> list[str]:
    """The attributes of items that hold words, by the template's order."""
    values = [item.attributes for item in items]
    _, template, _, _ = spec.templates()
    return [name for name in template.fields if any(isinstance(value.get(name), str) for value in values)]


def required_fields(template: Template) -> set[str]:
    """The fields that every record must have."""
    return {part.name for part in template.parts if isinstance(part, Field)}


def optional_fields(template: Template) -> list[str]:
    """The fields that a record may leave empty."""
    required = required_fields(template)
    return [name for name in template.fields if name not in required]


def has_empty_attribute(request: Request, spec: TextSpec) -> bool:
    """True if a field of a template is missing or empty for some record of the request."""
    profile, item, event, context = spec.templates()
    scopes: list[tuple[Template, Mapping[str, Any]]] = [(profile, request.user.attributes)]
    scopes += [(event, past.attributes) for past in request.events]
    scopes += [(item, past.item.attributes) for past in request.events]
    scopes += [(template, offered.attributes) for template in (item, context) for offered in request.candidates]
    return any(
        name in scope and scope[name] in (None, "", ())
        for template, scope in scopes
        for name in optional_fields(template)
    )


def scripts(text: str) -> set[str]:
    """Which peculiarities of Unicode a text has."""
    found = {
        COMPATIBILITY: unicodedata.normalize("NFKC", text) != unicodedata.normalize("NFC", text),
        IDEOGRAPHS: any("\u4e00" <= char <= "\u9fff" for char in text),
        EMOJI: any("\U0001f300" <= char <= "\U0001faff" for char in text),
        MARKS: any(unicodedata.combining(char) for char in text),
    }
    return {name for name, holds in found.items() if holds}
