"""Templates: what is left out, what is refused, and that values are never read as syntax."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import EdgeError
from edge.text import Template
from edge.text.types import Value


def test_fields_are_listed_in_order_of_first_use() -> None:
    template = Template.parse("{b} [[{c|list}]] {a|number} {b}")
    assert template.fields == ("b", "c", "a")


@pytest.mark.parametrize("nothing", [None, "", "   ", (), math.nan])
def test_a_group_with_an_empty_field_is_left_out_whole(nothing: Value) -> None:
    template = Template.parse("{title} [[from {year} by {maker}]] end")
    assert template.render({"title": "A", "year": 1977, "maker": nothing}) == "A end"
    assert template.render({"title": "A", "maker": "B"}) == "A end"
    assert template.render({"title": "A", "maker": "B", "year": 0}) == "A from 0 by B end"


@pytest.mark.parametrize("nothing", [None, "", "   ", (), math.nan])
def test_an_empty_field_outside_a_group_is_refused_with_its_place(nothing: Value) -> None:
    with pytest.raises(EdgeError, match="template 'candidate' column 4: 'title' has no value") as refusal:
        Template.parse("on {title}", "candidate").render({"title": nothing})
    assert "[[ ]]" in refusal.value.fix


def test_a_value_that_does_not_fit_its_filter_is_refused_with_both() -> None:
    template = Template.parse("{title} [[liked by {share|percent}]]", "candidate")
    with pytest.raises(EdgeError, match=r"column 20: filter 'percent' of 'share' needs a share .* got 78"):
        template.render({"title": "A", "share": 78})


def test_a_misspelt_filter_names_the_nearest() -> None:
    with pytest.raises(EdgeError, match="template 'profile' column 3: unknown filter 'percnt'") as refusal:
        Template.parse("a {b|percnt}", "profile")
    assert refusal.value.fix == "did you mean 'percent'?"


def test_a_record_cannot_be_named_in_a_field() -> None:
    with pytest.raises(EdgeError, match=r"'item\.title' is not a field name") as refusal:
        Template.parse("{item.title}")
    assert "the template item" in refusal.value.fix


@given(st.text(max_size=30))
def test_a_value_is_never_read_as_syntax(value: str) -> None:
    rendered = Template.parse("<{title}>[[ {note}]]").render({"title": f"|{value}|", "note": None})
    inside = rendered[2:-2]
    assert inside.replace(" ", "") == value.replace(" ", "")
    assert "  " not in inside


@given(st.text(alphabet="{}[]|:a.b ", max_size=12))
def test_any_text_either_parses_or_is_refused_in_words(text: str) -> None:
    try:
        template = Template.parse(text, "event")
    except EdgeError as error:
        assert error.problem.startswith("template 'event' column ")
    else:
        assert template.render(dict.fromkeys(template.fields, "x")) is not None
