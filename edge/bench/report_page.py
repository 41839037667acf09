"""The report in words, pictures and tables: as an HTML page, and as Markdown without the pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edge.bench.report import Best, Entry, Report, Target, best_exits
from edge.bench.report_tables import report_tables
from edge.bench.scenarios import SCENARIOS
from edge.pages.markdown import escaped
from edge.pages.page import Finding, KeyFigure, Page, page_html
from edge.pages.picture import Picture
from edge.pages.table import table_markdown


def report_html(report: Report, pictures: Sequence[Picture], command: str) -> str:
    """`command`: that which wrote the page, without names that differ between equal pages."""
    page = Page(
        title=_title(report),
        facts=[
            *(("Measured", _measured(entry)) for entry in report.all),
            (
                "Date (UTC)",
                ", ".join(dict.fromkeys(entry.measured.date[:16].replace("T", " ") for entry in report.all)),
            ),
            ("Command", command),
        ],
        verdict=list(_verdict(report)),
        figures=list(_key_figures(report)),
        pictures=pictures,
        tables=report_tables(report),
        notes=list(report_words(report))[len(report.all) :],
    )
    return page_html(page)


def _key_figures(report: Report) -> Iterator[KeyFigure]:
    """Of the first measurement, which is named if there are several."""
    entry = report.entries[0]
    found, deepest = entry.measured, max(each.exit for each in entry.measured.times.exits)
    of = f", {entry.label}" if len(report.all) > 1 else ""
    yield KeyFigure("download", f"{found.bundle.download:,}", f"bytes{of}")
    yield KeyFigure("installed", f"{found.bundle.installed:,}", f"bytes{of}")
    for each in found.times.exits:
        if each.exit == deepest and each.scenario in ("new", "kept"):
            yield KeyFigure(
                f"{each.scenario}: {SCENARIOS[each.scenario]}",
                f"{each.whole.p90:.1f} ms",
                f"p90, exit {deepest}{of}",
            )


def _verdict(report: Report) -> Iterator[Finding]:
    """Of each measurement: the best exit within the target of each scenario, and whether the budgets are met."""
    target = report.target
    for entry in report.entries:
        if target is None:
            yield Finding(f"{entry.label}: no device's targets apply; give --profile to compare with them.")
            continue
        best = best_exits(entry, target)
        for modelled, where in (
            (False, "measured on this host"),
            (True, f"MODELLED for {target.device}, not measured there"),
        ):
            parts = [_within(each) for each in best if each.modelled == modelled]
            if parts:
                missed = sum(each.exit is None for each in best if each.modelled == modelled)
                outcome = (
                    "meets every latency target" if not missed else f"misses {missed} of {len(parts)} latency targets"
                )
                yield Finding(f"{entry.label}, {where}: {outcome} of {target.profile}.", parts)
        yield _budgets(entry, target)


def _budgets(entry: Entry, target: Target) -> Finding:
    """Bytes to download and in memory, against those of the profile."""
    sizes = {"download": entry.measured.bundle.download, "resident": entry.measured.times.resident}
    allowed = {"download": target.download, "resident": target.resident}
    known = {what: size for what, size in sizes.items() if size is not None}
    missed = [what for what, size in known.items() if size > allowed[what]]
    outcome = f"misses {len(missed)} of {len(known)} budgets" if missed else "meets every budget in bytes"
    parts = [
        f"{what}: {size:,} of {allowed[what]:,} bytes{', MISSED' * (what in missed)}." for what, size in known.items()
    ]
    return Finding(f"{entry.label}: {outcome} of {target.profile}.", parts)


def _within(best: Best) -> str:
    if best.exit is None:
        return f"{best.scenario}: no exit stays within {best.limit_ms:g} ms."
    auc = "" if best.exit.auc is None else f", AUC {best.exit.auc:.4f}"
    return f"{best.scenario}: exit {best.exit.exit}, p90 {best.exit.p90:.2f} ms of {best.limit_ms:g} ms{auc}."


def report_markdown(report: Report) -> str:
    """The verdict, what was measured, and the tables."""
    verdict = "\n".join(f"- {escaped(' '.join((finding.text, *finding.parts)))}" for finding in _verdict(report))
    words = "\n".join(f"- {escaped(text)}" for text in report_words(report))
    title = f"### {escaped(_title(report))}"
    return "\n".join([title, "", verdict, "", words, "", *map(table_markdown, report_tables(report))])


def _title(report: Report) -> str:
    return f"Cost of {' and '.join(entry.label for entry in report.entries)}"


def report_words(report: Report) -> Iterator[str]:
    """What was measured and on what, what is modelled, what is neither."""
    for entry in report.entries:
        yield f"Measured: {_measured(entry)}, {entry.measured.date}."
    if report.baseline:
        yield f"The baseline, measured before: {_measured(report.baseline)}, {report.baseline.measured.date}."
    yield (
        "An exit is encode depth / interact depth. p50 is the median; nine of ten requests take p90 or less; "
        "intervals are of 95 % confidence."
    )
    yield f"What was kept: {'; '.join(f'{name}: {said}' for name, said in SCENARIOS.items())}."
    yield "AUC was not measured here: it is that of the bundle's manifest, measured when the bundle was made."
    yield from _target(report)


def _measured(entry: Entry) -> str:
    found, host, times = entry.measured, entry.measured.host, entry.measured.times
    shape = f"{found.bundle.hidden} wide, {found.bundle.places - 1} events"
    measured = list(dict.fromkeys(each.exit for each in times.exits))
    exits = f"exit{'s' * (len(measured) > 1)} {', '.join(map(str, measured))}"
    place = f"{host.cpu} ({host.cores} cores), {found.threads} thread{'s' * (found.threads != 1)}"
    if found.limits and found.prediction:
        place += f", under the limits of {found.prediction.profile}"
    asked = f"{times.requests} requests x {times.repeats} rounds"
    return f"{entry.label}, {shape}, {exits}, {asked}, on {place}"


def _target(report: Report) -> Iterator[str]:
    target = report.target
    if target is None:
        yield "Nothing is modelled and no device's budgets apply: edge-bench run --profile measures for a device."
        return
    yield (
        f"Targets and budgets are those of {target.profile}: nine of ten requests within {target.new_ms:g} ms where "
        f"texts of items are encoded and {target.kept_ms:g} ms where items are kept."
    )
    modelled = [entry.prediction for entry in report.all if entry.prediction]
    if not modelled:
        yield "Nothing is modelled: none of the measurements holds the host's int8 rate, which run --profile measures."
    for found in modelled[:1]:
        yield f"MODELLED, dashed in the picture: times on {target.device}, not measured there. {found.formula}."
        yield f"The model may be wrong: {'; '.join(found.errors)}."
