"""A measurement as plain text for the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from edge.bench.adb import DeviceTimes
from edge.bench.measurement import Measurement
from edge.bench.modelled import Prediction
from edge.bench.percentiles import Percentiles
from edge.bench.sustained import Sustained
from edge.table import render


def measurement_text(measurement: Measurement) -> str:
    return "\n".join(_lines(measurement))


def _lines(measurement: Measurement) -> Iterator[str]:
    times, host = measurement.times, measurement.host
    first = "-" if times.first_open_ms is None else f"{times.first_open_ms:.1f} ms"
    threads = f"{measurement.threads} thread{'s' * (measurement.threads > 1)}"
    load = "" if host.load is None else f", load {host.load}"
    yield f"measured on {host.cpu}, {host.cores} cores{load}; {threads}{_limits(measurement)}"
    yield f"first open on a device {first}, open {times.open_ms:.1f} ms, first request {times.first_ms:.1f} ms"
    yield f"resident {times.resident:,} bytes for opening and ranking, {times.process:,} with Python"
    yield ""
    yield f"milliseconds over {times.requests} requests x {times.repeats}, with 95 % confidence intervals:"
    yield render(("plan", "exit", "user", "p50", "", "p90", "", "p99", ""), [*_rows(measurement)])
    if times.sustained:
        yield ""
        yield from _sustained(times.sustained)
    if measurement.device:
        yield ""
        yield from _device(measurement.device)
    if measurement.prediction:
        yield ""
        yield from _prediction(measurement.prediction)


def _limits(measurement: Measurement) -> str:
    limits = measurement.limits
    if limits is None:
        return ""
    cores = "not pinned" if limits.cores is None else f"pinned to cores {', '.join(map(str, limits.cores))}"
    memory = "no memory limit" if limits.memory is None else f"{limits.memory / 1e6:.0f} MB of memory (RLIMIT_DATA)"
    return f"; {cores}, {memory}"


def _rows(measurement: Measurement) -> Iterator[tuple[str | int, ...]]:
    for times in measurement.times.exits:
        yield times.plan, times.depth, "new", *_cells(times.new_user)
        yield times.plan, times.depth, "kept", *_cells(times.kept_user)


def _cells(found: Percentiles) -> Iterator[str]:
    shares = ((found.p50, found.p50_interval), (found.p90, found.p90_interval), (found.p99, found.p99_interval))
    for value, (low, high) in shares:
        yield f"{value:.2f}"
        yield f"{'' if low is None else f'{low:.2f}'}..{'' if high is None else f'{high:.2f}'}"


def _sustained(endured: Sustained) -> Iterator[str]:
    yield f"one request back to back for {endured.seconds:g} s, {endured.requests} times:"
    rows = [(f"{window.start_s:g}", window.requests, _ms(window.p50_ms)) for window in endured.windows]
    yield render(("from second", "requests", "p50"), rows)
    yield f"the last window takes {endured.last_to_first:.2f} times the first"


def _device(found: DeviceTimes) -> Iterator[str]:
    yield f"measured on {found.device} with benchmark_model, averages in milliseconds:"
    rows = [
        (step.signature, _ms(step.init_ms), _ms(step.first_ms), _ms(step.average_ms), _ms(step.memory_mb))
        for step in found.steps
    ]
    yield render(("step", "init", "first", "average", "MB"), rows)
    yield f"the steps' sum for the longest user and {found.candidates} candidates, without text and look-ups:"
    exits = [(exit.depth, _ms(exit.new_user_ms), _ms(exit.kept_user_ms)) for exit in found.exits]
    yield render(("exit", "new user", "kept user"), exits)


def _prediction(found: Prediction) -> Iterator[str]:
    rate = found.host_rate
    yield f"MODELLED for {found.device} ({found.profile}), not measured there: {found.formula}"
    yield (
        f"host {rate.gmacs_s:.1f} GMAC/s (one layer over {rate.tokens} tokens: {rate.macs:,} products in "
        f"{rate.ms:.2f} ms), device {found.device_rate:g} GMAC/s"
    )
    rows = [
        (
            each.plan,
            each.depth,
            each.user,
            f"{each.p50:.2f}",
            f"{each.p90:.2f}",
            f"{each.target:g}",
            _verdict(each.meets),
        )
        for each in found.latencies
    ]
    yield render(("plan", "exit", "user", "p50", "p90", "target", ""), rows)
    yield f"it may be off: {'; '.join(found.errors)}"
    for allowance in found.allowances:
        place = " (on this host)" if allowance.what == "resident" else ""
        spent = f"{allowance.bytes:,} bytes{place} of {allowance.budget:,}"
        yield f"{allowance.what} {spent}: {_verdict(allowance.meets)}"


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _verdict(meets: bool) -> str:
    return "meets" if meets else "MISSES"
