"""Writes README's table of results from benchmarks/results/quickstart.json: python benchmarks/readme_results.py."""

from __future__ import annotations

import json
from pathlib import Path

ROOT = Path(__file__).parent.parent
BEGIN, END = "<!-- results:begin -->", "<!-- results:end -->"
COLUMNS = {
    "parameters": "parameters",
    "nonzero": "non-zero",
    "download": "download",
    "installed": "installed",
    "resident": "resident",
    "auc": "AUC",
    "user_auc": "per-user AUC",
    "ndcg@10": "NDCG@10",
    "log_loss": "log loss",
}


def table(rows: list[dict[str, float]]) -> str:
    lines = [["", *COLUMNS.values()], ["---", *["---:"] * len(COLUMNS)]]
    lines += [[str(row["name"]), *(_cell(row.get(key)) for key in COLUMNS)] for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cell(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else f"{value:.4f}"


def main() -> None:
    readme = ROOT / "README.md"
    rows = json.loads((ROOT / "benchmarks" / "results" / "quickstart.json").read_text())
    before, rest = readme.read_text().split(BEGIN)
    _, after = rest.split(END)
    readme.write_text(f"{before}{BEGIN}\n{table(rows)}\n{END}{after}")


if __name__ == "__main__":
    main()
