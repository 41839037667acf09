"""The second phase: MiniLM relations (Wang et al., 2021, arXiv 2012.15828), between entries and between tokens."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cloud.ranking.layers import MASKED, precise
from cloud.ranking.losses import depth_of_step
from cloud.ranking.model import RankingModel
from cloud.ranking.timelines import TimelineBatch, WindowTable

Vectors = tuple[Tensor, ...]  # queries, keys and values, each (sequence, place, hidden)


def relation_loss(
    teacher: RankingModel, heads: int, token_weight: float, student: nn.Module, batch: TimelineBatch, step: int
) -> tuple[Tensor, dict[str, float]]:
    """The divergence of relations between entries, and `token_weight` times that between the tokens of texts."""
    assert isinstance(student, RankingModel)
    student.eval()  # without dropout: both read the same
    depth = depth_of_step(student.shape.encode_depths, step)
    figures, loss = dict[str, float](), torch.zeros((), device=batch.texts.device)
    if between_entries(student, teacher):
        entries = _entry_loss(teacher, student, batch, depth, heads)
        loss, figures["entries"] = loss + entries, float(entries.detach())
    if token_weight and between_tokens(student, teacher):
        tokens = _token_loss(teacher, student, batch, depth, heads)
        loss, figures["tokens"] = loss + token_weight * tokens, float(tokens.detach())
    return loss, figures


def between_entries(student: RankingModel, teacher: RankingModel) -> bool:
    """True if both have an interact layer: only there do entries attend to each other."""
    return min(student.shape.interact_layers, teacher.shape.interact_layers) > 0


def between_tokens(student: RankingModel, teacher: RankingModel) -> bool:
    """True if both encode the texts of items by layers of their own, over the tokens of one vocabulary."""
    if student.pretrained is not None or teacher.pretrained is not None:
        return False
    layered = min(student.shape.encode_layers, teacher.shape.encode_layers) > 0
    return layered and student.shape.vocabulary_size == teacher.shape.vocabulary_size


def real_entries(table: WindowTable) -> Tensor:
    """(user, entry) booleans: the profile, and the events that some candidate sees."""
    seen = table.sees.any(1)
    return torch.cat([torch.ones_like(seen[:, :1]), seen], 1)


def real_texts(batch: TimelineBatch) -> Tensor:
    """(text,) booleans, in the order of the segments: the rest fills up a group."""
    used = torch.zeros(len(batch.texts), dtype=torch.bool, device=batch.texts.device)
    for table in batch.tables:
        for places in (table.profile, table.item, table.offered):
            used[places.flatten()] = True
    return used


def without_candidates(table: WindowTable) -> WindowTable:
    """The timelines alone: nothing of them depends on a candidate."""
    names = ("offered", "context", "offered_numbers", "place", "sees", "labels", "real", "rows")
    return replace(table, **{name: getattr(table, name)[:, :0] for name in names})


def entry_vectors(model: RankingModel, batch: TimelineBatch, encode_depth: int) -> list[Vectors]:
    """Of the last interact layer, over the entries of each table's timelines."""
    last = model.shape.interact_layers - 1
    summaries, vectors = model.summarised(batch, encode_depth), list[Vectors]()
    for table in map(without_candidates, batch.tables):
        ((timeline, _),) = islice(model.states(table, model.entries(table, summaries)), last, last + 1)
        vectors.append(_vectors(model, model.shape.encode_layers + last, timeline))
    return vectors


def token_vectors(model: RankingModel, tokens: Tensor, encode_depth: int) -> Vectors:
    """Of the last encode layer, over the tokens of texts, (text, token) ids."""
    hidden, _ = model.encoded(tokens, encode_depth - 1)
    return _vectors(model, encode_depth - 1, hidden)


def _vectors(model: RankingModel, depth: int, hidden: Tensor) -> Vectors:
    return tuple(part.transpose(1, 2).flatten(2) for part in model.layer(depth).projected(hidden))


def _entry_loss(teacher: RankingModel, student: RankingModel, batch: TimelineBatch, depth: int, heads: int) -> Tensor:
    """Mean over the entries of all tables."""
    with torch.no_grad():
        targets = entry_vectors(teacher, batch, teacher.shape.encode_layers)
    reals, losses = [real_entries(table) for table in batch.tables], []
    for target, made, real in zip(targets, entry_vectors(student, batch, depth), reals, strict=True):
        losses.append(divergence(target, made, real, heads, causal=True) * real.sum())
    return torch.stack(losses).sum() / torch.stack([real.sum() for real in reals]).sum()


def _token_loss(teacher: RankingModel, student: RankingModel, batch: TimelineBatch, depth: int, heads: int) -> Tensor:
    """Mean over the groups of texts of like length."""
    losses, used = [], torch.split(real_texts(batch), [len(group) for group in batch.segments])
    for tokens, some in zip(batch.segments, used, strict=True):
        with torch.no_grad():
            targets = token_vectors(teacher, tokens, teacher.shape.encode_layers)
        real = (tokens > 0) & some[:, None]
        losses.append(divergence(targets, token_vectors(student, tokens, depth), real, heads, causal=False))
    return torch.stack(losses).mean()


def divergence(targets: Vectors, made: Vectors, real: Tensor, heads: int, causal: bool) -> Tensor:
    """Mean over Q-Q, K-K and V-V, relation heads and real places of KL(teacher || student).

    `real`: (sequence, place). If `causal`, a place relates to those up to itself. Only the number of relation heads
    must divide both widths; attention heads do not matter.
    """
    mask = torch.where(real, 0.0, MASKED)[:, None, None]  # (sequence, 1, 1, place)
    if causal:
        mask = mask + torch.full((real.shape[1],) * 2, MASKED, device=real.device).triu(1)
    losses = []
    for target, own in zip(targets, made, strict=True):
        wanted = _relations(target, mask, heads).softmax(-1)
        each = F.kl_div(_relations(own, mask, heads).log_softmax(-1), wanted, reduction="none")
        losses.append((each.sum(-1).mean(1) * real).sum() / real.sum().clamp(min=1))
    return torch.stack(losses).mean()


def _relations(vectors: Tensor, mask: Tensor, heads: int) -> Tensor:
    """(sequence, place, hidden) -> (sequence, relation head, place, place), scaled and masked."""
    batch, places, width = vectors.shape
    split = precise(vectors).view(batch, places, heads, width // heads).transpose(1, 2)
    return split @ split.transpose(2, 3) * split.shape[-1] ** -0.5 + mask
