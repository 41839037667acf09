"""Unpacking a bundle where engines can map its files: once per bundle, whole or not at all."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

from edge.bundle.archive import refuse
from edge.bundle.bundle import Bundle, in_one_line, read_manifest
from edge.bundle.keys import PublicKey
from edge.bundle.listing import MANIFEST
from edge.errors import EdgeError
from edge.files import sha256_file

LOCK, PARTIAL = ".lock", ".partial"
INSTALLED = re.compile(r"[0-9a-f]{64}")  # the names of installations
KEPT = 4  # an app's bundle, the one before, and two under test
PIECE = 1 << 14  # bytes; Linux maps what was written at once as a whole, even if little of it is read


def default_cache() -> Path:
    """`EDGE_CACHE`, or ~/.cache/edge-ranker."""
    return Path(os.environ.get("EDGE_CACHE") or Path("~/.cache/edge-ranker").expanduser())


class Installation:
    """A bundle's verified files in `directory`. While this object lives, no other installer removes them."""

    def __init__(self, directory: Path, held: int) -> None:
        """`held`: a descriptor of the directory with a shared lock, which it owns from now on."""
        self.directory = directory
        self._held = weakref.finalize(self, os.close, held)

    def release(self) -> None:
        """Done with the files; engines that have loaded them do not need them any more."""
        self._held()


def install(
    path: Path | str, cache: Path | None = None, public_key: PublicKey | None = None, weights: bool = False
) -> Installation:
    """The bundle's verified files in `<cache>/<sha256 of the bundle>`; unpacked if need be.

    The packed weights go into the model files, and into the directory only if `weights` asks for them. Of bundles
    opened before, the `KEPT` used last stay, and those in use; an installation removes the others.

    A bad bundle, or with a key one that its owner did not sign, is refused and leaves nothing behind. Files that
    others put there, e.g. an engine's weight cache, stay until the installation is incomplete and made again.
    """
    bundle = read_manifest(Path(path), public_key=public_key)
    cache = cache or default_cache()
    target = cache / bundle.sha256
    if found := _intact(bundle, target, weights):
        return found
    try:
        if not (cache / LOCK).exists():  # a refusal must not leave a cache where there was none
            bundle.check(bundle.names)
        cache.mkdir(parents=True, exist_ok=True)
        with _alone(cache):
            _remove_leftovers(cache)
            found = _intact(bundle, target, weights)  # another process may have installed it meanwhile
            if found is None:
                _unpack(bundle, target, weights)
                found = Installation(target, _hold(target))
            _remove_unused(cache)
    except OSError as error:
        raise EdgeError(
            f"{path} cannot be installed in {cache}: {error.strerror}",
            fix="make room there, or name another directory in EDGE_CACHE",
        ) from error
    return found


def refuse_installed(path: Path, directory: Path, error: EdgeError) -> NoReturn:
    """The one-line error for the bundle at `path`, of an error about one of its files in `directory`."""
    refuse(path, in_one_line(error).replace(f"{directory}{os.sep}", ""))


def _intact(bundle: Bundle, directory: Path, weights: bool) -> Installation | None:
    """The installation if it is whole, locked before it is checked, so that it cannot be removed meanwhile."""
    try:
        held = _hold(directory)
    except OSError:  # it is not there, or cannot be read
        return None
    found = Installation(directory, held)
    if not is_intact(bundle, directory, weights):
        found.release()
        return None
    with suppress(OSError):  # a cache that cannot be written is used as it is
        os.utime(directory)
    return found


def _hold(directory: Path) -> int:
    """A descriptor of the directory with a shared lock; the system lets go of it when the process dies."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    with suppress(OSError):  # a file system without locks
        fcntl.flock(descriptor, fcntl.LOCK_SH)
    return descriptor


def _remove_unused(cache: Path) -> None:
    """All but the `KEPT` installations that were used last, and those that are in use. Call it under the lock."""
    installed = [entry for entry in cache.iterdir() if INSTALLED.fullmatch(entry.name) and entry.is_dir()]
    installed.sort(key=lambda entry: entry.stat().st_mtime_ns, reverse=True)
    for directory in installed[KEPT:]:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            continue  # in use
        else:
            leaving = directory.with_suffix(PARTIAL)
            directory.rename(leaving)  # gone at once: no process finds half of it
            shutil.rmtree(leaving)
        finally:
            os.close(descriptor)


def is_intact(bundle: Bundle, directory: Path, weights: bool = False) -> bool:
    """True if every file is there with the bytes the bundle has."""
    expected = {file.path: (file.bytes, file.sha256) for file in bundle.files if file.is_installed or weights}
    manifest = bundle.read(MANIFEST)
    expected[MANIFEST] = (len(manifest), hashlib.sha256(manifest).hexdigest())
    for name, (size, sha256) in expected.items():
        file = directory / name
        if not file.is_file() or file.stat().st_size != size or sha256_file(file) != sha256:
            return False
    return True


@contextmanager
def _alone(cache: Path) -> Iterator[None]:
    """One installer at a time; the system lets go of the lock when a process dies."""
    with (cache / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _remove_leftovers(cache: Path) -> None:
    """What killed installers left: whoever holds the lock owns every partial directory."""
    for leftover in cache.glob(f"*{PARTIAL}"):
        shutil.rmtree(leftover)


def _unpack(bundle: Bundle, target: Path, weights: bool) -> None:
    """Each file is checked while it is written, and all of them before one can be used."""
    # Not synced to disk: after a power failure the hashes fail, and the next open unpacks again.
    temporary = Path(tempfile.mkdtemp(prefix=target.name[:16], suffix=PARTIAL, dir=target.parent))
    try:
        contents = temporary / "new"
        for name in (MANIFEST, *(file.path for file in bundle.files if file.is_installed or weights)):
            file = contents / name
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("wb") as output:
                for chunk in bundle.stream(name):
                    output.writelines(chunk[start : start + PIECE] for start in range(0, len(chunk), PIECE))
        bundle.check(file.path for file in bundle.files if not (file.is_installed or weights))
        if target.exists():  # damaged
            target.rename(temporary / "old")
        contents.rename(target)
    finally:
        shutil.rmtree(temporary)
