"""The report of the ranking road: the verdict first, then tables and pictures, as HTML and as Markdown."""

from __future__ import annotations

import html
import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from compress.road import Step
from edge.bench.outputs.markdown import escaped
from edge.bench.outputs.page import Picture, Table, page_html, picture_html, table_html, table_markdown
from edge.files import write_atomically
from export.report import export_tables
from export.stage import bundle_of
from pipeline.plots import draw_plots
from pipeline.results import Results
from pipeline.road import Outcome, Runs
from pipeline.verdict import METRICS, Against, Judged
from pipeline.wording import rival_name, signed, with_interval

TITLE = "What was made, and whether it is better"


def report(runs: Runs, out: Path) -> Outcome:
    """Write `out`/report.html, which holds its pictures, and report.md with plots/ beside it."""
    results = Results(runs)
    plots = draw_plots(results)
    (out / "plots").mkdir(exist_ok=True)
    for plot in plots:
        write_atomically(out / "plots" / plot.file, plot.data)
    write_atomically(out / "report.md", _markdown(results, plots))
    write_atomically(out / "report.html", _html(results, plots))
    text = f"{results.text()}\n\nbundle: {bundle_of(runs['export'])}\nreport: {out / 'report.html'}"
    return Outcome(results.plain(), text)


def _markdown(results: Results, plots: Sequence[Picture]) -> str:
    parts = [f"# {TITLE}"]
    parts += [f"**Warning.** {escaped(line)}" for line in results.warnings]
    parts += ["\n".join(f"- {escaped(line)}" for line in results.sentences)]
    parts += [table_markdown(table) for table in _tables(results)]
    parts += [f"![{plot.caption}](plots/{plot.file})\n\n{plot.caption}" for plot in plots]
    return "\n\n".join([*parts, f"Protocol: {_protocol(results)}.", f"Data: `{_data(results)}`"]) + "\n"


def _html(results: Results, plots: Sequence[Picture]) -> str:
    parts = [f"<h1>{TITLE}</h1>\n"]
    if results.warnings:
        lines = "".join(f"<li>{html.escape(line)}</li>\n" for line in results.warnings)
        parts.append(f'<section class="warnings">\n<h2>Warnings</h2>\n<ul>\n{lines}</ul>\n</section>\n')
    parts.append("<ul>\n" + "".join(map(_listed, results.sentences)) + "</ul>\n")
    parts += [table_html(table) for table in _tables(results)]
    parts.append(f'<div class="pictures">\n{"".join(map(picture_html, plots))}</div>\n')
    parts.append(f"<p>Protocol: {html.escape(_protocol(results))}.</p>\n")
    parts.append(f"<p>Data: <code>{html.escape(_data(results))}</code></p>")
    return page_html("Ranker report", "".join(parts))


def _listed(sentence: str) -> str:
    """A clause a line, the first of them strong if there are more."""
    first, *rest = map(html.escape, sentence.split("; "))
    return f"<li><strong>{first}</strong><br>{'<br>'.join(rest)}</li>\n" if rest else f"<li>{first}</li>\n"


def _tables(results: Results) -> list[Table]:
    export = export_tables(results.runs["export"].summary)
    return [*map(_against, results.verdict.judged), _road(results.steps), *export, *_groups(results)]


def _against(one: Judged) -> Table:
    """A line a rival: the model's figures less the rival's."""
    headings = ["rival", *(heading for name in METRICS.values() for heading in (name, ""))]
    rows = [
        (rival_name(each.rival), *(cell for metric in METRICS for cell in _compared(each, metric)))
        for each in one.against
    ]
    note = f"The figure of the {one.name} less the rival's on the same test rows, {INTERVAL}"
    return Table(f"The {one.name} and each rival", tuple(headings), rows, note)


INTERVAL = "with the interval of 95 of 100 draws of users, where the rival's scores are known."


def _compared(each: Against, metric: str) -> tuple[str, str]:
    found = each.differences[metric]
    if math.isnan(found.value):
        return "-", ""
    between = "" if math.isnan(found.low) else f" ({signed(found.low)} to {signed(found.high)})"
    return _unbroken(signed(found.value) + between), _unbroken(each.outcome(metric).removeprefix("is "))


def _road(steps: Sequence[Step]) -> Table:
    headings = ("step", "weights", "non-zero", "download", "file", "exit", "AUC", "per-user AUC", "NDCG@10", "log loss")
    note = "Test rows. Bytes are of the weights alone: compressed as a bundle would, and as a file. " + EXITS
    return Table("Each step", headings, [line for step in steps for line in _lines(step)], note)


EXITS = "An exit is a depth of encode and of interact layers; interact 0 is numbers, match and head alone."


def _lines(step: Step) -> Iterator[tuple[str, ...]]:
    """The sizes stand before a step's first exit."""
    sizes = (step.name, *(f"{count:,}" for count in (step.parameters, step.nonzero, step.download, step.installed)))
    for encode, exits in step.quality.items():
        for depth, figures in exits.items():
            quality = (_digits(figures[key]) for key in ("auc", "user_auc", "ndcg@10", "log_loss"))
            yield *sizes, _unbroken(f"{encode}, interact {depth}"), *quality
            sizes = ("",) * len(sizes)


def _groups(results: Results) -> Iterator[Table]:
    """All rows, cold users and unseen items apart, as far as there are enough."""
    for group, models in results.groups.items():
        rows = [
            (rival_name(name), *(_unbroken(with_interval(figures[metric])) for metric in METRICS))
            for name, figures in models.items()
        ]
        count = int(results.held_out.groups()[group].sum())
        yield Table(f"{group.capitalize()}: {count:,} test rows", ("", *METRICS.values()), rows)


def _protocol(results: Results) -> str:
    return str(results.runs["data"].manifest["protocol"])


def _data(results: Results) -> str:
    return json.dumps(results.runs["data"].manifest["dataset"], sort_keys=True)


def _digits(value: float | None) -> str:
    return "-" if value is None or math.isnan(value) else f"{value:.4f}"


def _unbroken(words: str) -> str:
    """Kept in one line of a table."""
    return words.replace(" ", "\N{NO-BREAK SPACE}")
