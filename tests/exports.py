"""A small student, pruned and quantised, as LiteRT and ONNX files in both precisions and as a bundle."""

from __future__ import annotations

import string
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from cloud.torch_engine import TorchEngine
from compress.integers import dequantise, quantise
from edge.conformance.golden import Golden, make_golden, score, to_line
from edge.engines.protocol import Engine
from export.buckets import Buckets
from export.bundle import embedding_rows
from export.litert.entry_points import export_litert
from export.onnx.entry_points import export_onnx
from small_models import VOCABULARY, Segment, make_model, shape

from cloud.model import Encoder
from compress.magnitude import MagnitudePruner, PruneSchedule
from edge.bundle.bundle import write_bundle
from edge.config import to_dict
from edge.engines.opening import open_engine
from edge.text.sequence import TextEncoder
from edge.text.spec import TextSpec
from edge.text.types import Event, Item, Request, User
from edge.text.wordpiece import SPECIAL_TOKENS

BUCKETS = Buckets(user_tokens=(24, 48), candidates=4, candidate_tokens=16)
SPEC = TextSpec(
    profile="[[{age} years old]]",
    item="{title} [[{year}]]",
    event="{liked|choose:liked:disliked}",
    max_events=10,
    max_segment_tokens=16,
    max_user_tokens=48,
)
TITLES = ("star wars", "heat", "the crow", "fargo", "alien", "jaws", "big night", "exotica", "clue")
TOLERANCE = {"float": 1e-4, "int8": 0.05}  # int8: engines round activations differently, and 32 wide is coarse


@dataclass(frozen=True)
class Exported:
    """`models`/PRECISION/ENGINE holds what each engine runs; `reference` gives the torch model of a precision."""

    models: Path
    reference: dict[str, Encoder]
    encoder: TextEncoder
    golden: list[Golden]

    def engine(self, precision: str, engine: str) -> Engine:
        return open_engine(engine, self.models / precision, TorchEngine(self.reference[precision]).shape)


def vocabulary() -> list[str]:
    pieces = [*string.ascii_lowercase, *string.digits]
    words = ["years", "old", "liked", "disliked", "star", "wars", "heat", "the", "##go", "##en"]
    listed = [*SPECIAL_TOKENS, *pieces, *(f"##{piece}" for piece in pieces), *words]
    return listed + [f"[unused{number}]" for number in range(VOCABULARY - len(listed))]


def request(title: str = "heat", events: int = 3, candidates: int = 6) -> Request:
    history = tuple(
        Event(Item("", {"title": TITLES[number % 9]}), {"liked": number % 2 == 0}) for number in range(events)
    )
    items = tuple(
        Item(f"i{number}", {"title": TITLES[number % 9], "year": 1970 + number}) for number in range(candidates)
    )
    return Request(User({"age": 20 + events}), history, (Item("asked", {"title": title}), *items))


def export_small(directory: Path) -> Exported:
    model = make_model(shape())
    MagnitudePruner(model, PruneSchedule(sparsity=0.5, end=1)).apply_at(model, 1)
    model.get_submodule("token").weight.data[50] = 0.0  # type: ignore[operator, union-attr]
    int8 = quantise(model)
    reference = {"float": dequantise(int8), "int8": int8}
    for precision, one in reference.items():
        (directory / precision / "litert").mkdir(parents=True)
        export_onnx(one, directory / precision / "onnx")
        export_litert(one, BUCKETS, directory / precision / "litert" / "model.tflite")
    encoder = TextEncoder(SPEC, vocabulary())
    requests = [request("alien"), request("jaws", 0, 0), request("the crow", 12, 12), request("heat", 1)]
    golden = [make_golden(encoder, TorchEngine(int8), one) for one in requests]
    return Exported(directory, reference, encoder, golden)


def bundle_of(
    exported: Exported, path: Path, golden: list[Golden] | None = None, packed: bool = False, **changes: Any
) -> Path:
    """The int8 models as a bundle, with the weights packed once if so asked."""
    config = exported.reference["int8"].config
    listed = {f"models/{p.relative_to(exported.models / 'int8')}": p for p in (exported.models / "int8").rglob("*.*")}
    files: dict[str, Path | bytes] = {
        "text.json": _json(to_dict(SPEC)),
        "vocab.txt": "".join(f"{token}\n" for token in vocabulary()).encode(),
        "golden.jsonl": "".join(
            to_line(one) + "\n" for one in (exported.golden if golden is None else golden)
        ).encode(),
    }
    exits = [{"depth": depth, "plan": "prefix", "quality": {"auc": 0.5 + depth / 100}} for depth in config.exit_depths]
    names = {"layers": config.layers, "hidden": config.hidden_size, "heads": config.heads, "handover": config.handover}
    manifest = {
        "name": "small",
        "model": names | embedding_rows(config),
        "exits": exits,
        "golden": {"tolerance": TOLERANCE["int8"]},
    }
    weights = {name: tensor.numpy() for name, tensor in exported.reference["int8"].state_dict().items()}
    write_bundle(path, files | listed, manifest | {"provenance": {}} | changes, weights if packed else None)
    return path


def scores(engine: Engine, user: tuple[Segment, ...], candidates: tuple[Segment, ...]) -> dict[str, np.ndarray]:
    """plan -> (exits, candidates)"""
    return {plan: np.stack(list(exits.values())) for plan, exits in score(engine, user, candidates).items()}


def _json(value: Any) -> bytes:
    import json

    return json.dumps(value).encode()
