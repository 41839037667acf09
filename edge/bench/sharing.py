"""Whether the installed model has every weight once, in one layer that all depths share."""

from __future__ import annotations

from collections import Counter

import numpy as np

from edge.bench.check import Check, count
from edge.bundle.bundle import Bundle
from edge.bundle.weights.forms import in_form
from edge.errors import EdgeError

LAYERS = "layers"  # a layer's tensors are named layers.N.*
DERIVED = ("sums",)  # forms that follow from the tensor, but do not hold it
MOST_NAMED = 3
ONE_LAYER = (
    "export a student: distillation gives it one shared layer, however deep it is (edge distill, then edge compress)",
    "an exporter must write the layer as one entry point that the host calls again and again, never unrolled",
)
ONCE = "let all entry points of the model refer to one buffer; edge inspect BUNDLE lists the tensors of each file"


def check_sharing(bundle: Bundle, engine: str, baseline: Bundle | None = None) -> tuple[Check, Check]:
    """One layer, and no tensor twice in the engine's files. Errors: the bundle packs no weights to tell it from."""
    if not bundle.weights:
        raise EdgeError(
            f"{bundle.path} has no weights.bin, so shared weights cannot be checked",
            fix="write it with edge export, or take unique_weights out of the budget",
        )
    return _one_layer(bundle, engine, baseline), _stored_once(bundle, engine)


def _one_layer(bundle: Bundle, engine: str, baseline: Bundle | None) -> Check:
    layers = sorted({int(name.split(".")[1]) for name in bundle.weights if name.startswith(f"{LAYERS}.")})
    what = "layers with weights of their own"
    if len(layers) <= 1:
        return Check(what, len(layers), 1, passed=True)
    own = ", ".join(f"{LAYERS}.{number}.*" for number in layers[1:])
    was_shared = baseline is not None and not any(
        name.startswith(f"{LAYERS}.{layers[1]}.") for name in baseline.weights
    )
    news = "are new: the layer is no longer shared" if was_shared else "are there: the layer is not shared"
    extra = sum(held for name, held in _held(bundle, engine).items() if _is_further_layer(name, layers[0]))
    evidence = f"they add {count(extra, 'byte')} to the installed {engine} model; one shared layer would serve all"
    return Check(what, len(layers), 1, False, f"{own} {news}", (evidence,), ONE_LAYER)


def _is_further_layer(name: str, first: int) -> bool:
    return name.startswith(f"{LAYERS}.") and not name.startswith(f"{LAYERS}.{first}.")


def _stored_once(bundle: Bundle, engine: str) -> Check:
    """Copies are counted in bytes beyond the first."""
    what, times = "bytes of weights stored again", _times(bundle, engine)
    missing = sorted(name for name in bundle.weights if _is_large(bundle, name) and name not in {n for n, _ in times})
    again = {place: number for place, number in times.items() if number > 1}
    extra = {place: (number - 1) * _size(bundle, place) for place, number in again.items()}
    if not again and not missing:
        return Check(what, 0, 0, passed=True)
    worst = sorted(again, key=lambda place: (-extra[place], place))
    evidence = [f"{name} stands {again[name, form]} times in it ({form})" for name, form in worst[:MOST_NAMED]]
    if not again:
        problem = f"{', '.join(missing[:MOST_NAMED])}: not in the installed {engine} model in any known form"
        return Check(what, None, 0, False, problem, ("copies in other forms cannot be found",), (ONCE,))
    total = sum(extra.values())
    problem = f"{count(total, 'byte')} of weights are in the installed {engine} model more than once"
    return Check(what, total, 0, False, problem, tuple(evidence), (ONCE,))


def _times(bundle: Bundle, engine: str) -> Counter[tuple[str, str]]:
    """(tensor, form) -> how often it stands in the engine's files."""
    files = [file for file in bundle.files if file.section == f"model:{engine}"]
    return Counter((hole.tensor, hole.form) for file in files for hole in file.holes if hole.form not in DERIVED)


def _held(bundle: Bundle, engine: str) -> Counter[str]:
    """Tensor -> bytes that it takes in the engine's files."""
    held: Counter[str] = Counter()
    for (name, form), number in _times(bundle, engine).items():
        held[name] += number * _size(bundle, (name, form))
    return held


def _size(bundle: Bundle, place: tuple[str, str]) -> int:
    return len(in_form(bundle.weights[place[0]], place[1]))


def _is_large(bundle: Bundle, name: str) -> bool:
    """Integers that are worth finding: those of tables and products."""
    values = bundle.weights[name]
    return values.dtype == np.int8 and values.size >= 1024 and bool((values != values.flat[0]).any())
