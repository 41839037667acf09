"""The files of a bundle: which sections there are, and what the manifest lists of each file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.bundle.archive import refuse
from edge.bundle.facts import MODEL_ENGINES
from edge.bundle.values import LARGEST_COUNT, is_count
from edge.bundle.weights.forms import FORMS
from edge.bundle.weights.holes import Hole

MANIFEST = "manifest.json"
WEIGHTS = "weights.bin"
TEXT, VOCABULARY, GOLDEN = "text.json", "vocab.txt", "golden.jsonl"
COMMON_SECTIONS = ("text", "vocabulary", "golden")
_COMMON = {TEXT: "text", VOCABULARY: "vocabulary", GOLDEN: "golden", WEIGHTS: "weights"}
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class BundleFile:
    """One file of the bundle, as the manifest lists it: `bytes` and `sha256` are those of the whole file.

    Where it has `holes`, the archive holds what is between them, and the weights fill them at installation.
    """

    path: str
    bytes: int
    sha256: str
    section: str
    holes: tuple[Hole, ...] = ()

    @property
    def is_installed(self) -> bool:
        """The packed weights stay in the bundle: the models have them."""
        return self.section != "weights"


def section_of(name: str) -> str | None:
    """The section a file belongs to, by its path; None if it has no place in a bundle."""
    for engine in MODEL_ENGINES:
        if name.startswith((f"models/{engine}.", f"models/{engine}/")):
            return f"model:{engine}"
    return _COMMON.get(name)


def parse_files(path: Path, values: Sequence[Any]) -> tuple[BundleFile, ...]:
    """`[{"path": ..., "bytes": ..., "sha256": ..., "section": ...}, ...]`; those of models may have "holes"."""
    files = [_parse_file(path, f"{MANIFEST}: files[{index}]", value) for index, value in enumerate(values)]
    if len({file.path for file in files}) < len(files):
        refuse(path, f"{MANIFEST} lists a file twice")
    present = {file.section for file in files}
    missing = [section for section in COMMON_SECTIONS if section not in present]
    if missing or not any(section.startswith("model:") for section in present):
        refuse(path, f"{MANIFEST} lists no {missing[0] if missing else 'model'} file")
    if "weights" not in present and any(file.holes for file in files):
        refuse(path, f"{MANIFEST} lists holes, but no {WEIGHTS} to fill them")
    if sum(file.bytes for file in files) > LARGEST_COUNT:
        refuse(path, f"{MANIFEST} lists files of more than {LARGEST_COUNT:,} bytes")
    return tuple(files)


def _parse_file(path: Path, where: str, value: Any) -> BundleFile:
    if not isinstance(value, dict) or set(value) - {"holes"} != {"path", "bytes", "sha256", "section"}:
        refuse(path, f"{where} must have exactly path, bytes, sha256 and section, and perhaps holes")
    name, size, digest, section = (value[key] for key in ("path", "bytes", "sha256", "section"))
    if not isinstance(name, str) or section_of(name) is None or section_of(name) != section:
        refuse(path, f"{where}: {ascii(name)[:80]} does not belong to section {ascii(section)[:40]}")
    if not is_count(size) or not isinstance(digest, str) or not _SHA256.fullmatch(digest):
        refuse(path, f"{where} needs a size in bytes and a SHA-256")
    holes = value.get("holes", [])
    if not isinstance(holes, list) or (holes and not section.startswith("model:")):
        refuse(path, f"{where}: only a model's file has holes")
    return BundleFile(name, size, digest, section, tuple(_parse_hole(path, where, hole) for hole in holes))


def _parse_hole(path: Path, where: str, value: Any) -> Hole:
    """Of `[offset, tensor, form]`."""
    if not isinstance(value, list) or len(value) != 3 or not is_count(value[0]):
        refuse(path, f"{where}: a hole is [offset, tensor, form]")
    offset, tensor, form = value
    if not isinstance(tensor, str) or form not in FORMS:
        refuse(path, f"{where}: a hole needs a tensor's name and one of the forms {', '.join(FORMS)}")
    return Hole(offset, tensor, form)
