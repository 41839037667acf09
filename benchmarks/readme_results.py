"""Writes the results of README and of docs/results.md, and their picture: python benchmarks/readme_results.py.

They come from benchmarks/results/quickstart.json.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from cloud.rivals.written import three
from edge.pages.drawing import COLOURS, PAPER, drawn, styled
from pipeline.quality_plots import draw_lines, near_rivals

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "docs" / "quickstart-auc.svg"
MODELS = ("teacher", "student", "pruned", "int8")
RIVALS = ("item+user bias and CF", "LightGBM", "LightGBM with CF and TF-IDF")  # in README: the strongest of each kind
BEGIN, END = "<!-- results:begin -->", "<!-- results:end -->"
COLUMNS = {
    "parameters": "parameters",
    "nonzero": "non-zero",
    "download": "download",
    "installed": "file",
    "exit": "exit",
    "auc": "AUC",
    "user_auc": "per-user AUC",
    "ndcg@10": "NDCG@10",
    "log_loss": "log loss",
}


def written(results: dict[str, Any]) -> str:
    """The whole table, then the whole verdict."""
    return f"{table(results['rows'], list(COLUMNS))}\n\n{verdict(results, '')}"


def short(results: dict[str, Any]) -> str:
    """The models beside a few rivals, then what the verdict says of the model that ships."""
    rows = [row for row in results["rows"] if row["name"] in (*RIVALS, *MODELS)]
    return f"{table(rows, ['download', 'exit', 'auc', 'user_auc', 'ndcg@10'])}\n\n{verdict(results, 'int8')}"


def verdict(results: dict[str, Any], about: str) -> str:
    """Every warning, then the sentences that begin with `about`."""
    found = results["verdict"]
    sentences = [line for line in found["sentences"] if line.startswith(about)]
    return "\n".join(f"- {line}" for line in [*(f"**Warning.** {line}" for line in found["warnings"]), *sentences])


def table(rows: list[dict[str, float]], columns: list[str]) -> str:
    lines = [["", *(COLUMNS[key] for key in columns)], ["---", *["---:"] * len(columns)]]
    lines += [[str(row["name"]), *(_cell(row.get(key)) for key in columns)] for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cell(value: float | str | None) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return f"{value:,}" if isinstance(value, int) else f"{value:.4f}"


def picture(results: dict[str, Any]) -> bytes:
    """AUC against bytes and exit, the rivals as lines. A run measures no milliseconds: an exit stands for them."""
    rows = {row["name"]: row for row in results["rows"]}
    models = {name: rows[name] for name in MODELS}
    rivals = {name: row for name, row in rows.items() if name not in MODELS}
    lines, _ = near_rivals(rivals, "auc", [row["auc"] for row in models.values()])
    with styled():
        figure = Figure(figsize=(8.6, 3.4), layout="constrained")
        by_bytes, by_exit = figure.subplots(1, 2, sharey=True)
        sizes, heights = ([row[key] for row in models.values()] for key in ("download", "auc"))
        by_bytes.plot([size / 1e3 for size in sizes], heights, "o-", color=COLOURS[0], zorder=3)
        for size, (name, row) in zip(sizes, models.items(), strict=True):
            text = f"{name} {three(row['auc'])}\n{size / 1e3:,.0f} kB"
            _label(by_bytes, text, (size / 1e3, row["auc"]), 7 if name in MODELS[::2] else -7)
        by_bytes.set_xscale("log")
        by_bytes.set_xticks([100, 200, 500, 1_000, 2_000], ["100", "200", "500", "1,000", "2,000"])
        by_bytes.minorticks_off()
        by_bytes.set_xlim(min(sizes) / 1.6e3, max(sizes) / 0.6e3)
        by_bytes.set(xlabel="weights to download, kB (logarithmic)", ylabel="AUC of test rows")
        exits = [
            (f"{exit['encode']}/{exit['interact']}", exit["quality"]["auc"]) for exit in results["bundle"]["exits"]
        ]
        by_exit.plot([height for _, height in exits], "o-", color=COLOURS[1], zorder=3)
        for place, (_, height) in enumerate(exits):
            _label(by_exit, three(height), (place, height), 7)
        by_exit.set_xticks(range(len(exits)), [name for name, _ in exits])
        by_exit.set_xlim(-0.4, len(exits) - 0.6)
        by_exit.set_xlabel("exit of the int8 bundle, from fast to slow")
        draw_lines(by_bytes, lines, named=False)
        by_exit.margins(y=0.12)
        draw_lines(by_exit, lines)
        return drawn(figure)


def _label(axes: Any, text: str, at: tuple[float, float], above: float) -> None:
    """`above` is in points; below the point where it is negative."""
    side = "bottom" if above > 0 else "top"
    box = {"facecolor": PAPER, "edgecolor": "none", "pad": 0.8}
    place = {"textcoords": "offset points", "ha": "center", "va": side}
    axes.annotate(text, at, (0, above), fontsize=7.5, bbox=box, zorder=4, **place)


def main() -> None:
    results = json.loads((ROOT / "benchmarks" / "results" / "quickstart.json").read_text())
    PICTURE.write_bytes(picture(results))
    for page, text in {ROOT / "README.md": short(results), ROOT / "docs" / "results.md": written(results)}.items():
        before, rest = page.read_text(encoding="utf-8").split(BEGIN)
        page.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
