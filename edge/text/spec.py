"""The text specification: all that turns a request into token ids, beside the vocabulary."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge.config import check_counts, from_dict, setting
from edge.errors import EdgeError, file_fix
from edge.files import parse_strictly
from edge.text.number import Number, check_numbers
from edge.text.template import Template

SCHEMA = "edge-ranker/text/2"
MOST_EVENTS, MOST_SEGMENT_TOKENS, MOST_USER_TOKENS = 4_096, 1_024, 8_192


@dataclass(frozen=True)
class TextSpec:
    """Templates, numbers and limits. Lengths count tokens, the special ones included; checked when made.

    `item` words what an item is, offered or met in the past; `event` what was done with it, `context` what is known of
    an offered one at the moment.
    """

    profile: str
    item: str
    event: str
    context: str = ""
    numbers: tuple[Number, ...] = ()
    max_events: int = 20  # of the full model's user side
    max_segment_tokens: int = 32
    max_user_tokens: int = 192  # likewise
    lowercase: bool = True
    schema: str = SCHEMA

    def __post_init__(self) -> None:
        if self.schema != SCHEMA:
            raise EdgeError(
                f"{setting('schema')} is {self.schema!r}, this version reads {SCHEMA!r}",
                fix="prepare or export it again with this version",
            )
        check_counts(self, max_events=(0, MOST_EVENTS), max_user_tokens=(4, MOST_USER_TOKENS))
        check_counts(self, max_segment_tokens=(3, MOST_SEGMENT_TOKENS))  # [BOS] one-token [EOS]
        if self.max_user_tokens <= self.max_segment_tokens:
            raise EdgeError(
                f"{setting('max_user_tokens')}={self.max_user_tokens} does not hold a profile of "
                f"{setting('max_segment_tokens')}={self.max_segment_tokens} tokens and the closing token",
                fix=f"set it to {self.max_segment_tokens + 1} or more",
            )
        self.templates(setting(""))
        check_numbers(self.numbers)

    @property
    def slots(self) -> int:
        """How many segment embeddings there are: profile, candidate, closing, one per event's recency."""
        return self.max_events + 3

    def templates(self, prefix: str = "") -> tuple[Template, Template, Template, Template]:
        """Profile, item, event and context, parsed; errors name them below that prefix."""
        return (
            Template.parse(self.profile, f"{prefix}profile"),
            Template.parse(self.item, f"{prefix}item"),
            Template.parse(self.event, f"{prefix}event"),
            Template.parse(self.context, f"{prefix}context"),
        )


def read_spec(path: Path) -> TextSpec:
    """The specification in a text.json. Errors: it cannot be read, and those of `parse_spec`."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise EdgeError(
            f"cannot read the text specification {path}", evidence=str(error), fix=file_fix(error)
        ) from error
    return parse_spec(data, path.name)


def parse_spec(data: bytes, name: str = "text.json") -> TextSpec:
    """The specification in a file's content. Errors: no strict JSON, an unknown key, a setting that cannot be."""
    try:
        values = parse_strictly(data)
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise EdgeError(
            f"{name} is no text specification",
            evidence=reason,
            fix="write it again: edge prepare writes the one of a run, edge export that of a bundle",
        ) from error
    return from_dict(TextSpec, values, name)
