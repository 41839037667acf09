"""The analysis of benchmarks/errors.py as Markdown: losses first, then every group, causes and rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from error_causes import METRICS

from cloud.rivals.draws import Figure
from edge.pages.markdown import escaped, markdown_table

NAMES = {"auc": "AUC", "user_auc": "user AUC"}
MOST_LOSSES = 8  # of a model and a metric


def markdown(found: Mapping[str, Any]) -> str:
    """Differences are in thousandths, with their interval; a star where it does not hold 0."""
    groups, rival = found["groups"], found["rival"]
    models = list(found["losses"])
    heading = f"Differences from {rival} in thousandths of AUC and per-user AUC; a star: beyond the interval."
    parts = [escaped(heading), *(_losses(found, model, metric) for model in models for metric in METRICS)]
    headings = ("group", "rows", "liked", f"{rival}: AUC", *_columns(models))
    for grouping, of_grouping in groups.items():
        title = grouping + (", a row may be in several" if grouping in found["overlapping"] else "")
        lines = [_line(name, figures, models, rival) for name, figures in of_grouping.items()]
        parts.append("\n".join([f"**{escaped(title)}**", "", *markdown_table(headings, lines)]))
    parts.append(_causes("less the rival, with the rival's level of", found["levels"], models))
    parts.append(_causes("what one more score adds", found["additions"], models))
    apart = [
        (name, f"{each['rows']:,}", f"{each['least apart']:.2f}", f"{each['rival right']:.1%}")
        for name, each in found["disagreement"].items()
    ]
    parts.append("\n".join(markdown_table(("model", "rows furthest apart", "ranks apart by", "rival right"), apart)))
    for name, rows in found["examples"].items():
        parts += [f"**Rows of {escaped(name)}**", "\n".join(map(_example, rows))]
    return "\n\n".join(parts) + "\n"


def _losses(found: Mapping[str, Any], model: str, metric: str) -> str:
    """The groups where a model surely loses, the greatest loss first."""
    lost, lines = found["losses"][model][metric], []
    for grouping, name in lost[:MOST_LOSSES]:
        figures = found["groups"][grouping][name]
        counted = figures["rows" if metric == "auc" else "rows of users with both labels"]
        gain = f"{1000 * figures['gain of all rows'][model]:+.1f}"
        lines.append((f"{grouping}: {name}", f"{counted:,}", shown(figures["less the rival"][model][metric]), gain))
    every = [figures.get("less the rival") for groups in found["groups"].values() for figures in groups.values()]
    measured = sum(not math.isnan(less[model][metric].value) for less in every if less)
    title = f"**{escaped(model)}, {NAMES[metric]}**: {len(lost)} of {measured} groups lose beyond their interval"
    headings = ("group", "rows", "less the rival", "AUC of all rows gained, if the rival scored these")
    return "\n".join([title, *(["", *markdown_table(headings, lines)] if lines else [])])


def _line(name: str, figures: Mapping[str, Any], models: Sequence[str], rival: str) -> list[str]:
    share = f"{figures['liked'] / figures['rows']:.0%}"
    if "reached" not in figures:
        return [name, f"{figures['rows']:,}", share, "-", *["-"] * (2 * len(models))]
    less = figures["less the rival"]
    cells = [shown(less[model][metric]) for metric in METRICS for model in models]
    return [name, f"{figures['rows']:,}", share, f"{figures['reached'][rival]['auc']:.3f}", *cells]


def _causes(title: str, found: Mapping[str, Mapping[str, Any]], models: Sequence[str]) -> str:
    lines = [
        [way, *(shown(found[model][way][metric]) for metric in METRICS for model in models)] for way in found[models[0]]
    ]
    return "\n".join(markdown_table((title, *_columns(models)), lines))


def _columns(models: Sequence[str]) -> list[str]:
    return [f"{name}: {metric}" for metric in NAMES.values() for name in models]


def _example(row: Mapping[str, Any]) -> str:
    share = "-" if row["liked share"] is None else f"{row['liked share']:.0%}"
    said = "the rival is right" if row["rival right"] else "the model is right"
    latest = "; ".join(row["latest"])
    text = (
        f"{row['profile']}, {row['events']} events, {share} liked; latest: {latest}. Candidate: {row['candidate']}"
        f" ({row['context']}): {row['outcome']}, {'liked' if row['liked'] else 'not liked'}"
    )
    return f"- {escaped(text)}. Rank {row['rank']:.2f}, the rival's {row['rival rank']:.2f}: {said}."


def shown(figure: Figure) -> str:
    """In thousandths, with the interval; a star where it does not hold 0."""
    if math.isnan(figure.value):
        return "-"
    sure = "*" if figure.high < 0 or figure.low > 0 else ""
    value, low, high = (f"{1000 * each:+.0f}" for each in (figure.value, figure.low, figure.high))
    return f"{value}{sure} ({low} to {high})"
