"""The one error type that users see: what is wrong, the evidence, and what to do about it."""

from __future__ import annotations

import difflib
import errno
import os
import re
from collections.abc import Iterable

_MORE_ROOM = "make room there, then run the same command again"
_ANOTHER_PATH = "choose another path: a part of this one is a file"
_PERMISSION = "choose another path, or change who may read and write this one"
_FIXES = {
    errno.ENOSPC: _MORE_ROOM,
    errno.EDQUOT: _MORE_ROOM,
    errno.ENOTDIR: _ANOTHER_PATH,
    errno.EEXIST: _ANOTHER_PATH,
    errno.EACCES: _PERMISSION,
    errno.EPERM: _PERMISSION,
    errno.EROFS: "choose a path on a disk that can be written",
    errno.ENAMETOOLONG: "choose a shorter path",
    errno.ENOENT: "check the path",
}


class EdgeError(Exception):
    """A problem the user can act on; printed without a stack trace, exit code 2.

    `problem` is one sentence; `evidence` and `fix` are optional lines below it.
    """

    def __init__(self, problem: str, *, evidence: str = "", fix: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.evidence = evidence
        self.fix = fix

    def __str__(self) -> str:
        lines = [self.problem]
        if self.evidence:
            lines.append(self.evidence)
        if self.fix:
            lines.append(f"fix: {self.fix}")
        return "\n".join(lines)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A fix: the nearest of the known names."""
    found = nearest(name, known)
    return f"did you mean {found!r}?" if found else ""


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that is most like this one, whatever the case of its letters; nothing if none is known."""
    spelt = {other.casefold(): other for other in known if other}
    return next((spelt[other] for other in difflib.get_close_matches(name.casefold(), spelt, n=1, cutoff=0.0)), "")


def install(extra: str) -> str:
    """The command that installs an optional part. No index has edge-ranker: its name there could be anyone's."""
    wanted = f"'.[{extra}]'" if extra else "."
    return f"pip install {wanted} (in a checkout of edge-ranker)"


def missing_extra(extra: str, error: ImportError) -> EdgeError:
    """The error for an optional part whose packages are not installed; without an extra, for what is always needed."""
    return EdgeError(f"this command needs packages that are not installed ({error.name})", fix=install(extra))


def missing_package(error: ImportError) -> EdgeError:
    """The error for a package that turned out to be absent; the extra that has it is the first that lists it."""
    from importlib.metadata import PackageNotFoundError, requires

    package = (error.name or "").partition(".")[0]
    try:
        listed = [line for line in requires("edge-ranker") or () if re.match(rf"{re.escape(package)}\b", line)]
    except PackageNotFoundError:  # run from its source
        listed = []
    extra = re.search(r"""extra == ["'](\w+)""", listed[0]) if package and listed else None
    return missing_extra(extra[1] if extra else "" if package and listed else "export", error)


def file_error(error: OSError) -> EdgeError:
    """The error for what the system refused to do with a file, or with the result if it names none."""
    reason = os.strerror(error.errno) if error.errno else str(error) or type(error).__name__
    path = "the result" if error.filename is None else error.filename
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return EdgeError(
        f"{path} cannot be written: {reason}" if full else f"{path}: {reason}", fix=_FIXES.get(error.errno or 0, "")
    )
