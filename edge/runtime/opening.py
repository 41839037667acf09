"""Opening a ranking model's bundle: its files and text side, then an engine that is warm, with known costs."""

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
from edge.bundle.exits import MeasuredExit, parse_exits
from edge.bundle.install import Installation, install, refuse_installed
from edge.bundle.keys import PublicKey
from edge.bundle.listing import MANIFEST, TEXT, VOCABULARY, WEIGHTS
from edge.bundle.manifest import parse_manifest
from edge.config import from_dict, to_dict
from edge.engines.chunk import chunk_of
from edge.engines.opening import FROM_WEIGHTS, absent, check_model, open_engine, shape_in
from edge.engines.protocol import Engine
from edge.engines.shape import ModelShape
from edge.errors import EdgeError
from edge.files import write_json
from edge.runtime.allocator import return_freed
from edge.runtime.costs import Costs, measure_costs, warm_up
from edge.runtime.model import Model
from edge.runtime.refusing import refusing_what_cannot_run
from edge.runtime.user_timeline import Reading
from edge.text.segments import SegmentEncoder
from edge.text.sequence import TextEncoder

MOST_THREADS = 256


@dataclass(frozen=True)
class OpenedBundle:
    """A bundle's files where engines can read them, checked, and what they say."""

    path: Path
    files: Installation
    manifest: Mapping[str, Any]
    exits: tuple[MeasuredExit, ...]
    shape: ModelShape
    reading: Reading

    @property
    def directory(self) -> Path:
        """The directory of the installed files."""
        return self.files.directory

    @property
    def models(self) -> Path:
        """The directory of the model files of all engines."""
        return self.directory / "models"

    @property
    def weights(self) -> str:
        """The SHA-256 of the packed weights, which names what summaries were computed from; "" if it packs none."""
        return next((file["sha256"] for file in self.manifest["files"] if file["path"] == WEIGHTS), "")

    def engine(self, name: str, threads: int = 1) -> Engine:
        """The engine of that name over the bundle's model. Errors: it cannot run here, the model is another's."""
        absent(name, self.models)  # refuses what is no engine's name
        checked = self.directory / f"checked-{name}"  # once is enough: what is installed is what was checked
        try:
            if not checked.exists() and (self.models / name).is_dir():
                check_model(name, self.models)
            engine = open_engine(name, self.models, self.shape, threads)
        except EdgeError as error:
            if str(self.directory) not in error.problem:  # not about a file: the engine is not here
                raise
            refuse_installed(self.path, self.directory, error)
        self._check_buckets(name, engine)
        with suppress(OSError):  # if the mark cannot be written, the file is checked at each open
            checked.touch()
        return engine

    def _check_buckets(self, name: str, engine: Engine) -> None:
        """Errors: the model has other graphs than those that the manifest names, which other hosts rely on."""
        found, listed = {*getattr(engine, "signatures", ())}, {*self.manifest["buckets"].get(name, ())}
        if found and found != listed:
            odd = sorted(found ^ listed)[0]
            refuse(self.path, f"its {name} model and {MANIFEST} do not name the same graphs: {ascii(odd)[:60]}")


def open_files(
    path: Path | str, public_key: PublicKey | None = None, weights: bool = False, cache: Path | None = None
) -> OpenedBundle:
    """Check and install the bundle. `weights` asks for its packed weights, too, which the reference engine reads.

    With a key, a bundle that its owner did not sign is refused. A given `cache` replaces the default one.
    """
    if not isinstance(path, str | os.PathLike):
        raise EdgeError(
            f"the path of the bundle is {path!r}, which is not a path", fix='pass a path, such as "movies.edge"'
        )
    if public_key is not None and not isinstance(public_key, PublicKey):
        raise EdgeError("public_key is not a PublicKey", evidence=repr(public_key), fix="pass read_public_key(path)")
    files, path = install(path, cache, public_key, weights), Path(path)
    manifest = parse_manifest(path, (files.directory / MANIFEST).read_bytes())
    encoder = _text_side(path, files.directory, manifest["model"])
    reading = Reading(SegmentEncoder(encoder), encoder.spec.numbers, manifest["model"]["value"])
    exits = parse_exits(path, manifest["exits"], manifest["model"])
    return OpenedBundle(path, files, manifest, exits, shape_in(manifest), reading)


def _text_side(path: Path, directory: Path, model: Mapping[str, Any]) -> TextEncoder:
    """Of the installed files; what is wrong with them is wrong with the bundle, also what its model has no rows for."""
    try:
        encoder = TextEncoder.open(directory / TEXT, directory / VOCABULARY)
    except EdgeError as error:
        refuse_installed(path, directory, error)
    tokens, spec = len(encoder.wordpiece), encoder.spec
    if tokens != model["vocabulary"]:
        refuse(path, f"{VOCABULARY} has {tokens:,} tokens, the model {model['vocabulary']:,}")
    if spec.max_segment_tokens > model["positions"]:
        problem = f"{TEXT} lets a segment have {spec.max_segment_tokens:,} tokens"
        refuse(path, f"{problem}, the model has {model['positions']:,} positions")
    if len(spec.numbers) != model["numbers"]:
        refuse(path, f"{TEXT} has {len(spec.numbers)} numbers, the model {model['numbers']}")
    return encoder


def open_model(path: Path | str, engine: str, threads: int = 1, public_key: PublicKey | None = None) -> Model:
    """The bundle on an engine that is warm. The first time on this device, its costs are measured and kept."""
    check_count("threads", threads, most=MOST_THREADS)
    opened = open_files(path, public_key, weights=engine in FROM_WEIGHTS)
    running = opened.engine(engine, threads)
    last_token = (len(opened.reading.encoder.encoder.wordpiece) - 1,)
    with refusing_what_cannot_run(opened.path, engine):
        running.summarise(chunk_of([last_token], opened.shape.positions), 0)  # there is a row for every token
        costs = _calibrated(opened.directory / f"calibration-{engine}-{threads}.json", running)
    return_freed()  # opening took more than requests do
    return Model(running, opened.reading, costs, opened.exits, opened.weights, opened.directory)


def _calibrated(path: Path, engine: Engine) -> Costs:
    """The costs measured here before, or measured now and kept; the engine is warm afterwards."""
    kept = None
    with suppress(EdgeError, ValueError, OSError):  # none, damaged, or of another version: measure
        kept = from_dict(Costs, json.loads(path.read_text()), str(path))
    if kept is not None and len(kept.score) == engine.shape.interact_layers + 1:
        warm_up(engine)
        return kept
    costs = measure_costs(engine)
    with suppress(OSError):  # where nothing can be written they are measured at each open
        write_json(path, to_dict(costs))
    return costs
