"""The report of the ranking road: the verdict first, then tables and pictures, as HTML and as Markdown."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from cloud.data.rows import Prepared
from cloud.data.words import described
from cloud.rivals.written import quality_title, three, with_interval
from cloud.runs.directory import MANIFEST
from compress.road import Step
from edge.files import write_atomically
from edge.pages.markdown import escaped
from edge.pages.page import Finding, KeyFigure, Page, page_html
from edge.pages.picture import Picture
from edge.pages.table import Table, figure, table_markdown
from export.report import SIZES, export_tables
from export.stage import bundle_of
from pipeline.example_rankings import example_tables
from pipeline.plots import draw_plots
from pipeline.results import Results
from pipeline.road import Outcome, Runs
from pipeline.verdict import ABOVE, BEATS, BELOW, EVEN, LIKE, LOSES, METRICS, Against, Judged
from pipeline.wording import rival_name

TITLE = "The ranking model beside its rivals"
KEY = (
    "In brackets: 95 % intervals, from resampling users; after a rival that does not differ significantly, the "
    "difference and its interval. The model beats a rival if the whole interval of the difference is above 0."
)


def report(runs: Runs, out: Path, command: str = "") -> Outcome:
    """Write `out`/report.html, which holds its pictures, and report.md with plots/ beside it.

    `command` is what made the runs, if it is known.
    """
    results = Results(runs)
    plots = draw_plots(results)
    (out / "plots").mkdir(exist_ok=True)
    for plot in plots:
        write_atomically(out / "plots" / plot.file, plot.data)
    write_atomically(out / "report.md", _markdown(results, plots, command))
    write_atomically(out / "report.html", _html(results, plots, command))
    text = f"{results.text()}\n\nbundle: {bundle_of(runs['export'])}\nreport: {out / 'report.html'}"
    return Outcome(results.plain(), text)


def _markdown(results: Results, plots: Sequence[Picture], command: str) -> str:
    parts = [f"# {TITLE}"]
    parts += [f"**Warning.** {escaped(line)}" for line in results.warnings]
    parts += ["\n".join(f"- {escaped(line)}" for line in results.sentences), KEY]
    parts += ["\n".join(f"- {name}: {escaped(text)}" for name, text in _facts(results, command))]
    parts += [f"#### {plot.title}\n\n![{plot.caption}](plots/{plot.file})\n\n{plot.caption}" for plot in plots]
    parts += [table_markdown(table) for table in _tables(results)]
    return "\n\n".join(parts) + "\n"


def _html(results: Results, plots: Sequence[Picture], command: str) -> str:
    page = Page(
        title=TITLE,
        facts=_facts(results, command),
        verdict=list(map(_finding, results.sentences)),
        key=KEY,
        figures=list(_key_figures(results)),
        warnings=results.warnings,
        pictures=plots,
        tables=_tables(results),
    )
    return page_html(page)


def _facts(results: Results, command: str) -> list[tuple[str, str]]:
    """The date is that of the youngest run, so that a report which is written again is the same."""
    data = results.runs["data"].manifest
    written = max((run.path / MANIFEST).stat().st_mtime for run in results.runs.values())
    facts = [
        ("Data", described(data["dataset"])),
        ("Date (UTC)", f"{datetime.fromtimestamp(written, UTC):%Y-%m-%d %H:%M}, when the last stage ended"),
    ]
    return [*facts, *([("Command", command)] if command else []), ("Protocol", f"{data['protocol']}.")]


def _key_figures(results: Results) -> Iterator[KeyFigure]:
    """Of the last model: quality, how many rivals it beats, and its bytes."""
    verdict, export = results.verdict, results.runs["export"].summary
    last, teacher = verdict.last, verdict.teacher
    for metric, name in METRICS.items():
        found, before = last.figures[metric], three(teacher.figures[metric].value)
        yield KeyFigure(f"{name}, {last.name}", three(found.value), f"teacher {before}")
    if results.rival_logits:
        beaten = len(last.with_outcome("auc", BEATS))
        yield KeyFigure("rivals beaten by AUC", f"{beaten} of {len(last.against)}")
    for engine, size in export["sizes"].items():
        yield KeyFigure(f"download for {engine}", f"{size['download'] / 1e3:,.1f} kB")


def _finding(sentence: str) -> Finding:
    """What it is about, then one clause per line."""
    about, *clauses = sentence.removesuffix(".").split("; ")
    if about.startswith(SIZES) and clauses:  # its first clause follows a colon
        about, _, first = about.partition(": ")
        clauses = [first, *clauses]
    return Finding(about, clauses) if clauses else Finding(sentence)


def _tables(results: Results) -> list[Table]:
    calibrated = bool(results.runs["int8"].summary["calibration"]["exits"])
    prepared = Prepared(results.runs["data"])
    examples = example_tables(prepared, results.held_out, results.probabilities, calibrated)
    export = export_tables(results.runs["export"].summary)
    judged = map(_against, results.verdict.judged)
    return [*examples, *judged, _road(results.steps), *export, *_groups(results)]


def _against(one: Judged) -> Table:
    """One line per rival: the model's figures minus the rival's."""
    headings = [
        "rival",
        *(heading for name in METRICS.values() for heading in (f"{name}: difference", f"{name}: outcome")),
    ]
    rows = [
        (rival_name(each.rival), *(cell for metric in METRICS for cell in _compared(each, metric)))
        for each in one.against
    ]
    note = f"The difference is the figure of the {one.name} minus the rival's on the same test rows, {INTERVAL}"
    return Table(f"The {one.name} and each rival", tuple(headings), rows, note)


INTERVAL = "with its 95 % interval over users, if the rival's scores are known."


WORDS = {
    BEATS: "better", LOSES: "worse", LIKE: "not significant",
    ABOVE: "above", BELOW: "below", EVEN: "equal",
}  # fmt: skip


def _compared(each: Against, metric: str) -> tuple[str, str]:
    found = each.differences[metric]
    if math.isnan(found.value):
        return "-", ""
    return with_interval(found, sign=True), WORDS[each.outcome(metric)]


def _road(steps: Sequence[Step]) -> Table:
    sizes = ("weights", "non-zero", "download, bytes", "file, bytes")
    headings = ("step", "exit", "AUC", "per-user AUC", "NDCG@10", "log loss", *sizes)
    note = "Test rows. Bytes are of the weights alone: compressed as in a bundle, and as a file. " + EXITS
    return Table("Each step", headings, [line for step in steps for line in _lines(step)], note)


EXITS = "An exit is encode depth / interact depth, in layers; interact depth 0 has numbers, match and head alone."


def _lines(step: Step) -> Iterator[tuple[str, ...]]:
    """The sizes stand behind a step's first exit."""
    sizes = tuple(f"{count:,}" for count in (step.parameters, step.nonzero, step.download, step.installed))
    for encode, exits in step.quality["test"].items():
        for depth, figures in exits.items():
            quality = (figure(figures[key]) for key in ("auc", "user_auc", "ndcg@10", "log_loss"))
            yield step.name, f"{encode.rpartition(' ')[2]}/{depth}", *quality, *sizes
            sizes = ("",) * len(sizes)


def _groups(results: Results) -> Iterator[Table]:
    """All rows, cold users and unseen items apart, as far as there are enough."""
    for group, models in results.groups.items():
        rows = [
            (rival_name(name), *(with_interval(figures[metric]) for metric in METRICS))
            for name, figures in models.items()
        ]
        count = int(results.held_out.groups()[group].sum())
        yield Table(quality_title(group, count), ("model or rival", *METRICS.values()), rows)
