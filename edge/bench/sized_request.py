"""A request of given sizes, and which calls of a model with static shapes it takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from edge.arguments import check_count
from edge.bench.scenarios import ENCODING, SCENARIOS
from edge.bundle.exits import Exit
from edge.engines.buckets import SIZES, name_of
from edge.engines.chunk import chunks
from edge.engines.named_buckets import Bucket, read_buckets
from edge.engines.pieces import pieces
from edge.engines.shape import ModelShape
from edge.errors import EdgeError, known_names
from edge.text.checks import MAX_CANDIDATES, MAX_EVENTS
from edge.text.spec import MOST_SEGMENT_TOKENS

PARTS = ("encode", "append", "score")  # of a request, in the engine


@dataclass(frozen=True)
class SizedRequest:
    """Events None: as many as a timeline holds; tokens None: as many as a segment may have. Phrases count as kept:
    they are of a small closed set."""

    candidates: int = 50
    events: int | None = None
    item_tokens: int | None = None  # of each item, and of the profile; no two are alike
    scenario: str = "new"

    def __post_init__(self) -> None:
        check_count("candidates", self.candidates, most=MAX_CANDIDATES)
        if self.events is not None:
            check_count("events", self.events, least=0, most=MAX_EVENTS)
        if self.item_tokens is not None:
            check_count("item_tokens", self.item_tokens, most=MOST_SEGMENT_TOKENS)
        if self.scenario not in SCENARIOS:
            raise EdgeError(f"there is no scenario {self.scenario!r}", fix=known_names(self.scenario, SCENARIOS))

    def within(self, shape: ModelShape) -> SizedRequest:
        """With no size left open, and none beyond what the model takes."""
        most, longest = shape.places - 1, shape.positions
        events = most if self.events is None else min(self.events, most)
        return replace(self, events=events, item_tokens=min(self.item_tokens or longest, longest))


@dataclass(frozen=True)
class Calls:
    """Of a model whose graphs are `names`, e.g. "score_2_64"."""

    names: tuple[str, ...]
    shape: ModelShape

    @cached_property
    def buckets(self) -> dict[str, list[Bucket]]:
        """The buckets of each entry point that the model needs, ascending."""
        needed = [entry for entry in SIZES if entry != "encode" or self.shape.encode_depths[-1]]
        return read_buckets(self.names, Path("model.tflite"), "signature", needed)

    def of(self, request: SizedRequest, exit: Exit) -> dict[str, Counter[str]]:
        """Part -> graph -> how often it runs, as PLAN.md, section 3, and ENGINE.md have it."""
        sized, new = request.within(self.shape), request.scenario == "new"
        events, tokens = sized.events or 0, sized.item_tokens or 1
        texts = 1 + events if new else 0  # the profile, then the items of events; candidates stand in the same chunks
        texts += request.candidates if request.scenario in ENCODING else 0
        appended = [1, events] if new else [1] if request.scenario == "added" else []
        layers = self.shape.interact_layers if exit.interact else 0
        sizes = [size for depth, size in self.buckets["score"] if depth == layers]
        return {
            "encode": Counter(self._summaries(texts, tokens, exit.encode)),
            "append": Counter(call for count in appended for call in self._pieces("append", count)),
            "score": Counter(name_of("score", (layers, size)) for *_, size in pieces(request.candidates, sizes)),
        }

    def spent(self, prices: Mapping[str, float], request: SizedRequest, exit: Exit) -> dict[str, float]:
        """Part -> the sum of what its calls cost, by the price of each graph."""
        calls = self.of(request, exit)
        return {part: sum(prices[name] * times for name, times in calls[part].items()) for part in PARTS}

    def _summaries(self, count: int, tokens: int, depth: int) -> Iterator[str]:
        """Of so many segments: embed, the layer as often as the depth says, summarise, for each chunk."""
        ((segments, largest),) = self.buckets["summarise"]
        texts: Sequence[range] = [range(tokens)] * count
        for start, stop in chunks(texts, self.shape.positions, largest, segments):
            yield name_of("embed", (largest,))
            yield from [self._encode((stop - start) * tokens)] * depth
            yield name_of("summarise", (segments, largest))

    def _encode(self, tokens: int) -> str:
        return name_of("encode", next(size for size in self.buckets["encode"] if size[0] >= tokens))

    def _pieces(self, entry: str, count: int) -> Iterable[str]:
        sizes = [size for (size,) in self.buckets[entry]]
        return (name_of(entry, (size,)) for *_, size in pieces(count, sizes))
