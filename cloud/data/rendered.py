"""Every distinct text of a log, rendered once: of users, items, events and moments."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cloud.data.log import TRAIN
from cloud.data.number_columns import Known
from cloud.data.phrases import Phrases, context_phrases, event_phrases
from edge.text.sequence import TextEncoder
from edge.text.spec import TextSpec
from edge.text.wordpiece import SPECIAL_TOKENS

Places = NDArray[np.int32]


@dataclass(frozen=True)
class Rendered:
    """`profiles` and `items` are parallel to the log's users and items, `phrase` and `context` to the targets."""

    profiles: tuple[str, ...]
    items: tuple[str, ...]
    phrases: tuple[str, ...]
    phrase: Places  # of the row as a past event
    context: Places  # of the row as a candidate


def render(known: Known, spec: TextSpec) -> Rendered:
    """Errors: a template that a record cannot fill."""
    encoder, phrases = TextEncoder(spec, SPECIAL_TOKENS), Phrases()
    _, _, event, context = spec.templates()
    log = known.log
    phrase = event_phrases(event, log, known.targets, phrases)
    contexts = context_phrases(context, known, phrases)
    return Rendered(
        tuple(map(encoder.profile_text, log.users)),
        tuple(map(encoder.item_text, log.items)),
        tuple(phrases.texts),
        phrase,
        contexts,
    )


def training_texts(known: Known, rendered: Rendered) -> Counter[str]:
    """Each text with how many training rows show it; a profile counts once for each of its user's rows."""
    train = known.targets.part == TRAIN
    shown = (
        (rendered.profiles, known.targets.user),
        (rendered.items, known.targets.item),
        (rendered.phrases, rendered.phrase),
        (rendered.phrases, rendered.context),
    )
    texts: Counter[str] = Counter()
    for names, places in shown:
        for place, count in enumerate(np.bincount(places[train], minlength=len(names)).tolist()):
            if count:
                texts[names[place]] += count
    return texts
