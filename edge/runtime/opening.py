"""Opening a bundle: its files, text side and shape, then an engine that is warm and whose costs are known."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.arguments import check_count
from edge.bundle.archive import refuse
from edge.bundle.cascade import Cascade, parse_cascade
from edge.bundle.exits import Exit, Exits, parse_exits, read_exits
from edge.bundle.install import Installation, install, refuse_installed
from edge.bundle.keys import PublicKey
from edge.bundle.manifest import MANIFEST, TEXT, VOCABULARY
from edge.bundle.shape import Shape
from edge.bundle.token_manifest import parse_manifest, shape_of, tables_of
from edge.config import from_dict, to_dict
from edge.engines.opening import FROM_WEIGHTS, check_model, open_engine
from edge.engines.protocol import Engine
from edge.errors import EdgeError
from edge.files import write_json
from edge.runtime.costs import CostModel, calibrate, user_sizes
from edge.runtime.ranking.opening import MOST_THREADS as MOST_THREADS
from edge.runtime.refusing import refusing_what_cannot_run
from edge.runtime.scoring import InFull, Stepped
from edge.runtime.segment_cache import SegmentCache
from edge.runtime.user_side import UserSide
from edge.text.sequence import CLOSING, TextEncoder
from edge.text.spec import TextSpec
from edge.text.wordpiece import PAD


@dataclass(frozen=True)
class OpenedBundle:
    """A bundle's files where engines can read them, checked, and what they say."""

    path: Path
    files: Installation
    manifest: Mapping[str, Any]
    exits: tuple[Exit, ...]
    encoder: TextEncoder
    shape: Shape

    @property
    def directory(self) -> Path:
        return self.files.directory

    @property
    def models(self) -> Path:
        return self.directory / "models"

    def engine(self, name: str, threads: int = 1) -> Engine:
        """The engine of that name over the bundle's model. Errors: it cannot run here, the model is another's."""
        checked = self.directory / f"checked-{name}"  # once is enough: what is installed is what was checked
        try:
            if not checked.exists():
                check_model(name, self.models)
            engine = open_engine(name, self.models, self.shape, threads)
        except EdgeError as error:
            if str(self.directory) not in error.problem:  # not about a file: the engine is not here
                raise
            refuse_installed(self.path, self.directory, error)
        with suppress(OSError):  # where nothing can be written it is looked through at each open
            checked.touch()
        return engine


@dataclass(frozen=True)
class Model:
    """An opened bundle on one engine: what every request of a ranker computes with."""

    encoder: TextEncoder
    engine: Engine
    costs: CostModel
    exits: Exits
    cascades: Mapping[int, Cascade]  # by how many of the best they keep


def open_bundle_files(path: Path | str, public_key: PublicKey | None = None, weights: bool = False) -> OpenedBundle:
    """Check and install the bundle. `weights` asks for its packed weights, too, which some engines read.

    With a key, a bundle that its owner did not sign is refused.
    """
    if not isinstance(path, str | os.PathLike):
        raise EdgeError(f"the bundle's path is {path!r}, which is no path", fix='give "movies.edge"')
    if public_key is not None and not isinstance(public_key, PublicKey):
        raise EdgeError("public_key is no key", evidence=repr(public_key), fix="pass read_public_key(path)")
    files = install(path, public_key=public_key, weights=weights)
    directory = files.directory
    manifest = parse_manifest(Path(path), (directory / MANIFEST).read_bytes())
    shape = shape_of(manifest)
    exits = parse_exits(Path(path), manifest["exits"], shape.layers, shape.handover)
    encoder = _text_side(Path(path), directory, tables_of(manifest))
    return OpenedBundle(Path(path), files, manifest, exits, encoder, shape)


def _text_side(path: Path, directory: Path, tables: Mapping[str, int]) -> TextEncoder:
    """Of the installed files; what is wrong with them is wrong with the bundle, also what its model has no rows for."""
    try:
        encoder = TextEncoder.open(directory / TEXT, directory / VOCABULARY)
    except EdgeError as error:
        refuse_installed(path, directory, error)
    tokens, spec = len(encoder.wordpiece), encoder.spec
    if tokens != tables.get("vocabulary", tokens):
        refuse(path, f"{VOCABULARY} has {tokens:,} tokens, the model {tables['vocabulary']:,}")
    if spec.max_segment_tokens > tables.get("positions", spec.max_segment_tokens):
        problem = f"{TEXT} lets a segment have {spec.max_segment_tokens:,} tokens"
        refuse(path, f"{problem}, the model has {tables['positions']:,} positions")
    if spec.slots > tables.get("slots", spec.slots):
        problem = f"{TEXT} asks for {spec.slots:,} slots (max_events + 3)"
        refuse(path, f"{problem}, the model has {tables['slots']:,}")
    return encoder


def open_model(path: Path | str, engine: str, threads: int = 1, public_key: PublicKey | None = None) -> Model:
    """The bundle on an engine that is warm. The first time on this device, its costs are measured and kept."""
    check_count("threads", threads, most=MOST_THREADS)
    opened = open_bundle_files(path, public_key, weights=engine in FROM_WEIGHTS)
    running, manifest, encoder = opened.engine(engine, threads), opened.manifest, opened.encoder
    with refusing_what_cannot_run(opened.path, engine):
        _warm_up(running, encoder.spec)
    costs = _calibrated(opened.directory / f"calibration-{engine}-{threads}.json", running, encoder.spec)
    cascades = {cascade.top: cascade for cascade in map(parse_cascade, manifest.get("cascades", []))}
    return Model(encoder, running, costs, read_exits(opened.exits, engine, opened.shape.handover), cascades)


def _warm_up(engine: Engine, spec: TextSpec) -> None:
    """Engines prepare each shape when they first meet it: that belongs to opening, not to a request."""
    longest, cache = spec.max_segment_tokens, SegmentCache()
    for tokens in user_sizes(engine, spec.max_user_tokens, longest):
        body = [PAD] * (min(tokens, spec.max_user_tokens) - 1)
        segments = [tuple(body[start : start + longest]) for start in range(0, len(body), longest)]
        user = UserSide(engine, [*segments[: spec.max_events + 1], CLOSING], 0, cache)
        candidates = Stepped(engine, user, [(PAD,) * longest], cache)
        engine.head(candidates.end())
        candidates.advance()
        user.context(2, last=True)
    InFull(engine, user.segments, [(PAD,) * longest]).advance()


def _calibrated(path: Path, engine: Engine, spec: TextSpec) -> CostModel:
    """The costs measured here before, or measured now and kept."""
    if path.exists():
        try:
            return from_dict(CostModel, json.loads(path.read_text()), str(path))
        except (EdgeError, ValueError, OSError):
            pass  # damaged, or of another version: measure again
    costs = calibrate(engine, spec.max_user_tokens, spec.max_segment_tokens)
    with suppress(OSError):  # where nothing can be written they are measured at each open
        write_json(path, to_dict(costs))
    return costs
