"""Settings: changed by dotted key, checked as a whole, read back strictly."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from edge.config import as_assignments, check_least, from_dict, override, preset, setting, settings_in, to_dict
from edge.errors import EdgeError


@dataclass(frozen=True)
class Inner:
    steps: int = 10
    rate: float = 0.5
    mode: Literal["fast", "slow"] = "fast"
    until: int = 10

    def __post_init__(self) -> None:
        check_least(self, steps=1, rate=0)
        if self.until > self.steps:
            raise EdgeError(f"{setting('until')} is beyond {setting('steps')}")


@dataclass(frozen=True)
class Outer:
    name: str = "x"
    inner: Inner = field(default_factory=Inner)
    sizes: tuple[int, ...] = (1, 2)
    pair: tuple[int, float] = (1, 2.0)
    limit: float | None = None
    flag: bool = False
    table: Mapping[str, int] = field(default_factory=dict)


@pytest.mark.parametrize(
    ("assignments", "found"),
    [
        (["inner.steps=20"], {"inner": {"steps": 20}}),
        (["inner.rate=1"], {"inner": {"rate": 1.0}}),
        (["inner.rate=.5", "limit=-.25"], {"inner": {"rate": 0.5}, "limit": -0.25}),
        (["inner.mode=slow"], {"inner": {"mode": "slow"}}),
        ([" name = a b=c "], {"name": "a b=c"}),
        (["name="], {"name": ""}),
        (["sizes=[3]", "flag=true"], {"sizes": [3], "flag": True}),
        (["pair=[5, 6]"], {"pair": [5, 6.0]}),
        (["limit=3"], {"limit": 3.0}),
        (["limit=3", "limit=null"], {"limit": None}),
        (['table={"a": 1}'], {"table": {"a": 1}}),
        ([], {}),
    ],
)
def test_a_setting_is_read_as_the_type_it_has(assignments: list[str], found: dict[str, Any]) -> None:
    plain = to_dict(Outer())
    inner = plain["inner"] | found.pop("inner", {})
    assert to_dict(override(Outer(), assignments)) == plain | found | {"inner": inner}


@pytest.mark.parametrize(
    ("changed", "written"),
    [
        (Outer(), []),
        (Outer(inner=Inner(steps=20, mode="slow"), flag=True), ["inner.steps=20", "inner.mode=slow", "flag=true"]),
        (Outer(name="a b=c", sizes=(), limit=0.25), ["name=a b=c", "sizes=[]", "limit=0.25"]),
        (Outer(name="7"), ['name="7"']),
        (Outer(name=" é "), ['name=" é "']),
        (Outer(name='"'), ['name="']),
        (Outer(table={"a": 1}), ['table={"a": 1}']),
    ],
)
def test_settings_are_written_so_that_they_make_the_same_configuration(changed: Outer, written: list[str]) -> None:
    assert as_assignments(changed, Outer()) == written
    assert override(Outer(), written) == changed


@pytest.mark.parametrize(
    ("assignment", "problem"),
    [
        ("inner.steps=1.5", "inner.steps must be a whole number, not 1.5"),
        ("inner.steps=true", "inner.steps must be a whole number, not True"),
        ("inner.steps=many", "inner.steps must be a whole number, not 'many'"),
        ("inner.mode=medium", "inner.mode must be one of 'fast', 'slow', not 'medium'"),
        ("flag=1", "flag must be true or false, not 1"),
        ("sizes=3", "sizes must be a list of whole numbers, not 3"),
        ("pair=[1]", "pair must be a list of 2 values: a whole number, a number, not [1]"),
        ("limit=soon", "limit must be a number or null, not 'soon'"),
        ("inner.rate=NaN", "inner.rate is nan, it must be a finite float, 0 or more"),
        ("inner.rate=-1", "inner.rate is -1.0, it must be 0 or more"),
        ("inner.steps=0", "inner.steps is 0, it must be 1 or more"),
        ("steps", "--set 'steps' is not of the form key=value"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_its_key(assignment: str, problem: str) -> None:
    with pytest.raises(EdgeError) as refused:
        override(Outer(), [assignment])
    assert refused.value.problem == problem


@pytest.mark.parametrize(
    ("key", "nearest"),
    [
        ("iner.steps", "inner.steps"),
        ("inner.step", "inner.steps"),
        ("nane", "name"),
        ("inner.steps.more", "inner.steps"),
        ("name.first", "name"),
        ("", "name"),
    ],
)
def test_an_unknown_key_names_the_nearest_one_in_full(key: str, nearest: str) -> None:
    with pytest.raises(EdgeError, match=f"^unknown setting '{key}'") as refused:
        override(Outer(), [f"{key}=1"])
    if key:
        assert refused.value.fix == f"did you mean {nearest!r}?"


def test_a_group_names_its_settings() -> None:
    with pytest.raises(EdgeError, match="'inner' is a group of settings") as refused:
        override(Outer(), ["inner=1"])
    assert refused.value.fix == "set one of: inner.steps, inner.rate, inner.mode, inner.until"


@pytest.mark.parametrize("order", [["inner.steps=3", "inner.until=3"], ["inner.until=30", "inner.steps=30"]])
def test_settings_that_fit_only_together_may_come_in_any_order(order: list[str]) -> None:
    for assignments in (order, order[::-1]):
        assert override(Outer(), assignments).inner.until == override(Outer(), assignments).inner.steps
    with pytest.raises(EdgeError, match=r"^inner\.until is beyond inner\.steps"):
        override(Outer(), ["inner.steps=3"])


@pytest.mark.parametrize(("assignment", "fix"), [
    ("inner.step", "--set inner.steps=VALUE"), ("nam", "--set name=VALUE"), ("flg", "--set flag=VALUE"),
])  # fmt: skip
def test_an_assignment_without_a_value_names_the_nearest_setting_there_is(assignment: str, fix: str) -> None:
    with pytest.raises(EdgeError, match="is not of the form key=value") as refused:
        override(Outer(), [assignment])
    assert refused.value.fix == fix


def test_a_setting_is_named_below_the_groups_it_stands_in_whoever_builds_it() -> None:
    assert setting("steps") == "steps"
    with settings_in("outer"):
        with settings_in("inner"):
            assert setting("steps") == "outer.inner.steps"
            with pytest.raises(EdgeError, match=r"^outer\.inner\.steps is 0"):
                Inner(steps=0)
            with pytest.raises(EdgeError, match=r"^file\.inner\.until is beyond file\.inner\.steps"):
                from_dict(Outer, {"inner": {"until": 11}}, "file")  # a file's settings are the file's
        assert setting("steps") == "outer.steps"
    with pytest.raises(EdgeError, match=r"^until is beyond steps"):
        Inner(until=11)


def test_an_unknown_preset_names_the_nearest() -> None:
    assert preset({"quick": 1, "large": 2}, "large") == 2
    with pytest.raises(EdgeError, match="unknown preset 'quik'") as refused:
        preset({"quick": 1, "large": 2}, "quik")
    assert refused.value.fix == "did you mean 'quick'? known: quick, large"


def test_what_was_written_is_read_back() -> None:
    changed = override(Outer(), ["sizes=[]", "limit=2", 'table={"b": 2}', "inner.mode=slow"])
    assert from_dict(Outer, to_dict(changed)) == changed


@dataclass(frozen=True)
class Needed:
    first: int
    second: int = 0


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"second": 1}, "file: missing first"),
        ({"first": 1, "secnd": 2}, "file: unknown key 'secnd'"),
        ({"first": "1"}, "file.first must be a whole number, not '1'"),
        ([1], "file must be an object, not [1]"),
        (None, "file must be an object, not None"),
    ],
)
def test_plain_values_that_are_not_the_dataclass_are_refused(values: Any, problem: str) -> None:
    with pytest.raises(EdgeError, match=f"^{re.escape(problem)}"):
        from_dict(Needed, values, "file")


@dataclass(frozen=True)
class Holder:
    words: tuple[str, ...] = ()
    parts: Mapping[str, Needed] = field(default_factory=dict)
    many: tuple[Needed, ...] = ()
    codes: Mapping[str, str] = field(default_factory=dict)


@pytest.mark.parametrize(
    ("values", "problem", "fix"),
    [
        ({"words": "NULL"}, "file.words must be a list of texts, not 'NULL'", 'words = ["NULL"]'),
        ({"words": ["a", 2]}, "file.words, value 2 must be a text, not 2", ""),
        ({"parts": {"a": 1}}, "file.parts.a must be a table of first, second, not 1", ""),
        ({"parts": 1}, "file.parts must be a table of tables of first, second, not 1", ""),
        ({"many": 1}, "file.many must be a list of tables of first, second, not 1", ""),
        ({"codes": [1]}, "file.codes must be a table of texts, not [1]", ""),
        ({"words": "9" * 5000}, f"file.words must be a list of texts, not '{'9' * 56}...", f'words = ["{"9" * 5000}"]'),
    ],
)
def test_a_wrong_type_is_told_in_words_and_not_in_pythons(values: Any, problem: str, fix: str) -> None:
    with pytest.raises(EdgeError) as refused:
        from_dict(Holder, values, "file")
    assert (refused.value.problem, refused.value.fix) == (problem, fix)
