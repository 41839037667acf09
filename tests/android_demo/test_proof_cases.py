"""The cases that Kotlin is proved with can be repeated, and are of every kind."""

from __future__ import annotations

import json
import struct

from bundle_cases import cases
from plan_cases import KINDS, plan_case


def test_a_plan_depends_on_its_seed_and_number_alone() -> None:
    first = [json.dumps(plan_case(5, number)) for number in range(40)]
    assert first == [json.dumps(plan_case(5, number)) for number in range(40)]
    assert first != [json.dumps(plan_case(6, number)) for number in range(40)]


def test_plans_of_every_kind_are_drawn() -> None:
    drawn = {plan_case(0, number)["kind"] for number in range(len(KINDS))}
    assert drawn == {"exit", "first", "pace", "order", "summaries", "texts"}


def test_damaged_bundles_carry_both_verdicts_and_their_length() -> None:
    data, verdicts = cases("bundle", 0, range(30)), []
    while data:
        verdict, length = struct.unpack_from(">BI", data)
        verdicts.append(verdict)
        assert len(data) >= 5 + length
        data = data[5 + length :]
    assert len(verdicts) == 30 and set(verdicts) == {0, 1}
