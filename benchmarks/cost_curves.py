"""How a request's cost grows with candidates, history and depth, with straight lines laid through it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from compress.integers import quantise
from edge.engines.protocol import Engine
from export.buckets import Buckets
from synthetic_request import Request, kept_user, new_user, open_engines, score, synthetic_request, user_tokens

from cloud.model import Encoder
from cloud.presets import PRESETS
from edge.table import render

CANDIDATES = (1, 2, 5, 10, 20, 50, 100, 200, 500)
EVENTS = (0, 5, 10, 20, 40, 60, 80, 100)
DEPTHS = (1, 4, 8, 12, 16, 24)
DEPTH, SOME_CANDIDATES, SOME_EVENTS = 6, 50, 20  # of what a curve does not vary
UNITS = {"candidates": "candidates", "history": "past behaviours", "depth": "layers"}
HEADINGS = ("cost against", "user", "engine", "ms for one more", "ms for none", "R2 of a line", "with a square")
Clock = Callable[[], float]
Kind = tuple[str, str, str]  # what varies, user new or kept, engine


@dataclass(frozen=True)
class Curve:
    """Milliseconds, the least of the rounds: other jobs only ever add. `slope` and `start` are of the line."""

    kind: Kind
    sizes: tuple[int, ...]
    milliseconds: tuple[float, ...]
    slope: float
    start: float
    r_squared: float
    r_squared_of_square: float  # of a parabola: attention's share in a user's own tokens


def measure_curves(
    engines: Sequence[str], candidate_tokens: int, rows: int, rounds: int, clock: Clock, directory: Path
) -> list[Curve]:
    """The full shape with room for `EVENTS`; points take turns in rounds."""
    torch.manual_seed(0)
    model = quantise(Encoder(replace(PRESETS["m6-edge"], slots=3 + max(EVENTS))))
    buckets = Buckets(tuple(sorted({user_tokens(events) for events in EVENTS})), rows, candidate_tokens)
    opened = open_engines(model, buckets, engines, directory)
    points = {key: call for name, engine in opened.items() for key, call in _points(name, engine, candidate_tokens)}
    costs: dict[tuple[Kind, int], float] = {}
    for round in range(rounds + 1):  # the first one warms up
        print(f"curves: round {round} of {rounds}", file=sys.stderr, flush=True)
        for key, call in points.items():
            started = clock()
            call()
            spent = (clock() - started) * 1e3
            costs[key] = min(spent, costs.get(key, spent))
    kinds = dict.fromkeys(kind for kind, _ in costs)
    return [fitted(kind, {size: cost for (of, size), cost in costs.items() if of == kind}) for kind in kinds]


def fitted(kind: Kind, costs: dict[int, float]) -> Curve:
    """With the line of least squares."""
    sizes, spent = (np.array(values, dtype=np.float64) for values in (list(costs), list(costs.values())))
    slope, start = np.polyfit(sizes, spent, 1)
    line, parabola = (_explained(sizes, spent, degree) for degree in (1, 2))
    return Curve(kind, tuple(costs), tuple(costs.values()), float(slope), float(start), line, parabola)


def curves_text(curves: Sequence[Curve]) -> str:
    rows = [(*one.kind, one.slope, one.start, one.r_squared, one.r_squared_of_square) for one in curves]
    fixed = f"{SOME_CANDIDATES} candidates, {SOME_EVENTS} past behaviours, exit {DEPTH}, but for what varies"
    return f"{fixed}\n\n{render(HEADINGS, rows)}"


def draw_curves(curves: Sequence[Curve], path: Path) -> None:
    """One panel for each thing that varies, measured points and their lines."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(1, len(UNITS), figsize=(4.2 * len(UNITS), 3.6), layout="constrained")
    for panel, (against, unit) in zip(panels, UNITS.items(), strict=True):
        for curve in (one for one in curves if one.kind[0] == against):
            label = f"{curve.kind[2]}, user {curve.kind[1]}, R² {curve.r_squared:.4f}"
            (points,) = panel.plot(curve.sizes, curve.milliseconds, "o", markersize=4, label=label)
            ends = np.array([0, max(curve.sizes)])
            panel.plot(ends, curve.start + curve.slope * ends, linewidth=1, color=points.get_color())
        panel.set(xlabel=unit, ylabel="ms, one thread", ylim=(0, None), title=f"cost against {against}")
        panel.legend(fontsize=7)
    figure.savefig(path, dpi=150)
    pyplot.close(figure)


def _points(name: str, engine: Engine, tokens: int) -> Iterator[tuple[tuple[Kind, int], Callable[[], object]]]:
    """Every size of every curve of one engine."""
    most = synthetic_request(max(CANDIDATES), tokens, SOME_EVENTS)
    request = replace(most, candidates=most.candidates[:SOME_CANDIDATES])
    kept = kept_user(engine, request, max(DEPTHS))
    for count in CANDIDATES:
        some = replace(most, candidates=most.candidates[:count])
        yield (("candidates", "kept", name), count), partial(score, kept, some, DEPTH)
    for depth in DEPTHS:
        yield (("depth", "kept", name), depth), partial(score, kept, request, depth)
        yield (("depth", "new", name), depth), partial(_score_anew, engine, request, depth)
    for events in EVENTS:
        some = synthetic_request(SOME_CANDIDATES, tokens, events)
        user = kept_user(engine, some, DEPTH)
        yield (("history", "kept", name), events), partial(score, user, some, DEPTH)
        yield (("history", "new", name), events), partial(_score_anew, engine, some, DEPTH)


def _score_anew(engine: Engine, request: Request, depth: int) -> np.ndarray:
    return score(new_user(engine, request), request, depth)


def _explained(sizes: np.ndarray, spent: np.ndarray, degree: int) -> float:
    """R²: the share of the variance that a polynomial of that degree explains."""
    missed = spent - np.polyval(np.polyfit(sizes, spent, degree), sizes)
    return 1 - float(missed @ missed) / float(((spent - spent.mean()) ** 2).sum())
