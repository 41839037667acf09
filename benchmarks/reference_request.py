"""The reference request: 20 past behaviours, 50 candidates, the full student, int8, one thread. Ours and the usual way.

    python benchmarks/reference_request.py --out runs/reference
    python benchmarks/reference_request.py --rounds 3 --processor-time --no-whole
    python benchmarks/reference_request.py --curves --out runs/reference

N: the same student exported the usual way (usual_export.py), each candidate a sequence of its own. M: MiniLM-L6's
shape as a cross-encoder, exported alike. Ours: the exported entry points of each engine under the prefix plan, the user
new or kept, and the segments plan with everything kept. All take turns, in rounds; a ratio is the median of the rounds'
ratios, with an interval that holds the true median 19 times in 20 (below 6 rounds: the least and the greatest). N and M
score `--slice` candidates in a round and are counted as a whole request: they are linear in candidates, which a whole
request of N shows. Ranking is compared at full depth, the weights the same integers. Random weights: speed does not
depend on them. Needs the extras export and benchmarks.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # read when numpy and torch are imported

import numpy as np
from cloud.torch_engine import TorchEngine
from compress.integers import dequantise
from cost_curves import curves_text, draw_curves, measure_curves
from cross_encoders import SIGNED, UNSIGNED, export_cross_encoder, open_session, score_rows
from edge.engines.protocol import Engine
from export.buckets import Buckets
from full_shape import full_student
from synthetic_request import ENGINES, Request, kept_user, new_user, open_engines, score, synthetic_request, user_tokens
from usual_export import sequences, usual_export

from cloud.model import Encoder
from edge.bench.percentiles import interval
from edge.table import Cell, render

EVENTS, CANDIDATES, TOP = 20, 50, 10
DEPTHS = (24, 12, 6)
USUAL, EXACT, CROSS = "N, usual export", "N, unsigned weights", "M, MiniLM-L6 shape"
BASELINES = (USUAL, EXACT, CROSS)
Clock = Callable[[], float]


@dataclass(frozen=True)
class Baseline:
    """One graph that scores whole sequences, and how many of them a call takes at its fastest."""

    session: Any
    bytes: int
    batch: int


@dataclass(frozen=True)
class Work:
    """One way to answer the request, of which `call` does a `share`."""

    call: Callable[[], object]
    share: float = 1.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--candidate-tokens", type=int, default=16)
    parser.add_argument("--rows", type=int, default=10, help="candidates in one call of LiteRT")
    parser.add_argument("--slice", type=int, default=10, help="candidates that N and M score in a round")
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 5, 10], help="sequences a call of N, M: the best")
    parser.add_argument("--engines", nargs="+", default=list(ENGINES), choices=list(ENGINES))
    parser.add_argument("--processor-time", action="store_true", help="not the wall's: for a machine with other jobs")
    parser.add_argument("--no-whole", action="store_true", help="leave out the whole request of N, and the ranking")
    parser.add_argument("--curves", action="store_true", help="instead: cost against candidates, history and depth")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--out", type=Path, help="a folder for reference.json, or for curves.json and curves.png")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        text, found = (_curves if arguments.curves else _reference)(arguments, Path(scratch))
    content = json.dumps(found | {"candidate_tokens": arguments.candidate_tokens}, indent=1)
    print(content if arguments.json else text)
    if arguments.out:
        arguments.out.mkdir(parents=True, exist_ok=True)
        (arguments.out / ("curves.json" if arguments.curves else "reference.json")).write_text(f"{content}\n")
    return 0


def _curves(arguments: argparse.Namespace, scratch: Path) -> tuple[str, dict[str, Any]]:
    tokens, clock = arguments.candidate_tokens, _clock(arguments)
    curves = measure_curves(arguments.engines, tokens, arguments.rows, arguments.rounds, clock, scratch)
    if arguments.out:
        arguments.out.mkdir(parents=True, exist_ok=True)
        draw_curves(curves, arguments.out / "curves.png")
    return curves_text(curves), {"curves": [asdict(curve) for curve in curves]}


def _reference(arguments: argparse.Namespace, scratch: Path) -> tuple[str, dict[str, Any]]:
    clock = _clock(arguments)
    request = synthetic_request(CANDIDATES, arguments.candidate_tokens, EVENTS)
    model = full_student(8)
    buckets = Buckets((user_tokens(EVENTS),), arguments.rows, arguments.candidate_tokens)
    engines = open_engines(model, buckets, arguments.engines, scratch / "ours")
    baselines = _baselines(model, request, arguments, scratch)
    works = {name: _baseline_work(one, request, arguments.slice) for name, one in baselines.items()}
    works |= {
        f"{name}: {way}": work for name, engine in engines.items() for way, work in _ours(engine, request).items()
    }
    times = _rounds(works, arguments.rounds, clock)
    found: dict[str, Any] = {"milliseconds": times, "ratios": _ratios(times), "bytes": _bytes(baselines, scratch)}
    texts = [_times_text(times), _sizes_text(found["bytes"], baselines)]
    if not arguments.no_whole:
        whole, scores = _whole(baselines, request, clock)
        scores |= {name: score(new_user(engine, request), request, DEPTHS[0]) for name, engine in engines.items()}
        scores["torch, float activations"] = _torch_scores(model, request)
        found |= {"whole": whole, "agreement": _agreement(scores)}
        texts += [_whole_text(whole, times), _agreement_text(found["agreement"])]
    return "\n\n".join(texts), found


def _clock(arguments: argparse.Namespace) -> Clock:
    return time.process_time if arguments.processor_time else time.perf_counter


def _baselines(model: Encoder, request: Request, arguments: argparse.Namespace, scratch: Path) -> dict[str, Baseline]:
    """Exported, opened, and each tried with every batch size."""
    paths = {name: scratch / f"{name[0]}{index}.onnx" for index, name in enumerate(BASELINES)}
    usual_export(model, paths[USUAL], SIGNED)
    usual_export(model, paths[EXACT], UNSIGNED)
    export_cross_encoder(paths[CROSS])
    found = {}
    for name, path in paths.items():
        session = open_session(path)
        batch = _best_batch(session, request, arguments.batches, _clock(arguments))
        found[name] = Baseline(session, path.stat().st_size, batch)
    return found


def _best_batch(session: Any, request: Request, batches: Sequence[int], clock: Clock) -> int:
    """The number of sequences in a call that takes least for each."""
    ids, mask = sequences(request.user, request.candidates)
    costs = {}
    for batch in batches:
        score_rows(session, ids[:batch, :40], mask[:batch, :40], batch)  # prepares memory
        costs[batch] = _milliseconds(partial(score_rows, session, ids[:batch], mask[:batch], batch), clock) / batch
    _progress(f"ms a candidate by sequences in a call: { ({batch: round(cost) for batch, cost in costs.items()}) }")
    return min(costs, key=costs.__getitem__)


def _baseline_work(baseline: Baseline, request: Request, count: int) -> Work:
    ids, mask = sequences(request.user, request.candidates[:count])
    return Work(partial(score_rows, baseline.session, ids, mask, baseline.batch), count / len(request.candidates))


def _ours(engine: Engine, request: Request) -> dict[str, Work]:
    """Name -> every way of ours to answer."""
    kept = kept_user(engine, request, DEPTHS[0])
    late = kept_user(engine, request, DEPTHS[0], engine.shape.handover)
    new = {f"new user, exit {depth}": Work(partial(_score_anew, engine, request, depth)) for depth in DEPTHS}
    same = {f"user kept, exit {depth}": Work(partial(score, kept, request, depth)) for depth in DEPTHS}
    segments = {f"segments kept, exit {DEPTHS[0]}": Work(partial(score, late, request, DEPTHS[0]))}
    return new | same | segments


def _score_anew(engine: Engine, request: Request, depth: int) -> np.ndarray:
    return score(new_user(engine, request), request, depth)


def _rounds(works: Mapping[str, Work], rounds: int, clock: Clock) -> dict[str, list[float]]:
    """Milliseconds of the whole request, by round; everything takes its turn in each."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for round in range(rounds):
        for name, work in works.items():
            times[name].append(_milliseconds(work.call, clock) / work.share)
        _progress(f"round {round + 1} of {rounds}: " + ", ".join(f"{times[name][-1]:.0f}" for name in works) + " ms")
    return times


