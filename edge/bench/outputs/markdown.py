"""A verdict or a comparison as Markdown, for a pull request's comment or a job's summary on GitHub."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from edge.bench.check import Verdict
from edge.bench.compare import Speed
from edge.bench.outputs.speed import HEADINGS as SPEED_HEADINGS
from edge.bench.outputs.speed import conclusion, described, speed_rows
from edge.bench.outputs.text import HEADINGS, reasons, row, title
from edge.inspect.describe import printable

_MARKUP = re.compile(r"([\\`*_\[\]|~#])")


def verdicts_markdown(verdicts: Sequence[Verdict]) -> str:
    return "\n".join(map(_verdict_markdown, verdicts))


def speed_markdown(heading: str, speed: Speed, tolerance: float | None) -> str:
    lines = [f"### edge-bench compare: {escaped(heading)}", "", escaped(conclusion(speed, tolerance)), ""]
    return "\n".join([*lines, *markdown_table(SPEED_HEADINGS, speed_rows(speed)), "", escaped(described(speed)), ""])


def escaped(text: str) -> str:
    """Shown as it is: no markup, no HTML, no mention of anybody."""
    plain = html.escape(printable(text.replace("\n", " ")), quote=False)
    return _MARKUP.sub(r"\\\1", plain).replace("@", "&#64;").replace("$", "&#36;")  # GitHub renders $...$ as math


def markdown_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table: the first column to the left, the others, mostly numbers, to the right."""
    rule = ["---", *["---:"] * (len(headings) - 1)]
    cells = [list(map(escaped, line)) for line in (headings, *rows)]
    return [f"| {' | '.join(line)} |" for line in (cells[0], rule, *cells[1:])]


def _verdict_markdown(verdict: Verdict) -> str:
    outcome = "passed" if verdict.passed else "**failed**"
    lines = [f"### edge-bench gate: {escaped(title(verdict))} {outcome}", ""]
    lines += markdown_table(HEADINGS, [row(check) for check in verdict.checks])
    for check in verdict.failed:
        lines += ["", f"**{escaped(check.problem)}**", "", *(f"- {escaped(line)}" for line in reasons(check))]
    return "\n".join([*lines, ""])
