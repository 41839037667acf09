"""Which cases a set of golden requests tests, and which it leaves out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from edge.conformance.features import (
    EMPTY_ATTRIBUTE,
    NO_HISTORY,
    ONE_CANDIDATE,
    UNICODE,
    has_empty_attribute,
    optional_fields,
    scripts,
    text_attributes,
)
from edge.conformance.golden import Golden
from edge.engines.shape import ModelShape
from edge.text.segments import SegmentEncoder

FULL_TIMELINE, CUT_TEXT, MISSING_NUMBER = "a full timeline", "a cut text", "a missing number"
MANY_CANDIDATES = "more candidates than a graph holds"


@dataclass(frozen=True)
class Examined:
    """The cases that golden requests must cover; `together`: how many candidates the largest graph holds."""

    encoder: SegmentEncoder
    shape: ModelShape
    together: int

    def missing(self, goldens: Sequence[Golden]) -> list[str]:
        """The cases that they leave untested. Only cases that the text spec allows are required; events and texts only
        if a request has some."""
        found = set[str]().union(*map(self.features, goldens))
        return [name for name in self._wanted(goldens) if name not in found]

    def features(self, golden: Golden) -> set[str]:
        """The cases that a request tests, whatever its logits."""
        request, texts = golden.request, [text for kind in golden.texts.values() for text in kind]
        tokens = self.encoder.encoder.wordpiece.encode
        found = {
            NO_HISTORY: not request.events,
            FULL_TIMELINE: len(request.events) > self.shape.places - 1,
            ONE_CANDIDATE: len(request.candidates) == 1,
            MANY_CANDIDATES: len(request.candidates) > self.together,
            MISSING_NUMBER: bool(np.isnan(golden.numbers).any()),
            CUT_TEXT: any(len(tokens(text)) > self.encoder.longest for text in dict.fromkeys(texts)),
            EMPTY_ATTRIBUTE: has_empty_attribute(request, self.encoder.encoder.spec),
        }
        return {name for name, holds in found.items() if holds} | scripts("".join(texts))

    def _wanted(self, goldens: Sequence[Golden]) -> Iterator[str]:
        requests, spec = [golden.request for golden in goldens], self.encoder.encoder.spec
        yield from (NO_HISTORY, ONE_CANDIDATE, MANY_CANDIDATES)
        if any(request.events for request in requests):
            yield FULL_TIMELINE
        if self.shape.numbers:
            yield MISSING_NUMBER
        if text_attributes(spec, [item for request in requests for item in request.candidates]):
            yield from (CUT_TEXT, *UNICODE)
        if any(map(optional_fields, spec.templates())):
            yield EMPTY_ATTRIBUTE


def together_of(buckets: Sequence[str]) -> int:
    """The candidates that the largest of the named graphs holds; without names, engines hold 64."""
    sizes = [int(name.rpartition("_")[2]) for name in buckets if name.startswith("score_")]
    return max(sizes, default=64)
