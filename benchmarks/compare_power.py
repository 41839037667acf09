"""How often `edge-bench compare` is right: of a bundle with itself, and of one that is about 5 % slower.

    python benchmarks/compare_power.py --runs 20 --out benchmarks/results/compare_power.json

Both bundles have the shape of the student of the preset quickstart, and random weights; the slower one's feed-forward
part is wider. Each run is a whole comparison, as the command makes it. The two experiments take turns, so that both
meet the same load. Needs the extra export. 20 runs take 10 to 20 minutes.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cloud.ranking.model import RankingModel
from cloud.ranking.presets import STUDENT_SHAPES
from compress.graph import model_shape
from compress.integer_layers import QuantisedLinear
from compress.integers import quantise_ranker
from edge.bench.compare import Pairing, Ratio, Speed, compare_speed
from edge.bundle.manifest import SCHEMA
from edge.config import to_dict
from edge.engines.buckets import name_of
from edge.files import write_json
from edge.table import render
from edge.text.number import Number
from edge.text.spec import TextSpec
from edge.text.types import Event, Item, Request, User
from edge.text.wordpiece import SPECIAL_TOKENS
from export.buckets import Buckets
from export.bundle import bundle_student
from export.litert.entry_points import export_litert
from export.parity import exits_of

WIDTH, WIDER = 512, 832  # of the feed-forward part
PLACES = 101
SPEC = TextSpec(
    profile="{age} years old", item="{title}", event="{liked|choose:liked:disliked}",
    numbers=(Number("year", of="item.year"), Number("liked", of="liked", history="mean")),
    max_events=100, max_segment_tokens=24,
)  # fmt: skip
WORDS = [f"w{number}" for number in range(1900)]


@dataclass(frozen=True)
class Trial:
    """One comparison, and what it took."""

    experiment: str
    seconds: float
    speed: Speed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20, help="of each experiment")
    parser.add_argument("--out", type=Path, help="write the figures of every run as JSON")
    arguments = parser.parse_args()
    trials: list[Trial] = []
    with tempfile.TemporaryDirectory() as scratch:
        plain, wider = (_bundle(Path(scratch) / f"{width}.edge", width) for width in (WIDTH, WIDER))
        for run in range(arguments.runs):
            for experiment, after in (("itself", plain), ("wider", wider)):
                trials.append(_trial(experiment, plain, after))
                ratio = trials[-1].speed.cpu
                print(
                    f"{run + 1}/{arguments.runs} {experiment}: {ratio.ratio:.4f} ({ratio.low:.4f} to {ratio.high:.4f})"
                    f" in {trials[-1].seconds:.0f} s",
                    file=sys.stderr,
                    flush=True,
                )
    if arguments.out:
        write_json(arguments.out, [asdict(trial) for trial in trials])
    print(_report(trials))
    return 0


def _trial(experiment: str, before: Path, after: Path) -> Trial:
    started = time.monotonic()
    speed = compare_speed(before, after, _requests(), Pairing())
    return Trial(experiment, time.monotonic() - started, speed)


def _report(trials: list[Trial]) -> str:
    rows: list[tuple[Any, ...]] = []
    for experiment in ("itself", "wider"):
        mine = [trial for trial in trials if trial.experiment == experiment]
        for clock in ("cpu", "wall"):
            ratios: list[Ratio] = [getattr(trial.speed, clock) for trial in mine]
            holds_one = sum(ratio.low <= 1 <= ratio.high for ratio in ratios)
            slower = sum(ratio.low > 1 for ratio in ratios)
            centre = float(np.exp(np.mean([np.log(ratio.ratio) for ratio in ratios])))
            half = float(np.median([ratio.high / ratio.low for ratio in ratios])) ** 0.5 - 1
            seconds = float(np.median([trial.seconds for trial in mine]))
            rows.append((experiment, clock, len(mine), centre, f"{half:.2%}", holds_one, slower, seconds))
    headings = ("compared with", "clock", "runs", "ratio", "half interval", "holds 1", "shown slower", "seconds")
    return render(headings, rows)


def _bundle(path: Path, width: int) -> Path:
    """The shape of the student of the preset quickstart, but for the feed-forward width; for LiteRT."""
    torch.manual_seed(0)
    tokens, buckets = (*SPECIAL_TOKENS, *WORDS), Buckets()
    shape = STUDENT_SHAPES["quickstart"]
    model = quantise_ranker(
        RankingModel(replace(shape, vocabulary_size=len(tokens), numbers=len(SPEC.numbers), positions=24)).eval()
    )
    layer, hidden = model.get_submodule("layers.0"), model.shape.hidden_size
    layer.feed_forward_in, layer.feed_forward_out = _linear(hidden, width), _linear(width, hidden)
    graph = model_shape(model.shape, PLACES)
    manifest: dict[str, Any] = {
        "schema": SCHEMA,
        "name": f"width {width}",
        "model": asdict(graph) | {"vocabulary": len(tokens), "value": "liked"},
        "buckets": {"litert": [name_of(*one) for one in buckets.signatures(graph)]},
        "exits": [asdict(exit) | {"quality": {}} for exit in exits_of(model)],
        "golden": {"tolerance": 0.1},
        "provenance": {"weights": "random"},
    }
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "text.json").write_text(json.dumps(to_dict(SPEC)))
        (folder / "vocab.txt").write_text("".join(f"{token}\n" for token in tokens))
        (folder / "models" / "litert").mkdir(parents=True)
        export_litert(model, PLACES, buckets, folder / "models" / "litert" / "model.tflite")
        texts = {name: folder / name for name in ("text.json", "vocab.txt")}
        bundle_student(path, model, texts, [], folder / "models", manifest)
    return path


def _linear(inputs: int, outputs: int) -> QuantisedLinear:
    """Random weights that keep activations at their size."""
    linear = QuantisedLinear(inputs, outputs)
    linear.get_buffer("weight").copy_(torch.randint(-127, 128, (outputs, inputs)))
    linear.get_buffer("scale").fill_(inputs**-0.5 / 127)
    return linear


def _requests() -> list[Request]:
    """Ten, of 40 events and 10 to 28 candidates."""
    random = np.random.default_rng(0)

    def item(number: int) -> Item:
        return Item(f"i{number}", {"title": " ".join(random.choice(WORDS, 6)), "year": 2000})

    return [
        Request(
            User({"age": 20 + number}),
            tuple(Event(item(place), {"liked": place % 2 == 0}) for place in range(40)),
            tuple(item(place) for place in range(10 + 2 * number)),
        )
        for number in range(10)
    ]


if __name__ == "__main__":
    sys.exit(main())
