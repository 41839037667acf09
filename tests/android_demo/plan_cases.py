"""Writes plans that are drawn at random, with what Python's runtime does: python plan_cases.py --cases 10000

Each is a vector as PLAN.md, section 8, describes it, a JSON object a line; `order` has `logits` (null: NaN) and the
places, best first. `android_demo/prove.sh` gives them to Kotlin.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from random import Random
from typing import Any, cast

import numpy as np
from named_texts import named_texts
from noting_engine import NotingEngine

from edge.bundle.exits import Exit, MeasuredExit
from edge.engines.protocol import Engine
from edge.runtime.choice import Work, choose
from edge.runtime.costs import Costs
from edge.runtime.pace import Pace
from edge.runtime.ranker import best_first
from edge.runtime.summaries import Summaries
from edge.runtime.window import first_event

SIZES = (1, 8, 16, 32, 64, 128, 256)
Case = dict[str, Any]


def exit_case(random: Random) -> Case:
    """Few values, so that costs and qualities are often equal."""
    layers, depths = random.randrange(4), sorted(random.sample(range(9), random.randint(1, 3)))
    exits = [(encode, interact) for encode in depths for interact in range(layers + 1) if random.random() < 0.8]
    measured = [_measured(random, encode, interact) for encode, interact in exits or [(depths[-1], layers)]]
    costs = {name: _points(random) for name in ("chunk", "encode", "append")}
    costs |= {"score": [_points(random) for _ in range(layers + 1)]}
    works = {depth: _work(random) for depth in depths}
    case = {
        "kind": "exit", "costs": costs, "exits": measured, "works": works, "phrase_depth": min(1, depths[-1]),
        "budget_ms": random.choice((None, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, -1.0)),
        "min_auc": random.choice((None, None, 0.6, 0.65, 0.7, 1.0)),
    }  # fmt: skip
    found = choose(
        Costs(costs["chunk"], costs["encode"], costs["append"], tuple(costs["score"])),
        {depth: Work(*work.values()) for depth, work in works.items()},
        [MeasuredExit(Exit(one["encode"], one["interact"]), _quality(one)) for one in measured],
        case["phrase_depth"], case["budget_ms"], case["min_auc"],
    )  # fmt: skip
    return case | {"expected": vars(found.exit) | {"milliseconds": found.milliseconds}}


def _measured(random: Random, encode: int, interact: int) -> Case:
    aucs = {name: random.choice((None, 0.6, 0.65, 0.7)) for name in ("auc", "validation_auc")}
    return {"encode": encode, "interact": interact} | aucs


def _quality(one: Case) -> dict[str, float]:
    return {name: one[name] for name in ("auc", "validation_auc") if one[name] is not None}


def _points(random: Random) -> list[tuple[int, float]]:
    sizes = sorted(random.sample(SIZES, random.randint(1, 3)))
    return [(size, random.choice((0.0, 0.25, 0.5, 1.0, random.random()))) for size in sizes]


def _work(random: Random) -> Case:
    chunks, phrases = ([random.choice(SIZES) for _ in range(random.randrange(3))] for _ in range(2))
    candidates = random.choice((0, *SIZES))
    return {
        "chunks": chunks,
        "phrases": phrases,
        "entries": random.choice((0, 0, 1, 5, 40)),
        "candidates": candidates,
        "candidates_0": random.choice((candidates, 2 * candidates)),
    }


def first_case(random: Random) -> Case:
    most = random.choice((0, 1, 2, 3, 4, 5, 63, 199, random.randrange(16_384)))
    events = [random.randrange(10_001) for _ in range(20)] + [most, most + 1]
    return {"kind": "first", "most": most, "events": events, "expected": [first_event(n, most) for n in events]}


def pace_case(random: Random) -> Case:
    pace, steps, expected = Pace(), [], []
    for _ in range(random.randrange(1, 30)):
        step = (random.choice((0.0, 0.5, 20 * random.random())), random.choice((0.001, 1e4, 40 * random.random())))
        pace.add(*step)
        steps.append(step)
        expected.append((pace.factor, pace.cautious))
    return {"kind": "pace", "steps": steps, "expected": expected}


def order_case(random: Random) -> Case:
    values = (None, 0.0, -0.0, 1.0, -1.0, 1e-45, float(np.float32(random.gauss(0, 1))))
    logits = [random.choice(values) for _ in range(random.randrange(40))]
    row = np.array([math.nan if one is None else one for one in logits], dtype=np.float32)
    return {"kind": "order", "logits": logits, "expected": best_first(row)}


def summaries_case(random: Random) -> Case:
    """One small cache and several requests, whose segments often repeat."""
    sizes = {
        "hidden": random.choice((1, 4)),
        "positions": random.choice((2, 5)),
        "chunk_tokens": random.randrange(1, 12),
        "chunk_segments": random.randrange(1, 5),
        "budget_bytes": random.choice((0, 30, 60, 100, 10_000)),
    }
    engine = NotingEngine(sizes)
    summaries = Summaries(cast(Engine, engine), sizes["budget_bytes"])
    requests, expected = [], []
    for _ in range(random.randrange(1, 5)):
        segments = [tuple(random.randrange(3) for _ in range(random.randrange(4))) for _ in range(random.randrange(7))]
        depth = random.randrange(3)
        engine.chunks = []
        missing = summaries.look(segments, depth).missing
        if segments:
            summaries.of(segments, depth)
        requests.append({"depth": depth, "segments": segments})
        kept = [key for key, _ in summaries.entries()]
        expected.append({"missing": missing, "chunks": engine.chunks, "bytes": summaries.bytes, "kept": kept})
    return {"kind": "summaries", **sizes, "requests": requests, "expected": expected}


def texts_case(random: Random) -> Case:
    """What a request names, of a user of whom a part is computed."""
    most, events, candidates = random.randrange(1, 9), random.randrange(30), random.randrange(4)
    first = first_event(random.randint(0, events), most)
    kept = random.choice((None, (first, random.randint(1, 1 + min(most, events - first))))) if first <= events else None
    return {
        "kind": "texts", "most": most, "events": events, "kept": kept, "candidates": candidates,
        "expected": named_texts(most, events, kept, candidates),
    }  # fmt: skip


KINDS = (exit_case, exit_case, exit_case, first_case, pace_case, order_case, summaries_case, texts_case)


def plan_case(seed: int, number: int) -> Case:
    """A case depends on the seed and its own number alone."""
    return KINDS[number % len(KINDS)](Random(seed << 40 | number))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for number in range(options.cases):
        print(json.dumps(plan_case(options.seed, number)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