def median_interval(values: Sequence[float]) -> tuple[float, float, float]:
    """(low, median, high), the ends 95 % confident; with fewer than 6 values the least and the greatest."""
    ordered = sorted(values)
    low, high = interval(ordered, 0.5)
    return ordered[0] if low is None else low, float(np.median(ordered)), ordered[-1] if high is None else high


def _ratios(times: Mapping[str, Sequence[float]]) -> dict[str, dict[str, tuple[float, float, float]]]:
    """Each of ours -> how many times as long each baseline takes, by rounds."""
    ours = [name for name in times if name not in BASELINES]
    pairs = {name: {base: zip(times[base], times[name], strict=True) for base in BASELINES} for name in ours}
    return {
        name: {base: median_interval([theirs / own for theirs, own in both]) for base, both in of.items()}
        for name, of in pairs.items()
    }


def _whole(
    baselines: Mapping[str, Baseline], request: Request, clock: Clock
) -> tuple[dict[str, float], dict[str, Any]]:
    """N on every candidate: milliseconds and scores, by name."""
    whole, scores = {}, {}
    ids, mask = sequences(request.user, request.candidates)
    for name in (USUAL, EXACT):
        _progress(f"{name}: a whole request")
        started = clock()
        scores[name] = score_rows(baselines[name].session, ids, mask, baselines[name].batch)
        whole[name] = (clock() - started) * 1e3
    return whole, scores


