"""What is in a bundle, for people and for scripts."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from edge.bench.sizes import bundle_sizes
from edge.bundle import Bundle
from edge.manifest import MANIFEST
from edge.table import render


def describe(bundle: Bundle) -> dict[str, Any]:
    """Plain JSON values: sections, sizes per backend, model, exits and provenance."""
    return {
        "bundle": str(bundle.path),
        "name": bundle.name,
        "schema": bundle.manifest["schema"],
        "sha256": bundle.sha256,
        "bytes": bundle.archive.bytes,
        "sizes": {backend: asdict(bundle_sizes(bundle, backend)) for backend in bundle.backends},
        "sections": _sections(bundle),
        "parts": {section: dict(parts) for section, parts in bundle.parts.items()},
        "model": bundle.manifest["model"],
        "exits": [asdict(exit) for exit in bundle.exits],
        "provenance": bundle.manifest["provenance"],
    }


def _sections(bundle: Bundle) -> list[dict[str, Any]]:
    """Compressed bytes are those of the data in the archive, without its headers."""
    section_of = {file.path: file.section for file in bundle.files} | {MANIFEST: "manifest"}
    sections: dict[str, dict[str, Any]] = {}
    for name, entry in bundle.archive.entries.items():
        section = section_of[name]
        empty = {"section": section, "files": 0, "compressed": 0, "installed": 0}
        found = sections.setdefault(section, empty)
        found["files"] += 1
        found["compressed"] += entry.compressed
        found["installed"] += entry.bytes
    return sorted(sections.values(), key=lambda section: (-section["compressed"], section["section"]))


def describe_text(description: dict[str, Any]) -> str:
    """The description as tables."""
    sections = [tuple(section.values()) for section in description["sections"]]
    sizes = [(backend, size["download"], size["installed"]) for backend, size in description["sizes"].items()]
    metrics = list(dict.fromkeys(metric for exit in description["exits"] for metric in exit["quality"]))
    exits = [
        (exit["depth"], exit["plan"], exit["backend"], *_figures(exit["quality"], metrics))
        for exit in description["exits"]
    ]
    blocks = [
        f"{description['name']}  {description['schema']}\n"
        f"sha256 {description['sha256']}  {description['bytes']:,} bytes",
        render(("section", "files", "compressed", "installed"), sections),
        *(
            render((f"parts of {section}", "installed"), list(parts.items()))
            for section, parts in description["parts"].items()
        ),
        render(("shipped with", "download", "installed"), sizes),
        render(("model", ""), _leaves(description["model"])),
        render(("exit", "plan", "backend", *metrics), exits),
    ]
    if description["provenance"]:
        blocks.append(render(("provenance", ""), _leaves(description["provenance"])))
    return "\n\n".join(blocks)


def _figures(quality: dict[str, float], metrics: list[str]) -> list[float | None]:
    return [float(quality[metric]) if metric in quality else None for metric in metrics]


def _leaves(values: Any, prefix: str = "") -> list[tuple[str, str]]:
    """Dotted names and values of nested JSON."""
    if isinstance(values, dict | list) and values and len(prefix) < 200:
        pairs = values.items() if isinstance(values, dict) else enumerate(values)
        named = [(f"{prefix}.{key}" if prefix else str(key), value) for key, value in pairs]
        return [leaf for name, value in named for leaf in _leaves(value, name)]
    return [(prefix, str(values))]
