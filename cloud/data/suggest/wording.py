"""Templates and numbers for the attributes that were found."""

from __future__ import annotations

from dataclasses import replace

from cloud.data.default_numbers import suggest_numbers
from cloud.data.log import Log
from cloud.data.schema import Attribute, Entities
from cloud.data.suggest import names
from cloud.data.suggest.attributes import Attributes
from cloud.data.suggest.liking import Liking
from cloud.data.suggest.roles import Roles
from edge.text.number import MAX_NUMBERS, Number
from edge.text.spec import TextSpec

WORDED = 8  # attributes in a template: a segment is cut at its end
SAID = {  # of an event, by a word in the label's name
    "click": "clicked", "clicked": "clicked", "clicks": "clicked", "purchase": "bought", "purchased": "bought",
    "bought": "bought", "buy": "bought", "ordered": "ordered", "watched": "watched", "played": "played",
    "listened": "listened to", "read": "read", "installed": "installed", "opened": "opened", "saved": "saved",
}  # fmt: skip
ORDER = {"title": 0, "text": 1, "list": 1, "boolean": 2, "integer": 3, "number": 3}


def text_spec(roles: Roles, items: Attributes, users: Attributes) -> TextSpec:
    """Without numbers."""
    return TextSpec(
        profile=_words_of(users),
        item=_words_of(items),
        event=_event(roles.liking),
        context=_context(roles),
        max_events=10,
        max_segment_tokens=24,
        max_user_tokens=112,
    )


def numbers_for(log: Log, items: Entities, users: Entities) -> tuple[Number, ...]:
    """As suggested for a log, each under a name of its own."""
    found: dict[str, Number] = {}
    for number in suggest_numbers(log, items, users):
        name = number.name
        while name in found:
            name += "'"
        found[name] = replace(number, name=name)
    return tuple(found.values())[:MAX_NUMBERS]


def _words_of(found: Attributes) -> str:
    worded = {name: one for name, one in found.attributes.items() if name not in found.codes}
    order = sorted(worded, key=lambda name: (name != "title", name in found.long, ORDER[worded[name].type]))
    return " ".join(_phrase(name, worded[name]) for name in order[:WORDED])


def _phrase(name: str, attribute: Attribute) -> str:
    said = " ".join(word for word in names.words(attribute.column) if word.isascii() and word not in ("is", "has"))
    phrase = {
        "list": f"{{{name}|list}}",
        "boolean": f"{{{name}|choose:{said or name}:not {said or name}}}",
        "number": f"{said} {{{name}|number}}",
        "integer": f"{{{name}}}" if name.endswith("year") else f"{said} {{{name}}}",
    }.get(attribute.type, f"{{{name}}}")
    if name == "age" and attribute.type == "integer":
        phrase = "{age} years old"
    return phrase.strip() if attribute.required else f"[[{phrase.strip()}]]"


def _event(liking: Liking) -> str:
    """What was done; of choices alone it is always the same."""
    others = "".join(f" {{{name}|choose:{_said(name)}:not {_said(name)}}}" for name in liking.others)
    if liking.column is None:
        return "chosen"
    if liking.kind == "rating":
        highest = max(float(str(value)) for value in liking.column.kinds)
        return f"rated {{rating|number}} of {highest:g}{others}"
    said = _said(liking.column.name)
    return f"{{liked|choose:{said}:not {said}}}{others}"


def _said(label: str) -> str:
    return next((SAID[word] for word in names.words(label) if word in SAID), "liked")


def _context(roles: Roles) -> str:
    """Statistics compare users' times; of choices alone there is no share of likes."""
    liking = roles.liking
    if roles.clock.own:
        return ""
    most = "watched" if liking.kind == "rating" else "seen"
    said = _said(liking.column.name) if liking.column and liking.kind == "label" else "liked"
    share = f" [[{said} by {{liked_share|percent}}]]" if liking.column else ""
    return f"[[{{views_rank|top}} {most}]]{share}"
