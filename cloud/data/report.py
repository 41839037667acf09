"""What was prepared, as tables: for the terminal, for report.md and for the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cloud.data.log import PARTS
from edge.pages.markdown import escaped, markdown_table
from edge.pages.table import Table, figure

METRICS = {"auc": "AUC", "user_auc": "per-user AUC", "ndcg@10": "NDCG@10", "log_loss": "log loss"}
Rows = list[tuple[str, ...]]


def table(summary: Mapping[str, Any]) -> str:
    """Plain text: what each part holds, then the baselines on test."""
    return f"{_aligned(_splits(summary))}\n\n{_aligned(_baselines(summary))}"


def markdown(summary: Mapping[str, Any], dataset: Mapping[str, Any], protocol: str) -> str:
    """The run's report.md."""
    lines = [f"# Prepared: {dataset['name']}", ""]
    for sentence in sentences(summary, dataset, protocol):
        lines += [sentence, ""]
    listed = ["- " + warning.replace("\n", "; ") for warning in summary.get("warnings", ())]
    lines += ["## Warnings", "", *listed, ""] if listed else []
    for one in tables(summary):
        lines += [f"## {one.title}", "", *markdown_table(one.headings, one.rows), ""]
        lines += [escaped(one.note), ""] if one.note else []
    return "\n".join(lines[:-1]) + "\n"


def warnings(summary: Mapping[str, Any]) -> str:
    """What is odd about the log, as lines for the terminal; nothing if nothing is."""
    return "".join(f"warning: {warning}\n" for warning in summary.get("warnings", ()))


def sentences(summary: Mapping[str, Any], dataset: Mapping[str, Any], protocol: str) -> list[str]:
    """What stands above the tables."""
    return [
        f"{summary['users']:,} users, {summary['items']:,} items, a vocabulary of {summary['vocabulary']:,} tokens.",
        f"Data fingerprint (SHA-256): {dataset['fingerprint']}",
        f"Protocol: {protocol}.",
    ]


def tables(summary: Mapping[str, Any]) -> Iterator[Table]:
    """In the order of a reader's questions: the rows, the test, what the model reads, what it has to beat."""
    yield _parts(summary["figures"]["parts"])
    yield _histories(summary["figures"]["histories"])
    yield _test(summary["figures"]["test"])
    yield from _numbers(summary["figures"]["numbers"])
    yield from _attributes(summary["figures"])
    yield _tokens(summary["tokens"])
    headings, *rows = _baselines(summary, PARTS[1:])
    yield Table("Baselines", headings, rows)
    if summary["bad_rows"]["total"]:
        kinds = [(kind, f"{count:,}") for kind, count in summary["bad_rows"]["kinds"].items()]
        yield Table("Bad rows left out (bad_rows.jsonl)", ("what", "rows"), kinds)


def _parts(parts: Mapping[str, Any]) -> Table:
    shown = {
        "rows": "{:,}",
        "liked": "{:.1%}",
        "users": "{:,}",
        "items": "{:,}",
        "screens": "{:,}",
        "rows_a_screen": "{:.2f}",
        "screens_with_both_labels": "{:.1%}",
    }
    rows = [
        (name.replace("_a_", " per ").replace("_", " "), *(form.format(part[name]) for part in parts.values()))
        for name, form in shown.items()
    ]
    note = "A screen is all rows of one user and one time; they see nothing of each other."
    return Table("Rows, users and screens", ("count or share", *parts), rows, note)


def _histories(histories: Mapping[str, Any]) -> Table:
    rows = [
        ("median", *(f"{histories[part]['median']:,}" for part in PARTS)),
        ("mean", *(f"{histories[part]['mean']:,.1f}" for part in PARTS)),
        *((f"{share}% have at most", *(f"{histories[part][key]:,}" for part in PARTS))
          for share, key in ((5, "p5"), (95, "p95"))),
        ("longest", *(f"{histories[part]['max']:,}" for part in PARTS)),
        ("rows without a history", *(f"{histories[part]['none']:.1%}" for part in PARTS)),
    ]  # fmt: skip
    note = (
        f"Earlier events that a row looks back on. {histories['alike']:.1%} of the training rows have histories about "
    )
    return Table("Histories", ("earlier events", *PARTS), rows, note + "as long as those of the test.")


