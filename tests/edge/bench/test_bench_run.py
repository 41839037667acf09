"""Measuring a bundle: the arithmetic with clocks and rankers of our own, and one real bundle from end to end."""

from __future__ import annotations

import json
import math
import os
import random
import resource
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bench_bundles import FILES, REQUEST, make, make_packed
from commands import edge_bench
from exported_students import ExportedModel

from edge.bench.confine import capped_memory, pin
from edge.bench.exits import chosen_exits
from edge.bench.layer_rate import LayerClock, layer_macs, weights_of_a_layer
from edge.bench.measurement import SCHEMA, Measurement, read_measurement, write_measurement
from edge.bench.percentiles import interval, percentiles
from edge.bench.run import Ask, measure_bundle, read_requests
from edge.bench.run_text import measurement_text
from edge.bench.scenarios import SCENARIOS
from edge.bench.sustained import WINDOWS, sustain
from edge.bench.timed_engine import TimedEngine
from edge.bench.timing import Rounds, Times, measure
from edge.bundle.bundle import open_bundle
from edge.bundle.exits import Exit
from edge.engines.chunk import Chunk
from edge.engines.protocol import Entries
from edge.engines.shape import ModelShape
from edge.engines.timeline import Timeline
from edge.errors import EdgeError
from edge.text.request import parse_request
from edge.text.types import Event, Item, User

EXITS = (Exit(1, 0), Exit(1, 2), Exit(2, 2))
GRAPH = ModelShape(
    hidden=8, heads=2, encode_depths=(1, 2), interact_layers=2, positions=4, places=7, numbers=2, distances=6,
    match_size=4, match_heads=2, factors=3,
)  # fmt: skip


class Time:
    """A clock that moves when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class SlowUser:
    def __init__(self, events: Sequence[Event]) -> None:
        self.events, self.filled = len(events), 0

    def add(self, event: Event) -> None:
        self.events += 1


class SlowOpened:
    """Rankers that take 1 ms for an item that is not kept, 2 ms for each event to append, 1 ms an interact layer, and
    .5 ms beside; an event's item costs nothing."""

    def __init__(self, time: Time) -> None:
        self.time, self.spent = time, dict[str, float]()

    def ranker(self) -> SlowRanker:
        return SlowRanker(self)

    def take(self, part: str, seconds: float) -> None:
        self.time.now += seconds
        self.spent[part] = self.spent.get(part, 0.0) + seconds


class SlowRanker:
    def __init__(self, opened: SlowOpened) -> None:
        self.opened, self.kept = opened, set[str]()

    def user(self, user: User, events: Sequence[Event]) -> SlowUser:
        return SlowUser(events)

    def prepare(self, items: Sequence[Item], encode: int | None = None) -> Sequence[Item]:
        self.encode(items)
        return items

    def encode(self, items: Sequence[Item]) -> None:
        new = {item.id for item in items} - self.kept
        self.opened.take("encode", 0.001 * len(new))
        self.kept |= new

    def rank(self, user: SlowUser, candidates: Sequence[Item], *, exit: tuple[int, int], time_s: float | None) -> None:
        assert time_s == 9.0
        self.encode(candidates)
        self.opened.take("append", 0.002 * (user.events - user.filled))
        user.filled = user.events
        self.opened.take("score", 0.001 * exit[1])
        self.opened.time.now += 0.0005


def requests(count: int, events: int = 3) -> list[Any]:
    listed = ",".join(['{"item": {"title": "x"}}'] * events)
    text = f'{{"user": {{}}, "events": [{listed}], "candidates": [{{"id": "1"}}, {{"id": "2"}}], "time": 9}}'
    return [parse_request(text.encode())] * count


def timed(rounds: Rounds, exits: tuple[Exit, ...] = EXITS, events: int = 3) -> Times:
    time = Time()

    def open_model() -> SlowOpened:
        time.now += 0.5
        return SlowOpened(time)

    return measure(open_model, requests(3, events), exits, rounds, time)


def test_every_exit_is_measured_in_every_scenario() -> None:
    found = timed(Rounds(repeats=2))
    assert [(times.exit, times.scenario) for times in found.exits] == [(e, name) for e in EXITS for name in SCENARIOS]
    assert found.open_ms == pytest.approx(500)
    assert found.first_ms == pytest.approx(2 + 6 + 2 + 0.5)  # a new user and new items at the deepest exit
    medians = {(times.exit, times.scenario): times.whole.p50 for times in found.exits}
    for exit in EXITS:
        always = exit.interact + 0.5
        assert medians[exit, "new"] == pytest.approx(2 + 6 + always)
        assert medians[exit, "new_items"] == pytest.approx(2 + always)
        assert medians[exit, "kept"] == pytest.approx(always)
        assert medians[exit, "added"] == pytest.approx(2 + always)
    assert {times.whole.count for times in found.exits} == {3 * 2}
    assert found.process >= found.resident >= 0


