"""README's picture is of the results that README's table is of."""

from __future__ import annotations

import json

from readme_results import MODELS, PICTURE, ROOT, picture

from cloud.rivals.written import three


def test_the_picture_names_every_model_and_the_rival_that_is_best() -> None:
    results = json.loads((ROOT / "benchmarks" / "results" / "quickstart.json").read_text())
    drawn = picture(results).decode()
    rows = {row["name"]: row for row in results["rows"]}
    best = max((row for name, row in rows.items() if name not in MODELS), key=lambda row: row["auc"])
    for name in MODELS:
        assert f"<!-- {name} {three(rows[name]['auc'])}" in drawn
    assert f"{three(best['auc'])} -->" in drawn and "prefers-color-scheme: dark" in drawn
    assert all(f"<!-- {name} {three(rows[name]['auc'])}" in PICTURE.read_text() for name in MODELS)