def _test(test: Mapping[str, Any]) -> Table:
    each, cold, unseen = test["rows_a_user"], test["cold_users"], test["unseen_items"]
    rows = [
        ("users with test rows", f"{test['users']:,}", f"{test['user_share']:.1%} of all users"),
        ("test rows per user, mean", f"{each['mean']:.1f}", f"median {each['median']:,}, largest {each['max']:,}"),
        ("cold users", f"{cold['count']:,}", f"{cold['rows']:,} rows, {cold['share']:.1%}"),
        ("unseen items", f"{unseen['count']:,}", f"{unseen['rows']:,} rows, {unseen['share']:.1%}"),
    ]
    return Table("Users and items of the test", ("what", "count", "that is"), rows)


def _numbers(numbers: Sequence[Mapping[str, Any]]) -> Iterator[Table]:
    if numbers:
        rows = [
            (
                number["name"],
                f"{number['mean']:.4g} ± {number['spread']:.3g}",
                *(f"{number[part]['missing']:.1%}" for part in ("train", "test")),
                f"{number['test']['clipped']:.1%}",
                figure(number["test"]["auc"], 3),
            )
            for number in numbers
        ]
        headings = ("number", "mean ± spread", "missing in train", "missing in test", "clipped in test", "AUC on test")
        note = (
            "Mean and spread are of training rows, after the transform. AUC: of rows that have the number, ranked by "
            "it alone; near 1 or 0, the number gives the label away."
        )
        yield Table("Numbers", headings, rows, note)


def _attributes(figures: Mapping[str, Any]) -> Iterator[Table]:
    rows = [(each["name"], f"{each['values']:,}", figure(each["auc"], 3)) for each in figures["attributes"]]
    rows += [
        ("rows of the item in training", "-", figure(figures["items"]["rows"], 3)),
        ("liked share of the item in training", "-", figure(figures["items"]["liked_share"], 3)),
    ]
    note = (
        "AUC: the test rows ranked by the mean label that the attribute's value has in training. Near 1, the attribute "
        "gives the label away. If the last two are far below .5, rows that are not liked may have been drawn from "
        "popular items."
    )
    yield Table("AUC of single attributes", ("attribute", "values", "AUC on test"), rows, note)


def _splits(summary: Mapping[str, Any]) -> Rows:
    headings = ("split", "rows", "liked", "users", "screens", "median history", "without one")
    rows: Rows = [headings]
    for name in PARTS:
        part, history = summary["figures"]["parts"][name], summary["figures"]["histories"][name]
        counts = (f"{part['rows']:,}", f"{part['liked']:.1%}", f"{part['users']:,}", f"{part['screens']:,}")
        rows.append((name, *counts, f"{history['median']:,}", f"{history['none']:.1%}"))
    return rows


def _tokens(tokens: Mapping[str, Any]) -> Table:
    rows = []
    for name in ("profile", "item", "event", "context"):
        spread = tokens["train"][name]
        rows.append((name, f"{spread['mean']:.1f}", f"{spread['p95']:,}", f"{spread['max']:,}"))
    unknown = f"Unknown tokens: {tokens['train']['unknown_share']:.4%} (test: {tokens['test']['unknown_share']:.4%})."
    return Table("Tokens per text, in training rows", ("text", "mean", "p95", "max"), rows, unknown)


def _baselines(summary: Mapping[str, Any], parts: Sequence[str] = ("test",)) -> Rows:
    rows: Rows = [("baseline", "split", *METRICS.values())]
    for part in parts:
        for name, metrics in summary["baselines"].get(part, {}).items():
            rows.append((name, part, *(figure(metrics[key]) for key in METRICS)))
    return rows


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
