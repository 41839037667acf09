"""The golden requests of a bundle: real ones first, then what they leave out, made from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

from edge.conformance.coverage import (
    EVENTS_CUT,
    MANY,
    MANY_CANDIDATES,
    NOTHING_CUT,
    PROFILE_ALONE,
    SEGMENT_CUT,
    features,
)
from edge.conformance.features import (
    COMPATIBILITY,
    EMOJI,
    EMPTY_ATTRIBUTE,
    IDEOGRAPHS,
    MARKS,
    NO_HISTORY,
    ONE_CANDIDATE,
    optional_fields,
    text_attributes,
)
from edge.conformance.golden import FEW, encode
from edge.text.sequence import TextEncoder
from edge.text.types import Event, Item, Request, User, Value

WORDS = {
    COMPATIBILITY: "ﬁlm ① ＡＢＣ ½",
    IDEOGRAPHS: "千と千尋の神隠し",
    EMOJI: "🎬👩‍🚀🇫🇷",
    MARKS: "Ame\u0301lie Zoe\u0308 a\u0323\u0302",
}


@dataclass(frozen=True)
class Source:
    """The real requests, and what reads them."""

    requests: Sequence[Request]
    encoder: TextEncoder
    buckets: Sequence[int]

    @property
    def base(self) -> Request:
        """The request that others are made from: the first with a history, if one has it."""
        return next((request for request in self.requests if request.events), self.requests[0])

    @property
    def items(self) -> list[Item]:
        """Every item, each once, in the order of appearance."""
        seen = {repr(item.attributes): item for request in self.requests for item in request.candidates}
        return list(seen.values())

    def features(self, request: Request) -> set[str]:
        return features(encode(self.encoder, request), self.encoder, self.buckets)


def exam(
    requests: Sequence[Request], encoder: TextEncoder, buckets: Sequence[int], real: int, candidates: int
) -> list[Request]:
    """The first `real` of `requests`, of at most so many candidates each; then, for each thing that they do not
    examine, one more that does, if it can be made from them. Deterministic."""
    source = Source(requests, encoder, buckets)
    chosen = [replace(request, candidates=request.candidates[:candidates]) for request in requests[:real]]
    found = set[str]().union(*map(source.features, chosen))
    for names, make in _makers(buckets):
        if not found.issuperset(names):
            made = next(make(source), None)
            if made is not None:
                chosen.append(made)
                found |= source.features(made)
    return chosen


def _makers(buckets: Sequence[int]) -> Iterator[tuple[tuple[str, ...], Callable[[Source], Iterator[Request]]]]:
    """What a made request examines, and how it is made."""
    yield tuple(WORDS), _with_words
    yield (EMPTY_ATTRIBUTE,), _with_empty_attributes
    yield (SEGMENT_CUT,), _with_long_texts
    yield (EVENTS_CUT,), _with_long_history
    yield (NO_HISTORY, PROFILE_ALONE), _without_history
    yield (ONE_CANDIDATE,), _with_one_candidate
    yield (NOTHING_CUT,), _with_nothing_cut
    for name in (f"user tokens up to {bucket}" for bucket in buckets):
        yield (name,), partial(_with_history_for, name=name)
    yield (MANY_CANDIDATES,), _with_many_candidates


def _with_words(source: Source) -> Iterator[Request]:
    """A candidate per script, and the newest event with all of them."""
    for name in _text(source):
        first = source.base.candidates[0]
        scripts = [(f"made-{number}", words) for number, words in enumerate(WORDS.values())]
        items = [
            Item(key, _changed(first, **{name: f"{words} {first.attributes.get(name, '')}"})) for key, words in scripts
        ]
        yield _asking(_with_newest(source.base, **{name: " ".join(WORDS.values())}), items)


def _with_empty_attributes(source: Source) -> Iterator[Request]:
    """Optional attributes are null in the first candidate, in the profile and in an event, absent in the second."""
    profile, item, _, context = map(optional_fields, source.encoder.spec.templates())
    base = source.base
    nothing = dict.fromkeys([*item, *context])
    items = [replace(first, attributes=dict(first.attributes) | nothing) for first in base.candidates[:1]]
    items += [
        replace(other, attributes={name: value for name, value in other.attributes.items() if name not in nothing})
        for other in base.candidates[1:FEW]
    ]
    user = User(dict(base.user.attributes) | dict.fromkeys(profile))
    yield _asking(replace(_with_newest(base, **dict.fromkeys(item)), user=user), items)


def _with_long_texts(source: Source) -> Iterator[Request]:
    """A candidate and an event that no segment holds."""
    limit = source.encoder.spec.max_segment_tokens
    for name in _text(source):
        titles = [str(item.attributes.get(name, "")) for item in islice(source.items, limit)]
        long = {name: " ".join(titles * limit)[: 8 * limit]}
        first, *others = source.base.candidates[:FEW]
        yield _asking(_with_newest(source.base, **long), [replace(first, attributes=_changed(first, **long)), *others])


def _with_long_history(source: Source) -> Iterator[Request]:
    if source.base.events:
        times = -(-(source.encoder.spec.max_events + 1) // len(source.base.events))
        yield _asking(replace(source.base, events=_timeless(source.base.events * times)))


def _without_history(source: Source) -> Iterator[Request]:
    yield _asking(replace(source.base, events=()))


def _with_one_candidate(source: Source) -> Iterator[Request]:
    yield _asking(source.base, source.base.candidates[:1])


def _with_nothing_cut(source: Source) -> Iterator[Request]:
    """The shortest user side and candidate, as far as they fit."""
    for item in source.items:
        request = _asking(replace(source.base, events=()), [item])
        if NOTHING_CUT in source.features(request):
            yield request


def _with_history_for(source: Source, name: str) -> Iterator[Request]:
    """A real history, or one repeated, cut so that the user side falls into a bucket."""
    for request in source.requests:
        events = _timeless(request.events * (1 + source.encoder.spec.max_events // max(len(request.events), 1)))
        for count in range(len(events) + 1):
            cut = _asking(replace(request, events=events[len(events) - count :]))
            if name in source.features(cut):
                yield cut


def _with_many_candidates(source: Source) -> Iterator[Request]:
    """Some real items' words, each with the other attributes of some real items."""
    side = next(side for side in range(1, MANY) if side * side >= MANY)
    items, names = source.items[:side], _text(source)
    made = []
    for number in range(MANY):
        words, rest = items[number % len(items)], items[number // len(items) % len(items)]
        kept = {name: words.attributes[name] for name in names if name in words.attributes}
        made.append(Item(f"{number}", dict(rest.attributes) | kept))
    yield _asking(source.base, made)


def _text(source: Source) -> list[str]:
    """The first attribute of items that holds words, if there is one."""
    return text_attributes(source.encoder.spec, source.items)[:1]


def _asking(request: Request, items: Sequence[Item] | None = None) -> Request:
    return replace(request, candidates=tuple(request.candidates[:FEW] if items is None else items))


def _changed(item: Item, **changes: Value) -> Mapping[str, Value]:
    return dict(item.attributes) | changes


def _with_newest(request: Request, **changes: Value) -> Request:
    """The same with attributes of the newest event's item changed."""
    if not request.events:
        return request
    *older, newest = request.events
    item = replace(newest.item, attributes=_changed(newest.item, **changes))
    return replace(request, events=(*older, replace(newest, item=item)))


def _timeless(events: Sequence[Event]) -> tuple[Event, ...]:
    """Without times, which would not ascend where a history is repeated."""
    return tuple(replace(event, time=None) for event in events)
