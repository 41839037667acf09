"""One vector of a pretrained encoder for every text of a prepared run: computed once, kept by texts and weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor
from tqdm import tqdm

from cloud.data.rows import Prepared
from cloud.device import best_device
from cloud.ranking.pretrained_encoder import PretrainedEncoder
from cloud.runs.directory import Run, sha256_json
from edge.errors import EdgeError
from edge.files import write_atomically

FILE = "vectors.safetensors"
KEPT_TOGETHER = 1_024  # texts per file of kept vectors: at most so many are encoded again after an interruption
ENCODED_TOGETHER = 64


@dataclass(frozen=True)
class DistinctTexts:
    """All texts of a prepared run, those of items before those of users: each once, and the row that each text has."""

    texts: tuple[str, ...]
    row: Tensor  # (text,) of `texts`

    @classmethod
    def of(cls, prepared: Prepared) -> DistinctTexts:
        """The distinct texts of all items and profiles of a prepared run."""
        every = [*prepared.items.texts, *prepared.users.texts]
        texts = sorted(set(every), key=lambda text: (len(text), text))  # those of like length are padded together
        place = {text: row for row, text in enumerate(texts)}
        return cls(tuple(texts), torch.tensor([place[text] for text in every], dtype=torch.int32))


def encode_texts(
    encoder: PretrainedEncoder,
    texts: Sequence[str],
    folder: Path,
    call: Callable[..., Any] | None = None,
    tuned: str = "",
) -> Tensor:
    """(text, width) in float16. What `folder` has of the same texts and weights is not computed again.

    `call` stands in for the encoder's model, `tuned` names its weights. Errors: a value of a vector is not a number.
    """
    about = [encoder.directory.sha256, encoder.directory.pooling, tuned, KEPT_TOGETHER, list(texts)]
    kept = folder / sha256_json(about)[:16]
    kept.mkdir(parents=True, exist_ok=True)
    encoder.model.to(best_device())
    parts = []
    with tqdm(desc="encode texts", total=len(texts), unit=" texts", unit_scale=True, leave=False, disable=None) as done:
        for first in range(0, len(texts), KEPT_TOGETHER):
            some, path = texts[first : first + KEPT_TOGETHER], kept / f"{first:09}.safetensors"
            vectors = _kept(path, len(some))
            if vectors is None:
                vectors = _encoded(encoder, some, call)
                write_atomically(path, save({"vectors": vectors}))
            parts.append(vectors)
            done.update(len(some))
    return torch.cat(parts)


def _kept(path: Path, count: int) -> Tensor | None:
    try:
        vectors = load_file(path)["vectors"]
    except (OSError, SafetensorError, KeyError):
        return None
    return vectors if len(vectors) == count else None


def _encoded(encoder: PretrainedEncoder, texts: Sequence[str], call: Callable[..., Any] | None) -> Tensor:
    tokens, parts = encoder.tokens(texts), []
    with torch.inference_mode():
        for first in range(0, len(texts), ENCODED_TOGETHER):
            parts.append(encoder.vectors(tokens[first : first + ENCODED_TOGETHER], call).half().cpu())
    vectors = torch.cat(parts)
    bad = (~vectors.isfinite().all(1)).nonzero().ravel().tolist()
    if bad:
        problem = f"{encoder.directory.path} makes a vector with values that are not numbers, or beyond float16"
        raise EdgeError(problem, evidence=f"of the text {texts[bad[0]][:80]!r}", fix="use another encoder")
    return vectors


def save_vectors(folder: Path, vectors: Tensor, row: Tensor) -> None:
    """Write the vectors of the distinct texts, and the row of each text, atomically."""
    write_atomically(folder / FILE, save({"vectors": vectors, "row": row}))


def load_vectors(run: Run) -> tuple[Tensor, Tensor]:
    """(row, width) and (text,) of a finished run."""
    tensors = load_file(run.file(FILE))
    return tensors["vectors"], tensors["row"]
