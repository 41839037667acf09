"""Whether items have texts of their own: a model that reads text alone cannot rank items that read alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from cloud.data.values import quoted
from edge.errors import EdgeError

APART = 0.5  # the share of items that distinct texts must reach


def item_text_warnings(texts: Sequence[str]) -> list[EdgeError]:
    """A warning if most of the items' rendered `texts`, (item,), are those of other items, too."""
    counts = Counter(texts)
    if len(counts) >= APART * len(texts):
        return []
    different = "1 text" if len(counts) == 1 else f"{len(counts):,} different texts"
    commonest, items = counts.most_common(1)[0]
    return [
        EdgeError(
            f"most items read alike: {len(texts):,} items have {different}",
            evidence=f"{items:,} items have the text {quoted(commonest)}",
            fix="name more attributes in item of [text], or map its attributes to columns that tell items apart",
        )
    ]
