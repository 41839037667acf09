"""What an export made: sizes, engines, exits, parity, as tables for its own report and that of the whole road."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from edge.bundle.exits import VALIDATION_AUC
from edge.pages.table import Table, figure, table_markdown

METRICS = {"auc": "AUC", "user_auc": "per-user AUC", "ndcg@10": "NDCG@10", "log_loss": "log loss"}
SIZES = "Bytes of"  # how the sentence of them begins
OF_PARITY = (
    "Test rows of the prepared run; each screen is one request. The largest and the mean difference are of logits; the "
    "top-10 agreement is a mean over users."
)
OF_CORE_ML = " Core ML computes in float16 without 8-bit activations, so it is compared with torch without them."


def export_tables(summary: Mapping[str, Any]) -> list[Table]:
    """Of a finished export's summary."""
    return [_engines(summary), _parts(summary), _exits(summary), _rows(summary), _plain(summary)]


def parity_failures(summary: Mapping[str, Any]) -> list[str]:
    """A line for each engine and exit whose test requests differ from torch's by more than the limits."""
    return [
        f"{row['engine']}, {precision} weights, at exit {row['exit']}: logits up to {row['max_difference']:.3g} from "
        f"{row['reference']}, top-10 agreement {row['top10']:.4f}, AUC {figure(row['auc'])}, "
        f"torch's {figure(row['torch_auc'])}"
        for precision, rows in summary["rows"].items()
        for row in rows
        if not row["passed"]
    ]


def sizes_sentence(summary: Mapping[str, Any]) -> str:
    """Bytes that a user downloads and that the bundle takes on a device, of each engine."""
    each = (
        f"{name} {size['download']:,} to download, {size['installed']:,} installed"
        for name, size in summary["sizes"].items()
    )
    return f"{SIZES} {summary['bundle']['file']} by engine: {'; '.join(each)}."


def report_markdown(summary: Mapping[str, Any], protocol: str) -> str:
    parts = ["# Exported ranking model", sizes_sentence(summary)]
    parts += [f"**Warning.** Too far from torch: {line}." for line in parity_failures(summary)]
    parts += [table_markdown(table) for table in (*export_tables(summary), _goldens(summary))]
    return "\n\n".join([*parts, f"Protocol: {protocol}."]) + "\n"


def _engines(summary: Mapping[str, Any]) -> Table:
    """Each engine, with what its users download and what `edge verify` says."""
    verified = {row["engine"]: row for row in summary["verified"] if row["engine"] != "text"}
    rows = [
        (
            name,
            summary["runtimes"][name],
            f"{size['download']:,}",
            f"{size['installed']:,}",
            f"{max(row['max_difference'] for row in summary['verified'] if row['engine'] == name):.2g}",
            "reproduced" if verified[name]["passed"] else "FAILED",
        )
        for name, size in summary["sizes"].items()
    ]
    headings = (
        "engine",
        "oldest runtime",
        "download, bytes",
        "installed, bytes",
        "largest difference",
        "golden requests",
    )
    note = (
        "Bytes of a bundle with that engine's model alone, as edge slim writes it. The largest difference is that of "
        "edge verify."
    )
    return Table("The bundle on each engine", headings, rows, note)


def _parts(summary: Mapping[str, Any]) -> Table:
    rows = [(part["name"], f"{part['download']:,}", f"{part['installed']:,}") for part in summary["parts"]]
    whole = summary["bundle"]
    note = f"{whole['file']}, {whole['bytes']:,} bytes with the models of all engines, each weight once."
    return Table("Bytes by part", ("part", "download, bytes", "installed, bytes"), rows, note)


def _exits(summary: Mapping[str, Any]) -> Table:
    rows = []
    for exit in summary["exits"]:
        fit = exit.get("calibration")
        calibrated = f"{fit['temperature']:.3f}, {fit['offset']:+.3f}" if fit else "-"
        figures = (figure(exit["quality"].get(key)) for key in (VALIDATION_AUC, *METRICS))
        rows.append((f"{exit['encode']}/{exit['interact']}", *figures, calibrated))
    headings = ("exit", "validation AUC", *METRICS.values(), "temperature, offset")
    note = (
        "All test rows, computed with torch. An exit is encode depth / interact depth. A request without limits gets "
        "the exit with the highest validation AUC."
    )
    return Table("Exits of the bundle", headings, rows, note)


def _rows(summary: Mapping[str, Any]) -> Table:
    headings = (
        "weights", "engine", "exit", "compared with", "requests", "rows", "largest", "mean", "top-10", "AUC",
        "AUC of torch", "within limits",
    )  # fmt: skip
    note = OF_PARITY + (OF_CORE_ML if "coreml" in summary["sizes"] else "")
    return Table("Test requests on each engine, compared with torch", headings, list(_lines(summary["rows"])), note)


def _lines(rows: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for precision, compared in rows.items():
        for row in compared:
            name = (precision, row["engine"], row["exit"], row["reference"], f"{row['requests']:,}", f"{row['rows']:,}")
            figures = (f"{row['max_difference']:.2g}", f"{row['mean_difference']:.2g}", f"{row['top10']:.4f}")
            aucs = (figure(row["auc"], 5), figure(row["torch_auc"], 5))
            yield *name, *figures, *aucs, "yes" if row["passed"] else "NO"


def _plain(summary: Mapping[str, Any]) -> Table:
    off = {row["engine"]: row for row in summary["parity"]["one call"]}
    rows = [
        (name, f"{size:,}", f"{off[name]['max_difference']:.2g}", f"{off[name]['top10']:.3f}")
        for name, size in summary["plain"].items()
    ]
    headings = ("file", "bytes", "largest difference", "top-10 agreement")
    return Table("Plain files, a request in one call", headings, rows, "Compared with torch, on the golden requests.")


def _goldens(summary: Mapping[str, Any]) -> Table:
    rows = [
        (precision, row["engine"], row["exit"], f"{row['max_difference']:.2g}", f"{row['top10']:.3f}")
        for precision, compared in summary["parity"].items()
        for row in compared
    ]
    headings = ("weights", "engine", "exit", "largest difference", "top-10 agreement")
    return Table("Golden requests on each engine, compared with the reference", headings, rows)
