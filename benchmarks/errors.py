"""Where a finished road's models lose to a rival: by group of test rows, and why.

    python benchmarks/errors.py runs/quickstart --data ml-100k --attribute genres --attribute year \
        --out benchmarks/results/errors-ml-100k.json --markdown errors.md

Reads the runs data, teacher, int8 and rivals of `edge run`, and the log of --data that they were made from. Groups are
of what was known before a row's moment, and of the item attributes that are named. Scores are calibrated logits of the
deepest exit. Intervals are paired 95 % intervals over users. Nothing is trained. It takes less than a minute.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from error_causes import METRICS, Compared, additions, disagreement, examples, levels, with_score
from error_groups import Grouping, groupings, read_prepared_log
from error_page import markdown

from cloud.data.log import PARTS, TEST
from cloud.data.prepare import STAGE as PREPARE
from cloud.data.prepare import open_source
from cloud.data.rows import Prepared
from cloud.ranking.calibration import fit_calibration
from cloud.ranking.kept_scores import kept_scores
from cloud.rivals.draws import Figure
from cloud.rivals.figures import FEWEST_ROWS
from cloud.rivals.kept_scores import rival_scores, rivals_kept
from cloud.rivals.stage import STAGE as RIVALS
from cloud.runs.directory import Run
from edge.errors import EdgeError, known_names
from edge.files import strict_json, write_atomically, write_json
from edge.metrics import auc, user_auc

MODELS = ("teacher", "int8")
PLAIN, CF = "LightGBM", "item-item CF"  # without what a phone lacks, and that alone: used where they were kept
UNKNOWN = Figure(math.nan, math.nan, math.nan)
REACHES = {"auc": lambda scores, labels, users: auc(scores, labels), "user_auc": user_auc}


def read_compared(road: Path, rival: str) -> Compared:
    """The scores of a finished road; `rival` by name, "": the best by AUC. Errors: none of that name was kept.

    Beside the models stand a rival without CF, and the last model with CF added to its score.
    """
    data, rivals = Run.open(road / "data", PREPARE.name), Run.open(road / "rivals", RIVALS.name)
    rows = Prepared(data)
    test, validation = (rows.part(name) for name in (PARTS[TEST], "validation"))
    label = rows.column("label").astype(bool)
    models = {}
    for name in MODELS:
        run = Run.open(road / name)
        fit = fit_calibration(kept_scores(run, "validation"), label[validation])
        models[name] = fit(kept_scores(run, PARTS[TEST]))
    kept = {name: rival_scores(rivals, name).astype(np.float64) for name in rivals_kept(rivals)}
    if rival and rival not in kept:
        raise EdgeError(f"{rivals.path} keeps no scores of {rival!r}", fix=known_names(rival, kept))
    best = rival or max(kept, key=lambda name: auc(kept[name], label[test]))
    if PLAIN in kept and best != PLAIN:
        models[PLAIN] = kept[PLAIN]
    compared = Compared(label[test], rows.column("user")[test], rows.column("item")[test], models, kept, best)
    if CF in kept:
        models[f"{MODELS[-1]} and CF"] = with_score(compared, models[MODELS[-1]], kept[CF])
    return compared


def of_group(compared: Compared, at: np.ndarray) -> dict[str, Any]:
    """Rows, figures and paired differences of a group; without those where it is small or of one label.

    "gain of all rows": of AUC over all rows, if those of the group were scored by the rival.
    """
    liked = int(compared.labels[at].sum())
    about: dict[str, Any] = {"rows": int(at.sum()), "users": len(np.unique(compared.users[at])), "liked": liked}
    if about["rows"] < FEWEST_ROWS or liked in (0, about["rows"]):
        return about
    named = {**compared.models, compared.rival: compared.theirs}
    columns = compared.labels[at], compared.users[at]
    about["reached"] = {
        name: {metric: reach(scores[at], *columns) for metric, reach in REACHES.items()}
        for name, scores in named.items()
    }
    user = np.unique(compared.users[at], return_inverse=True)[1]
    share = (np.bincount(user, compared.labels[at]) / np.bincount(user))[user]
    about["rows of users with both labels"] = ordered = int(((share > 0) & (share < 1)).sum())
    about["less the rival"] = {
        name: compared.less(scores, compared.theirs, at) | ({} if ordered >= FEWEST_ROWS else {"user_auc": UNKNOWN})
        for name, scores in compared.models.items()
    }
    about["gain of all rows"] = {
        name: auc(np.where(at, compared.theirs, scores), compared.labels) - auc(scores, compared.labels)
        for name, scores in compared.models.items()
    }
    return about


def of_groups(compared: Compared, found: Sequence[Grouping]) -> dict[str, dict[str, dict[str, Any]]]:
    """Grouping -> group -> figures."""
    return {each.name: {name: of_group(compared, at) for name, at in each.groups.items()} for each in found}


def losses(groups: Mapping[str, Mapping[str, Mapping[str, Any]]], model: str, metric: str) -> list[tuple[str, str]]:
    """(grouping, group) where the model loses to the rival beyond the interval, the greatest loss first."""
    lost = {
        (grouping, name): figures["less the rival"][model][metric]
        for grouping, of_grouping in groups.items()
        for name, figures in of_grouping.items()
        if "less the rival" in figures
    }
    return sorted((key for key, figure in lost.items() if figure.high < 0), key=lambda key: lost[key].value)


def analysis(road: Path, data: str, attributes: Sequence[str], compared: Compared, count: int) -> dict[str, Any]:
    """Everything that is written and shown. Errors: another log than the road's, an unknown attribute."""
    run = Run.open(road / "data", PREPARE.name)
    if run.stage_schema != PREPARE.schema:
        raise EdgeError(f"{run.path} was prepared by another version", fix="make the road again by `edge run`")
    log = read_prepared_log(open_source(data), run)
    every = Grouping("all", {"all rows": np.ones(len(compared.labels), dtype=bool)})
    found = [every, *groupings(log, Prepared(run).column("earlier"), attributes)]
    groups = of_groups(compared, found)
    return {
        "dataset": run.manifest["dataset"],
        "protocol": run.manifest["protocol"],
        "rival": compared.rival,
        "groups": groups,
        "overlapping": [each.name for each in found if each.overlaps],
        "losses": {name: {metric: losses(groups, name, metric) for metric in METRICS} for name in compared.models},
        "levels": levels(compared),
        "additions": additions(compared),
        "disagreement": {name: disagreement(compared, scores) for name, scores in compared.models.items()},
        "examples": {name: examples(Prepared(run), compared, compared.models[name], count) for name in MODELS},
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("road", type=Path, help="what a finished `edge run` wrote")
    parser.add_argument("--data", required=True, help="the log it was made from: a name, or an edge.toml")
    parser.add_argument("--attribute", action="append", default=[], help="of items, to divide rows by; may be repeated")
    parser.add_argument("--rival", default="", help="by name; else the best by AUC")
    parser.add_argument("--examples", type=int, default=4, help="rows to show of each kind")
    parser.add_argument("--out", type=Path, help="write all figures as JSON, without the texts of rows")
    parser.add_argument("--markdown", type=Path, help="write the tables as Markdown")
    options = parser.parse_args()
    try:
        compared = read_compared(options.road, options.rival)
        found = analysis(options.road, options.data, options.attribute, compared, options.examples)
    except EdgeError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    text = markdown(found)
    if options.out:
        figures = {name: part for name, part in found.items() if name != "examples"}
        write_json(options.out, strict_json(figures, digits=4))
    if options.markdown:
        write_atomically(options.markdown, text)
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
