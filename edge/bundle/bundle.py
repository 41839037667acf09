"""The `.edge` file: everything an app needs to rank, in one archive that is checked whole before use.

Nothing in it is executable. Format: edge/bundle/BUNDLE.md.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from edge.bundle import archive
from edge.bundle.archive import Archive, ArchiveLimits, check_name, refuse
from edge.bundle.exits import Exit, MeasuredExit, parse_exits
from edge.bundle.keys import PublicKey
from edge.bundle.listing import MANIFEST, WEIGHTS, BundleFile, parse_files, section_of
from edge.bundle.manifest import SCHEMA, parse_manifest
from edge.bundle.weights.holes import cut, fill
from edge.bundle.weights.packed import Weights, pack, unpack_counted
from edge.errors import EdgeError
from edge.files import output, sha256_file


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
    manifest_sha256: str
    files: tuple[BundleFile, ...]  # every file but the manifest

    @property
    def path(self) -> Path:
        """The file that was opened."""
        return self.archive.path

    @property
    def name(self) -> str:
        """The name in the manifest, without the extension."""
        return str(self.manifest["name"])

    @property
    def sha256(self) -> str:
        """Of the whole file, as `sha256sum` prints it."""
        return self.archive.sha256

    @property
    def names(self) -> tuple[str, ...]:
        """Paths of the files in the archive, in their order."""
        return tuple(self.archive.entries)

    @property
    def exits(self) -> tuple[MeasuredExit, ...]:
        """Ascending."""
        return parse_exits(self.path, self.manifest["exits"], self.manifest["model"])

    @property
    def deepest(self) -> Exit:
        """The exit with the largest depths; every bundle has it."""
        return self.exits[-1].exit

    @property
    def best(self) -> Exit:
        """The exit that answers requests without limits."""
        return max(self.exits, key=lambda one: one.order).exit

    @cached_property
    def listed(self) -> Mapping[str, BundleFile]:
        """`files` by path."""
        return {file.path: file for file in self.files}

    @property
    def weights(self) -> Weights:
        """Every parameter of the model by name, decoded; none if the bundle packs none."""
        return self._unpacked[0]

    @property
    def coded_bits(self) -> Mapping[str, float]:
        """What each of the weights takes in their file, in bits, its header left out."""
        return self._unpacked[1]

    @cached_property
    def _unpacked(self) -> tuple[Weights, Mapping[str, float]]:
        if WEIGHTS not in self.archive.entries:
            return {}, {}
        packed = self.read(WEIGHTS)
        try:
            return unpack_counted(packed)
        except EdgeError as error:
            refuse(self.path, f"{WEIGHTS}: {in_one_line(error)}")

    @property
    def engines(self) -> tuple[str, ...]:
        """The engines for which the bundle has a model."""
        sections = dict.fromkeys(file.section for file in self.files)
        return tuple(section.partition(":")[2] for section in sections if section.startswith("model:"))

    def read(self, name: str) -> bytes:
        """One file's bytes, checked again: the archive may have been replaced since it was opened."""
        return b"".join(self.stream(name))

    def stream(self, name: str) -> Iterator[bytes]:
        """One file's bytes in chunks; raises after the last one if they are not those the manifest lists."""
        entry = self.archive.entries.get(name)
        if entry is None:
            raise EdgeError(
                f"{self.path} holds no file {name!r}",
                evidence=f"it holds: {', '.join(self.names)}",
                fix="name one of these",
            )
        listed = self.listed.get(name)  # the manifest is not
        chunks = archive.stream(self.archive, entry)
        digest = hashlib.sha256()
        for chunk in self._filled(listed, chunks) if listed and listed.holes else chunks:
            digest.update(chunk)
            yield chunk
        if (listed.sha256 if listed else self.manifest_sha256) != digest.hexdigest():
            refuse(self.path, f"{name} does not match its SHA-256 in {MANIFEST}")

    def check(self, names: Iterable[str]) -> None:
        """Decompresses files, and refuses the bundle if one is not what the manifest lists."""
        for name in names:
            for _ in self.stream(name):
                pass

    def _filled(self, file: BundleFile, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """A model's file with the weights in its holes."""
        try:
            yield from fill(b"".join(chunks), file.holes, self.weights, file.bytes)
        except EdgeError as error:
            if error.problem.startswith(str(self.path)):
                raise
            refuse(self.path, f"{file.path}: {in_one_line(error)}")


def in_one_line(error: EdgeError) -> str:
    """Problem and evidence of an error on one line."""
    evidence = "; ".join(error.evidence.splitlines())
    return f"{error.problem} ({evidence})" if evidence else error.problem


def open_bundle(path: Path | str, limits: ArchiveLimits | None = None, public_key: PublicKey | None = None) -> Bundle:
    """The bundle at `path`, every file decompressed and checked once, in bounded memory.

    With a key, a bundle that the key's owner did not sign is refused.
    """
    bundle = read_manifest(Path(path), limits, public_key)
    bundle.check(bundle.names)
    return bundle


def read_manifest(path: Path, limits: ArchiveLimits | None = None, public_key: PublicKey | None = None) -> Bundle:
    """The bundle after checking its own digest, layout and listing, but not yet each file's digest."""
    limits = limits or ArchiveLimits()
    scanned = archive.scan(path, limits, public_key)
    entry = scanned.entries.get(MANIFEST)
    if entry is None:
        refuse(path, f"it has no {MANIFEST}")
    if entry.bytes > limits.manifest_bytes:
        refuse(path, f"{MANIFEST} declares {entry.bytes:,} bytes, the limit is {limits.manifest_bytes:,}")
    data = b"".join(archive.stream(scanned, entry))
    manifest = parse_manifest(path, data)
    files = parse_files(path, manifest["files"])
    archive.check_total(path, sum(file.bytes for file in files), scanned.bytes, limits)
    listed = {file.path: file.bytes for file in files}
    for name in listed.keys() - scanned.entries.keys():
        refuse(path, f"{name} is listed but missing")
    for name in scanned.entries.keys() - listed.keys() - {MANIFEST}:
        refuse(path, f"{name} is not listed in {MANIFEST}")
    for file in files:
        size = scanned.entries[file.path].bytes
        if size > file.bytes or (size < file.bytes and not file.holes):
            refuse(path, f"{file.path} has {size:,} bytes, {MANIFEST} lists {file.bytes:,}")
    return Bundle(scanned, manifest, hashlib.sha256(data).hexdigest(), files)


def write_bundle(
    path: Path | str, files: Mapping[str, Path | bytes], manifest: Mapping[str, Any], weights: Weights | None = None
) -> BundleInfo:
    """Write a bundle that appears whole or not at all. Equal content gives an equal SHA-256.

    `manifest` has name, model, buckets, exits, golden and provenance; files are filled in, and schema if it is absent.
    `weights` are packed once, and cut out of every model's file wherever they stand in it in a form that is known.
    """
    path = Path(path)
    contents: dict[str, Path | bytes] = dict(files)
    if weights:
        contents[WEIGHTS] = pack(weights)
    listed = []
    for name in sorted(contents):
        described = _describe(path, name, contents[name])
        if weights and described["section"].startswith("model:"):
            contents[name], holes = cut(_content(contents[name]), weights)
            described |= {"holes": [[hole.offset, hole.tensor, hole.form] for hole in holes]} if holes else {}
        listed.append(described)
    contents[MANIFEST] = manifest_bytes({"schema": SCHEMA} | dict(manifest) | {"files": listed})
    with output(path) as temporary:
        archive.write(temporary, contents, first=MANIFEST)
        try:
            bundle = open_bundle(temporary)
        except EdgeError as error:
            problem = error.problem.replace(f"{temporary} refused", f"{path} cannot be written")
            raise EdgeError(problem, fix="correct the manifest or the files that are passed") from error
    return BundleInfo(path, bundle.sha256, bundle.archive.bytes)


def _content(source: Path | bytes) -> bytes:
    return source if isinstance(source, bytes) else source.read_bytes()


def manifest_bytes(manifest: Mapping[str, Any]) -> bytes:
    """The manifest as canonical JSON: equal manifests give equal bytes."""
    return (json.dumps(manifest, indent=1, sort_keys=True) + "\n").encode()


def _describe(path: Path, name: str, source: Path | bytes) -> dict[str, Any]:
    check_name(path, name)
    section = section_of(name)
    if section is None:
        raise EdgeError(
            f"a bundle may not contain {name!r}", fix="use the names that section 1 of edge/bundle/BUNDLE.md lists"
        )
    if isinstance(source, bytes):
        size, digest = len(source), hashlib.sha256(source).hexdigest()
    elif source.is_file():
        size, digest = source.stat().st_size, sha256_file(source)
    else:
        raise EdgeError(f"{source} is not a file, so it cannot be bundled as {name}", fix="check the path")
    return {"path": name, "bytes": size, "sha256": digest, "section": section}
