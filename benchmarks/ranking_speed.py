"""How fast the ranking model trains, against the first architecture on the same data, and against bare products.

    python benchmarks/ranking_speed.py --prepared runs/ml-100k --rounds 7 --out benchmarks/results/ranking-speed.json

Steps are whole: the batch is made, forward, backward, clipped gradients, the optimiser. The first architecture, the
ranking model and bare products of 1024 x 1024 take turns in one run, on as many threads, so that ratios hold on a busy
machine; each is shown as a median with its quartiles. Seconds are those of the processor with one thread, else those of
the clock. Without --prepared the example log is written and prepared. It takes about 5 minutes.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from cloud.batches import LabelledBatch, RequestBatches
from cloud.data.example_log import example_log
from cloud.data.prepare import config_for, open_source, prepare
from cloud.data.requests import load_requests
from cloud.data.rows import Prepared
from cloud.device import has_bf16
from cloud.fit import FitConfig, _optimizer, _update
from cloud.model import Encoder
from cloud.objectives import click_loss
from cloud.ranking.batches import WindowBatches
from cloud.ranking.losses import ranking_loss
from cloud.ranking.measure import sized_ranking
from cloud.ranking.model import RankingModel
from cloud.ranking.timelines import TimelineBatch, Timelines
from cloud.ranking.train import RANKERS
from cloud.runs.directory import Run
from cloud.stage import sized_for
from cloud.teacher import TEACHERS
from edge.bench.host import this_host
from edge.files import write_json
from edge.table import render

SIDE, PRODUCTS = 1024, 10  # of the bare products
CPU = torch.device("cpu")
RATE, TOKENS, SECONDS = "targets a second", "encoded tokens a target", "seconds a step"
PRODUCT, SHARE = "GFLOP/s in products", "share of the bare products' rate"


@dataclass
class Trained:
    """A model in training: `step` trains on the next batch and gives its targets and encoded tokens, with padding."""

    model: nn.Module
    batches: Callable[[int], Any]
    loss: Callable[[nn.Module, Any, int], tuple[Tensor, dict[str, float]]]
    size: Callable[[Any], tuple[int, int]]
    config: FitConfig
    taken: int = 0

    def __post_init__(self) -> None:
        self.optimizer = _optimizer(self.model.train(), self.config)

    def step(self) -> tuple[int, int]:
        batch = self.batches(self.taken)
        trained = nn.ModuleDict({"model": self.model})
        _update(trained, lambda number: batch, self.loss, self.config, self.optimizer, self.taken, "speed", CPU)
        self.taken += 1
        return self.size(batch)


def first_architecture(prepared: Run, hidden_size: int, precision: Any) -> Trained:
    config = TEACHERS["tokens"]
    model = Encoder(sized_for(replace(config.model, hidden_size=hidden_size, embedding_size=hidden_size), prepared))

    def loss(model: nn.Module, batch: LabelledBatch, step: int) -> tuple[Tensor, dict[str, float]]:
        assert isinstance(model, Encoder)
        return click_loss(model, batch), {}

    def size(batch: LabelledBatch) -> tuple[int, int]:
        return len(batch.labels), batch.packed.tokens.numel()

    batches = RequestBatches(load_requests(prepared, "train"), config.batch_tokens)
    return Trained(model, batches, loss, size, replace(config.click, precision=precision))


def ranking_model(prepared: Run, precision: Any) -> Trained:
    config = RANKERS["quickstart"]
    shape, rows = sized_ranking(config.shape, prepared), Prepared(prepared)
    timelines = Timelines(rows, config.history, config.targets, shape.positions)

    def loss(model: nn.Module, batch: TimelineBatch, step: int) -> tuple[Tensor, dict[str, float]]:
        return ranking_loss(model, batch, config.order_weight)

    def size(batch: TimelineBatch) -> tuple[int, int]:
        return len(batch.labels), batch.phrases.numel() + sum(group.numel() for group in batch.segments)

    model = RankingModel(shape, config.dropout, config.word_dropout, config.number_dropout)
    batches = WindowBatches(timelines, rows.part("train"), config.users, config.fit.seed)
    fit = replace(config.fit, precision=precision, steps=config.passes * batches.of_pass)
    return Trained(model, batches, loss, size, fit)


def bare_rate(use_bf16: bool, clock: Callable[[], float]) -> float:
    """GFLOP/s of products of two square matrices."""
    one = torch.randn(SIDE, SIDE, dtype=torch.bfloat16 if use_bf16 else torch.float32)
    one @ one
    started = clock()
    for _ in range(PRODUCTS):
        one @ one
    return PRODUCTS * 2 * SIDE**3 / (clock() - started) / 1e9


def block(trained: Trained, steps: int, clock: Callable[[], float]) -> dict[str, float]:
    """Some steps, timed; the FLOPs of their products are those of the same batches' steps, counted afterwards."""
    first, started = trained.taken, clock()
    sizes = [trained.step() for _ in range(steps)]
    seconds = clock() - started
    trained.taken = first
    with FlopCounterMode(display=False) as counter:
        for _ in range(steps):
            trained.step()
    targets, tokens = map(sum, zip(*sizes, strict=True))
    product = counter.get_total_flops() / seconds / 1e9
    return {RATE: targets / seconds, TOKENS: tokens / targets, SECONDS: seconds / steps, PRODUCT: product}


