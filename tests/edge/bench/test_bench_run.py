"""Measuring a bundle: the arithmetic with clocks and rankers of our own, and one real bundle from end to end."""

from __future__ import annotations

import json
import math
import os
import random
import resource
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bundles import FILES, REQUEST, make, manifest
from commands import edge_bench
from exports import Exported, bundle_of
from packed_bundles import make_packed

from edge.bench.confine import capped_memory, pin
from edge.bench.layer_rate import LayerClock, layer_macs, weights_of_a_layer
from edge.bench.measurement import SCHEMA, Measurement, read_measurement, write_measurement
from edge.bench.percentiles import interval, percentiles
from edge.bench.run import Ask, measure_bundle, plan_depths, read_requests
from edge.bench.run_text import measurement_text
from edge.bench.sustained import WINDOWS, sustain
from edge.bench.timing import Rounds, measure
from edge.bundle.bundle import open_bundle
from edge.bundle.shape import Shape
from edge.errors import EdgeError
from edge.text.request import parse_request
from edge.text.types import Event, Item, User


class Time:
    """A clock that moves when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class SlowRanker:
    """Takes 1 ms a layer, and 2 ms a layer more for a user it has not met or does not keep."""

    def __init__(self, time: Time, keeps: bool) -> None:
        self.time, self.keeps = time, keeps
        self.known: set[tuple[str, str]] = set()

    def user(self, user: User, events: Sequence[Event]) -> str:
        return str(user.attributes)

    def rank(self, user: str, candidates: Sequence[Item], *, depth: int | None = None, plan: str = "prefix") -> None:
        assert depth is not None
        met = (user, plan) in self.known
        self.time.now += depth * (0.001 if met else 0.003)
        if self.keeps:
            self.known.add((user, plan))


def requests(count: int) -> list[Any]:
    return [parse_request(b'{"user": {"age": %d}, "candidates": [{"id": "1"}]}' % age) for age in range(count)]


def timed(rounds: Rounds, plans: dict[str, tuple[int, ...]] | None = None) -> Any:
    time = Time()

    def open_ranker(keeps: bool) -> SlowRanker:
        time.now += 0.5
        return SlowRanker(time, keeps)

    return measure(open_ranker, requests(3), plans or {"prefix": (1, 2, 4), "segments": (4,)}, rounds, time)


def test_every_exit_of_every_plan_is_measured_for_new_and_kept_users() -> None:
    found = timed(Rounds(repeats=2))
    assert [(times.plan, times.depth) for times in found.exits] == [
        ("prefix", 1), ("prefix", 2), ("prefix", 4), ("segments", 4)
    ]  # fmt: skip
    assert found.open_ms == pytest.approx(500)
    assert found.first_ms == pytest.approx(12)  # a new user at exit 4
    for times in found.exits:
        assert times.new_user.count == times.kept_user.count == 3 * 2
        assert times.new_user.p50 == pytest.approx(3 * times.depth)
        assert times.kept_user.p99 == pytest.approx(times.depth)
    assert found.process >= found.resident >= 0


def test_one_plan_can_be_measured_alone() -> None:
    found = timed(Rounds(repeats=1, sustained_s=0.1), {"segments": (3, 4)})
    assert [(times.plan, times.depth) for times in found.exits] == [("segments", 3), ("segments", 4)]
    assert found.sustained and found.sustained.windows[-1].p50_ms == pytest.approx(12)  # new each time


def test_without_rounds_only_the_cold_start_is_measured() -> None:
    found = timed(Rounds(repeats=0, sustained_s=1.0))
    assert (found.exits, found.sustained) == ((), None)
    assert found.first_ms == pytest.approx(12)


def test_what_runs_beside_the_requests_runs_once_for_each_and_is_not_timed() -> None:
    calls: list[int] = []
    found = timed(Rounds(repeats=2, beside=lambda: calls.append(1)))
    assert len(calls) == 2 * 3
    assert found.exits == timed(Rounds(repeats=2)).exits


def test_percentiles_are_values_that_were_measured() -> None:
    found = percentiles([3.0, 1.0, 2.0])
    assert (found.count, found.p50, found.p90, found.p99) == (3, 2.0, 3.0, 3.0)
    found = percentiles(list(map(float, range(1, 101))))
    assert (found.p50, found.p90, found.p99) == (50.0, 90.0, 99.0)


def test_an_interval_is_of_the_order_statistics_that_tables_give() -> None:
    values = list(map(float, range(1, 101)))
    assert interval(values, 0.5) == (40.0, 61.0)  # ranks 40 and 61 of 100 for a median: 96.5 %
    assert interval(values[:10], 0.5) == (2.0, 9.0)  # ranks 2 and 9 of 10: 97.9 %
    assert interval(values[:5], 0.5) == (None, None)  # 93.8 % at most


def test_an_end_that_too_few_values_can_show_is_open() -> None:
    def top(count: int, share: float) -> float | None:
        return interval([1.0] * count, share)[1]

    assert (top(35, 0.9), top(36, 0.9)) == (None, 1.0)
    assert (top(367, 0.99), top(368, 0.99)) == (None, 1.0)


def test_intervals_hold_the_true_percentile_as_often_as_they_say() -> None:
    draw = random.Random(3)
    hits = {0.5: 0, 0.9: 0}
    for _ in range(1000):
        values = sorted(draw.expovariate(1.0) for _ in range(60))
        for share in hits:
            low, high = interval(values, share)
            assert low is not None and high is not None
            hits[share] += low <= -math.log(1 - share) <= high
    assert all(940 <= count <= 1000 for count in hits.values())


def test_a_device_that_throttles_shows_in_the_last_window() -> None:
    time = Time()

    def request() -> None:
        time.now += 0.010 if time.now < 5 else 0.015

    found = sustain(request, 10.0, time)
    assert len(found.windows) == WINDOWS
    assert [round(window.p50_ms or 0) for window in found.windows] == [10] * 5 + [15] * 5
    assert found.last_to_first == pytest.approx(1.5)
    assert sum(window.requests for window in found.windows) == found.requests


def test_requests_longer_than_a_window_leave_windows_empty() -> None:
    time = Time()

    def request() -> None:
        time.now += 3.0

    found = sustain(request, 2.0, time)
    assert (found.requests, found.last_to_first) == (2, 1.0)
    assert [window.requests for window in found.windows] == [0] * 9 + [2]
    assert found.windows[0].p50_ms is None


class FakeEngine:
    shape = Shape(layers=2, hidden=8, heads=2, handover=0)

    def __init__(self, time: Time) -> None:
        self.time = time

    def padded_user(self, tokens: int) -> int:
        return 16

    def layer(self, hidden: np.ndarray, mask: np.ndarray, depth: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        assert hidden.shape == (16, 8) and mask.shape == (16, 16)
        self.time.now += 0.002
        return hidden, hidden, hidden


def test_the_host_rate_is_the_layers_products_over_its_time() -> None:
    time = Time()
    layer = LayerClock(FakeEngine(time), 12, weights=768, clock=time)  # type: ignore[arg-type]
    layer()
    layer()
    rate = layer.rate()
    assert (rate.tokens, rate.macs, rate.count) == (16, 16 * 768 + 2 * 16 * 16 * 8, 2)
    assert rate.gmacs_s == pytest.approx(rate.macs / 0.002 / 1e9)
    assert layer_macs(1, 8, 768) == 784


def test_a_layers_weights_are_counted_where_they_are_packed(tmp_path: Path) -> None:
    packed = open_bundle(make_packed(tmp_path / "p.edge"))
    matrices = [t for name, t in packed.weights.items() if name.startswith("layers.0.") and t.ndim == 2]
    assert weights_of_a_layer(packed) == sum(t.size for t in matrices) > 0
    assert weights_of_a_layer(open_bundle(make(tmp_path / "m.edge"))) == 12 * 8 * 8


def test_the_exits_of_the_segments_plan_lie_beyond_the_hand_over(tmp_path: Path) -> None:
    model = {"layers": 4, "hidden": 8, "heads": 2, "handover": 2}
    exits = [exit for exit in manifest()["exits"] if exit["plan"] == "prefix" or exit["depth"] == 4]
    bundle = open_bundle(make(tmp_path / "m.edge", model=model, exits=exits))
    assert plan_depths(bundle, ("prefix", "segments")) == {"prefix": (1, 2, 4), "segments": (4,)}
    assert plan_depths(bundle, ("prefix", "segments"), (1, 2)) == {"prefix": (1, 2)}
    with pytest.raises(EdgeError, match="has no exit 3"):
        plan_depths(bundle, ("prefix",), (3,))
    with pytest.raises(EdgeError, match="no such exits in the plan segments"):
        plan_depths(bundle, ("segments",), (1,))


def test_requests_come_from_the_golden_file_or_a_file_of_ones_own(tmp_path: Path) -> None:
    bundle = make(tmp_path / "m.edge")
    expected = [parse_request(REQUEST)]
    assert read_requests(bundle, None) == expected
    own = tmp_path / "requests.jsonl"
    own.write_bytes(REQUEST + b"\n\n" + REQUEST + b"\n")
    assert read_requests(bundle, own) == expected * 2
    own.write_bytes(REQUEST + b"\n{broken\n")
    with pytest.raises(EdgeError, match=r"requests.jsonl:2: "):
        read_requests(bundle, own)
    own.write_bytes(b"")
    with pytest.raises(EdgeError, match="no requests"):
        read_requests(bundle, own)


@pytest.mark.parametrize("between", ["\u2028", "\u2029", "\x85", "\r"])
def test_only_a_line_feed_ends_a_request(tmp_path: Path, between: str) -> None:
    odd = REQUEST.replace(b"Heat", f"Heat{between}2".encode()) if between != "\r" else REQUEST.replace(b" ", b"\r")
    own = tmp_path / "requests.jsonl"
    own.write_bytes(odd + b"\n" + REQUEST + b"\n{broken\n")
    with pytest.raises(EdgeError, match=r"requests.jsonl:3: "):
        read_requests(make(tmp_path / "m.edge"), own)
    own.write_bytes(odd + b"\n" + REQUEST + b"\n")
    found = read_requests(make(tmp_path / "n.edge"), own)
    assert found == [parse_request(odd), parse_request(REQUEST)]


def test_more_memory_than_an_app_gets_is_an_error_and_the_limit_ends_with_the_block() -> None:
    if sys.platform != "linux":
        pytest.skip("RLIMIT_DATA is Linux's")
    before = resource.getrlimit(resource.RLIMIT_DATA)
    with pytest.raises(EdgeError, match="more than the 50 MB that the profile gives"), capped_memory(50_000_000):
        np.ones(20_000_000)
    with capped_memory(200_000_000):
        np.ones(1_000_000)
    assert resource.getrlimit(resource.RLIMIT_DATA) == before


def test_pinning_takes_no_more_cores_than_there_are() -> None:
    before = os.sched_getaffinity(0)
    try:
        assert pin(1) == (min(before),)
        assert os.sched_getaffinity(0) == {min(before)}
        os.sched_setaffinity(0, before)
        assert pin(999) == tuple(sorted(before))
    finally:
        os.sched_setaffinity(0, before)


@pytest.fixture(scope="module")
def measured(exported: Exported, tmp_path_factory: pytest.TempPathFactory) -> Measurement:
    from edge.bench.profiles.read import read_profile

    bundle = bundle_of(exported, tmp_path_factory.mktemp("bundle") / "small.edge", packed=True)
    ask = Ask(repeats=1, sustained_s=0.2, profile=read_profile("mid-android"))
    return measure_bundle(bundle, read_requests(bundle, None), ask)


def test_a_real_bundle_is_measured_at_every_exit_and_modelled_for_a_device(measured: Measurement) -> None:
    times, found = measured.times, measured.prediction
    assert [(each.plan, each.depth) for each in times.exits] == [
        *(("prefix", depth) for depth in (1, 2, 3, 4)), ("segments", 3), ("segments", 4)
    ]  # fmt: skip
    assert times.first_open_ms and times.sustained and times.resident > 0
    assert measured.bundle.name == "small" and len(measured.bundle.exits) == 4
    assert found and measured.limits and measured.limits.memory == 268_000_000
    scale = found.host_rate.gmacs_s / found.device_rate
    assert found.latencies[0].p50 == pytest.approx(times.exits[0].new_user.p50 * scale)
    assert len(found.latencies) == 2 * len(times.exits)


def test_a_measurement_survives_the_way_through_its_file(measured: Measurement, tmp_path: Path) -> None:
    write_measurement(tmp_path / "m.json", measured)
    assert read_measurement(tmp_path / "m.json") == measured
    assert json.loads((tmp_path / "m.json").read_text())["schema"] == SCHEMA
    assert [path.name for path in tmp_path.iterdir()] == ["m.json"]


def test_what_is_modelled_is_never_shown_as_measured(measured: Measurement) -> None:
    text = measurement_text(measured)
    before, after = text.split("MODELLED for Samsung Galaxy A54 5G")
    assert "measured on" in before and "95 % confidence" in before
    assert "not measured there: device ms = host ms x host int8 rate / device int8 rate" in after
    assert "it may be off" in after and "(on this host)" in after


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "m.json is not a JSON file"),
        ("[]", "m.json is not a measurement"),
        ("{}", "m.json is not a measurement"),
        ('{"schema": "edge-bench/measurement/2"}', "this version reads 'edge-bench/measurement/1'"),
        ('{"schema": "edge-bench/measurement/1", "thread": 1}', "m.json: unknown key 'thread'"),
        ('{"schema": "edge-bench/measurement/1", "threads": "1"}', "m.json.threads must be a whole number"),
        ('{"schema": "edge-bench/measurement/1", "threads": 1}', "m.json: missing bundle"),
    ],
)
def test_what_is_no_measurement_is_refused_at_the_door(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "m.json").write_text(text)
    with pytest.raises(EdgeError) as refused:
        read_measurement(tmp_path / "m.json")
    assert reason in str(refused.value)


def test_a_run_that_cannot_be_made_is_misuse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = make(tmp_path / "m.edge", FILES | {"models/litert.tflite": b"not a model"})
    monkeypatch.setenv("PATH", str(tmp_path))  # no adb there
    for options, reason in (
        ((), "text.json: missing item, event"),
        (("--repeats", 0), "repeats is 0, it must be from 1 to 10,000"),
        (("--repeats", 10**11), "repeats is 100000000000, it must be from 1 to 10,000"),
        (("--repeats", "2.5"), "'2.5' is not a valid integer"),
        (("--threads", 0), "threads is 0, it must be from 1 to 256"),
        (("--threads", 10**20), "threads is 100000000000000000000, it must be from 1 to 256"),
        (("--sustained", -1), "sustained_s is -1.0, it must be from 0 to 86,400"),
        (("--sustained", "nan"), "sustained_s is nan, it must be from 0 to 86,400"),
        (("--sustained", "inf"), "sustained_s is inf, it must be from 0 to 86,400"),
        (("--depths", "one"), "is not a list of exits"),
        (("--depths", "1,x"), "is not a list of exits"),
        (("--depths", ""), "is not a list of exits"),
        (("--depths", "0"), "an exit of depths is 0, it must be 1 or more"),
        (("--depths", 10**30), "has no exit 1000"),
        (("--plan", "full"), "the plan 'full' keeps no user"),
        (("--profile", ""), "--profile is empty"),
        (("--depths", "3"), "has no exit 3"),
        (("--profile", "mid"), "did you mean 'mid-android'"),
        (("--adb",), "adb is not on the path"),
        (("--device-binary", bundle), "--device-binary is for --adb"),
    ):
        assert edge_bench("run", bundle, *options) == 2
        assert reason in capsys.readouterr().err