def test_the_parts_of_a_request_are_told_apart() -> None:
    parts = {times.scenario: times.parts for times in timed(Rounds(repeats=1)).exits if times.exit == Exit(1, 2)}
    for scenario, wanted in (
        ("new", (0.5, 2, 6, 2)), ("new_items", (0.5, 2, 0, 2)), ("kept", (0.5, 0, 0, 2)), ("added", (0.5, 0, 2, 2))
    ):  # fmt: skip
        found = parts[scenario]
        assert (found.text, found.encode, found.append, found.score) == pytest.approx(wanted)


def test_a_user_without_events_has_none_to_add() -> None:
    scenarios = {times.scenario for times in timed(Rounds(repeats=1), events=0).exits}
    assert scenarios == {*SCENARIOS} - {"added"}


def test_requests_back_to_back_are_new_each_time() -> None:
    found = timed(Rounds(repeats=1, sustained_s=0.1), (Exit(1, 0),))
    assert found.sustained and found.sustained.windows[-1].p50_ms == pytest.approx(2 + 6 + 0.5)


def test_without_rounds_only_the_cold_start_is_measured() -> None:
    found = timed(Rounds(repeats=0, sustained_s=1.0))
    assert (found.exits, found.sustained) == ((), None)
    assert found.first_ms == pytest.approx(10.5)


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
    """A chunk takes 1 ms and 2 ms for each application of the layer; scores take 1 ms, with layers 3 ms."""

    chunk_tokens, chunk_segments = 16, 3

    def __init__(self, time: Time, shape: ModelShape = GRAPH) -> None:
        self.time, self.shape = time, shape

    def padded_tokens(self, tokens: int) -> int:
        return 16

    def padded_candidates(self, count: int, depth: int) -> int:
        return 64

    def summarise(self, chunk: Chunk, depth: int) -> np.ndarray:
        assert chunk.count <= 3
        self.time.now += 0.001 + 0.002 * depth
        return np.zeros((chunk.count, 8), dtype=np.float32)

    def append(self, entries: Entries, profile: bool, timeline: Timeline) -> Any:
        self.time.now += 0.004

    def score(self, candidates: Entries, timeline: Timeline, depth: int) -> np.ndarray:
        assert timeline.length == self.shape.places
        self.time.now += 0.003 if depth else 0.001
        return np.zeros((depth + 1, len(candidates)), dtype=np.float32)


def test_the_host_rate_is_the_layers_products_over_its_time() -> None:
    time = Time()
    layer = LayerClock(FakeEngine(time), weights=768, clock=time)  # type: ignore[arg-type]
    layer()
    layer()
    rate = layer.rate()
    assert (rate.rows, rate.macs, rate.count) == (16, 16 * 768 + 2 * 16 * 16 * 8, 2)
    assert rate.ms == pytest.approx(2)  # without embed and summarise
    assert rate.gmacs_s == pytest.approx(rate.macs / 0.002 / 1e9)
    assert layer_macs(1, 1, 8, 768) == 784


def test_where_texts_pass_no_layer_the_rate_is_that_of_the_interact_layers() -> None:
    time = Time()
    layer = LayerClock(FakeEngine(time, replace(GRAPH, encode_depths=(0,))), 768, time)  # type: ignore[arg-type]
    layer()
    rate = layer.rate()
    assert (rate.rows, rate.macs) == (64, layer_macs(64, 7, 8, 768))
    assert rate.ms == pytest.approx(2 / 2)  # two layers
    with pytest.raises(EdgeError, match="no layer, so this host's rate cannot be measured"):
        LayerClock(FakeEngine(time, replace(GRAPH, encode_depths=(0,), interact_layers=0)), 768)  # type: ignore[arg-type]


def test_a_timed_engine_sums_up_by_part_until_it_is_emptied() -> None:
    time = Time()
    engine = TimedEngine(FakeEngine(time), time)  # type: ignore[arg-type]
    rows = np.zeros((2, 8), dtype=np.float32)
    entries, timeline = Entries(rows, rows, rows[:, :2], rows[:, :2]), Timeline(GRAPH)
    timeline.length = 7
    for _ in range(2):
        engine.append(entries, False, timeline)
    assert engine.score(entries, timeline, 1).shape == (2, 2)
    assert engine.spent == pytest.approx({"append": 0.008, "score": 0.003})
    assert engine.padded_candidates(1, 1) == 64 and engine.shape is GRAPH


