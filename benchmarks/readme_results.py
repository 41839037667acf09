"""Writes README's results from benchmarks/results/quickstart.json: python benchmarks/readme_results.py."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
BEGIN, END = "<!-- results:begin -->", "<!-- results:end -->"
COLUMNS = {
    "parameters": "parameters",
    "nonzero": "non-zero",
    "download": "download",
    "installed": "file",
    "auc": "AUC",
    "user_auc": "per-user AUC",
    "ndcg@10": "NDCG@10",
    "log_loss": "log loss",
}


def written(results: dict[str, Any]) -> str:
    """The table, then the verdict."""
    verdict = results["verdict"]
    lines = [*(f"**Warning.** {line}" for line in verdict["warnings"]), *verdict["sentences"]]
    return table(results["rows"]) + "\n\n" + "\n".join(f"- {line}" for line in lines)


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
    results = json.loads((ROOT / "benchmarks" / "results" / "quickstart.json").read_text())
    before, rest = readme.read_text().split(BEGIN)
    _, after = rest.split(END)
    readme.write_text(f"{before}{BEGIN}\n{written(results)}\n{END}{after}")


if __name__ == "__main__":
    main()
