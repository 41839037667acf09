"""Unpacking a bundle where engines can map its files: once per bundle, whole or not at all."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.bundle.bundle import Bundle, read_manifest
from edge.bundle.keys import PublicKey
from edge.bundle.manifest import MANIFEST
from edge.errors import EdgeError
from edge.files import sha256_file

LOCK, PARTIAL = ".lock", ".partial"
PIECE = 1 << 14  # bytes; Linux maps what was written at once as a whole, even if little of it is read


def default_cache() -> Path:
    """`EDGE_CACHE`, or ~/.cache/edge-ranker."""
    return Path(os.environ.get("EDGE_CACHE") or Path("~/.cache/edge-ranker").expanduser())


def install(
    path: Path | str, cache: Path | None = None, public_key: PublicKey | None = None, weights: bool = False
) -> Path:
    """The directory of the bundle's verified files, `<cache>/<sha256 of the bundle>`; unpacked if need be.

    The packed weights go into the model files, and into the directory only if `weights` asks for them.

    A bad bundle, or with a key one that its owner did not sign, is refused and leaves nothing behind. Files that
    others put there, e.g. an engine's weight cache, stay until the installation is found wanting and made anew.
    """
    bundle = read_manifest(Path(path), public_key=public_key)
    cache = cache or default_cache()
    target = cache / bundle.sha256
    if is_intact(bundle, target, weights):
        return target
    try:
        if not (cache / LOCK).exists():  # a refusal must not leave a cache where there was none
            bundle.check(bundle.names)
        cache.mkdir(parents=True, exist_ok=True)
        with _alone(cache):
            _remove_leftovers(cache)
            if not is_intact(bundle, target, weights):  # another process may have installed it meanwhile
                _unpack(bundle, target, weights)
    except OSError as error:
        raise EdgeError(
            f"{path} cannot be installed in {cache}: {error.strerror}",
            fix="make room there, or name another directory in EDGE_CACHE",
        ) from error
    return target


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
