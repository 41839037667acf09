"""What is in a bundle, for people and for scripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from edge.bundle.bundle import Bundle
from edge.bundle.exits import MeasuredExit
from edge.bundle.listing import MANIFEST, WEIGHTS
from edge.bundle.sizes import bundle_sizes, parts
from edge.inspect.tensors import PackedTensor, packed_tensors
from edge.table import Cell, render


def describe(bundle: Bundle, tensors: tuple[PackedTensor, ...] | None = None) -> dict[str, Any]:
    """Plain JSON values: sections, parts, sizes per engine, tensors, model, buckets, exits and provenance."""
    tensors = packed_tensors(bundle) if tensors is None else tensors
    engines = {file.path: file.section.partition(":")[2] for file in bundle.files}
    return {
        "bundle": str(bundle.path),
        "name": bundle.name,
        "schema": bundle.manifest["schema"],
        "sha256": bundle.sha256,
        "bytes": bundle.archive.bytes,
        "sizes": {engine: asdict(bundle_sizes(bundle, engine)) for engine in bundle.engines},
        "sections": sections(bundle),
        "parts": [asdict(part) for part in parts(bundle, None)],
        "tensors": [_tensor(tensor, engines) for tensor in tensors],
        "weights": _weights(bundle, tensors),
        "model": bundle.manifest["model"],
        "runtimes": bundle.manifest.get("runtimes", {}),
        "buckets": bundle.manifest["buckets"],
        "exits": [_exit(one) for one in bundle.exits],
        "provenance": bundle.manifest["provenance"],
    }


def _exit(one: MeasuredExit) -> dict[str, Any]:
    return asdict(one.exit) | {"quality": one.quality, "calibration": one.calibration and asdict(one.calibration)}


def sections(bundle: Bundle) -> list[dict[str, Any]]:
    """Largest download first; with the archive's end record their downloads add up to the bundle's bytes."""
    listed = [(file.path, file.section, file.bytes if file.is_installed else 0) for file in bundle.files]
    listed.append((MANIFEST, "manifest", bundle.archive.entries[MANIFEST].bytes))
    found: dict[str, dict[str, Any]] = {}
    for name, section, installed in listed:
        entry = bundle.archive.entries[name]
        known = found.setdefault(section, {"section": section, "files": 0, "download": 0, "installed": 0})
        known["files"] += 1
        known["download"] += entry.compressed + entry.overhead
        known["installed"] += installed
    return sorted(found.values(), key=lambda section: (-section["download"], section["section"]))


def _tensor(tensor: PackedTensor, engines: dict[str, str]) -> dict[str, Any]:
    entropy = tensor.entropy
    return {
        "name": tensor.name,
        "kind": tensor.kind,
        "shape": list(tensor.shape),
        "bits": tensor.bits,
        "sparsity": tensor.sparsity,
        "stored": tensor.stored,
        "entropy": None if entropy is None else round(entropy),
        "stored_to_entropy": _ratio(tensor.coded_bits / 8, entropy),
        "scale_classes": tensor.classes,
        "engines": list(dict.fromkeys(engines[file] for file in tensor.files)),
        "files": list(tensor.files),
    }


def _weights(bundle: Bundle, tensors: Sequence[PackedTensor]) -> dict[str, Any] | None:
    """Totals; the entropy and its ratio are those of the integers alone. None if no weights are packed."""
    if not tensors:
        return None
    integers = [tensor for tensor in tensors if tensor.entropy is not None]
    stored = sum(tensor.coded_bits for tensor in integers) / 8
    entropy = sum(tensor.entropy or 0.0 for tensor in integers)
    elements = sum(tensor.elements for tensor in integers)
    return {
        "parameters": sum(tensor.elements for tensor in tensors),
        "nonzero": sum(tensor.nonzero for tensor in tensors),
        "integers": {
            "parameters": elements,
            "sparsity": 1 - sum(tensor.nonzero for tensor in integers) / elements if elements else None,
            "stored": round(stored),
            "entropy": round(entropy),
            "stored_to_entropy": _ratio(stored, entropy),
        },
        "stored": sum(tensor.stored for tensor in tensors),
        "file": bundle.archive.entries[WEIGHTS].bytes,
    }


def _ratio(stored: float, entropy: float | None) -> float | None:
    return stored / entropy if entropy else None


def describe_text(description: dict[str, Any]) -> str:
    """The description as tables."""
    sizes = [(engine, size["download"], size["installed"]) for engine, size in description["sizes"].items()]
    blocks = [
        f"{description['name']}  {description['schema']}\n"
        f"sha256 {description['sha256']}  {description['bytes']:,} bytes",
        render(("section", "files", "download", "installed"), [tuple(s.values()) for s in description["sections"]]),
        *_weights_blocks(description),
        render(("shipped with", "download", "installed"), sizes),
        render(("model", ""), leaves(description["model"])),
        *([render(("needs at least", ""), leaves(description["runtimes"]))] if description["runtimes"] else []),
        *_bucket_blocks(description["buckets"]),
        _exits_block(description["exits"]),
    ]
    if description["provenance"]:
        blocks.append(render(("provenance", ""), leaves(description["provenance"])))
    return "\n\n".join(blocks)


def _weights_blocks(description: dict[str, Any]) -> list[str]:
    """Parts and tensors, of a bundle that packs its weights."""
    totals = description["weights"]
    if totals is None:
        return []
    parts = [(part["name"], part["section"], part["download"], part["installed"]) for part in description["parts"]]
    rows: list[tuple[Cell, ...]] = []
    for tensor in sorted(description["tensors"], key=lambda tensor: (-tensor["stored"], tensor["name"])):
        shape, users = "x".join(map(str, tensor["shape"])), ", ".join(tensor["engines"]) or "-"
        coded = (tensor["stored"], tensor["entropy"], tensor["stored_to_entropy"])
        rows.append((tensor["name"], shape, tensor["bits"], tensor["sparsity"], *coded, users))
    integers = totals["integers"]
    coded = (integers["stored"], integers["entropy"], integers["stored_to_entropy"])
    rows.append(("all integers", f"{integers['parameters']:,}", None, integers["sparsity"], *coded, ""))
    sparsity = 1 - totals["nonzero"] / totals["parameters"]
    rows.append(("all tensors", f"{totals['parameters']:,}", None, sparsity, totals["stored"], None, None, ""))
    headings = ("tensor", "shape", "bits", "sparsity", "stored", "entropy", "stored/entropy", "in the models of")
    beside = f"{totals['file']:,} bytes before the archive compresses it: the tensors, a header and the coder's states"
    return [
        render(("part", "section", "download", "installed"), parts),
        render(headings, rows) + f"\n{WEIGHTS}: {beside}",
    ]


def _bucket_blocks(buckets: dict[str, list[str]]) -> list[str]:
    """The graphs of engines with fixed shapes: entry points, and the sizes that each has."""
    rows: dict[tuple[str, str], list[str]] = {}
    for engine, names in buckets.items():
        for name in names:
            entry, size = name.rsplit("_", 1)
            rows.setdefault((engine, entry), []).append(size)
    table = [(engine, entry, ", ".join(sizes)) for (engine, entry), sizes in rows.items()]
    return [render(("graphs of", "entry point", "sizes"), table)] if table else []


def _exits_block(exits: list[dict[str, Any]]) -> str:
    """Layers, quality as measured when the bundle was made, and what makes chances of scores, if anything does."""
    metrics = list(dict.fromkeys(metric for exit in exits for metric in exit["quality"]))
    fitted = ("temperature", "offset") if any(exit["calibration"] for exit in exits) else ()
    rows = [
        (
            f"{exit['encode']}/{exit['interact']}",
            *_figures(exit["quality"], metrics),
            *_figures(exit["calibration"] or {}, fitted),
        )
        for exit in exits
    ]
    return render(("exit", *map(printable, metrics), *fitted), rows)


def _figures(quality: dict[str, float], metrics: Sequence[str]) -> list[float | None]:
    return [float(quality[metric]) if metric in quality else None for metric in metrics]


def printable(text: str) -> str:
    """Without codes that a terminal would obey; the cells of tables are safe already. A no-break space is harmless."""
    return text if text.replace("\N{NO-BREAK SPACE}", " ").isprintable() else ascii(text)


def leaves(values: Any, prefix: str = "") -> list[tuple[str, str]]:
    """Dotted names and values of nested JSON."""
    if isinstance(values, dict | list) and values and len(prefix) < 200:
        pairs = values.items() if isinstance(values, dict) else enumerate(values)
        named = [(f"{prefix}.{key}" if prefix else str(key), value) for key, value in pairs]
        return [leaf for name, value in named for leaf in leaves(value, name)]
    return [(prefix, str(values))]
