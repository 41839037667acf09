"""The pace follows the device: slower when it throttles, back when it recovers, hardly moved by one interruption."""

from __future__ import annotations

import pytest

from edge.runtime.pace import Pace


def paced(pace: Pace, slowness: float, milliseconds: float, step: float = 2.0) -> Pace:
    for _ in range(int(milliseconds / step)):
        pace.add(step, slowness * step)
    return pace


def test_a_new_device_keeps_its_calibrated_costs() -> None:
    assert Pace().factor == 1.0 and 1.0 < Pace().cautious < 1.2


@pytest.mark.parametrize("slowness", [0.5, 1.0, 2.0, 5.0])
def test_it_follows_throttling_and_recovers(slowness: float) -> None:
    pace = paced(Pace(), slowness, milliseconds=400)
    assert pace.factor == pytest.approx(slowness, rel=0.05)
    assert paced(pace, 1.0, milliseconds=800).factor == pytest.approx(1.0, rel=0.05)


def test_one_interrupted_step_moves_it_little_and_makes_it_cautious() -> None:
    pace = paced(Pace(), 1.0, milliseconds=200)
    steady = pace.cautious
    pace.add(0.5, 500.0)
    assert pace.factor < 1.1 and pace.cautious > steady


def test_steady_steps_make_it_less_cautious_than_unsteady_ones() -> None:
    steady, unsteady = paced(Pace(), 1.0, milliseconds=400), Pace()
    for number in range(200):
        unsteady.add(2.0, 3.0 if number % 2 else 1.0)
    assert unsteady.factor == pytest.approx(1.0, rel=0.1)
    assert steady.cautious < 1.01 < 1.3 < unsteady.cautious


def test_work_that_was_predicted_to_cost_nothing_tells_nothing() -> None:
    pace = Pace()
    pace.add(0.0, 7.0)
    assert pace.factor == 1.0