def measure(trained: Mapping[str, Trained], warmup: int, rounds: int, steps: int) -> list[dict[str, Any]]:
    """Per round: of each model, and of bare products in both precisions. The first round is left out."""
    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    for each in trained.values():
        for _ in range(warmup):
            each.step()
    found: list[dict[str, Any]] = []
    for number in range(rounds + 1):
        bare = {precision: bare_rate(precision == "bf16", clock) for precision in ("fp32", "bf16")}
        row: dict[str, Any] = {name: block(each, steps, clock) for name, each in trained.items()}
        for name, each in trained.items():
            use_bf16 = each.config.precision == "bf16"
            row[name][SHARE] = row[name][PRODUCT] / bare["bf16" if use_bf16 else "fp32"]
        found.append(row | {"bare products": bare})
        print(f"round {number} of {rounds}", file=sys.stderr, flush=True)
    return found[1:]


def spread(values: list[float]) -> dict[str, float]:
    low, median, high = np.percentile(values, [25, 50, 75])
    return {"median": round(float(median), 4), "low": round(float(low), 4), "high": round(float(high), 4)}


def summary(rounds: list[dict[str, Any]], first: str) -> dict[str, Any]:
    """Median and quartiles of every figure, and of each model's targets a second over those of `first`."""
    figures = {
        name: {key: spread([row[name][key] for row in rounds]) for key in values} for name, values in rounds[0].items()
    }
    for name in rounds[0]:
        if RATE in rounds[0][name]:
            figures[name]["times the first"] = spread([row[name][RATE] / row[first][RATE] for row in rounds])
    return figures


@contextmanager
def data(path: Path | None) -> Iterator[Run]:
    """The prepared run there, or one of the example log."""
    if path:
        yield Run.open(path, "prepare")
        return
    with tempfile.TemporaryDirectory() as scratch:
        toml = Path(scratch) / "edge.toml"
        toml.write_bytes(files("cloud.data").joinpath("edge.toml").read_bytes())
        toml.with_name("events.csv").write_text(example_log())
        source = open_source(str(toml))
        yield prepare(source, Path(scratch) / "data", config_for(source))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prepared", type=Path, help="a finished `edge prepare`; else the example log is prepared")
    parser.add_argument("--warmup", type=int, default=24, help="steps of each before: products are prepared by size")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=4, help="of each model in a round")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, help="write the figures as JSON")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    precision = "bf16" if has_bf16(CPU) else "fp32"  # that of training here, as "auto" chooses it
    with data(options.prepared) as prepared:
        hidden = RANKERS["quickstart"].shape.hidden_size
        torch.manual_seed(0)
        trained = {
            "first architecture": first_architecture(prepared, hidden, precision),
            "ranking model": ranking_model(prepared, precision),
        }
        found = summary(measure(trained, options.warmup, options.rounds, options.steps), "first architecture")
        dataset = {key: prepared.manifest["dataset"][key] for key in ("name", "fingerprint", "rows")}
    host, threads = this_host(), options.threads
    result = {
        "machine": {"cpu": host.cpu, "cores": host.cores, "load": host.load, "torch": torch.__version__},
        "dataset": dataset,
        "protocol": {"hidden_size": hidden, "threads": threads, "precision": precision, "warmup": options.warmup,
                     "rounds": options.rounds, "steps a round": options.steps,
                     "clock": "processor" if threads == 1 else "wall"},
        "figures": found,
    }  # fmt: skip
    if options.out:
        write_json(options.out, result)
    print(_report(found))
    return 0


def _report(found: Mapping[str, Mapping[str, Mapping[str, float]]]) -> str:
    rows = [
        (name, key, f"{value['median']:,.3f}", f"{value['low']:,.3f} to {value['high']:,.3f}")
        for name, values in found.items()
        for key, value in values.items()
    ]
    return render(("work", "figure", "median", "quartiles"), rows)


if __name__ == "__main__":
    sys.exit(main())
