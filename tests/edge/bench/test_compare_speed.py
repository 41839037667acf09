"""Two bundles' speed: what drifts, spikes or comes first favours neither, and the interval is as wide as it says."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from commands import edge_bench
from exported_students import ExportedModel

from edge.bench.compare import Pairing, Ratio, interval, spread, summarise, verdict
from edge.bench.compare_probe import Paired, measure_pairs
from edge.bench.t_distribution import quantile, within
from edge.bundle.exits import Exit
from edge.errors import EdgeError
from edge.text.types import Request, User

REQUESTS = [Request(User({"age": age}), (), ()) for age in range(8)]


class Machine:
    """Clocks that move as told: each call of bundle 0 or 1 takes `cost(bundle, calls so far)` seconds of both."""

    def __init__(self, cost: Callable[[int, int], float]) -> None:
        self.now, self.cost, self.calls = 0.0, cost, [0, 0]
        self.order: list[tuple[int, Request]] = []

    def rank(self, which: int) -> Callable[[Request], None]:
        def ranked(request: Request) -> None:
            self.order.append((which, request))
            self.now += self.cost(which, sum(self.calls))
            self.calls[which] += 1

        return ranked

    def paired(self, first: int = 0, requests: Sequence[Request] = REQUESTS) -> Paired:
        return measure_pairs((self.rank(0), self.rank(1)), requests, first, lambda: (self.now, 2 * self.now))


def test_a_bundle_that_is_slower_by_a_tenth_is_measured_so() -> None:
    found = Machine(lambda which, _: 0.010 + 0.001 * which).paired()
    assert found.log_ratios == pytest.approx((math.log(1.1), math.log(1.1)))
    assert found.before_ms == pytest.approx((10.0, 20.0))
    assert found.after_ms == pytest.approx((11.0, 22.0))


def test_each_request_is_asked_of_both_in_mirrored_turns() -> None:
    machine = Machine(lambda which, _: 0.01)
    machine.paired(first=0, requests=REQUESTS[:2])
    assert [which for which, _ in machine.order] == [0, 1, 1, 0, 1, 0, 0, 1]
    assert [request for _, request in machine.order] == [REQUESTS[0]] * 4 + [REQUESTS[1]] * 4
    other = Machine(lambda which, _: 0.01)
    other.paired(first=1, requests=REQUESTS[:2])
    assert [which for which, _ in other.order] == [1, 0, 0, 1, 0, 1, 1, 0]


def test_a_machine_that_slows_down_steadily_favours_neither() -> None:
    found = Machine(lambda which, calls: 0.010 + 0.001 * calls).paired()
    assert found.log_ratios[0] == pytest.approx(0.0, abs=1e-12)


def test_spikes_in_a_quarter_of_the_requests_do_not_count() -> None:
    found = Machine(lambda which, calls: 0.010 * (9 if which == 1 and calls in (1, 17) else 1)).paired()
    assert found.log_ratios[0] == pytest.approx(0.0, abs=1e-12)


def test_student_s_quantiles_are_those_of_tables() -> None:
    tabled = {(0.95, 1): 12.706, (0.95, 2): 4.303, (0.95, 7): 2.365, (0.99, 3): 5.841, (0.99, 11): 3.106}
    for (confidence, degrees), value in tabled.items():
        assert quantile(confidence, degrees) == pytest.approx(value, abs=6e-4)
        assert within(quantile(confidence, degrees), degrees) == pytest.approx(confidence)
    assert quantile(0.95, 10_000) == pytest.approx(1.960, abs=1e-3)  # the normal distribution's
    for confidence, degrees in ((0.0, 5), (1.0, 5), (0.95, 0)):
        with pytest.raises(EdgeError, match="no interval"):
            quantile(confidence, degrees)


def test_intervals_hold_the_true_ratio_as_often_as_they_say() -> None:
    random = np.random.default_rng(0)
    for confidence in (0.95, 0.99):
        found = [interval(random.normal(math.log(1.05), 0.02, 12), confidence) for _ in range(4000)]
        held = np.mean([ratio.low <= 1.05 <= ratio.high for ratio in found])
        assert held == pytest.approx(confidence, abs=0.01)


def test_the_interval_is_that_of_the_processes_means() -> None:
    ratios = ((0.99, 1 / 0.99), (1.1, 1.1), (1.21, 1.21))  # of each process, two openings
    found = [[Paired((math.log(r), 0.0), (1.0, 2.0), (r, 2.0)) for r in process] for process in ratios]
    speed = summarise(found, (Exit(1, 2), Exit(2, 0)), requests=8, confidence=0.95)
    assert speed.cpu.ratio == pytest.approx(1.1)
    assert speed.cpu.low == pytest.approx(1.1 ** (1 - 4.3027 / 3**0.5), rel=1e-4)
    assert (speed.wall.low, speed.wall.ratio, speed.wall.high) == (1.0, 1.0, 1.0)
    assert (speed.after_ms, speed.processes, speed.openings) == (1.1, 3, 2)
    assert speed.exits == (Exit(1, 2), Exit(2, 0))


def test_a_verdict_is_what_the_interval_shows() -> None:
    slower, faster, neither = Ratio(1.06, 1.02, 1.1), Ratio(0.9, 0.85, 0.95), Ratio(1.01, 0.99, 1.03)
    assert [verdict(ratio) for ratio in (slower, faster, neither)] == ["slower", "faster", "not measurably different"]
    assert verdict(slower, 0.01) == "at least 1.0% slower"
    assert verdict(slower, 0.05) == "not clearly more or less than 5.0% slower"
    assert verdict(neither, 0.05) == "at most 5.0% slower"


def test_requests_beyond_what_one_opening_takes_are_left_out_evenly() -> None:
    assert spread(REQUESTS, 3) == [REQUESTS[0], REQUESTS[4], REQUESTS[7]]
    assert spread(REQUESTS, 20) == REQUESTS


def test_two_real_bundles_are_compared(
    exported_model: ExportedModel, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle, markdown = exported_model.bundle, tmp_path / "compare.md"
    code = edge_bench("compare", bundle, bundle, "--processes", 2, "--exit", "1/2", "--markdown", markdown, "--json")
    result = json.loads(capsys.readouterr().out)
    assert (
        code == 0
        and result["exits"] == [{"encode": 1, "interact": 2}] * 2
        and (result["processes"], result["openings"]) == (2, 2)
    )
    assert result["cpu"]["low"] <= result["cpu"]["ratio"] <= result["cpu"]["high"]
    assert result["before_ms"] > 0 and "### edge-bench compare" in markdown.read_text()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--exit", "9/0"), "has no exit 9/0\nit has exits 1/0, 1/1, 1/2, 2/0, 2/1, 2/2\nfix: "),
        (("--tolerance", "five"), "is not a share"),
        (("--tolerance", "5"), "tolerance is 5.0, it must be from 0 to 1\nfix: it is a share: did you mean 0.05?"),
        (("--tolerance", "nan"), "tolerance is nan"),
        (("--tolerance", "-1%"), "tolerance is -0.01"),
        (("--tolerance", "5%%"), "is not a share"),
        (("--confidence", "nan"), "confidence is nan"),
        (("--confidence", 99), "confidence is 99.0"),
        (("--exit", "2"), "--exit is '2', which is not an exit\nfix: write encode depth and interact depth: "),
        (("--exit", ""), "--exit is '', which is not an exit"),
        (("--processes", 0), "processes is 0"),
        (("--processes", 10**11), "processes is 100000000000, it must be from 2 to 1000"),
        (("--requests", "absent.jsonl"), "absent.jsonl cannot be read"),
        (("--engine", "abacus"), "no engine 'abacus'"),
        (("--confidence", 1), "confidence is 1.0"),
    ],
)
def test_a_comparison_that_cannot_be_made_is_misuse(
    exported_model: ExportedModel,
    capsys: pytest.CaptureFixture[str],
    options: tuple[object, ...],
    reason: str,
) -> None:
    bundle = exported_model.bundle
    assert edge_bench("compare", bundle, bundle, "--processes", 2, *options) == 2
    assert reason in capsys.readouterr().err


def test_an_interval_needs_two_processes() -> None:
    with pytest.raises(EdgeError, match="processes is 1"):
        Pairing(processes=1)
