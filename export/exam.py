"""The golden requests of a bundle: real ones first, then made ones for the cases that the real ones do not cover."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from edge.conformance.features import (
    COMPATIBILITY,
    EMOJI,
    IDEOGRAPHS,
    MARKS,
    optional_fields,
    required_fields,
    text_attributes,
)
from edge.text.spec import TextSpec
from edge.text.types import Event, Item, Request, User, Value

WORDS = {
    COMPATIBILITY: "ﬁlm ① ＡＢＣ ½",
    IDEOGRAPHS: "千と千尋の神隠し",
    EMOJI: "🎬👩‍🚀🇫🇷",
    MARKS: "Ame\u0301lie Zoe\u0308 a\u0323\u0302",
}
FEW = 2  # candidates of a made request


@dataclass(frozen=True)
class Exam:
    """`places`: of the longest timeline; `together`: candidates that the largest graph holds."""

    spec: TextSpec
    places: int
    together: int

    def requests(self, samples: Sequence[tuple[str, Request]], real: int, candidates: int) -> list[tuple[str, Request]]:
        """The first `real` of the samples (id, request), of at most so many candidates, and those made of one of them.

        These follow it, the longest last: an archive's compressor looks back no further than 32 KiB.
        """
        chosen = [(id, replace(one, candidates=one.candidates[:candidates])) for id, one in samples[:real]]
        base = next((request for _, request in samples if request.events), samples[0][1])
        few = replace(base, candidates=base.candidates[:FEW])
        items = list({item.id: item for _, request in samples for item in request.candidates}.values())
        name = next(iter(text_attributes(self.spec, items)), None)
        made = {
            "made-new": replace(few, events=()),
            "made-one": replace(few, candidates=few.candidates[:1]),
            "made-empty": self._with_empty_attributes(few),
        }
        if name:
            made |= {"made-words": _with_words(few, name), "made-long": _with_long_texts(few, name, self.spec)}
        made["made-full"] = replace(few, events=self._long_history(few, name))
        made["made-many"] = replace(few, candidates=self._many(items, name))
        after = next((place for place, (_, request) in enumerate(chosen) if request.events), 0) + 1
        return [*chosen[:after], *made.items(), *chosen[after:]]

    def _with_empty_attributes(self, base: Request) -> Request:
        """Optional attributes are null in the first candidate and in the profile, absent in the second."""
        profile, item, _, context = map(optional_fields, self.spec.templates())
        nothing = {name: None for name in (*item, *context) if name not in self._needed()}
        first, *others = base.candidates
        first = replace(first, attributes={**first.attributes, **nothing})
        others = [replace(one, attributes=_without(one, set(nothing))) for one in others]
        user = User({**base.user.attributes, **dict.fromkeys(profile)})
        return replace(base, user=user, candidates=(first, *others))

    def _long_history(self, base: Request, name: str | None) -> tuple[Event, ...]:
        """Of a few real events again and again, whose items keep what they must have; more than there are places."""
        short = [replace(event, item=self._shortened(event.item, name), time=None) for event in base.events]
        return tuple(short[number % len(short)] for number in range(self.places + 1)) if short else ()

    def _many(self, items: Sequence[Item], name: str | None) -> tuple[Item, ...]:
        """Shortened real items, one candidate more than fits in one call."""
        named = [self._shortened(item, name).attributes for item in items]
        return tuple(Item(f"{number}", named[number % len(named)]) for number in range(self.together + 1))

    def _needed(self) -> set[str]:
        """What every item must have."""
        _, item, _, context = self.spec.templates()
        return required_fields(item) | required_fields(context)

    def _shortened(self, item: Item, name: str | None) -> Item:
        """With its words and what a template needs, for a bundle of few bytes."""
        kept = {name, *self._needed()}
        return replace(item, attributes={key: value for key, value in item.attributes.items() if key in kept})


def _with_words(base: Request, name: str) -> Request:
    """A candidate per script, and the newest event with all of them."""
    first = base.candidates[0]
    items = tuple(
        Item(f"made-{number}", {**first.attributes, name: f"{words} {first.attributes.get(name, '')}"})
        for number, words in enumerate(WORDS.values())
    )
    return replace(_with_newest(base, name, " ".join(WORDS.values())), candidates=items)


def _with_long_texts(base: Request, name: str, spec: TextSpec) -> Request:
    """A candidate and an event of more tokens than a segment may have."""
    first, *others = base.candidates
    words = f"{first.attributes.get(name) or 'x'} "
    long = (words * spec.max_segment_tokens)[: 8 * spec.max_segment_tokens]
    long = long if len(long.split()) > spec.max_segment_tokens else " ".join("x" * (spec.max_segment_tokens + 1))
    changed = replace(first, attributes={**first.attributes, name: long})
    return replace(_with_newest(base, name, long), candidates=(changed, *others))


def _with_newest(request: Request, name: str, text: str) -> Request:
    """The same with an attribute of the newest event's item changed."""
    if not request.events:
        return request
    *older, newest = request.events
    item = replace(newest.item, attributes={**newest.item.attributes, name: text})
    return replace(request, events=(*older, replace(newest, item=item)))


def _without(item: Item, names: set[str]) -> dict[str, Value]:
    return {key: value for key, value in item.attributes.items() if key not in names}
