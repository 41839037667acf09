"""What a report is about: measurements side by side, a device's targets, and which exits are worth their time."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edge.bench.exit_table import auc_of
from edge.bench.measurement import AGAIN, Measurement, read_measurement
from edge.bench.modelled import Hosted, Prediction, predict
from edge.bench.profiles.profile import DeviceProfile
from edge.bench.profiles.read import read_profile
from edge.bench.scenarios import ENCODING, SCENARIOS
from edge.bundle.exits import Exit
from edge.errors import EdgeError
from edge.inspect.describe import printable

MAX_NAME = 40  # characters of a bundle's name in a table


@dataclass(frozen=True)
class Target:
    """What a profile allows: milliseconds for nine requests in ten, and bytes. `new_ms` is for requests with texts to
    encode, `kept_ms` for those whose items are kept."""

    profile: str
    device: str
    new_ms: float
    kept_ms: float
    download: int
    resident: int

    def ms(self, scenario: str) -> float:
        """The latency target in milliseconds, which depends on whether texts are encoded."""
        return self.new_ms if scenario in ENCODING else self.kept_ms


@dataclass(frozen=True)
class Entry:
    """One document. `label` is unique in its report; `prediction` is for the report's target, not always its own."""

    label: str
    file: Path
    measured: Measurement
    prediction: Prediction | None = None
    baseline: bool = False


@dataclass(frozen=True)
class Report:
    """`entries` are what is reported, without the baseline."""

    entries: tuple[Entry, ...]
    baseline: Entry | None
    target: Target | None

    @property
    def all(self) -> tuple[Entry, ...]:
        """The measurements, and the baseline last if there is one."""
        return self.entries if self.baseline is None else (*self.entries, self.baseline)


@dataclass(frozen=True)
class Point:
    """An exit: what it takes nine requests in ten at most, in milliseconds, and its AUC if the bundle states one."""

    exit: Exit
    p90: float
    auc: float | None


@dataclass(frozen=True)
class Best:
    """The exit to take in one scenario; None if none keeps the limit."""

    scenario: str
    modelled: bool  # for the target's device; else measured on the host
    limit_ms: float
    exit: Point | None


def read_report(files: Sequence[Path], profile: str | None = None, baseline: Path | None = None) -> Report:
    """Errors: a file that is no measurement, one given twice, an unknown profile, targets of several devices."""
    paths = [*files, *([baseline] if baseline else [])]
    if repeated := [path for path, count in Counter(path.resolve() for path in paths).items() if count > 1]:
        raise EdgeError(f"{repeated[0]} is given twice", fix="give each measurement once")
    measured = [_read(path) for path in paths]
    device = read_profile(profile) if profile else None
    labels = [*_labels(measured[: len(files)]), *(f"baseline {_name(each)}" for each in measured[len(files) :])]
    entries = [
        Entry(label, path, each, _prediction(each, device))
        for label, path, each in zip(labels, paths, measured, strict=True)
    ]
    target = _target_of_profile(device) if device else _own_target(entries[: len(files)])
    old = replace(entries.pop(), baseline=True) if baseline else None
    if old and (old.prediction is None or _target_of_prediction(old.prediction) != target):
        old = replace(old, prediction=None)
    return Report(tuple(entries), old, target)


def measured_points(entry: Entry, scenario: str) -> list[Point]:
    """AUC against the p90 in milliseconds, a point for each exit."""
    return [
        Point(each.exit, each.whole.p90, auc_of(entry.measured, each.exit))
        for each in entry.measured.times.exits
        if each.scenario == scenario
    ]


def modelled_points(entry: Entry, scenario: str) -> list[Point]:
    """On the target's device; none for a document without a prediction."""
    latencies = entry.prediction.latencies if entry.prediction else ()
    return [
        Point(each.exit, each.p90, auc_of(entry.measured, each.exit)) for each in latencies if each.scenario == scenario
    ]


def frontier(points: Sequence[Point]) -> list[Point]:
    """Those of known AUC that no other one reaches in as little time: fastest first, AUC rising."""
    best: list[Point] = []
    for point in sorted(points, key=lambda point: (point.p90, -(point.auc or 0.0))):
        if point.auc is not None and (not best or point.auc > (best[-1].auc or 0.0)):
            best.append(point)
    return best


