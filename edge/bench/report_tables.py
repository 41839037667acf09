"""The report's tables as text cells, for HTML and Markdown alike."""

from __future__ import annotations

from collections.abc import Iterator

from edge.bench.confine import Confinement
from edge.bench.exit_table import auc_of, exit_headings, exit_rows
from edge.bench.percentiles import Interval, Percentiles
from edge.bench.report import Entry, Point, Report, Target, best_exits
from edge.bench.report_change import change_table
from edge.pages.table import Row, Table


def report_tables(report: Report) -> list[Table]:
    """Those that have rows, what matters most first."""
    within = [_within(report, report.target)] if report.target else []
    against = [change_table(entry, report.baseline) for entry in report.entries if report.baseline]
    exits = [_exits(entry) for entry in report.all]
    rest = (_costs(report), _times(report), _parts(report), _modelled(report), _sustained(report), _device(report))
    return [table for table in (*within, *against, *exits, *rest, _provenance(report)) if table.rows]


def _within(report: Report, target: Target) -> Table:
    rows = [
        (entry.label, f"MODELLED: {target.device}" if best.modelled else "measured", best.scenario,
         f"{best.limit_ms:g}", *_exit(best.exit))
        for entry in report.entries
        for best in best_exits(entry, target)
    ]  # fmt: skip
    headings = ("measurement", "where", "scenario", "target, ms", "exit", "p90, ms", "AUC")
    return Table(f"The best exit within the latency targets of {target.profile}", headings, rows)


def _exit(point: Point | None) -> Row:
    return (str(point.exit), _ms(point.p90), _auc(point.auc)) if point else ("none", "-", "-")


def _exits(entry: Entry) -> Table:
    counted, note = entry.measured.instructions, "Milliseconds are medians on the host."
    if counted:
        size = f"{counted.asked.candidates} candidates and {counted.asked.events} events, items of"
        note += f" M: millions of ARM64 instructions ({counted.runtime}, {counted.cpu}) with {size} "
        note += f"{counted.asked.item_tokens} tokens, in the engine alone."
    headings, rows = exit_headings(entry.measured), exit_rows(entry.measured)
    return Table(f"The exits of {entry.label}: quality and cost", headings, rows, note)


def _costs(report: Report) -> Table:
    """A column per document, and the target's budgets where it has one."""
    target, found = report.target, [entry.measured for entry in report.all]
    rows: list[Row] = []
    for what, milliseconds in (
        ("first open on a device, ms", [each.times.first_open_ms for each in found]),
        ("open, ms", [each.times.open_ms for each in found]),
        ("first request, ms", [each.times.first_ms for each in found]),
    ):
        rows.append((what, *map(_ms, milliseconds), *[""] * bool(target)))
    allowed = {"download": target.download, "resident": target.resident} if target else {}
    for what, sizes, budget in (
        ("download, bytes", [each.bundle.download for each in found], allowed.get("download")),
        ("installed, bytes", [each.bundle.installed for each in found], None),
        ("resident, bytes", [each.times.resident for each in found], allowed.get("resident")),
        ("resident and anonymous, bytes", [each.times.anonymous for each in found], None),
        ("whole process with Python, bytes", [each.times.process for each in found], None),
    ):
        limit = f"{budget:,}" if budget else ""
        rows.append((what, *(_allowed(size, budget) for size in sizes), *[limit] * bool(target)))
    budgets = (f"budget of {target.profile}",) if target else ()
    headings = ("what", *(entry.label for entry in report.all), *budgets)
    return Table("Cold start, size and memory", headings, rows, "All but the budgets were measured on the host.")


def _times(report: Report) -> Table:
    rows = [
        (entry.label, str(each.exit), _auc(auc_of(entry.measured, each.exit)), each.scenario,
         *_percentiles(each.whole))
        for entry in report.all
        for each in entry.measured.times.exits
    ]  # fmt: skip
    shares = (heading for name in ("p50", "p90", "p99") for heading in (f"{name}, ms", f"{name}: 95 %, ms"))
    headings = ("measurement", "exit", "AUC", "scenario", *shares)
    note = "An interval without an upper end (12.1..) needs more requests."
    return Table("Measured milliseconds per request", headings, rows, note)