def test_a_layers_weights_are_counted_where_they_are_packed(tmp_path: Path) -> None:
    packed = open_bundle(make_packed(tmp_path / "p.edge"))
    matrices = [t for name, t in packed.weights.items() if name.startswith("layers.0.") and t.ndim == 2]
    assert weights_of_a_layer(packed) == sum(t.size for t in matrices) > 0
    assert weights_of_a_layer(open_bundle(make(tmp_path / "m.edge"))) == 12 * 8 * 8


def test_exits_are_those_of_the_bundle_or_some_of_them(tmp_path: Path) -> None:
    bundle = open_bundle(make(tmp_path / "m.edge"))
    assert chosen_exits(bundle) == (Exit(1, 0), Exit(1, 2), Exit(2, 2))
    assert chosen_exits(bundle, (Exit(2, 2), Exit(1, 0))) == (Exit(1, 0), Exit(2, 2))
    with pytest.raises(EdgeError, match="has no exit 1/1"):
        chosen_exits(bundle, (Exit(1, 1),))


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
def measured(exported_model: ExportedModel) -> Measurement:
    from edge.bench.profiles.read import read_profile

    ask = Ask(repeats=1, sustained_s=0.2, profile=read_profile("mid-android"))
    return measure_bundle(exported_model.bundle, read_requests(exported_model.bundle, None)[:3], ask)


def test_a_real_bundle_is_measured_at_every_exit_and_modelled_for_a_device(measured: Measurement) -> None:
    times, found = measured.times, measured.prediction
    exits = [Exit(encode, interact) for encode in (1, 2) for interact in (0, 1, 2)]
    assert [(each.exit, each.scenario) for each in times.exits] == [
        (exit, name) for exit in exits for name in SCENARIOS
    ]
    assert times.first_open_ms and times.sustained and times.resident > 0
    assert measured.bundle.name == "small" and len(measured.bundle.exits) == 6
    assert found and measured.limits and measured.limits.memory == 268_000_000
    scale = found.host_rate.gmacs_s / found.device_rate
    assert found.latencies[0].p50 == pytest.approx(times.exits[0].whole.p50 * scale)
    assert len(found.latencies) == len(times.exits)
    assert found.costs.appending(1) == pytest.approx(measured.costs.appending(1) * scale)


def test_what_is_kept_is_not_computed_again(measured: Measurement) -> None:
    parts = {each.scenario: each.parts for each in measured.times.exits if each.exit == Exit(2, 2)}
    assert all(each.score > 0 for each in parts.values())
    assert {name for name, each in parts.items() if each.encode > 0} == {"new", "new_items"}
    assert {name for name, each in parts.items() if each.append > 0} == {"new", "added"}


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
    assert "the model may be wrong" in after and "(on this host)" in after
    assert "median milliseconds by part:" in before and "single calls" in before and "single calls" in after


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "m.json is not a JSON file"),
        ("[]", "m.json is not a measurement"),
        ("{}", "m.json is not a measurement"),
        ('{"schema": "edge-bench/measurement/1"}', "this version reads 'edge-bench/measurement/2'"),
        ('{"schema": "edge-bench/measurement/2", "thread": 1}', "m.json: unknown key 'thread'"),
        ('{"schema": "edge-bench/measurement/2", "threads": "1"}', "m.json.threads must be a whole number"),
        ('{"schema": "edge-bench/measurement/2", "threads": 1}', "m.json: missing bundle"),
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
    bundle = make(tmp_path / "m.edge", FILES | {"models/litert/model.tflite": b"not a model"})
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
        (("--exits", "one"), "--exits is 'one', which is not an exit\nfix: write encode depth and interact depth: "),
        (("--exits", "1/2,x"), "--exits is 'x', which is not an exit"),
        (("--exits", ""), "--exits is '', which is not an exit"),
        (("--exits", "1/-1"), "--exits is '1/-1', which is not an exit"),
        (("--exits", f"{10**30}/0"), "which is not an exit"),
        (("--tools", tmp_path), "ARM64 instructions cannot be counted"),
        (("--profile", ""), "--profile is empty"),
        (("--exits", "3/0"), "has no exit 3/0"),
        (("--profile", "mid"), "did you mean 'mid-android'"),
        (("--adb",), "adb is not on the path"),
        (("--device-binary", bundle), "--device-binary needs --adb"),
    ):
        assert edge_bench("run", bundle, *options) == 2
        assert reason in capsys.readouterr().err
