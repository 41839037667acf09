"""What a set of golden requests examines, and what it leaves out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from edge.bundle.shape import Shape
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
from edge.text.sequence import TextEncoder
from edge.text.spec import TextSpec
from edge.text.types import Request

MANY = 200  # candidates
NOTHING_CUT, EVENTS_CUT, SEGMENT_CUT = "nothing cut", "events cut", "a segment cut"
PROFILE_ALONE = "a user side of the profile alone"
MANY_CANDIDATES = f"{MANY} candidates"


def coverage(goldens: Sequence[Golden], encoder: TextEncoder, buckets: Sequence[int], shape: Shape) -> list[str]:
    """What `goldens`, completed, leave unexamined: exits, buckets of user tokens, and peculiar requests.

    Only what the text spec can meet is asked for; events and texts only where a request has some.
    """
    requests = [golden.request for golden in goldens]
    wanted = [*_exits(shape), *_buckets(encoder.spec, buckets), *_peculiar(encoder.spec, requests)]
    found = {exit for golden in goldens for exit in _exits_of(golden)}
    found = found.union(*(features(golden, encoder, buckets) for golden in goldens))
    return [name for name in wanted if name not in found]


def features(golden: Golden, encoder: TextEncoder, buckets: Sequence[int]) -> set[str]:
    """What a request examines, whatever its scores."""
    request, spec = golden.request, encoder.spec
    candidates = len(request.candidates)
    events_cut = len(golden.user) - 2 < sum(1 for event in request.events if encoder.event(event))
    segment_cut = _has_cut_segment(golden, encoder)
    found = {
        NOTHING_CUT: not events_cut and not segment_cut,
        EVENTS_CUT: events_cut,
        SEGMENT_CUT: segment_cut,
        PROFILE_ALONE: len(golden.user) == 2,
        NO_HISTORY: not request.events,
        ONE_CANDIDATE: candidates == 1,
        MANY_CANDIDATES: candidates >= MANY,
        EMPTY_ATTRIBUTE: has_empty_attribute(request, spec),
    }
    names = {name for name, holds in found.items() if holds}
    return names | scripts("".join(golden.texts)) | {_bucket(sum(map(len, golden.user)), buckets)}


def _exits(shape: Shape) -> Iterator[str]:
    yield from (_exit(plan, depth) for plan in ("prefix", "full") for depth in range(1, shape.layers + 1))
    if shape.handover:
        yield from (_exit("segments", depth) for depth in range(shape.handover + 1, shape.layers + 1))


def _exits_of(golden: Golden) -> Iterator[str]:
    yield from (_exit(plan, depth) for plan, exits in golden.scores.items() for depth in exits)


def _exit(plan: str, depth: int) -> str:
    return f"exit {depth} ({plan})"


def _buckets(spec: TextSpec, buckets: Sequence[int]) -> list[str]:
    bounds = [1, *sorted(buckets)]
    return [_bucket(upper, buckets) for lower, upper in pairwise(bounds) if lower < spec.max_user_tokens]


def _bucket(tokens: int, buckets: Sequence[int]) -> str:
    """The bucket that a user side of so many tokens falls into."""
    return f"user tokens up to {min((bucket for bucket in buckets if bucket >= tokens), default=0)}"


def _peculiar(spec: TextSpec, requests: Sequence[Request]) -> Iterator[str]:
    yield from (NOTHING_CUT, PROFILE_ALONE, NO_HISTORY, ONE_CANDIDATE, MANY_CANDIDATES)
    if any(request.events for request in requests):
        yield EVENTS_CUT
    if text_attributes(spec, [item for request in requests for item in request.candidates]):
        yield from (SEGMENT_CUT, *UNICODE)
    if any(map(optional_fields, spec.templates())):
        yield EMPTY_ATTRIBUTE


def _has_cut_segment(golden: Golden, encoder: TextEncoder) -> bool:
    """True if a profile, event or candidate has more tokens than a segment may have."""
    events = len(golden.request.events)
    special = [1, *[0] * events, *[2] * len(golden.request.candidates)]
    lengths = [len(encoder.wordpiece.encode(text)) for text in golden.texts]
    return any(map(lambda length, extra: length + extra > encoder.spec.max_segment_tokens, lengths, special))
