"""The report of a ranking stage: size and quality, then how its scores were calibrated."""

from __future__ import annotations

from typing import Any

from cloud.ranking.kept_scores import RELIABILITY
from cloud.stage import stage_report

CHANGED = {"log_loss": "log loss", "calibration_error": "calibration error", "mean_predicted": "mean predicted"}
HEADINGS = (
    *("encode", "interact", "temperature", "offset"),
    *(heading for name in CHANGED.values() for heading in (name, "calibrated")),
    "mean observed",
)
CAPTION = "Observed against predicted on test rows at the deepest exit, in bins of equal count, with 95 % intervals"


def ranking_report(title: str, summary: dict[str, Any], protocol: str) -> str:
    """Markdown. The log loss of the first table is of calibrated scores, if they are."""
    calibration = summary["calibration"]
    lines = ["", "## Calibration", ""]
    if not calibration["fitted"]:
        lines += [f"{calibration['method'].capitalize()}. The log loss above is of raw logits."]
        return _quality(title, summary, protocol) + "\n".join(lines) + "\n"
    lines += [f"Calibrated = {calibration['method']}. The log loss above is of calibrated scores. On test rows:", ""]
    lines += [f"| {' | '.join(HEADINGS)} |", "|" + "---|" * len(HEADINGS)]
    notes = []
    for encode, exits in calibration["exits"].items():
        for depth, fit in exits.items():
            lines.append(_row(encode.removeprefix("encode "), depth, fit))
            if fit["note"]:
                notes.append(f"- {encode}, interact {depth}: {fit['note']}.")
    if notes:
        lines += ["", *notes]
    lines += ["", f"![{CAPTION}]({RELIABILITY})"]
    return _quality(title, summary, protocol) + "\n".join(lines) + "\n"


def _quality(title: str, summary: dict[str, Any], protocol: str) -> str:
    rows: dict[tuple[str, ...], dict[str, float]] = {
        (split, encode.removeprefix("encode "), interact): figures
        for split, by_encode in summary["quality"].items()
        for encode, by_interact in by_encode.items()
        for interact, figures in by_interact.items()
    }
    return stage_report(title, summary, protocol, ("split", "encode", "interact"), rows)


def _row(encode: str, depth: str, fit: dict[str, Any]) -> str:
    before, after = fit["test"]["before"], fit["test"]["after"]
    figures = [fit["temperature"], fit["offset"], *(row[name] for name in CHANGED for row in (before, after))]
    cells = [encode, depth, *(f"{value:.4f}" for value in [*figures, after["mean_observed"]])]
    return f"| {' | '.join(cells)} |"
