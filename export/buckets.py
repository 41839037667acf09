"""The static shapes that models are exported in."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cloud.limits import MOST_BUCKETS
from edge.config import check_counts, setting
from edge.errors import EdgeError
from edge.text.checks import MAX_CANDIDATES
from edge.text.spec import MOST_SEGMENT_TOKENS, MOST_USER_TOKENS, TextSpec


@dataclass(frozen=True)
class Buckets:
    """The static shapes. Requests are padded up to the next one."""

    user_tokens: tuple[int, ...] = ()  # none: one segment, half of what the text spec allows, and all of it
    candidates: int = 10  # scored together; more are scored in turn
    candidate_tokens: int = 0  # 0: the longest segment that the text spec allows

    def __post_init__(self) -> None:
        check_counts(self, candidates=(1, MAX_CANDIDATES), candidate_tokens=(0, MOST_SEGMENT_TOKENS))
        sizes = self.user_tokens
        if len(sizes) > MOST_BUCKETS or not all(1 <= size <= MOST_USER_TOKENS for size in sizes):
            raise EdgeError(
                f"{setting('user_tokens')} is {list(sizes[: MOST_BUCKETS + 1])}",
                evidence=f"it may be {MOST_BUCKETS} sizes, each from 1 to {MOST_USER_TOKENS:,} tokens",
                fix="name sizes like [56, 112]",
            )

    @property
    def most_tokens(self) -> int:
        """Of a user and one candidate together."""
        return max(self.user_tokens) + self.candidate_tokens

    @property
    def sequences(self) -> tuple[int, ...]:
        """Lengths that a user's layer is computed for: each bucket's, and that of the longest request in full."""
        return tuple(sorted({*self.user_tokens, self.most_tokens}))

    def holding(self, spec: TextSpec, text: str = "the text's ") -> Buckets:
        """Every shape named. Errors: a request that the spec allows would not fit the largest.

        `text` is what errors put before a limit of the spec, to name it.
        """
        default = {spec.max_segment_tokens, -(-spec.max_user_tokens // 2), spec.max_user_tokens}
        users = self.user_tokens or tuple(sorted(default))
        named = replace(self, user_tokens=users, candidate_tokens=self.candidate_tokens or spec.max_segment_tokens)
        for name, largest, limit in (
            ("user_tokens", max(users), "max_user_tokens"),
            ("candidate_tokens", named.candidate_tokens, "max_segment_tokens"),
        ):
            needed = getattr(spec, limit)
            if largest < needed:
                raise EdgeError(
                    f"{setting(name)} holds {largest} tokens, {text}{limit}={needed} allows more",
                    fix=f"raise {setting(name)}, or lower {text}{limit} before preparing",
                )
        return named
