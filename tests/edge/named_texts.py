"""What a request names of a user's texts, without a model: each text is a token that is its name."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

from edge.engines.protocol import Engine
from edge.engines.timeline import Timeline
from edge.runtime.scoring import Candidates, handles_of, needed
from edge.runtime.summaries import Summaries
from edge.runtime.user_timeline import Reading, UserTimeline
from edge.text.offered import NumberGroups
from edge.text.types import Event, Item, User


def named_texts(most: int, events: int, kept: tuple[int, int] | None, candidates: int) -> dict[str, list[str]]:
    """Kind of text -> names, in the request's order. `kept`: the first event of the kept timeline, and its length."""
    shape = SimpleNamespace(places=most + 1, phrase_depth=1, hidden=4)
    engine, reading = cast(Engine, SimpleNamespace(shape=shape)), cast(Reading, _Plain())
    user = UserTimeline(reading, User(), [Event(Item(f"event {number}")) for number in range(events)])
    if kept:
        first, length = kept
        user._kept[2] = first, cast(Timeline, SimpleNamespace(length=length))
    handles = handles_of(reading, [Item(f"candidate {number}") for number in range(candidates)])
    found = needed(engine, Summaries(engine, 0), user, Candidates(user, handles, None), 2)
    named = {"items": found.items.named, "phrases": found.phrases.named}
    return {kind: [name for (name,) in texts] for kind, texts in named.items()}


class _Plain:
    """Reads a text as a token that is its name."""

    groups, value = NumberGroups(()), "rating"

    @property
    def encoder(self) -> _Plain:
        return self

    def profile(self, user: User) -> tuple[str]:
        return ("profile",)

    def item(self, item: Item) -> tuple[str]:
        return (item.id,)

    def phrase(self, event: Event) -> tuple[str]:
        return (event.item.id,)

    context = item
