"""The static shapes that models are exported in."""

from __future__ import annotations

from dataclasses import dataclass, replace

from edge.config import check_least
from edge.errors import EdgeError
from edge.text.spec import TextSpec


@dataclass(frozen=True)
class Buckets:
    """The static shapes. Requests are padded up to the next one."""

    user_tokens: tuple[int, ...] = ()  # none: one segment, half of what the text spec allows, and all of it
    candidates: int = 10  # scored together; more are scored in turn
    candidate_tokens: int = 0  # 0: the longest segment that the text spec allows

    def __post_init__(self) -> None:
        check_least(self, "buckets.", candidates=1, candidate_tokens=0)
        if self.user_tokens and min(self.user_tokens) < 1:
            raise EdgeError(f"buckets.user_tokens is {list(self.user_tokens)}", fix="name sizes like [56, 112]")

    @property
    def most_tokens(self) -> int:
        """Of a user and one candidate together."""
        return max(self.user_tokens) + self.candidate_tokens

    @property
    def sequences(self) -> tuple[int, ...]:
        """Lengths that a user's layer is computed for: each bucket's, and that of the longest request in full."""
        return tuple(sorted({*self.user_tokens, self.most_tokens}))

    def holding(self, spec: TextSpec) -> Buckets:
        """Every shape named. Errors: a request that the spec allows would not fit the largest."""
        default = {spec.max_segment_tokens, -(-spec.max_user_tokens // 2), spec.max_user_tokens}
        users = self.user_tokens or tuple(sorted(default))
        named = replace(self, user_tokens=users, candidate_tokens=self.candidate_tokens or spec.max_segment_tokens)
        for name, largest, needed in (
            ("user_tokens", max(users), spec.max_user_tokens),
            ("candidate_tokens", named.candidate_tokens, spec.max_segment_tokens),
        ):
            if largest < needed:
                raise EdgeError(
                    f"buckets.{name} holds {largest} tokens, the text spec allows {needed}",
                    fix=f"raise buckets.{name}, or lower the limit when preparing",
                )
        return named
