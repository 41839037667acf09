"""What to edit to make a part of a bundle smaller, and which metrics are better when lower."""

from __future__ import annotations

LOWER_IS_BETTER = ("log_loss",)
_NARROWER = "distil a narrower student (edge distill --set shape.hidden_size=...)"
_SPARSER = "for the download, prune more (edge compress --to pruned --set sparsity=...)"
_FEWER_BITS = "use fewer bits (edge compress --to int4)"
_FEWER_WORDS = "use a smaller vocabulary (edge prepare --set vocabulary=...)"
_THINNER_ROWS = "use a smaller embedding (edge distill --set shape.embedding_size=...)"
_HINTS = {
    "token embedding": f"{_FEWER_WORDS}, {_THINNER_ROWS}, {_FEWER_BITS}; {_SPARSER}",
    "shared layer": f"{_NARROWER}, {_FEWER_BITS}; {_SPARSER}",
    "other weights": f"{_NARROWER}, {_THINNER_ROWS}, or use fewer factors (edge distill --set shape.factors=...)",
    "vocabulary": _FEWER_WORDS,
    "graph (litert)": "export fewer buckets (edge export --set buckets.tokens=...): each repeats the graph",
    "golden": "export fewer golden requests (edge export --set golden_requests=...)",
    "text": "shorten the templates (the text section of edge.toml); this part is small, so look elsewhere first",
    "manifest": "export fewer buckets (edge export --set buckets.tokens=...): it lists where their weights go",
}


def hint_for(part: str) -> str:
    """Of a part of `edge.bundle.sizes.parts`, by its name."""
    if part in _HINTS:
        return _HINTS[part]
    if part.startswith("graph ("):
        return "its size is fixed; look elsewhere first, or ship a bundle without this engine"
    return f"{_NARROWER}, {_FEWER_WORDS}; {_SPARSER}"  # a model's file whose weights are not packed
