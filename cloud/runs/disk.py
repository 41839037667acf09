"""What a stage says when the disk refuses: what failed, and that nothing made so far is lost."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.errors import EdgeError

_HINTS = {
    errno.ENOSPC: "make room on the disk",
    errno.EDQUOT: "make room in the quota",
    errno.EFBIG: "allow larger files (ulimit -f)",
    errno.EACCES: "allow writing there",
    errno.EPERM: "allow writing there",
    errno.EROFS: "allow writing there",
    errno.EMFILE: "allow more open files (ulimit -n)",
}


@contextmanager
def disk_errors(out: Path, partial: Path, restart: bool = False) -> Iterator[None]:
    """Errors of the system in the block become one that says how the stage that writes `out` can go on.

    `restart` is true of a command that would start over if it were repeated word for word.
    """
    try:
        yield
    except BrokenPipeError:  # nobody reads what is printed: not the disk
        raise
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error) or type(error).__name__
        hint = _HINTS.get(error.errno or 0, "see to it")
        kept = os.access(partial, os.F_OK)
        again = f"run the same command again{' without --restart' * restart}: it continues from {partial}"
        raise EdgeError(
            f"{out} was not completed: {reason}" if kept else f"{out} cannot be written: {reason}",
            evidence=str(error.filename or ""),
            fix=f"{hint} and {again}" if kept else "choose another --out",
        ) from error


def check_place(out: Path) -> None:
    """Errors: no directory can be made at `out`, which is not there yet."""
    above = out.absolute().parent
    while not os.path.lexists(above):
        above = above.parent
    if not above.is_dir():
        raise EdgeError(f"{out} cannot be written: {above} is not a directory", fix="choose another --out")
    if not os.access(above, os.W_OK | os.X_OK):
        raise EdgeError(f"{out} cannot be written: {above} may not be written to", fix="choose another --out")