def _torch_scores(model: Encoder, request: Request) -> np.ndarray:
    engine = TorchEngine(dequantise(model))
    return score(new_user(engine, request), request, DEPTHS[0])


def _agreement(scores: Mapping[str, np.ndarray]) -> list[dict[str, Any]]:
    """Every pair: the share of the first `TOP` that both have, the largest difference, over the logits' spread."""
    pairs = [(one, other) for index, one in enumerate(scores) for other in list(scores)[index + 1 :]]
    rows = []
    for one, other in pairs:
        first, second = (set(np.argsort(-scores[name], kind="stable")[:TOP]) for name in (one, other))
        difference = float(np.abs(scores[one] - scores[other]).max())
        spread = float(scores[other].std())
        rows.append(
            {"one": one, "other": other, "top": len(first & second) / TOP, "difference": difference, "spread": spread}
        )
    return rows


def _bytes(baselines: Mapping[str, Baseline], scratch: Path) -> dict[str, int]:
    """Of each way's model files."""
    sizes = {name: one.bytes for name, one in baselines.items()}
    folders = sorted((scratch / "ours").iterdir())
    return sizes | {folder.name: sum(file.stat().st_size for file in folder.iterdir()) for folder in folders}


def _times_text(times: Mapping[str, Sequence[float]]) -> str:
    ratios = _ratios(times)
    rows: list[Sequence[Cell]] = []
    for name, spent in times.items():
        low, middle, high = median_interval(spent)
        against = [_times(ratios[name][base]) if name in ratios else "" for base in BASELINES]
        rows.append((name, f"{middle:.0f}", f"{low:.0f}-{high:.0f}", *against))
    return render(("way", "ms", "interval", *(f"times faster than {base}" for base in BASELINES)), rows)


def _times(interval: tuple[float, float, float]) -> str:
    low, middle, high = interval
    return f"{middle:.1f} ({low:.1f}-{high:.1f})"


def _sizes_text(sizes: Mapping[str, int], baselines: Mapping[str, Baseline]) -> str:
    rows = [(name, size, baselines[name].batch if name in baselines else None) for name, size in sizes.items()]
    return render(("files", "bytes", "sequences in a call"), rows)


def _whole_text(whole: Mapping[str, float], times: Mapping[str, Sequence[float]]) -> str:
    rows = [(name, f"{spent:.0f}", f"{spent / np.median(times[name]):.3f}") for name, spent in whole.items()]
    return render(("all candidates, once", "ms", "of what the rounds say"), rows)


def _agreement_text(pairs: Sequence[Mapping[str, Any]]) -> str:
    headings = ("scores of", "and of", f"same first {TOP}", "largest difference", "spread")
    return render(headings, [tuple(pair.values()) for pair in pairs])


def _milliseconds(call: Callable[[], object], clock: Clock) -> float:
    started = clock()
    call()
    return (clock() - started) * 1e3


def _progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
