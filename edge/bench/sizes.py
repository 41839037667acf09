"""Bytes: how they are written, what a bundle costs to download and to keep, and which parts cost most."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.archive import END_BYTES, Entry
from edge.bundle import Bundle, manifest_bytes, open_bundle
from edge.deflate import deflate
from edge.errors import EdgeError
from edge.manifest import MANIFEST, BundleFile

_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([a-z]*)", re.IGNORECASE)


def parse_bytes(value: object, where: str = "size") -> int:
    """Bytes of `2800000`, "2.8 MB" (1 MB = 1,000,000 bytes) or "2.7 MiB" (1,048,576 bytes), rounded down."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    match = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None or match[2].lower() not in _UNITS:
        raise EdgeError(f"{where}: {value!r} is not a size", fix='write e.g. 2800000, "2.8 MB" or "2.7 MiB"')
    whole, _, fraction = match[1].partition(".")
    return int(whole + fraction) * _UNITS[match[2].lower()] // 10 ** len(fraction)


@dataclass(frozen=True)
class Sizes:
    """Bytes of a bundle that carries one backend: as shipped, and unpacked on the device."""

    download: int
    installed: int


@dataclass(frozen=True)
class Part:
    """A piece of a bundle that an author can make smaller; inside a file, `download` is estimated."""

    name: str
    section: str
    download: int
    installed: int
    estimated: bool = False


def sizes(path: Path | str, backend: str | None = None) -> Sizes:
    """The bundle's sizes, as if it held the model files of `backend` alone; of all it holds if None."""
    return bundle_sizes(open_bundle(path), backend)


def bundle_sizes(bundle: Bundle, backend: str | None) -> Sizes:
    files = shipped_files(bundle, backend)
    entries = [bundle.archive.entries[file.path] for file in files] + [_manifest_entry(bundle, files)]
    download = sum(entry.compressed + entry.overhead for entry in entries) + END_BYTES
    return Sizes(download, sum(entry.bytes for entry in entries))


def shipped_files(bundle: Bundle, backend: str | None) -> tuple[BundleFile, ...]:
    """The files of a bundle for `backend`: its model, and what every backend needs."""
    if backend is not None and backend not in bundle.backends:
        raise EdgeError(
            f"{bundle.path} has no model for backend {backend!r}",
            fix=f"use one of: {', '.join(bundle.backends)}",
        )
    other = {f"model:{name}" for name in bundle.backends if backend not in (None, name)}
    return tuple(file for file in bundle.files if file.section not in other)


def _manifest_entry(bundle: Bundle, files: Sequence[BundleFile]) -> Entry:
    """The manifest's entry in a bundle that holds only `files`."""
    if len(files) == len(bundle.files):
        return bundle.archive.entries[MANIFEST]
    kept = {file.path for file in files}
    listed = [file for file in bundle.manifest["files"] if file["path"] in kept]
    data = manifest_bytes(dict(bundle.manifest) | {"files": listed})
    return Entry(MANIFEST, 0, sum(map(len, deflate([data]))), len(data), 0)


def parts(bundle: Bundle, backend: str | None) -> list[Part]:
    """What the shipped bytes consist of, largest download first; the sizes add an end record to them.

    A section whose parts the exporter measured is divided by them, its download in proportion.
    """
    files = shipped_files(bundle, backend)
    entry = _manifest_entry(bundle, files)
    found = [Part("manifest", "manifest", entry.compressed + entry.overhead, entry.bytes)]
    for section in dict.fromkeys(file.section for file in files):
        entries = [bundle.archive.entries[file.path] for file in files if file.section == section]
        download = sum(entry.compressed + entry.overhead for entry in entries)
        installed = sum(entry.bytes for entry in entries)
        measured = bundle.parts.get(section, {})
        if 0 < sum(measured.values()) <= installed:
            rest = {"other": installed - sum(measured.values())}
            for name, size in (dict(measured) | rest).items():
                found.append(Part(name, section, download * size // installed, size, estimated=True))
        else:
            found.append(Part(section, section, download, installed))
    return sorted(found, key=lambda part: (-part.download, part.name))