def best_within(points: Sequence[Point], limit_ms: float) -> Point | None:
    """The exit of highest AUC that keeps the limit; where no AUC is known, the deepest. None if none keeps it."""
    kept = [point for point in points if point.p90 <= limit_ms]
    if known := frontier(kept):
        return known[-1]
    return max(kept, key=lambda point: (point.exit, -point.p90), default=None)


def best_exits(entry: Entry, target: Target) -> list[Best]:
    """Measured, and modelled where the document allows it."""
    return [
        Best(scenario, modelled, target.ms(scenario), best_within(points, target.ms(scenario)))
        for modelled, points_of in ((False, measured_points), (True, modelled_points))
        for scenario in SCENARIOS
        if (points := points_of(entry, scenario))
    ]


def incomparable(entry: Entry, baseline: Entry) -> str | None:
    """Why the times of the two measurements cannot be compared; None if they can."""
    old, new = baseline.measured, entry.measured
    for problem, before, after in (
        ("another processor", old.host.cpu, new.host.cpu),
        ("another number of cores", old.host.cores, new.host.cores),
        ("another engine", old.engine, new.engine),
        ("another number of threads", old.threads, new.threads),
        ("other limits", old.limits, new.limits),
        ("another number of requests", old.times.requests, new.times.requests),
    ):
        if before != after:
            return problem
    return None


def _read(path: Path) -> Measurement:
    """Only what can be drawn: errors for a document without times, with one that is no time, or of an unknown name."""
    measured = read_measurement(path)
    if not measured.times.exits:
        raise EdgeError(f"{path} has no times for any exit", fix=AGAIN)
    if strange := {each.scenario for each in measured.times.exits} - {*SCENARIOS}:
        raise EdgeError(f"{path} holds times of {printable(min(strange))[:MAX_NAME]}, which is no scenario", fix=AGAIN)
    if wrong := [value for value in _milliseconds(measured) if not 0 < value < math.inf]:
        raise EdgeError(f"{path} holds a time of {wrong[0]} ms", fix=AGAIN)
    return measured


def _milliseconds(measured: Measurement) -> Iterator[float]:
    for each in measured.times.exits:
        yield from (each.whole.p50, each.whole.p90, each.whole.p99)
    for modelled in measured.prediction.latencies if measured.prediction else ():
        yield from (modelled.p50, modelled.p90, modelled.target)
    for window in measured.times.sustained.windows if measured.times.sustained else ():
        yield from () if window.p50_ms is None else (window.p50_ms,)


def _labels(measured: Sequence[Measurement]) -> list[str]:
    """Bundle and engine, with a number where that is not unique."""
    names = list(map(_name, measured))
    return [
        name if names.count(name) == 1 else f"{name} ({names[:place].count(name) + 1})"
        for place, name in enumerate(names)
    ]


def _name(measured: Measurement) -> str:
    return f"{printable(measured.bundle.name)[:MAX_NAME]}/{printable(measured.engine)[:MAX_NAME]}"


def _prediction(measured: Measurement, device: DeviceProfile | None) -> Prediction | None:
    """For that device: the host's rate in the document serves any."""
    own, times = measured.prediction, measured.times
    if device is None or own is None:
        return own
    sizes = measured.bundle.download, times.resident
    return predict(device, Hosted(times.exits, measured.costs, own.host_rate, *sizes))


def _own_target(entries: Sequence[Entry]) -> Target | None:
    """Of the device that the documents were modelled for, which must be one."""
    targets = {_target_of_prediction(entry.prediction): None for entry in entries if entry.prediction}
    if len(targets) > 1:
        named = ", ".join(sorted({printable(target.profile) for target in targets}))
        raise EdgeError(
            f"the measurements are modelled for devices with other targets: {named}",
            fix="choose one of them with --profile",
        )
    return next(iter(targets), None)


def _target_of_prediction(found: Prediction) -> Target:
    ms = {each.scenario: each.target for each in found.latencies}
    budget = {each.what: each.budget for each in found.allowances}
    try:
        return Target(found.profile, found.device, ms["new"], ms["kept"], budget["download"], budget["resident"])
    except KeyError as error:
        raise EdgeError(f"a prediction for {printable(found.profile)} lacks its target: {error}", fix=AGAIN) from error


def _target_of_profile(device: DeviceProfile) -> Target:
    budgets = device.budgets
    return Target(
        device.name,
        device.device,
        budgets.new.value,
        budgets.kept.value,
        round(budgets.download.value * 1e6),
        round(budgets.resident.value * 1e6),
    )
