"""A verdict or a comparison as Markdown, for a pull request's comment or a job's summary on GitHub."""

from __future__ import annotations

from collections.abc import Sequence

from edge.bench.check import Verdict
from edge.bench.compare import Speed
from edge.bench.outputs.speed import HEADINGS as SPEED_HEADINGS
from edge.bench.outputs.speed import conclusion, described, speed_rows
from edge.bench.outputs.text import HEADINGS, reasons, row, title
from edge.pages.markdown import escaped, markdown_table


def verdicts_markdown(verdicts: Sequence[Verdict]) -> str:
    return "\n".join(map(_verdict_markdown, verdicts))


def speed_markdown(heading: str, speed: Speed, tolerance: float | None) -> str:
    lines = [f"### edge-bench compare: {escaped(heading)}", "", escaped(conclusion(speed, tolerance)), ""]
    return "\n".join([*lines, *markdown_table(SPEED_HEADINGS, speed_rows(speed)), "", escaped(described(speed)), ""])


def _verdict_markdown(verdict: Verdict) -> str:
    outcome = "passed" if verdict.passed else "**failed**"
    lines = [f"### edge-bench gate: {escaped(title(verdict))} {outcome}", ""]
    lines += markdown_table(HEADINGS, [row(check) for check in verdict.checks])
    for check in verdict.failed:
        lines += ["", f"**{escaped(check.problem)}**", "", *(f"- {escaped(line)}" for line in reasons(check))]
    return "\n".join([*lines, ""])
