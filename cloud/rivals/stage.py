"""The stage "rivals": the rivals of a prepared run's rows, for comparison with every model of a pipeline."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from cloud.data.audit import check_rows
from cloud.data.prepare import PrepareConfig, read_checked
from cloud.data.read_log import fingerprint
from cloud.data.rows import Prepared
from cloud.data.schema import Source
from cloud.rivals.kept_scores import SCORES, scores_file
from cloud.runs.directory import Run, Stage
from cloud.runs.target import Target
from edge.files import write_atomically, write_json

FIGURES, PAGE, REPORT = "rivals.json", "report.html", "report.md"
STAGE = Stage("rivals", 2, (FIGURES, PAGE, REPORT, SCORES))
NEEDED = ("lightgbm", "scipy", "sklearn")  # of the extra "rivals"


def is_installed() -> bool:
    """Whether the extra that the stage needs is there."""
    return all(find_spec(name) for name in NEEDED)


def measure_beside(
    prepared: Run, source: Source, out: Path, config: PrepareConfig, skip_bad_rows: bool = False, restart: bool = False
) -> Run:
    """Write the run `out`, measured on the rows of `prepared`, which `source` was prepared to with `config`.

    Errors: they are not the rows of the log as it is now.
    """
    target = Target(out, STAGE, [prepared], {}, {}, restart)
    if target.finished():
        return Run.open(out, STAGE.name)
    from cloud.rivals.measure import measure_rivals, rivals_json  # here: the extra may not be installed
    from cloud.rivals.numbers import wanted_numbers
    from cloud.rivals.page import rivals_html, rivals_text

    checked = read_checked(source, config, fingerprint(source), skip_bad_rows)
    check_rows(Prepared(prepared), checked.log.events)
    with target.writing() as workspace:
        found = measure_rivals(checked.log, wanted_numbers(checked.log, config, source))
        values = rivals_json(found, checked.dataset, checked.protocol)
        write_json(workspace.path / FIGURES, values)
        write_atomically(workspace.path / PAGE, rivals_html(found, checked, datetime.now(UTC)))
        text = rivals_text(found, checked.protocol)
        write_atomically(workspace.path / REPORT, f"# Rivals on {source.name}\n\n```\n{text}\n```\n")
        write_atomically(workspace.path / SCORES, scores_file({rival.name: rival.logits for rival in found}))
        workspace.dataset, workspace.protocol = checked.dataset, checked.protocol
    return Run.open(out, STAGE.name)


def figures_of(run: Run) -> dict[str, dict[str, Any]]:
    """Rival -> {auc, user_auc, ndcg@10, log_loss, bytes} on all rows of the test split; None where not defined."""
    rivals = json.loads(run.file(FIGURES).read_text(encoding="utf-8"))["rivals"]
    return {
        rival["name"]: {name: figure["value"] for name, figure in rival["figures"]["all"].items()}
        | {"bytes": rival["model_bytes"]}
        for rival in rivals
    }
