"""What was prepared, as tables: for the terminal and for report.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cloud.data.log import PARTS


def table(summary: Mapping[str, Any]) -> str:
    """Plain text: rows per split, then the baselines on test."""
    return f"{_aligned(_splits(summary))}\n\n{_aligned(_baselines(summary))}"


def markdown(summary: Mapping[str, Any], dataset: Mapping[str, Any], protocol: str) -> str:
    """The run's report.md."""
    tokens = summary["tokens"]["train"]
    lines = [
        f"# Prepared: {dataset['name']}",
        "",
        f"{summary['users']:,} users, {summary['items']:,} items, {summary['vocabulary']:,} tokens known.",
        f"Data fingerprint (SHA-256): `{dataset['fingerprint']}`.",
        "",
        f"Protocol: {protocol}.",
        "",
        *_warnings(summary),
        "## Splits",
        "",
        _piped(_splits(summary)),
        "",
        "## Tokens of the texts that training rows show",
        "",
        _piped(_tokens(tokens)),
        "",
        f"{tokens['unknown_share']:.4%} of them unknown (test: {summary['tokens']['test']['unknown_share']:.4%}).",
        "",
        "## Baselines",
        "",
        _piped(_baselines(summary, PARTS[1:])),
    ]
    if summary["bad_rows"]["total"]:
        kinds = [[kind, f"{count:,}"] for kind, count in summary["bad_rows"]["kinds"].items()]
        lines += ["", "## Bad rows left out (bad_rows.jsonl)", "", _piped([["what", "rows"], *kinds])]
    return "\n".join(lines) + "\n"


def warnings(summary: Mapping[str, Any]) -> str:
    """What is odd about the log, as lines for the terminal; nothing if nothing is."""
    return "".join(f"warning: {warning}\n" for warning in summary.get("warnings", ()))


def _warnings(summary: Mapping[str, Any]) -> list[str]:
    listed = ["- " + warning.replace("\n", "; ") for warning in summary.get("warnings", ())]
    return ["## Warnings", "", *listed, ""] if listed else []


def _splits(summary: Mapping[str, Any]) -> list[list[str]]:
    return [["split", "rows"], *([part, f"{summary['rows'][part]:,}"] for part in PARTS)]


def _tokens(tokens: Mapping[str, Any]) -> list[list[str]]:
    rows = [["text", "mean", "p95", "max"]]
    for name in ("profile", "item", "event", "context"):
        spread = tokens[name]
        rows.append([name, f"{spread['mean']:.1f}", f"{spread['p95']:,}", f"{spread['max']:,}"])
    return rows


def _baselines(summary: Mapping[str, Any], parts: Sequence[str] = ("test",)) -> list[list[str]]:
    rows = [["baseline", "split", "AUC", "per-user AUC", "NDCG@10", "log loss"]]
    for part in parts:
        for name, metrics in summary["baselines"].get(part, {}).items():
            keys = ("auc", "user_auc", "ndcg@10", "log_loss")
            values = ["-" if metrics[key] is None else f"{metrics[key]:.4f}" for key in keys]
            rows.append([name, part, *values])
    return rows


def _piped(rows: Sequence[Sequence[str]]) -> str:
    rule = ["---"] + ["---:"] * (len(rows[0]) - 1)
    return "\n".join("| " + " | ".join(row) + " |" for row in (rows[0], rule, *rows[1:]))


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            row[0].ljust(widths[0]),
            *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)),
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
