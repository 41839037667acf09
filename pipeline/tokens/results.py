"""One table of what every stage made: size, and quality on the same test examples."""

from __future__ import annotations

import json
import math
from typing import Any

from cloud.checkpoint import WEIGHTS
from cloud.rivals.stage import figures_of
from cloud.runs.directory import Run
from compress.weight_bytes import weight_bytes
from edge.table import render
from pipeline.road import Runs

METRICS = ("auc", "user_auc", "ndcg@10", "log_loss")


def results(runs: Runs) -> list[dict[str, Any]]:
    """A row per rival, model and exported engine, each at its deepest exit under the prefix plan."""
    rows: list[dict[str, Any]] = [
        {"name": name, "download": figures.get("bytes"), **{metric: figures[metric] for metric in METRICS}}
        for name, figures in rivals(runs).items()
    ]
    for name in ("teacher", "student", "pruned", "int8"):
        run: Run = runs[name]
        summary = run.summary
        row = {"name": name, "parameters": summary["parameters"], "nonzero": summary["nonzero"]}
        rows.append(row | weight_bytes(run.file(WEIGHTS)) | _deepest(summary["quality"]["test"]["prefix"]))
    exported, int8 = runs["export"].summary, runs["int8"].summary
    for engine, exits in exported["quality"].items():
        row = {"name": engine, "parameters": int8["parameters"], "nonzero": int8["nonzero"]}
        row |= exported["sizes"][engine] | {"resident": exported["timing"][engine]["resident"]}
        rows.append(row | _deepest(exits))
    return rows


def kept_lift(rows: list[dict[str, Any]], name: str) -> float:
    """Share of the teacher's AUC above .5 that a row keeps."""
    aucs = {row["name"]: math.nan if row["auc"] is None else row["auc"] for row in rows}
    lift = aucs["teacher"] - 0.5
    return float((aucs[name] - 0.5) / lift) if lift else math.nan


def agreement(runs: Runs) -> list[dict[str, Any]]:
    """How far each engine is from torch on the golden requests, the worst over plans and exits."""
    found = []
    for precision, comparisons in runs["export"].summary["parity"].items():
        for engine in dict.fromkeys(row["engine"] for row in comparisons):
            mine = [row for row in comparisons if row["engine"] == engine]
            found.append(
                {
                    "precision": precision,
                    "engine": engine,
                    "plans and exits": len(mine),
                    "largest logit difference": max(row["max_difference"] for row in mine),
                    "least top-10 agreement": min(row["top10"] for row in mine),
                }
            )
    return found


def agreement_text(runs: Runs) -> str:
    """The comparison with torch as a table."""
    rows = agreement(runs)
    lines = [[f"{value:.2g}" if key.startswith("largest") else value for key, value in row.items()] for row in rows]
    return f"against torch, on the golden requests:\n{render(list(rows[0]), lines)}"


def results_text(rows: list[dict[str, Any]]) -> str:
    """The table as people read it, and what the smallest model keeps."""
    headings = (
        "",
        "parameters",
        "non-zero",
        "download",
        "installed",
        "resident",
        "AUC",
        "user AUC",
        "NDCG@10",
        "log loss",
    )
    counts = ("parameters", "nonzero", "download", "installed", "resident")
    lines = [(row["name"], *(row.get(key) for key in counts), *(row[key] for key in METRICS)) for row in rows]
    smaller = [row["name"] for row in rows if "parameters" in row and row["name"] != "teacher"]
    kept = ", ".join(f"{name} {100 * kept_lift(rows, name):.1f} %" for name in smaller)
    return f"{render(headings, lines)}\n\nkept of the teacher's AUC above .5: {kept}"


def _deepest(exits: dict[str, dict[str, float]]) -> dict[str, float]:
    figures = exits[max(exits, key=int)]
    return {metric: figures[metric] for metric in METRICS}


def rivals(runs: Runs) -> dict[str, dict[str, Any]]:
    """Those to compare with, on the test split: all that were measured, or else what preparation has."""
    if "rivals" in runs:
        return figures_of(runs["rivals"])
    figures: dict[str, dict[str, Any]] = json.loads(runs["data"].file("baselines.json").read_text())["test"]
    return figures
