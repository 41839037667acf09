"""What changed from one bundle to another, byte by byte, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from edge.bundle.bundle import Bundle
from edge.bundle.exits import MeasuredExit
from edge.bundle.listing import MANIFEST, WEIGHTS, BundleFile
from edge.bundle.sizes import bundle_sizes
from edge.inspect.causes import Cause, causes
from edge.inspect.describe import leaves, sections
from edge.inspect.tensors import PackedTensor, packed_tensors


@dataclass(frozen=True)
class Row:
    """One figure or setting in both bundles; None where it is missing."""

    name: str
    before: Any
    after: Any

    @property
    def difference(self) -> Any:
        """Of numbers that both have; else None."""
        numbers = isinstance(self.before, int | float) and isinstance(self.after, int | float)
        return self.after - self.before if numbers else None


@dataclass(frozen=True)
class Change:
    """A piece of the download: a tensor, a file, or what surrounds them. The changes of all add up to the whole."""

    name: str
    section: str
    before: int | None  # bytes to download
    after: int | None
    content: str  # same, changed, new, removed; of a model's file also "weights changed", its graph being the same
    causes: tuple[Cause, ...] = ()
    installed: tuple[int | None, int | None] = (None, None)  # of a file, before and after

    @property
    def difference(self) -> int:
        """Bytes gained, negative if lost; an absent piece has 0 bytes."""
        return (self.after or 0) - (self.before or 0)


@dataclass(frozen=True)
class Comparison:
    """All rows, changed or not; `changes` by how much they matter. `same` is "bundle", "content" or None."""

    before: Bundle
    after: Bundle
    same: str | None
    totals: tuple[Row, ...]
    sections: tuple[Row, ...]
    changes: tuple[Change, ...]
    quality: tuple[Row, ...]
    settings: tuple[Row, ...]


def compare_bundles(before: Bundle, after: Bundle) -> Comparison:
    """Of two opened bundles."""
    changes = sorted(_changes(before, after), key=lambda change: (-abs(change.difference), change.name))
    return Comparison(
        before,
        after,
        _sameness(before, after),
        tuple(_totals(before, after)),
        tuple(_rows(_section_downloads(before), _section_downloads(after))),
        tuple(changes),
        tuple(_rows(_qualities(before.exits), _qualities(after.exits))),
        tuple(_rows(_settings(before), _settings(after))),
    )


def _sameness(before: Bundle, after: Bundle) -> str | None:
    if before.sha256 == after.sha256:
        return "bundle"
    contents = [{key: value for key, value in one.manifest.items() if key != "name"} for one in (before, after)]
    return "content" if contents[0] == contents[1] else None


def _totals(before: Bundle, after: Bundle) -> Iterator[Row]:
    yield Row("the file", before.archive.bytes, after.archive.bytes)
    for engine in dict.fromkeys((*before.engines, *after.engines)):
        sizes = [bundle_sizes(one, engine) if engine in one.engines else None for one in (before, after)]
        yield Row(f"download ({engine})", *(size and size.download for size in sizes))
        yield Row(f"installed ({engine})", *(size and size.installed for size in sizes))


def _section_downloads(bundle: Bundle) -> dict[str, int]:
    return {section["section"]: section["download"] for section in sections(bundle)}


def _rows(before: dict[str, Any], after: dict[str, Any]) -> Iterator[Row]:
    for name in dict.fromkeys((*before, *after)):
        yield Row(name, before.get(name), after.get(name))


def _qualities(exits: tuple[MeasuredExit, ...]) -> dict[str, float]:
    return {f"{metric} at exit {one.exit}": float(value) for one in exits for metric, value in one.quality.items()}


def _settings(bundle: Bundle) -> dict[str, str]:
    """All that the manifest says but of files and quality; by exit, what makes chances of its scores."""
    manifest = bundle.manifest
    kept = {
        key: manifest[key]
        for key in ("name", "model", "buckets", "golden", "runtimes", "provenance")
        if key in manifest
    }
    fitted = {str(one.exit): asdict(one.calibration) for one in bundle.exits if one.calibration}
    known = dict(leaves(kept)) | dict(leaves(fitted, "calibration") if fitted else ())
    return known | {"signed": "yes" if bundle.archive.signed else "no"}


def _changes(before: Bundle, after: Bundle) -> Iterator[Change]:
    old, new = ({tensor.name: tensor for tensor in packed_tensors(one)} for one in (before, after))
    for name in sorted({*old, *new}):
        yield _tensor_change(name, old.get(name), new.get(name), _equal(before, after, name))
    for name in sorted({*before.names, *after.names}):
        if name == WEIGHTS and (old or new):
            name = f"{WEIGHTS}: header and coder's states"
            yield Change(name, "weights", _around(before, old), _around(after, new), "")
        else:
            yield _file_change(name, before, after)
    yield Change("end record", "manifest", before.archive.end_bytes, after.archive.end_bytes, "")


def _equal(before: Bundle, after: Bundle, name: str) -> bool:
    old, new = before.weights.get(name), after.weights.get(name)
    return old is not None and new is not None and np.array_equal(old, new)


def _tensor_change(name: str, before: PackedTensor | None, after: PackedTensor | None, equal: bool) -> Change:
    sizes = (before.stored if before else None, after.stored if after else None)
    if before is None or after is None:
        what = "new" if before is None else "removed"
        cause = Cause(what, (sizes[1] or 0) - (sizes[0] or 0), f"is {what}")
        return Change(name, "weights", *sizes, what, (cause,))
    content = "same" if equal else "changed"
    return Change(name, "weights", *sizes, content, causes(before, after))


def _around(bundle: Bundle, tensors: dict[str, PackedTensor]) -> int | None:
    """What the weights' entry takes beside its tensors; the archive's compression may make it negative."""
    download = _download(bundle, WEIGHTS)
    return None if download is None else download - sum(tensor.stored for tensor in tensors.values())


def _file_change(name: str, before: Bundle, after: Bundle) -> Change:
    old, new = before.listed.get(name), after.listed.get(name)
    section = "manifest" if name == MANIFEST else next(file.section for file in (old, new) if file)
    sizes = (_download(before, name), _download(after, name))
    content = _content(name, before, after, old, new)
    difference = (sizes[1] or 0) - (sizes[0] or 0)
    found = (Cause(content, difference, _file_text(content, old, new)),) if difference else ()
    return Change(name, section, *sizes, content, found, (_installed(before, name), _installed(after, name)))


def _file_text(content: str, old: BundleFile | None, new: BundleFile | None) -> str:
    if content in ("new", "removed"):
        return f"is {content}"
    was, now = ({hole.tensor for hole in file.holes} if file else set() for file in (old, new))
    if was - now:
        return f"copy of {', '.join(sorted(was - now))} is no longer packed apart"
    if now - was:
        return f"copy of {', '.join(sorted(now - was))} is packed apart now"
    return f"{'graph' if now else 'content'} changed"


def _download(bundle: Bundle, name: str) -> int | None:
    entry = bundle.archive.entries.get(name)
    return entry.compressed + entry.overhead if entry else None


def _installed(bundle: Bundle, name: str) -> int | None:
    file = bundle.listed.get(name)
    if file:
        return file.bytes if file.is_installed else 0
    return bundle.archive.entries[name].bytes if name in bundle.names else None


def _content(name: str, before: Bundle, after: Bundle, old: BundleFile | None, new: BundleFile | None) -> str:
    if name not in before.names or name not in after.names:
        return "new" if name in after.names else "removed"
    if old is None or new is None:  # the manifest lists every file but itself
        return "same" if before.manifest == after.manifest else "changed"
    if old.sha256 == new.sha256:
        return "same"
    rests = [one.archive.entries[name] for one in (before, after)]
    same_rest = (rests[0].crc, rests[0].bytes) == (rests[1].crc, rests[1].bytes)
    return "weights changed" if old.holes and new.holes and same_rest else "changed"
