"""The report's pictures, each of which answers one question. Equal figures give equal bytes."""

from __future__ import annotations

from cloud.ranking.calibration import Calibration
from cloud.ranking.kept_scores import RELIABILITY
from cloud.ranking.reliability import reliability
from cloud.ranking.reliability_plot import reliability_plot
from edge.pages.drawing import styled
from edge.pages.picture import Picture
from pipeline.byte_plots import part_picture, weight_picture
from pipeline.history_plots import length_picture, quality_by_length_picture
from pipeline.quality_plots import exit_picture, rivals_picture, stage_picture
from pipeline.results import Results
from pipeline.training_plot import training_picture
from pipeline.verdict import METRICS


def draw_plots(results: Results) -> list[Picture]:
    """Those that there are figures for."""
    with styled():
        found = [stage_picture(results, metric) for metric in METRICS]
        found += [rivals_picture(results)] if results.rival_logits else []
        found += [exit_picture(results), weight_picture(results), part_picture(results), length_picture(results)]
        found += [quality_by_length_picture(results)] if results.by_history else []
        found += _reliability(results)
        return [*found, training_picture(results)]


def _reliability(results: Results) -> list[Picture]:
    """Of the last model; none where scores are ranks."""
    run = results.runs["int8"]
    if RELIABILITY not in run.manifest["files"]:
        return []
    logits, labels = results.logits["int8"], results.held_out.labels
    before, after = (reliability(fit(logits), labels) for fit in (Calibration(), results.calibration))
    caption = (
        "Test rows in bins of rising probability, int8 student. On the dotted line, as many rows are liked as the "
        "probability says. Bars are 95 % confidence intervals after calibration."
    )
    title = "Are the probabilities right?"
    return [Picture("reliability", title, caption, "svg+xml", reliability_plot(before, after))]
