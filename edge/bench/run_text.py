"""A measurement as plain text for the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from edge.bench.adb import DeviceTimes
from edge.bench.exit_table import exit_headings, exit_rows
from edge.bench.instructions import CountedExits
from edge.bench.measurement import Measurement
from edge.bench.modelled import Prediction
from edge.bench.percentiles import Percentiles
from edge.bench.scenarios import SCENARIOS
from edge.bench.sized_request import SizedRequest
from edge.bench.sustained import Sustained
from edge.runtime.costs import Costs
from edge.table import render


def measurement_text(measurement: Measurement) -> str:
    """The measurement as text for the terminal."""
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
    yield "exits (encode depth / interact depth), AUC from the manifest, median milliseconds:"
    yield render(exit_headings(measurement), exit_rows(measurement))
    yield from _counted(measurement.instructions)
    yield from (f"{name}: {said}" for name, said in SCENARIOS.items())
    yield ""
    yield f"milliseconds of {times.requests} requests x {times.repeats} rounds, with 95 % confidence intervals:"
    yield render(("exit", "", "p50", "", "p90", "", "p99", ""), [*_rows(measurement)])
    yield ""
    yield "median milliseconds by part:"
    yield render(("exit", "", "text", "encode", "append", "score"), [*_parts(measurement)])
    yield ""
    yield "costs by which the runtime chooses exits, milliseconds of single calls by size:"
    yield from _costs(measurement.costs)
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


def _rows(measurement: Measurement) -> Iterator[tuple[str, ...]]:
    for times in measurement.times.exits:
        yield str(times.exit), times.scenario, *_cells(times.whole)


def _parts(measurement: Measurement) -> Iterator[tuple[str, ...]]:
    for times in measurement.times.exits:
        found = times.parts
        parts = (found.text, found.encode, found.append, found.score)
        yield str(times.exit), times.scenario, *(f"{part:.3f}" for part in parts)


def _counted(found: CountedExits | None) -> Iterator[str]:
    if found:
        yield f"M: millions of ARM64 instructions in the engine ({found.runtime}, {found.cpu}) {_size(found.asked)}"


def _size(asked: SizedRequest) -> str:
    return f"with {asked.candidates} candidates and {asked.events} events, items of {asked.item_tokens} tokens"


def _costs(costs: Costs) -> Iterator[str]:
    scores = {f"score at depth {depth}": points for depth, points in enumerate(costs.score)}
    listed = {"chunk": costs.chunk, "encode": costs.encode, "append": costs.append} | scores
    for name, points in listed.items():
        yield f"  {name}: {', '.join(f'{size:g}: {milliseconds:.3f}' for size, milliseconds in points)}"


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
    yield f"their sums for a request {_size(found.asked)}, without text and look-ups:"
    exits = [
        (str(one.exit), one.scenario, *map(_ms, (one.encode_ms, one.append_ms, one.score_ms, one.total_ms)))
        for one in found.exits
    ]
    yield render(("exit", "", "encode", "append", "score", "in all"), exits)


def _prediction(found: Prediction) -> Iterator[str]:
    rate = found.host_rate
    yield f"MODELLED for {found.device} ({found.profile}), not measured there: {found.formula}"
    yield (
        f"host {rate.gmacs_s:.1f} GMAC/s (one layer over {rate.rows} rows: {rate.macs:,} products in "
        f"{rate.ms:.2f} ms), device {found.device_rate:g} GMAC/s"
    )
    rows = [
        (str(each.exit), each.scenario, _ms(each.p50), _ms(each.p90), f"{each.target:g}", _verdict(each.meets))
        for each in found.latencies
    ]
    yield render(("exit", "", "p50", "p90", "target", ""), rows)
    yield "MODELLED, milliseconds of single calls by their size:"
    yield from _costs(found.costs)
    yield f"the model may be wrong: {'; '.join(found.errors)}"
    for allowance in found.allowances:
        place = " (on this host)" if allowance.what == "resident" else ""
        spent = f"{allowance.bytes:,} bytes{place} of {allowance.budget:,}"
        yield f"{allowance.what} {spent}: {_verdict(allowance.meets)}"


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _verdict(meets: bool) -> str:
    return "meets" if meets else "MISSES"
