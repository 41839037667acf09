"""What each choice of the ranking model is worth: the model trained again with one of them changed.

    python benchmarks/ablations.py --prepared runs/ml-100k --work runs/ablations \
        --out benchmarks/results/ablations.json [--only NAME ...]

Each variant is the teacher of the preset "quickstart" without item-item CF, with one change of its settings, of the
model or of what it reads, and is trained and measured in this process. A variant that --work has a result of, of the
same data and settings, is not trained again. --out and the table have all that are finished, --only or not; AUC and
per-user AUC are of the deepest exit in the table, of every exit in the JSON. A variant of MovieLens-100k takes 1 to 3
minutes of one core, all of them about an hour.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ablation_models import LastToken, MeanMatchOnly, TwoSets, WithoutMatch, WithoutMatchValues

from cloud.data.rows import Prepared
from cloud.fit import fit
from cloud.ranking.batches import WindowBatches
from cloud.ranking.losses import ranking_loss
from cloud.ranking.measure import MEASURED, scores_of, sized_ranking
from cloud.ranking.model import RankingModel
from cloud.ranking.timelines import Timelines
from cloud.ranking.train import RANKERS, RankerConfig, timelines_for
from cloud.runs.directory import Run, sha256_json
from cloud.stage import text_encoder
from edge.bench.host import this_host
from edge.config import override, to_dict
from edge.errors import EdgeError, known_names
from edge.files import write_json
from edge.metrics import summarise
from edge.table import render

BASE = replace(RANKERS["quickstart"], collaborative=False)  # what a phone can compute
SHOWN = ("auc", "user_auc")
UNKNOWN = 1  # a text without words is this token
Hide = Callable[[Timelines, Run], None]  # from a model: it changes the timelines in place


@dataclass(frozen=True)
class Variant:
    """`settings` as `--set` takes them, the class of the model, and what is hidden from it."""

    settings: tuple[str, ...] = ()
    model: type[RankingModel] = RankingModel
    hide: Hide | None = None


def numbers_where(wanted: Callable[[Any], bool]) -> Hide:
    """Hides the numbers of the text spec for which `wanted` holds, as if they were missing."""

    def hide(timelines: Timelines, prepared: Run) -> None:
        places = [place for place, number in enumerate(text_encoder(prepared).spec.numbers) if wanted(number)]
        if not places:
            raise EdgeError(f"{prepared.path} has no such number", fix="leave the variant out: --only NAME")
        timelines.numbers[:, places] = np.nan

    return hide


def named(*names: str) -> Hide:
    return numbers_where(lambda number: number.name in names)


def phrases_of(column: str) -> Hide:
    """Puts one unknown token in place of every phrase of "phrase" (of events) or "context" (of candidates)."""

    def hide(timelines: Timelines, prepared: Run) -> None:
        unknown = torch.zeros_like(timelines.phrases[:1])
        unknown[0, 0] = UNKNOWN
        timelines.columns[column] = np.full_like(timelines.columns[column], len(timelines.phrases))
        timelines.phrases = torch.cat([timelines.phrases, unknown])

    return hide


def profile_text(timelines: Timelines, prepared: Run) -> None:
    first = len(Prepared(prepared).items.names)  # profiles stand after the items
    timelines.texts.tokens[first:] = 0
    timelines.texts.tokens[first:, 0] = UNKNOWN
    timelines.texts.lengths[first:] = 1


def settings(*names: str) -> dict[str, Variant]:
    return {", ".join(name.split()): Variant(tuple(name.split())) for name in names}


VARIANTS = {
    "base": Variant(),
    **settings(
        "fit.seed=1", "fit.seed=2", "collaborative=true",
        "dropout=0 word_dropout=0", "dropout=.1", "dropout=.4", "word_dropout=0", "word_dropout=.4",
        "number_dropout=.1", "users=8", "users=16", "users=64",
        "shape.interact_layers=0", "shape.interact_layers=1", "shape.interact_layers=3",
        "shape.encode_layers=0", "shape.encode_layers=2", "shape.encode_layers=3", "shape.shared=false",
    ),
    "one set of weights a stage, hidden size 104": Variant(
        ("shape.shared=false", "shape.hidden_size=104", "shape.embedding_size=104"), TwoSets
    ),
    **settings("history=20", "history=50", "history=200"),
    "summary: the last token": Variant(model=LastToken),
    "without match": Variant(model=WithoutMatch),
    "match without what events say": Variant(model=WithoutMatchValues),
    "match: the mean alone": Variant(model=MeanMatchOnly),
    "without numbers": Variant(hide=numbers_where(lambda number: True)),
    "without item statistics": Variant(hide=named("views", "liked share of the item", "mean rating")),
    "without pace": Variant(hide=named("events", "seconds since the last event")),
    "without the user's mood": Variant(
        hide=named("liked share of the user", "liked share of the last 5", "liked share of the last 20")
    ),
    "without surplus": Variant(hide=named("surplus", "surplus of the last 20")),
    "without numbers by attribute": Variant(hide=numbers_where(lambda number: bool(number.same))),
    "without what events say": Variant(hide=phrases_of("phrase")),
    "without contexts": Variant(hide=phrases_of("context")),
    "without the profile's text": Variant(hide=profile_text),
    **settings("order_weight=0", "order_weight=.6"),
}  # fmt: skip


def loss_of(order_weight: float, model: RankingModel, batch: Any, step: int) -> Any:
    return ranking_loss(model, batch, order_weight)


def trained(variant: Variant, config: RankerConfig, prepared: Run, scratch: Path) -> dict[str, Any]:
    """What a variant reached: split -> interact depth -> figures; with its weights and its processor seconds."""
    rows, shape = Prepared(prepared), sized_ranking(config.shape, prepared, int(config.collaborative))
    timelines = timelines_for(rows, shape, config.history, config.targets, config.collaborative)
    if variant.hide:
        variant.hide(timelines, prepared)
    batches = WindowBatches(timelines, rows.part("train"), config.users, config.fit.seed)
    torch.manual_seed(config.fit.seed)
    model = variant.model(shape, config.dropout, config.word_dropout, config.number_dropout)
    steps, started = replace(config.fit, steps=batches.steps(config.passes, config.repeats)), time.process_time()
    fit(model, batches, partial(loss_of, config.order_weight), steps, scratch, "ablations")
    seconds = time.process_time() - started
    weights = sum(parameter.numel() for parameter in model.parameters())
    return {"weights": weights, "steps": steps.steps, "seconds": round(seconds, 1)} | {
        part: measured(model, timelines, rows, part) for part in MEASURED
    }


def measured(model: RankingModel, timelines: Timelines, rows: Prepared, part: str) -> dict[str, dict[str, float]]:
    chosen = rows.part(part)
    labels, users = rows.column("label")[chosen], rows.column("user")[chosen]
    return {
        str(depth): {key: round(value, 5) for key, value in summarise(scores, labels, users).items()}
        for depth, scores in enumerate(scores_of(model, timelines, chosen))
    }


def chosen_variants(only: list[str]) -> Iterator[str]:
    for name in only:
        if name not in VARIANTS:
            raise EdgeError(f"no variant {name!r}", fix=known_names(name, VARIANTS))
    yield from only or VARIANTS


def results(prepared: Run, work: Path, only: list[str]) -> dict[str, Any]:
    """Those of `only`, or all, and of other variants those that are finished, in the order of VARIANTS."""
    asked, found = set(chosen_variants(only)), dict[str, Any]()
    work.mkdir(parents=True, exist_ok=True)
    for name, variant in VARIANTS.items():
        config = override(BASE, variant.settings)
        key = sha256_json([name, to_dict(config), prepared.manifest["dataset"]["fingerprint"]])
        path = work / f"{key[:16]}.json"
        if not path.exists() and name in asked:
            print(name, file=sys.stderr, flush=True)
            with tempfile.TemporaryDirectory(dir=work) as scratch:
                write_json(path, trained(variant, config, prepared, Path(scratch)))
        if path.exists():
            found[name] = {"settings": list(variant.settings)} | json.loads(path.read_text(encoding="utf-8"))
    return found


def _report(found: dict[str, Any]) -> str:
    """In units of .001: the deepest exit's validation and test figures, and how far they are from those of the base."""
    deepest = {name: {part: each[part][max(each[part], key=int)] for part in MEASURED} for name, each in found.items()}
    base, lines = deepest.get("base"), []
    for name, each in deepest.items():
        pairs = [(part, key, each[part][key]) for part in MEASURED for key in SHOWN]
        less = [f"{1000 * (value - base[part][key]):+.1f}" if base else "" for part, key, value in pairs]
        cells = [f"{1000 * value:.1f} ({change})" for (_, _, value), change in zip(pairs, less, strict=True)]
        lines.append((name, *cells, f"{found[name]['weights']:,}", f"{found[name]['seconds']:.0f}"))
    return render(("variant", "validation AUC", "per user", "test AUC", "per user", "weights", "seconds"), lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prepared", type=Path, required=True, help="a finished `edge prepare`")
    parser.add_argument("--work", type=Path, required=True, help="keeps what is finished")
    parser.add_argument("--out", type=Path, required=True, help="write the figures as JSON")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="train these variants")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    try:
        prepared = Run.open(options.prepared, "prepare")
        found = results(prepared, options.work, options.only)
    except EdgeError as error:
        print(error, file=sys.stderr)
        return 2
    dataset, host = prepared.manifest["dataset"], this_host()
    result = {
        "machine": {"cpu": host.cpu, "cores": host.cores, "torch": torch.__version__},
        "dataset": {key: dataset[key] for key in ("name", "fingerprint", "rows")},
        "protocol": {"threads": options.threads, "base": to_dict(BASE)},
        "variants": found,
    }
    write_json(options.out, result)
    print(_report(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
