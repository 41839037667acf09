"""How long the ranking model's LiteRT graphs and an engine's calls take, on one thread, with random weights.

    python benchmarks/ranking_litert_speed.py --shape quickstart --out benchmarks/results/ranking-litert-speed.json
    python benchmarks/ranking_litert_speed.py --shape m6-edge --rounds 30

Graphs and calls take turns, round by round, so that a busy machine meets all of them; each is shown as the least and
the median, in microseconds. A graph runs on arrays that are there already; a call also pads and copies. Scores are
those of a timeline with all places filled. Needs the extra export. It takes half a minute for the quickstart.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # numpy reads them when it is imported

import numpy as np
import torch

from cloud.ranking.model import RankingModel
from cloud.ranking.presets import STUDENT_SHAPES
from compress.graph import model_shape
from compress.integers import quantise_ranker
from edge.bench.host import this_host
from edge.engines.chunk import chunk_of
from edge.engines.litert import LiteRtEngine
from edge.engines.litert_graphs import Graphs
from edge.engines.protocol import Entries
from edge.engines.shape import ModelShape
from edge.engines.timeline import Timeline
from edge.files import write_json
from edge.table import render
from export.buckets import Buckets
from export.litert.entry_points import export_litert

VOCABULARY = {"quickstart": 2_000, "m6-edge": 30_000}
NUMBERS, PLACES = 22, 101
CANDIDATES = (1, 16, 64, 200)
SEGMENT, SEGMENTS = 8, (1, 2, 8, 16)  # tokens of each, and how many make a chunk
RANDOM = np.random.default_rng(0)
Call = Callable[[], object]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=sorted(VOCABULARY), default="quickstart")
    parser.add_argument("--bits", type=int, choices=(8, 4), default=8)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--out", type=Path, help="write the figures as JSON")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    shape = replace(STUDENT_SHAPES[arguments.shape], vocabulary_size=VOCABULARY[arguments.shape], numbers=NUMBERS)
    model = quantise_ranker(RankingModel(shape), arguments.bits)
    with tempfile.TemporaryDirectory() as directory:
        path, graph = Path(directory) / "model.tflite", model_shape(shape, PLACES)
        export_litert(model, PLACES, Buckets(), path)
        work = graph_runs(Graphs(path, 1)) | engine_calls(LiteRtEngine(path.parent, graph), graph)
        rows = timed(work, arguments.rounds)
        size = path.stat().st_size
    if arguments.out:
        named = {name: dict(zip(("least_us", "median_us"), times, strict=True)) for name, times in rows.items()}
        about = {"host": asdict(this_host()), "shape": arguments.shape, "bits": arguments.bits}
        write_json(arguments.out, about | {"rounds": arguments.rounds, "bytes": size, "work": named})
    print(render(("work", "least", "median"), [(name, *times) for name, times in rows.items()]))
    print(f"model.tflite: {size:,} bytes")
    return 0


def timed(work: dict[str, Call], rounds: int) -> dict[str, tuple[int, int]]:
    """Least and median of each, in microseconds; of what takes less than a millisecond, ten in each round."""
    taken: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(rounds):
        for name, call in work.items():
            for _ in range(10 if taken[name] and min(taken[name]) < 1e-3 else 1):
                start = time.perf_counter()
                call()
                taken[name].append(time.perf_counter() - start)
    return {name: (round(1e6 * min(times)), round(1e6 * float(np.median(times)))) for name, times in taken.items()}


def graph_runs(graphs: Graphs) -> dict[str, Call]:
    for name in graphs.names:
        for array in graphs[name].inputs.values():
            whole = array.kind is np.int32
            values = RANDOM.integers(0, 30, array.dimensions) if whole else RANDOM.normal(size=array.dimensions)
            array.write(values.astype(array.kind))
    return {name: graphs[name].run for name in graphs.names}


def engine_calls(engine: LiteRtEngine, shape: ModelShape) -> dict[str, Call]:
    new, nearly, full = (filled(engine, shape, places) for places in (1, PLACES - 1, PLACES))
    calls: dict[str, Call] = {}
    for count, timeline in ((1, nearly), (32, new), (PLACES - 1, new)):
        call = partial(engine.append, entries(shape, count), False, timeline)
        calls[f"append {count} to {timeline.length}"] = call
    for depth in sorted({0, shape.interact_layers}):
        for count in CANDIDATES:
            calls[f"score {count} at depth {depth}"] = partial(engine.score, entries(shape, count), full, depth)
    for count in SEGMENTS:
        chunk = chunk_of(RANDOM.integers(2, 2_000, (count, SEGMENT)).tolist(), shape.positions)
        calls[f"summarise {count} of {SEGMENT} tokens, once encoded"] = partial(engine.summarise, chunk, 1)
    return calls


def filled(engine: LiteRtEngine, shape: ModelShape, places: int) -> Timeline:
    timeline = Timeline(shape)
    timeline.extend(engine.append(entries(shape, places), True, timeline), np.ones(places, dtype=np.float32))
    return timeline


def entries(shape: ModelShape, count: int) -> Entries:
    items, phrases = (RANDOM.normal(size=(count, shape.hidden)).astype(np.float32) for _ in range(2))
    missing = (RANDOM.random((count, NUMBERS)) < 0.2).astype(np.float32)
    return Entries(items, phrases, RANDOM.normal(size=(count, NUMBERS)).astype(np.float32) * (1 - missing), missing)


if __name__ == "__main__":
    sys.exit(main())
