"""The ranking model: texts become summaries, summaries entries, entries scores."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cloud.ranking.layers import MASKED, Layer, precise
from cloud.ranking.likeness import Likeness
from cloud.ranking.match import Match, MatchVectors
from cloud.ranking.shape import RankingShape
from cloud.ranking.timelines import TimelineBatch, WindowTable
from edge.engines.distances import bucket_table

PROFILE, EVENT, CANDIDATE = range(3)


@dataclass(frozen=True)
class Summaries:
    """Of a batch's distinct texts and of the phrases: (segment, hidden) and (phrase, hidden), what match makes of them,
    and (segment, factor), if the model has factors."""

    segments: Tensor
    phrases: Tensor
    match: MatchVectors
    factors: Tensor | None


@dataclass(frozen=True)
class Entries:
    """Of a table's users: `timeline` (user, entry, hidden), the profile and the events; `candidates` (user, candidate,
    hidden); `beside` (user, candidate): what match and numbers add to a candidate's logit at every exit.
    """

    timeline: Tensor
    candidates: Tensor
    beside: Tensor


class RankingModel(nn.Module):
    """`forward` gives (exit, user, candidate) logits of each table, one for each interact depth after one encode depth.

    `pretrained` summarises the texts of items and profiles, (segment, hidden) from a batch; if None, own layers do.
    """

    def __init__(
        self,
        shape: RankingShape,
        dropout: float = 0.0,
        word_dropout: float = 0.0,
        number_dropout: float = 0.0,
        pretrained: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.shape, self.word_dropout, self.number_dropout = shape, word_dropout, number_dropout
        hidden = shape.hidden_size
        self.token = nn.Embedding(shape.vocabulary_size, shape.embedding_size)
        self.position = nn.Embedding(shape.positions, shape.embedding_size)
        self.embedding_norm = nn.LayerNorm(shape.embedding_size)
        factorised = shape.embedding_size != hidden
        self.widen = nn.Linear(shape.embedding_size, hidden) if factorised else nn.Identity()
        depths = shape.encode_layers + shape.interact_layers
        self.layers = nn.ModuleList(Layer(shape, dropout) for _ in range(1 if shape.shared else max(depths, 1)))
        self.summary_norm = nn.LayerNorm(hidden)
        self.kind = nn.Embedding(3, hidden)
        self.distance = nn.Parameter(torch.zeros(max(shape.interact_layers, 1), shape.heads, shape.distances))
        inputs = 2 * (shape.numbers + bool(shape.factors))  # each with the flag of a missing one
        self.numbers = nn.Sequential(
            nn.Linear(inputs, shape.number_hidden), nn.GELU(), nn.Linear(shape.number_hidden, hidden)
        )
        self.wide = nn.Linear(inputs, 1)
        self.deep = nn.Sequential(nn.Linear(inputs, 32), nn.GELU(), nn.Dropout(dropout), nn.Linear(32, 1))
        self.match = Match(shape)
        self.likeness = Likeness(shape) if shape.factors else None
        self.matched = nn.Linear(self.match.features, 1)
        self.head_norm = nn.LayerNorm(hidden)
        self.head = nn.Linear(hidden, 1)
        self._initialise()
        self.pretrained = pretrained  # after the rest is initialised, which leaves it as it is

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Embedding):
                nn.init.normal_(module.weight, std=0.1)
            elif isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=0.5 * max(module.in_features, 1) ** -0.5)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        nn.init.normal_(self.token.weight, std=0.3)
        for last in (self.head, self.wide, self.matched):
            nn.init.zeros_(last.weight)

    def layer(self, depth: int) -> Layer:
        """The layer that is applied `depth`-th, encode layers first, counted from 0."""
        found = self.layers[0 if self.shape.shared else depth]
        assert isinstance(found, Layer)
        return found

    def summaries(self, tokens: Tensor, applications: int) -> Tensor:
        """(text, token) ids, padded with 0 -> (text, hidden): the mean over the tokens after so many layers."""
        hidden, real = self.encoded(tokens, applications)
        weights = real.to(hidden.dtype)
        pooled = (hidden * weights[..., None]).sum(1) / weights.sum(1, keepdim=True).clamp(min=1)
        summary: Tensor = self.summary_norm(pooled)
        return summary

    def encoded(self, tokens: Tensor, applications: int) -> tuple[Tensor, Tensor]:
        """(text, token, hidden) states after so many layers, and which tokens are real and were not dropped."""
        real = tokens > 0
        if self.training and self.word_dropout:
            kept = torch.rand(tokens.shape, device=tokens.device) >= self.word_dropout
            real = real & (kept | (torch.arange(tokens.shape[1], device=tokens.device) == 0))
        places = self.position(torch.arange(tokens.shape[1], device=tokens.device))
        hidden = self.widen(self.embedding_norm(self.token(tokens) + places))  # (text, token, hidden)
        mask = torch.where(real, 0.0, MASKED)[:, None, None]
        for depth in range(applications):
            hidden = self.layer(depth).tokens(hidden, mask)
        return hidden, real

    def forward(self, batch: TimelineBatch, encode_depth: int | None = None) -> tuple[Tensor, ...]:
        """`encode_depth`: the deepest if None."""
        return self.logits(batch, self.summarised(batch, encode_depth))

    def logits(self, batch: TimelineBatch, summaries: Summaries) -> tuple[Tensor, ...]:
        """As `forward`, from what the tables share."""
        return tuple(self._logits(table, self.entries(table, summaries)) for table in batch.tables)

    def summarised(self, batch: TimelineBatch, encode_depth: int | None = None) -> Summaries:
        """What all tables share. Summaries of phrases always take one encode layer, if there is one."""
        segments = self.segments(batch, self.shape.encode_layers if encode_depth is None else encode_depth)
        phrases = self.summaries(batch.phrases, min(1, self.shape.encode_layers))
        factors = None if self.likeness is None else precise(self.likeness.factors(segments))
        return Summaries(segments, phrases, self.match.vectors(segments, phrases), factors)

    def entries(self, table: WindowTable, summaries: Summaries) -> Entries:
        """What enters the interact layers."""
        numbers, offered_numbers = self._all_numbers(table, summaries)
        segments, phrases, kinds = summaries.segments, summaries.phrases, self.kind.weight
        profile = F.embedding(table.profile, segments)[:, None] + kinds[PROFILE]  # (user, 1, hidden)
        events = F.embedding(table.item, segments) + F.embedding(table.phrase, phrases)
        past = events + self.numbers(numbers) + kinds[EVENT]
        offered = F.embedding(table.offered, segments) + F.embedding(table.context, phrases)
        candidates = offered + self.numbers(offered_numbers) + kinds[CANDIDATE]
        matched = self.match(summaries.match, table)
        beside = self.matched(matched) + precise(self.wide(offered_numbers) + self.deep(offered_numbers))
        return Entries(torch.cat([profile, past], 1), candidates, beside[..., 0])

    def _all_numbers(self, table: WindowTable, summaries: Summaries) -> tuple[Tensor, Tensor]:
        """Inputs of events and of candidates. The number of likeness is a candidate's; in training it is the table's,
        which is not fitted on the user, as what the factors were fitted on tells the labels."""
        count = self.shape.numbers
        numbers, offered_numbers = table.numbers[..., :count], table.offered_numbers[..., :count]
        if self.likeness is not None:
            if self.training:
                number = table.offered_numbers[..., count]
            else:
                assert summaries.factors is not None
                number = self.likeness(summaries.factors, table)
            offered_numbers = torch.cat([offered_numbers, number[..., None]], -1)
            numbers = torch.cat([numbers, torch.full_like(numbers[..., :1], torch.nan)], -1)
        return self._numbers(numbers), self._numbers(offered_numbers)

    def states(self, table: WindowTable, entries: Entries) -> Iterator[tuple[Tensor, Tensor]]:
        """Timeline and candidates as in `entries`, at interact depth 0, 1 and so on; each is computed when taken.

        At the last depth the timeline is the one before it, as nothing reads it any more.
        """
        timeline, candidates = entries.timeline, entries.candidates
        yield timeline, candidates
        for depth in range(self.shape.interact_layers):
            past_mask, seen_mask = self._masks(table, depth)
            layer = self.layer(self.shape.encode_layers + depth)
            last = depth + 1 == self.shape.interact_layers
            timeline, candidates = layer.entries(timeline, candidates, past_mask, seen_mask, last)
            yield timeline, candidates

    def segments(self, batch: TimelineBatch, encode_depth: int) -> Tensor:
        """(segment, hidden): summaries of the batch's distinct texts, encoded in groups of like length."""
        if self.pretrained is not None:
            summaries: Tensor = self.pretrained(batch)
            return summaries
        groups = [self.summaries(tokens, encode_depth) for tokens in batch.segments]
        return torch.cat(groups)

    def _logits(self, table: WindowTable, entries: Entries) -> Tensor:
        """(exit, user, candidate)"""
        states = torch.stack([candidates for _, candidates in self.states(table, entries)])
        return precise(self.head(self.head_norm(states))[..., 0]) + entries.beside

    def _numbers(self, values: Tensor) -> Tensor:
        """(..., number), NaN where one is missing -> (..., 2 x number): values and flags."""
        missing = values.isnan()
        if self.training and self.number_dropout:
            missing = missing | (torch.rand(values.shape, device=values.device) < self.number_dropout)
        return torch.cat([torch.where(missing, 0.0, values), missing.to(values.dtype)], -1)

    def _masks(self, table: WindowTable, depth: int) -> tuple[Tensor, Tensor]:
        """Additive masks with the learned bias of how far apart two entries stand.

        (user, head, entry, entry): an entry sees the profile and the events up to itself. (user, head, candidate,
        entry + 1): a candidate the profile, the events before it, and itself in the last place.
        """
        bias = self.distance[depth]  # (head, distance)
        entries = table.item.shape[1] + 1
        apart = torch.from_numpy(bucket_table(entries, self.shape.distances)[::-1].copy()).to(bias.device)
        far = F.embedding(apart, bias.T).T  # (head, entry): the farthest first
        ahead = far.new_full((self.shape.heads, entries - 1), MASKED)
        # Row p, entry e of all pairs is how far e stands behind p: the rows are windows of one line.
        biases = torch.cat([far, ahead], 1).unfold(1, entries, 1).flip(1)  # (head, entry + 1, entry)
        past = biases[:, :entries]
        # Row by row, and by look-ups: gradients of an index add up in no fixed order.
        now = (table.place + 1).clamp(0, entries)  # (user, candidate): entries before it, the profile counted
        rows = F.embedding(now, biases.transpose(0, 1).flatten(1))  # (user, candidate, head x entry)
        seen = rows.view(*now.shape, self.shape.heads, entries).transpose(1, 2)
        sees = torch.cat([torch.ones_like(table.sees[..., :1]), table.sees], -1)
        seen = seen + torch.where(sees, 0.0, MASKED)[:, None]
        itself = bias[:, :1, None].expand(len(seen), -1, seen.shape[2], 1)
        return past[None], torch.cat([seen, itself], -1)
