"""The report in words, pictures and tables: as an HTML page, and without its pictures as Markdown."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence

from edge.bench.outputs.markdown import escaped
from edge.bench.outputs.page import Picture, page_html, picture_html, table_html, table_markdown
from edge.bench.report import Entry, Report
from edge.bench.report_tables import report_tables
from edge.bench.scenarios import SCENARIOS


def report_html(report: Report, pictures: Sequence[Picture]) -> str:
    words = "".join(f"<li>{html.escape(text)}</li>\n" for text in report_words(report))
    figures = "".join(map(picture_html, pictures))
    tables = "".join(map(table_html, report_tables(report)))
    title = _title(report)
    return page_html(title, f"<h1>{html.escape(title)}</h1>\n<ul>\n{words}</ul>\n{figures}{tables}")


def report_markdown(report: Report) -> str:
    words = "\n".join(f"- {escaped(text)}" for text in report_words(report))
    return "\n".join([f"### {escaped(_title(report))}", "", words, "", *map(table_markdown, report_tables(report))])


def _title(report: Report) -> str:
    return f"What {' and '.join(entry.label for entry in report.entries)} cost{'s' * (len(report.entries) == 1)}"


def report_words(report: Report) -> Iterator[str]:
    """What was measured and on what, what is modelled, what is neither."""
    for entry in report.entries:
        yield f"Measured: {_measured(entry)}"
    if report.baseline:
        yield f"The baseline, measured before: {_measured(report.baseline)}"
    yield (
        "An exit is encode depth / interact depth. p50 is the median; p90 is what nine of ten requests stay within; "
        "intervals are of 95 % confidence."
    )
    yield f"What was kept: {'; '.join(f'{name}: {said}' for name, said in SCENARIOS.items())}."
    yield "AUC was not measured here: it is what the bundle states of each exit, found when it was made."
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
    return f"{entry.label}, {shape}, {exits}, {asked}, on {place}, {found.date}."


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
        yield f"The model may be off: {'; '.join(found.errors)}."
