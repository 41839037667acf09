"""The options that scripts rely on: one may be added, none may go."""

from __future__ import annotations

import pytest

from edge.cli.bench.main import commands as bench_commands
from edge.cli.main import commands

OPTIONS = {
    "edge run": "data json out preset restart set skip-bad-rows",
    "edge init": "choices example item items label log out time user users",
    "edge rivals": "data json out page set skip-bad-rows",
    "edge prepare": "data json out preset restart set skip-bad-rows",
    "edge train": "out parent preset restart set",
    "edge distill": "out parent preset restart set",
    "edge compress": "out parent preset restart set to",
    "edge export": "out parent preset restart set",
    "edge slim": "engine json out",
    "edge sign": "json key out",
    "edge encode": "bundle engine json out public-key threads",
    "edge rank": "budget-ms engine exit json min-auc public-key request threads top",
    "edge verify": "engine json public-key",
    "edge inspect": "json picture public-key",
    "edge-bench run": (
        "adb device-binary engine exits json out profile repeats requests serial sustained threads tools"
    ),
    "edge-bench profiles": "json",
    "edge-bench compare": "confidence engine exit json markdown processes requests tolerance",
    "edge-bench gate": (
        "annotations baseline budget engine json junit markdown max-download max-installed max-resident "
        "min-auc requests tools"
    ),
    "edge-bench instructions": "candidates events item-tokens json tools",
    "edge-bench report": "baseline json markdown out profile",
}
PROGRAMS = {"edge": commands, "edge-bench": bench_commands}


@pytest.mark.parametrize(("place", "names"), OPTIONS.items())
def test_no_option_is_gone(place: str, names: str) -> None:
    program, command = place.split()
    params = PROGRAMS[program]()[command]().params
    assert {f"--{name}" for name in names.split()} <= {name for option in params for name in option.opts}


def test_every_command_is_listed() -> None:
    assert set(OPTIONS) == {f"{program} {name}" for program, named in PROGRAMS.items() for name in named()}
