"""Bytes: how they are written, what a bundle costs to download and to keep, and which parts cost most."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path

from edge.bundle.archive import Entry
from edge.bundle.bundle import Bundle, manifest_bytes, open_bundle
from edge.bundle.deflate import deflate
from edge.bundle.listing import MANIFEST, BundleFile
from edge.bundle.weights.forms import in_form
from edge.errors import EdgeError

_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_SPELT = ("", "B", "kB", "MB", "GB", "kiB", "KiB", "MiB", "GiB")  # or all upper, or all lower case
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([a-z]*)", re.IGNORECASE)
_GROUPS = {"token": "token embedding", "layers": "shared layer"}  # a tensor's name up to the first dot: its part


def parse_bytes(value: object, where: str = "size") -> int:
    """Bytes of `2800000`, "2.8 MB" (1 MB = 1,000,000 bytes) or "2.7 MiB" (1,048,576 bytes), rounded down."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    match = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None or match[2].lower() not in _UNITS:
        raise EdgeError(f"{where}: {value!r} is not a size", fix='write e.g. 2800000, "2.8 MB" or "2.7 MiB"')
    if match[2] not in _SPELT and match[2] not in (match[2].lower(), match[2].upper()):
        meant = next(unit for unit in _SPELT if unit.lower() == match[2].lower())
        problem = f"{where}: {value!r} is not a size in bytes: in that spelling, {match[2]} are bits or thousandths"
        raise EdgeError(problem, fix=f'did you mean "{match[1]} {meant}"?')
    whole, _, fraction = match[1].partition(".")
    return int(int(whole + fraction) * _UNITS[match[2].lower()] // 10 ** len(fraction))


@dataclass(frozen=True)
class Sizes:
    """Bytes of a bundle that carries one engine: as shipped, and unpacked on the device."""

    download: int
    installed: int


@dataclass(frozen=True)
class Part:
    """A piece of a bundle that an author can make smaller; of packed weights, `download` is estimated."""

    name: str
    section: str
    download: int
    installed: int
    estimated: bool = False


def sizes(path: Path | str, engine: str | None = None) -> Sizes:
    """The bundle's sizes, as if it held the model files of `engine` alone; of all it holds if None."""
    return bundle_sizes(open_bundle(path), engine)


def bundle_sizes(bundle: Bundle, engine: str | None) -> Sizes:
    """Download and installed bytes of the bundle with one engine's model; None: with all."""
    files = shipped_files(bundle, engine)
    manifest = _manifest_entry(bundle, files)
    entries = [bundle.archive.entries[file.path] for file in files] + [manifest]
    download = sum(entry.compressed + entry.overhead for entry in entries) + bundle.archive.end_bytes
    return Sizes(download, sum(file.bytes for file in files if file.is_installed) + manifest.bytes)


def shipped_files(bundle: Bundle, engine: str | None) -> tuple[BundleFile, ...]:
    """The files of a bundle for `engine`: its model, and what every engine needs."""
    if engine is not None and engine not in bundle.engines:
        raise EdgeError(
            f"{bundle.path} has no model for engine {engine!r}",
            fix=f"use one of: {', '.join(bundle.engines)}",
        )
    other = {f"model:{name}" for name in bundle.engines if engine not in (None, name)}
    return tuple(file for file in bundle.files if file.section not in other)


def _manifest_entry(bundle: Bundle, files: Sequence[BundleFile]) -> Entry:
    """The manifest's entry in a bundle that holds only `files`."""
    if len(files) == len(bundle.files):
        return bundle.archive.entries[MANIFEST]
    kept = {file.path for file in files}
    listed = [file for file in bundle.manifest["files"] if file["path"] in kept]
    data = manifest_bytes(dict(bundle.manifest) | {"files": listed})
    return Entry(MANIFEST, 0, sum(map(len, deflate([data]))), len(data), 0)


def parts(bundle: Bundle, engine: str | None) -> list[Part]:
    """What the sizes consist of, largest download first; the download's end record alone is left out.

    Packed weights are divided by what they belong to: their download by the bits that each tensor takes, what is
    installed of them by where it stands in the models' files. The rest of those is the graph.
    """
    files = shipped_files(bundle, engine)
    entry = _manifest_entry(bundle, files)
    found = [Part("manifest", "manifest", entry.compressed + entry.overhead, entry.bytes)]
    held = {file.path: held_bytes(bundle, file) for file in files}
    for section in dict.fromkeys(file.section for file in files):
        mine = [file for file in files if file.section == section]
        download = sum(entry.compressed + entry.overhead for entry in (bundle.archive.entries[f.path] for f in mine))
        if section == "weights" and bundle.weights:
            found += _weight_parts(bundle, download, sum(held.values(), Counter()))
        else:
            filled = sum(sum(held[file.path].values()) for file in mine)
            installed = sum(file.bytes for file in mine if file.is_installed) - filled
            name = f"graph ({section.partition(':')[2]})" if filled else section
            found.append(Part(name, section, download, installed))
    return sorted(found, key=lambda part: (-part.download, part.name))


def held_bytes(bundle: Bundle, file: BundleFile) -> Counter[str]:
    """Tensor -> bytes that it takes in the installed file."""
    held: Counter[str] = Counter()
    for hole in file.holes:
        held[hole.tensor] += len(in_form(bundle.weights[hole.tensor], hole.form))
    return held


def _weight_parts(bundle: Bundle, download: int, held: Mapping[str, int]) -> Iterator[Part]:
    bits = bundle.coded_bits
    shares = {group: [name for name in bits if group_of(name) == group] for group in sorted(set(map(group_of, bits)))}
    downloads = apportion(download, [sum(bits[name] for name in names) for names in shares.values()])
    for (group, names), part in zip(shares.items(), downloads, strict=True):
        yield Part(group, "weights", part, sum(held.get(name, 0) for name in names), estimated=True)


def group_of(tensor: str) -> str:
    """The part of the model that a tensor belongs to, by its name."""
    return _GROUPS.get(tensor.partition(".")[0], "other weights")


def apportion(total: int, shares: Sequence[float]) -> list[int]:
    """`total` in whole numbers in proportion to the shares; their sum is exact."""
    rounded = [round(share) for share in shares]
    rounded = rounded if any(rounded) else [1] * len(rounded)
    bounds = [total * reached // sum(rounded) for reached in accumulate(rounded, initial=0)]
    return [stop - start for start, stop in pairwise(bounds)]
