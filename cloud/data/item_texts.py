"""Do the items' texts tell them apart? A model that reads text alone cannot rank items that read alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from cloud.data.values import quoted
from edge.config import setting
from edge.errors import EdgeError

APART = 0.5  # the share of items that distinct texts must reach


def item_text_warnings(texts: Sequence[str]) -> list[EdgeError]:
    """A warning if most of the items' rendered `texts`, (item,), are those of other items, too."""
    counts = Counter(texts)
    if len(counts) >= APART * len(texts):
        return []
    commonest, items = counts.most_common(1)[0]
    return [
        EdgeError(
            f"most items read alike: {len(texts):,} items have {len(counts):,} different texts",
            evidence=f"{items:,} items have the text {quoted(commonest)}",
            fix=f"name more attributes in the template {setting('text.item')}, or map its attributes to columns that "
            "tell items apart",
        )
    ]
