"""The made golden requests: valid for any template, and covering what real requests do not."""

from __future__ import annotations

import pytest

from edge.conformance.features import COMPATIBILITY, EMOJI, IDEOGRAPHS, MARKS, has_empty_attribute, scripts
from edge.text.spec import TextSpec
from edge.text.types import Event, Item, Request, User
from export.exam import Exam

PLACES, TOGETHER = 6, 4
ITEM_TEMPLATES = (
    "{title}",
    "{title} [[{price|number}]]",
    "{title} {cat} price {price|number}",
    "{tags|list} {title}",
    "[[{cat}]] [[{price|number}]]",
    "{price|number} {tags|list}",  # no attribute that holds words
    "film",
)


def spec_of(item: str, context: str) -> TextSpec:
    return TextSpec("{country}", item, "{liked|choose:liked:not liked} by {device}", context, max_segment_tokens=8)


def made_by(item: str, context: str = "{views|number} views [[of {cat}]]", events: int = 2) -> dict[str, Request]:
    known = {"cat": "drama", "price": 2.5, "tags": ("a", "b")}
    items = [Item(f"{number}", {**known, "title": f"Film {number}", "views": number}) for number in range(3)]
    past = tuple(Event(item, {"liked": True, "device": "phone"}, float(place)) for place, item in enumerate(items))
    request = Request(User({"country": "TR"}), past[:events], tuple(items), 9.0)
    made = dict(Exam(spec_of(item, context), PLACES, TOGETHER).requests([("real", request)], 1, 2))
    return {id: one for id, one in made.items() if id != "real"}


def rendered(item: str, context: str, request: Request) -> list[str]:
    profile, of_item, of_event, of_offer = spec_of(item, context).templates()
    found = [profile.render(request.user.attributes)]
    for past in request.events:
        found += [of_event.render(past.attributes), of_item.render(past.item.attributes)]
    for offered in request.candidates:
        found += [of_item.render(offered.attributes), of_offer.render(offered.attributes)]
    return found


@pytest.mark.parametrize("context", ["", "{views|number} views [[of {cat}]]"])
@pytest.mark.parametrize("item", ITEM_TEMPLATES)
def test_every_made_request_has_what_the_templates_need(item: str, context: str) -> None:
    for request in made_by(item, context).values():
        assert rendered(item, context, request)


def test_the_made_requests_cover_what_real_ones_do_not() -> None:
    made = made_by("{title} [[{cat}]]")
    assert made["made-new"].events == () and len(made["made-one"].candidates) == 1
    assert has_empty_attribute(made["made-empty"], spec_of("{title} [[{cat}]]", ""))
    titles = " ".join(str(one.attributes["title"]) for one in made["made-words"].candidates)
    assert scripts(titles) == {COMPATIBILITY, EMOJI, IDEOGRAPHS, MARKS}
    assert len(str(made["made-long"].candidates[0].attributes["title"]).split()) > 8
    assert len(made["made-full"].events) > PLACES and len(made["made-many"].candidates) > TOGETHER


def test_made_requests_drop_what_no_template_reads() -> None:
    made = made_by("{title}", context="")
    assert {frozenset(one.attributes) for one in made["made-many"].candidates} == {frozenset({"title"})}
    assert {frozenset(past.item.attributes) for past in made["made-full"].events} == {frozenset({"title"})}


def test_without_any_history_there_is_no_long_one() -> None:
    assert made_by("{title}", events=0)["made-full"].events == ()