def _parts(report: Report) -> Table:
    rows = [
        (entry.label, str(each.exit), each.scenario,
         *map(_ms, (each.parts.text, each.parts.encode, each.parts.append, each.parts.score)))
        for entry in report.all
        for each in entry.measured.times.exits
    ]  # fmt: skip
    headings = ("measurement", "exit", "scenario", "text, ms", "encode, ms", "append, ms", "score, ms")
    note = (
        "Medians, so they need not add up. Text: rendering, tokenising, numbers and everything else outside the engine."
    )
    return Table("Where the milliseconds go", headings, rows, note)


def _percentiles(found: Percentiles) -> Iterator[str]:
    shares = ((found.p50, found.p50_interval), (found.p90, found.p90_interval), (found.p99, found.p99_interval))
    for value, ends in shares:
        yield _ms(value)
        yield _interval(ends)


def _interval(ends: Interval) -> str:
    return "..".join("" if end is None else _ms(end) for end in ends)


def _modelled(report: Report) -> Table:
    rows = [
        (entry.label, str(each.exit), each.scenario, _ms(each.p50), _ms(each.p90), f"{each.target:g}",
         "meets" if each.meets else "MISSES")
        for entry in report.all if entry.prediction
        for each in entry.prediction.latencies
    ]  # fmt: skip
    device = report.target.device if report.target else ""
    headings = ("measurement", "exit", "scenario", "p50, ms", "p90, ms", "target, ms", "p90 and target")
    return Table(f"MODELLED milliseconds per request for {device}", headings, rows, "Not measured there.")


def _sustained(report: Report) -> Table:
    rows = [
        (entry.label, f"{found.seconds:g}", f"{found.requests:,}", f"{found.last_to_first:.2f}")
        for entry in report.all
        if (found := entry.measured.times.sustained)
    ]
    headings = ("measurement", "seconds", "requests", "last window to first")
    return Table(
        "One request of a new user, back to back", headings, rows, "1.3: the last window is 30 % slower than the first."
    )


def _device(report: Report) -> Table:
    rows = [
        (entry.label, found.device, str(each.exit), each.scenario,
         *map(_ms, (each.encode_ms, each.append_ms, each.score_ms, each.total_ms)))
        for entry in report.all if (found := entry.measured.device)
        for each in found.exits
    ]  # fmt: skip
    headings = ("measurement", "device", "exit", "scenario", "encode, ms", "append, ms", "score, ms", "in all, ms")
    note = "Sums of the graphs' averages for 50 candidates and a full timeline, without text and look-ups."
    return Table("Measured on a device by adb", headings, rows, note)


def _provenance(report: Report) -> Table:
    """A column per document."""
    columns = [_origin(entry) for entry in report.all]
    rows = [(what, *(column[what] for column in columns)) for what in columns[0]]
    return Table("What, where and when", ("what", *(entry.label for entry in report.all)), rows)


def _origin(entry: Entry) -> dict[str, str]:
    found, host, times = entry.measured, entry.measured.host, entry.measured.times
    rate = found.prediction.host_rate.gmacs_s if found.prediction else None
    return {
        "file": entry.file.name,
        "date": found.date,
        "bundle's SHA-256": found.bundle.sha256,
        "width, events": f"{found.bundle.hidden}, {found.bundle.places - 1}",
        "engine": f"{found.engine}, {found.threads} thread{'s' * (found.threads != 1)}",
        "processor": f"{host.cpu}, {host.cores} cores",
        "system": f"{host.system}, Python {host.python}",
        "load before": "-" if host.load is None else f"{host.load:g}",
        "limits": _limits(found.limits),
        "requests": f"{times.requests} x {times.repeats} rounds",
        "host's int8 rate, GMAC/s": "-" if rate is None else f"{rate:.1f}",
    }


def _limits(limits: Confinement | None) -> str:
    if limits is None:
        return "none"
    cores = "not pinned" if limits.cores is None else f"cores {', '.join(map(str, limits.cores))}"
    return f"{cores}; {'any memory' if limits.memory is None else f'{limits.memory / 1e6:.0f} MB'}"


def _allowed(size: int | None, budget: int | None) -> str:
    if size is None:
        return "-"
    return f"{size:,}" + (f" {'meets' if size <= budget else 'MISSES'}" if budget else "")


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _auc(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
