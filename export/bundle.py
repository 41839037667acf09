"""A bundle from its pieces: model files, parameters, text side and golden requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cloud.model import Encoder, ModelConfig
from edge.bundle.bundle import BundleInfo, write_bundle
from edge.conformance.golden import Golden, to_line
from export.weights import parameters_of


def bundle_models(
    path: Path,
    model: Encoder,
    texts: Mapping[str, Path | bytes],
    goldens: Sequence[Golden],
    models: Path,
    manifest: Mapping[str, Any],
) -> BundleInfo:
    """Write `path` with all files under `models`; `texts` has text.json and vocab.txt. Each weight is in it once.

    The manifest's model gains the rows of its embeddings, which the text side must fit.
    """
    golden = "".join(to_line(record) + "\n" for record in goldens).encode()
    files: dict[str, Path | bytes] = {**texts, "golden.jsonl": golden}
    files |= {f"models/{file.relative_to(models)}": file for file in sorted(models.rglob("*")) if file.is_file()}
    described = {**manifest, "model": {**manifest["model"], **embedding_rows(model.config)}}
    return write_bundle(path, files, described, parameters_of(model))


def embedding_rows(config: ModelConfig) -> dict[str, int]:
    return {"vocabulary": config.vocabulary_size, "positions": config.positions, "slots": config.slots}
