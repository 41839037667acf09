"""Texts of items and profiles summarised by a pretrained encoder, frozen or with its last layers trained."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from cloud.data.rows import Prepared
from cloud.limits import MOST_LAYERS, MOST_WIDTH
from cloud.ranking.encoder_directory import EncoderDirectory
from cloud.ranking.layers import precise
from cloud.ranking.pretrained_encoder import PretrainedEncoder
from cloud.ranking.timelines import TimelineBatch
from cloud.ranking.vectors import ENCODED_TOGETHER, DistinctTexts, encode_texts, load_vectors
from cloud.runs.directory import Run
from edge.config import check_counts, check_numbers, from_dict, setting
from edge.errors import EdgeError

HASH = "encoder_sha256"  # in the config of a run: of the directory's content
TUNED = "pretrained.tuned."  # before the names of tuned weights of a ranking model


@dataclass(frozen=True)
class EncoderConfig:
    """How a pretrained encoder's vectors become summaries."""

    pooling: Literal["auto", "mean", "cls"] = "auto"  # auto: as the directory says, else the mean
    tuned_layers: int = 0  # the last ones, which are trained; 0: the encoder is frozen
    tuned_rate: float = 0.02  # of the learning rate, for those layers
    inner: int = 256  # width of the layer between vector and summary
    dropout: float = 0.3  # of vectors

    def __post_init__(self) -> None:
        check_counts(self, tuned_layers=(0, MOST_LAYERS), inner=(1, MOST_WIDTH))
        check_numbers(self, tuned_rate=(0, 1), dropout=(0, 0.99))


class TunedLayers(nn.Module):
    """The last layers of an encoder. A weight is its pretrained value plus `rate` times its `change`, which is trained:
    so the optimiser moves it by that share of the learning rate, and decay pulls it to the pretrained value.
    """

    def __init__(self, encoder: PretrainedEncoder, texts: DistinctTexts, layers: int, rate: float) -> None:
        """Errors: the encoder has fewer layers, or none of their own."""
        super().__init__()
        self._encoder, self._rate = encoder, rate  # the encoder is no module: what is not trained is not saved
        self._texts = texts.texts
        self._tokens = encoder.tokens(texts.texts)
        self._layers = last_layers(encoder, layers)
        weights = {name: value for name, value in encoder.model.named_parameters() if self._is_tuned(name)}
        self._names = list(weights)
        self.changes = nn.ParameterList(torch.zeros_like(value) for value in weights.values())

    def train(self, mode: bool = True) -> TunedLayers:
        """The layers that are not trained see no dropout."""
        super().train(mode)
        for name, module in self._encoder.model.named_modules():
            module.training = mode and self._is_tuned(name)
        return self

    def _is_tuned(self, name: str) -> bool:
        return any(f"{name}.".startswith(f"{layer}.") for layer in self._layers)

    def _apply(self, function: Any, recurse: bool = True) -> TunedLayers:
        self._encoder.model._apply(function, recurse)  # type: ignore[no-untyped-call]
        super()._apply(function, recurse)  # type: ignore[no-untyped-call]
        return self

    def forward(self, rows: Tensor) -> Tensor:
        """(text,) rows of the distinct texts -> (text, width); each distinct one is encoded once."""
        distinct, inverse = torch.unique(rows, return_inverse=True)
        chosen = [self._tokens[row] for row in distinct.tolist()]  # ordered by length, nearly
        parts = [
            self._encoder.vectors(chosen[first : first + ENCODED_TOGETHER], self.call)
            for first in range(0, len(chosen), ENCODED_TOGETHER)
        ]
        return F.embedding(inverse, torch.cat(parts))

    def call(self, **inputs: Tensor) -> Any:
        """The encoder's model with the changed weights."""
        model = self._encoder.model
        weights = dict(model.named_parameters())
        pairs = zip(self._names, self.changes, strict=True)
        changed = {name: weights[name] + self._rate * change for name, change in pairs}
        return functional_call(model, changed, (), inputs)

    def encoded(self, folder: Path) -> Tensor:
        """(row, width) of all texts, by the layers as they are now."""
        digest = hashlib.sha256(repr(self._rate).encode())
        for change in self.changes:
            digest.update(change.detach().cpu().numpy().tobytes())
        return encode_texts(self._encoder, self._texts, folder, self.call, digest.hexdigest())


