"""The first phase: the student's summary of a text, through a linear map, is the teacher's summary, whitened."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save
from torch import Tensor, nn
from torch.nn import functional as F

from cloud.data.rows import Tokens
from cloud.ranking.layers import precise
from cloud.ranking.losses import depth_of_step
from cloud.ranking.model import RankingModel
from cloud.ranking.pretrained import PretrainedSegments
from cloud.ranking.timelines import PaddedTexts
from distill.factors import factor_loss
from distill.whitening import whitening_of
from edge.files import write_atomically

TOGETHER = 512  # texts that the teacher encodes together


@dataclass(frozen=True)
class SummaryBatch:
    """`segments`: groups of (text, token) ids, 0 padded, whose texts are numbered through; some are padding.

    Of texts: `places` are their numbers, `targets` (text, teacher's hidden) what their summaries are to become.
    """

    segments: tuple[Tensor, ...]
    places: Tensor
    targets: Tensor
    factors: Tensor | None = None  # (text, factor)


class SummaryBatches:
    """Batch i: texts of pass i // `of_pass`, in an order of its own."""

    def __init__(
        self, texts: PaddedTexts, targets: Tensor, size: int, seed: int, factors: Tensor | None = None
    ) -> None:
        self.texts, self.targets, self.size, self.seed = texts, targets, size, seed
        self.factors = factors
        self.of_pass = -(-len(targets) // size)

    def __call__(self, number: int) -> SummaryBatch:
        turn, place = divmod(number, self.of_pass)
        order = np.random.default_rng((self.seed, turn)).permutation(len(self.targets))
        chosen = order[place * self.size : (place + 1) * self.size]
        groups, _, (places,) = self.texts.distinct(chosen)
        as_tensor = torch.from_numpy
        rows = as_tensor(chosen)
        factors = None if self.factors is None else self.factors[rows]
        return SummaryBatch(tuple(map(as_tensor, groups)), as_tensor(places), self.targets[rows], factors)


class SummaryLoss(nn.Module):
    """Squared error and one minus the cosine, after a linear map that is trained beside the student.

    One map for all encode depths: what comes after a summary is the same for all of them. Without widths there is no
    map: the summaries are to stay what they were.
    """

    def __init__(self, student_width: int = 0, teacher_width: int = 0) -> None:
        super().__init__()
        self.map = nn.Linear(student_width, teacher_width) if teacher_width else nn.Identity()

    def forward(self, model: nn.Module, batch: SummaryBatch, step: int) -> tuple[Tensor, dict[str, float]]:
        assert isinstance(model, RankingModel)
        model.eval()  # without dropout: the student reads the text that the teacher read
        depth = depth_of_step(model.shape.encode_depths, step)
        found = torch.cat([model.summaries(tokens, depth) for tokens in batch.segments])
        summaries = F.embedding(batch.places, found)
        made = precise(self.map(summaries))
        error = F.mse_loss(made, batch.targets)
        cosine = F.cosine_similarity(made, batch.targets, dim=-1).mean()
        loss, figures = error + 1 - cosine, {"squared error": float(error.detach()), "cosine": float(cosine.detach())}
        if batch.factors is not None:
            assert model.likeness is not None
            factors = factor_loss(precise(model.likeness.factors(summaries)), batch.factors)
            loss, figures["factors"] = loss + factors, float(factors.detach())
        return loss, figures


def augmented(
    texts: PaddedTexts, items: int, rounds: int, drop: float, seed: int
) -> tuple[PaddedTexts, NDArray[np.int64]]:
    """The texts and, `rounds` times, each of them changed, so that words occur in more contexts; and which text each is
    a variant of, -1 for one of two texts.

    Words are dropped, and every second of the first `items` texts, which are those of items, gets half of another's.
    """
    chance = np.random.default_rng(seed)
    originals = [tuple(row[:length].tolist()) for row, length in zip(texts.tokens, texts.lengths, strict=True)]
    changed, sources = list[Tokens](), list(range(len(originals)))
    for _ in range(rounds):
        others = chance.permutation(items) if items else np.empty(0, np.int64)
        for place, text in enumerate(originals):
            both = place < items and place % 2
            mixed = _halves(text, originals[others[place]]) if both else text
            changed.append(_dropped(mixed, drop, chance))
            sources.append(-1 if both else place)
    return PaddedTexts([*originals, *changed], texts.tokens.shape[1]), np.array(sources)


def _halves(first: Tokens, second: Tokens) -> Tokens:
    return first[: -(-len(first) // 2)] + second[len(second) // 2 :]


def _dropped(text: Tokens, share: float, chance: np.random.Generator) -> Tokens:
    kept: NDArray[np.bool_] = chance.random(len(text)) >= share
    return tuple(token for token, keep in zip(text, kept.tolist(), strict=True) if keep) or text[:1]


def summary_targets(teacher: RankingModel, texts: PaddedTexts, plain: int, cache: Path) -> Tensor:
    """(text, teacher's hidden): the teacher's deepest summaries, whitened by those of the first `plain` texts, or as
    they are if `plain` is 0.

    They are computed once: `cache` keeps them as the teacher gave them.
    """
    if not cache.is_file():
        write_atomically(cache, save({"summaries": _summaries(teacher, texts)}))
    found = load_file(cache)["summaries"]
    return whitening_of(found[:plain])(found) if plain else found


def pretrained_targets(teacher: RankingModel, sources: NDArray[np.int64], plain: int) -> Tensor:
    """The same for a teacher with a pretrained encoder, which has read the first `plain` texts alone: a changed text is
    to have the summary of the one that it is a variant of, `sources`."""
    assert isinstance(teacher.pretrained, PretrainedSegments)
    texts = torch.arange(plain, device=next(teacher.parameters()).device)
    with torch.inference_mode():
        parts = [texts[first : first + TOGETHER] for first in range(0, plain, TOGETHER)]
        found = torch.cat([teacher.pretrained.of_texts(part).float().cpu() for part in parts])
    return whitening_of(found)(found)[torch.from_numpy(sources)]


def _summaries(teacher: RankingModel, texts: PaddedTexts) -> Tensor:
    """By length, so that little is padded."""
    device = next(teacher.parameters()).device
    order = np.argsort(texts.lengths, kind="stable")
    found = torch.empty(len(order), teacher.shape.hidden_size)
    with torch.inference_mode():
        for first in range(0, len(order), TOGETHER):
            places = order[first : first + TOGETHER]
            tokens = torch.from_numpy(texts.tokens[places, : int(texts.lengths[places].max())]).to(device)
            found[torch.from_numpy(places)] = teacher.summaries(tokens, teacher.shape.encode_layers).float().cpu()
    return found
