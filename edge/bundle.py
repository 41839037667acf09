"""The `.edge` file: everything an app needs to rank, in one archive that is checked whole before use.

Nothing in it is executable. Format: edge/BUNDLE.md.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge import archive
from edge.archive import Archive, Limits, check_name, refuse
from edge.errors import EdgeError
from edge.manifest import (
    MANIFEST,
    SCHEMA,
    BundleFile,
    Exit,
    parse_exits,
    parse_files,
    parse_manifest,
    parse_parts,
    section_of,
)
from edge.runs import sha256_file


@dataclass(frozen=True)
class BundleInfo:
    """What `write_bundle` wrote. `sha256` is that of the whole file."""

    path: Path
    sha256: str
    bytes: int


@dataclass(frozen=True)
class Bundle:
    """A bundle whose every byte was checked when it was opened."""

    archive: Archive
    manifest: Mapping[str, Any]
    files: tuple[BundleFile, ...]  # every file but the manifest

    @property
    def path(self) -> Path:
        return self.archive.path

    @property
    def name(self) -> str:
        return str(self.manifest["name"])

    @property
    def sha256(self) -> str:
        """Of the whole file, as `sha256sum` prints it."""
        return self.archive.sha256

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.archive.entries)

    @property
    def exits(self) -> tuple[Exit, ...]:
        return parse_exits(self.path, self.manifest["exits"])

    @property
    def parts(self) -> Mapping[str, Mapping[str, int]]:
        """Installed bytes of the parts of a section, where the exporter measured them."""
        return parse_parts(self.path, self.manifest.get("parts", {}))

    @property
    def backends(self) -> tuple[str, ...]:
        sections = dict.fromkeys(file.section for file in self.files)
        return tuple(section.partition(":")[2] for section in sections if section.startswith("model:"))

    def read(self, name: str) -> bytes:
        """One file's bytes, checked again: the archive may have been replaced since it was opened."""
        return b"".join(self.stream(name))

    def stream(self, name: str) -> Iterator[bytes]:
        """One file's bytes in chunks; raises after the last one if they are not those the manifest lists."""
        entry = self.archive.entries.get(name)
        if entry is None:
            raise EdgeError(f"{self.path} holds no file {name!r}", evidence=f"it holds: {', '.join(self.names)}")
        digest = hashlib.sha256()
        for chunk in archive.stream(self.archive, entry):
            digest.update(chunk)
            yield chunk
        if any(file.path == name and file.sha256 != digest.hexdigest() for file in self.files):
            refuse(self.path, f"{name} does not match its SHA-256 in {MANIFEST}")


def open_bundle(path: Path | str, limits: Limits | None = None) -> Bundle:
    """The bundle at `path`, every file decompressed and checked once, in bounded memory."""
    bundle = read_manifest(Path(path), limits)
    for name in bundle.names:
        for _ in bundle.stream(name):
            pass
    return bundle


def read_manifest(path: Path, limits: Limits | None = None) -> Bundle:
    """The bundle after checking its own digest, layout and listing, but not yet each file's digest."""
    limits = limits or Limits()
    scanned = archive.scan(path, limits)
    entry = scanned.entries.get(MANIFEST)
    if entry is None:
        refuse(path, f"it has no {MANIFEST}")
    if entry.bytes > limits.manifest_bytes:
        refuse(path, f"{MANIFEST} declares {entry.bytes:,} bytes, the limit is {limits.manifest_bytes:,}")
    manifest = parse_manifest(path, b"".join(archive.stream(scanned, entry)))
    files = parse_files(path, manifest["files"])
    listed = {file.path: file.bytes for file in files}
    for name in listed.keys() - scanned.entries.keys():
        refuse(path, f"{name} is listed but missing")
    for name in scanned.entries.keys() - listed.keys() - {MANIFEST}:
        refuse(path, f"{name} is not listed in {MANIFEST}")
    for name, size in listed.items():
        if scanned.entries[name].bytes != size:
            refuse(path, f"{name} has {scanned.entries[name].bytes:,} bytes, {MANIFEST} lists {size:,}")
    return Bundle(scanned, manifest, files)


def write_bundle(path: Path | str, files: Mapping[str, Path | bytes], manifest: Mapping[str, Any]) -> BundleInfo:
    """Write a bundle that appears whole or not at all. Equal content gives an equal SHA-256.

    `manifest` has name, model, exits, golden, provenance and optionally parts; schema and files are filled in.
    """
    path = Path(path)
    listed = [_describe(path, name, files[name]) for name in sorted(files)]
    described = dict(manifest) | {"schema": SCHEMA, "files": listed}
    contents = dict(files) | {MANIFEST: manifest_bytes(described)}
    with _appearing(path) as temporary:
        archive.write(temporary, contents, first=MANIFEST)
        try:
            bundle = open_bundle(temporary)
        except EdgeError as error:
            problem = error.problem.replace(f"{temporary} refused", f"{path} cannot be written")
            raise EdgeError(problem) from error
    return BundleInfo(path, bundle.sha256, bundle.archive.bytes)


def manifest_bytes(manifest: Mapping[str, Any]) -> bytes:
    return (json.dumps(manifest, indent=1, sort_keys=True) + "\n").encode()


def _describe(path: Path, name: str, source: Path | bytes) -> dict[str, Any]:
    check_name(path, name)
    section = section_of(name)
    if section is None:
        raise EdgeError(f"{name!r} has no place in a bundle", fix="see the sections in edge/BUNDLE.md")
    if isinstance(source, bytes):
        size, digest = len(source), hashlib.sha256(source).hexdigest()
    elif source.is_file():
        size, digest = source.stat().st_size, sha256_file(source)
    else:
        raise EdgeError(f"{source} is not a file, it cannot be bundled as {name}")
    return {"path": name, "bytes": size, "sha256": digest, "section": section}


@contextmanager
def _appearing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place when the block ends, and is removed if it fails."""
    temporary = path.with_name(path.name + ".tmp")
    try:
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise EdgeError(f"{path} cannot be written: {error.strerror}") from error
    finally:
        temporary.unlink(missing_ok=True)