def last_layers(encoder: PretrainedEncoder, count: int) -> list[str]:
    """The names of the model's last transformer layers."""
    model, depth = encoder.model, getattr(encoder.model.config, "num_hidden_layers", 0)
    lists = [
        (name, module)
        for name, module in model.named_modules()
        if isinstance(module, nn.ModuleList) and len(module) == depth
    ]
    if len(lists) != 1 or count > depth:
        has = f"has {depth} layers" if len(lists) == 1 else "has no list of layers with weights of their own"
        fix = f"choose {setting('encoder.tuned_layers')} up to {depth}" if len(lists) == 1 else ""
        fix = fix or f"--set {setting('encoder.tuned_layers')}=0 leaves the encoder frozen"
        problem = f"{setting('encoder.tuned_layers')} is {count}, {encoder.directory.path} {has}"
        raise EdgeError(problem, fix=fix)
    name = lists[0][0]
    return [f"{name}.{place}" for place in range(depth - count, depth)]


class PretrainedSegments(nn.Module):
    """`forward(batch)` gives (segment, hidden), the summaries of the batch's distinct texts: a linear map of the
    vectors, which keeps alike what is alike from the first step on, plus a small MLP of them.

    `vectors` (row, width) are looked up, but in training those of `tuned` layers are computed.
    """

    vectors: Tensor
    row: Tensor
    mean: Tensor
    spread: Tensor

    def __init__(
        self, config: EncoderConfig, hidden: int, vectors: Tensor, row: Tensor, tuned: TunedLayers | None = None
    ) -> None:
        super().__init__()
        self.about: dict[str, Any] = {}  # the encoder, for the record
        self.register_buffer("vectors", vectors, persistent=False)
        self.register_buffer("row", row.long(), persistent=False)
        spread, mean = torch.std_mean(vectors.float(), 0, correction=0)  # of all texts: vectors lie in a narrow cone
        self.register_buffer("mean", mean)
        self.register_buffer("spread", torch.where(spread > 1e-4, spread, 1.0))
        self.tuned, self.dropout = tuned, config.dropout
        width = vectors.shape[1]
        self.direct = nn.Linear(width, hidden)
        self.inner = nn.Linear(width, config.inner)
        self.outer = nn.Linear(config.inner, hidden)
        self.summary_norm = nn.LayerNorm(hidden)

    def forward(self, batch: TimelineBatch) -> Tensor:
        return self.of_texts(batch.texts)

    def of_texts(self, texts: Tensor) -> Tensor:
        """(text,) numbers of the prepared run's texts, items' before users' -> (text, hidden)."""
        rows = self.row[texts]
        tuned = self.tuned if self.training else None
        vectors = precise(tuned(rows) if tuned else F.embedding(rows, self.vectors))
        vectors = F.dropout((vectors - self.mean) / self.spread, self.dropout, self.training)
        summaries: Tensor = self.summary_norm(self.direct(vectors) + self.outer(F.gelu(self.inner(vectors))))
        return summaries

    def settle(self, folder: Path) -> None:
        """After training: look up the vectors of the tuned layers."""
        if self.tuned is not None:
            self.vectors = self.tuned.encoded(folder).to(self.vectors.device)


def make_segments(
    directory: EncoderDirectory, config: EncoderConfig, prepared: Prepared, folder: Path, hidden: int
) -> PretrainedSegments:
    """For training, with the vectors of all texts of a prepared run; `folder` keeps those that are ready."""
    encoder, texts, tuned = PretrainedEncoder(directory), DistinctTexts.of(prepared), None
    if config.tuned_layers:
        tuned = TunedLayers(encoder, texts, config.tuned_layers, config.tuned_rate)
    vectors = encode_texts(encoder, texts.texts, folder)
    segments = PretrainedSegments(config, hidden, vectors, texts.row, tuned)
    segments.about = {"kind": directory.config["model_type"], "parameters": encoder.parameters, "texts": len(vectors)}
    return segments


def load_segments(run: Run, hidden: int) -> PretrainedSegments | None:
    """Of a finished run, for the texts that it was trained with; None if its own layers encode them."""
    if HASH not in run.config:
        return None
    config = from_dict(EncoderConfig, run.config["encoder"], f"{run.path}/config.json encoder")
    return PretrainedSegments(config, hidden, *load_vectors(run))
