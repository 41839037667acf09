"""One process at a time: a lock file beside what is written, released by the system however its holder ends."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from edge.errors import EdgeError

_BEGINNING = b'{"pid": '
_UNSUPPORTED = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


@contextmanager
def locked(path: Path, written: Path) -> Iterator[None]:
    """Hold the lock file `path` while the block writes `written`; the file is gone afterwards.

    A killed process leaves the file, unlocked: the next one takes it over. A stopped one still holds it.
    Errors: another process holds it, which the error names; a file that is no lock; no locks on this file system.
    """
    with _taken(path, written):
        try:
            yield
        finally:
            with suppress(OSError):
                path.unlink(missing_ok=True)  # before it is released: see _taken


def check_unlocked(path: Path, written: Path) -> None:
    """Errors: those of `locked`. Writes nothing where there was never a lock."""
    try:
        path.lstat()
    except FileNotFoundError:
        return
    with locked(path, written):
        pass


@contextmanager
def _taken(path: Path, written: Path) -> Iterator[None]:
    while True:
        with path.open("ab+") as file:
            _lock(file, path, written)
            if not _stands_at(file, path):
                continue  # its last holder removed it before letting go: take the file that stands there now
            _sign(file, path)
            yield
            return


def _lock(file: BinaryIO, path: Path, written: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = _holder(file)
        who = "process {pid} on {host}, since {since}".format(**holder) if holder else "another process"
        fix = "wait until it ends, or choose another --out"
        raise EdgeError(f"{written} is being written by {who}", fix=fix) from error
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
        raise EdgeError(
            f"the file system of {path.parent} has no locks, so two processes could write {written} at once",
            fix="choose an --out on another file system",
        ) from error


def _stands_at(file: BinaryIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _sign(file: BinaryIO, path: Path) -> None:
    """Write which process holds it. Errors: the file is not a lock."""
    if _holder(file) is None:
        raise EdgeError(f"{path} is not a lock file", fix="move it elsewhere, or choose another --out")
    since = datetime.now().astimezone().isoformat(timespec="seconds")
    holder = {"pid": os.getpid(), "host": socket.gethostname(), "since": since}
    with suppress(OSError):  # on a full disk the lock holds all the same
        os.ftruncate(file.fileno(), 0)
        os.write(file.fileno(), json.dumps(holder).encode())


def _holder(file: BinaryIO) -> dict[str, Any] | None:
    """What the last holder wrote: {} if it did not come to the end of it, None if a lock would not hold such words."""
    file.seek(0)
    content = file.read(4096)
    if content and not content.startswith(_BEGINNING):
        return None
    try:
        return dict(json.loads(content))
    except ValueError:
        return {}
