"""The one error type that users see: what is wrong, the evidence, and what to do about it."""

from __future__ import annotations

import difflib
import errno
import os
import re
from collections.abc import Iterable

_MORE_ROOM = "make room there, then run the same command again"
_ANOTHER_PATH = "choose another path: a parent of this one is a file"
_PERMISSION = "choose another path, or change the permissions of this one"
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
    errno.EISDIR: "name a file: this is a directory",
}
_ALIKE = 0.6  # difflib's ratio: below it, a suggestion is a guess
_LEAST_PIECE = 3  # letters
_MOST_CHOICES = 12


class EdgeError(Exception):
    """A problem that the user can fix: the only exception that a bundle, a request or an argument can raise.

    `problem` is one sentence; `evidence` and `fix` are lines of text, or empty. `str(error)` joins the three. A
    command prints it without a stack trace and exits with 2.
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
    """A fix: the nearest of the known names, or the list of names if none is near."""
    known = [other for other in known if other]
    found = nearest(name, known)
    if found:
        return f"did you mean {found!r}?"
    return f"use one of: {choices(known)}" if known else ""


def known_names(name: str, known: Iterable[str]) -> str:
    """A fix: the nearest of a few known names, if one is near, and all of them."""
    known = list(known)
    found = nearest(name, known)
    return f"{f'did you mean {found!r}? ' if found else ''}known: {', '.join(known)}"


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that is most like this one, whatever the case of its letters; nothing if none is like it."""
    given, spelt = name.casefold(), {other.casefold(): other for other in known if other}
    near = difflib.get_close_matches(given, spelt, n=1, cutoff=_ALIKE)
    if not near and len(given) >= _LEAST_PIECE:  # "mid" of "mid-android", "name.first" of "name"
        pieces = [other for other in spelt if given in _pieces(other) or other in _pieces(given)]
        near = difflib.get_close_matches(given, pieces, n=1, cutoff=0.0)
    return spelt[near[0]] if near else ""


def _pieces(name: str) -> set[str]:
    """What a name of several words begins or ends with."""
    ends = [match.start() for match in re.finditer(r"[.\-_ ]", name)]
    return {name[:end] for end in ends} | {name[end + 1 :] for end in ends}


def choices(known: Iterable[str]) -> str:
    """What there is to choose from; of many dotted names their groups, of many others the first."""
    names = list(known)
    if len(names) > _MOST_CHOICES:
        names = list(
            dict.fromkeys(f"{group}.*" if dot else group for group, dot, _ in (name.partition(".") for name in names))
        )
    more = len(names) - _MOST_CHOICES
    return ", ".join(names[:_MOST_CHOICES]) + (f" and {more} more" if more > 0 else "")


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


def file_fix(error: OSError) -> str:
    """A fix for what the system refused to do with a file; nothing where none is known."""
    return _FIXES.get(error.errno or 0, "")


def file_error(error: OSError) -> EdgeError:
    """The error for what the system refused to do with a file, or with the result if it names none."""
    reason = os.strerror(error.errno) if error.errno else str(error) or type(error).__name__
    path = "the result" if error.filename is None else error.filename
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return EdgeError(f"{path} cannot be written: {reason}" if full else f"{path}: {reason}", fix=file_fix(error))
