"""The tables and the picture of README and of docs/results.md are of one file of results."""

from __future__ import annotations

import json

from readme_results import BEGIN, END, MODELS, PICTURE, ROOT, picture, short, written

from cloud.rivals.written import three


def test_the_pages_show_the_results_that_were_measured() -> None:
    results = json.loads((ROOT / "benchmarks" / "results" / "quickstart.json").read_text())
    readme, whole = ((ROOT / page).read_text(encoding="utf-8") for page in ("README.md", "docs/results.md"))
    assert f"{BEGIN}\n{short(results)}\n{END}" in readme
    assert f"{BEGIN}\n{written(results)}\n{END}" in whole


def test_the_picture_names_every_model_and_the_rival_that_is_best() -> None:
    results = json.loads((ROOT / "benchmarks" / "results" / "quickstart.json").read_text())
    drawn = picture(results).decode()
    rows = {row["name"]: row for row in results["rows"]}
    best = max((row for name, row in rows.items() if name not in MODELS), key=lambda row: row["auc"])
    for name in MODELS:
        assert f"<!-- {name} {three(rows[name]['auc'])}" in drawn
    assert f"{three(best['auc'])} -->" in drawn and "prefers-color-scheme: dark" in drawn
    assert all(f"<!-- {name} {three(rows[name]['auc'])}" in PICTURE.read_text() for name in MODELS)
