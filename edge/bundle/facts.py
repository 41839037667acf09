"""What a manifest says of the model, of the runtimes and of where the bundle came from: typed wherever it stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from edge.bundle.archive import refuse
from edge.bundle.values import is_count

LONGEST_TEXT = 10_000
MODEL_ENGINES = ("litert", "onnx", "coreml")  # a bundle carries a model for each of these, or for some


def check_facts(path: Path, manifest: Mapping[str, Any]) -> None:
    """Refuse a fact of another type, or out of range. Each of them may be absent."""
    for key, (holds, wanted) in _FACTS.items():
        *outer, name = key.split(".")
        section = manifest
        for part in outer:
            section = section.get(part, {})
        if name in section and not holds(section[name]):
            refuse(path, f"manifest.json: {key} must be {wanted}")
    model = manifest["model"]
    if model.get("nonzero", 0) > model.get("parameters", model.get("nonzero", 0)):
        refuse(path, "manifest.json: model.nonzero is more than model.parameters")


def _is_size(value: Any) -> bool:
    return is_count(value, least=1)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_TEXT and not value.isspace()


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _is_runtimes(value: Any) -> bool:
    return isinstance(value, dict) and set(value) <= {*MODEL_ENGINES} and all(map(_is_text, value.values()))


def _is_texts(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_text, value.values()))


def _is_counts(value: Any) -> bool:
    return isinstance(value, dict) and all(map(is_count, value.values()))


_SIZE, _TEXT, _COUNT = (_is_size, "a count of 1 or more"), (_is_text, "text"), (is_count, "a count")
_FACTS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "model.parameters": _SIZE,
    "model.nonzero": _COUNT,
    "model.precision": _TEXT,
    "golden.reference": _TEXT,
    "runtimes": (_is_runtimes, f"an object from {', '.join(MODEL_ENGINES)}, or some of them, to a version"),
    **{f"provenance.{name}": _TEXT for name in ("run", "weights", "protocol", "code")},
    "provenance.dataset": (_is_object, "an object"),
    "provenance.dataset.name": _TEXT,
    "provenance.dataset.fingerprint": _TEXT,
    "provenance.dataset.files": (_is_texts, "an object of texts"),
    "provenance.dataset.rows": (_is_counts, "an object of counts"),
    "provenance.dataset.users": _COUNT,
    "provenance.dataset.items": _COUNT,
}
