"""The static shapes that a ranking model is exported in."""

from __future__ import annotations

from dataclasses import dataclass

from edge.config import check_counts, setting
from edge.engines.buckets import name_of
from edge.engines.shape import ModelShape
from edge.errors import EdgeError
from edge.text.checks import MAX_CANDIDATES

MOST_SIGNATURES = 12  # ENGINE.md; each takes its share of the file and of an engine's start
MOST_CHUNK = 4_096  # tokens
MOST_EVENTS = 1_024  # appended at once


@dataclass(frozen=True)
class Buckets:
    """Sizes of which each has a graph: what a host computes is padded up to the next one, or cut into several calls.

    Attention is computed over all tokens of a chunk, across segments: twice the tokens cost more than twice as much.
    """

    tokens: tuple[int, ...] = (16, 64, 128)  # of a chunk that is encoded; other entry points have the largest alone
    segments: int = 32  # at most, of a chunk
    append: tuple[int, ...] = (1, 32)
    candidates: tuple[int, ...] = (16, 64)  # scored together, at interact depth 0 and at the deepest

    def __post_init__(self) -> None:
        check_counts(self, segments=(1, MOST_CHUNK))
        for name, most in (("tokens", MOST_CHUNK), ("append", MOST_EVENTS), ("candidates", MAX_CANDIDATES)):
            sizes = getattr(self, name)
            if not sizes or list(sizes) != sorted(set(sizes)) or not 1 <= sizes[0] <= sizes[-1] <= most:
                raise EdgeError(
                    f"{setting(name)} is {list(sizes[: MOST_SIGNATURES + 1])}",
                    evidence=f"it may be sizes from 1 to {most:,}, each larger than the one before",
                    fix=f"name sizes like {list(getattr(Buckets, name))}",
                )

    def signatures(self, shape: ModelShape) -> list[tuple[str, tuple[int, ...]]]:
        """Entry point and sizes of each. Errors: too many; or the longest segment fits no chunk."""
        longest = self.tokens[-1]
        if longest < shape.positions:
            raise EdgeError(
                f"{setting('tokens')} holds {longest} tokens, the model's longest segment has {shape.positions}",
                fix=f"end {setting('tokens')} with {shape.positions} or more",
            )
        depths = (0, shape.interact_layers) if shape.interact_layers else (0,)
        listed: list[tuple[str, tuple[int, ...]]] = [("embed", (longest,))]
        listed += [("encode", (tokens,)) for tokens in self.tokens if shape.encode_depths[-1]]
        listed += [("summarise", (min(self.segments, longest), longest)), *(("append", (new,)) for new in self.append)]
        listed += [("score", (depth, count)) for depth in depths for count in self.candidates]
        if len(listed) > MOST_SIGNATURES:
            raise EdgeError(
                f"the buckets make {len(listed)} signatures, {MOST_SIGNATURES} are allowed",
                evidence=", ".join(name_of(*one) for one in listed),
                fix=f"name fewer sizes in {setting('tokens')}, {setting('append')} or {setting('candidates')}",
            )
        return listed
