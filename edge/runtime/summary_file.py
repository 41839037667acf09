"""The file that keeps a ranker's summaries across restarts, whichever processes use it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from edge.errors import EdgeError
from edge.runtime.kept_summaries import load_summaries, save_summaries
from edge.runtime.model import Model
from edge.runtime.summaries import Key, Summaries
from edge.text.segments import Segment

FILE = "summaries.bin"
MOST_PROFILES = 10_000  # of one ranker: with more of them it serves many users, and writes none of what it computes


class SummaryFile:
    """Of summaries of one bundle's weights. A file that is damaged, or that cannot be written, counts as absent."""

    def __init__(self, path: Path, weights: str, hidden: int) -> None:
        self._path, self._weights, self._hidden = path, weights, hidden
        self._saved: frozenset[Key] = frozenset()
        self._profiles: set[Segment] = set()

    def leave_out(self, profile: Segment) -> None:
        """What is known of a user's person is never written."""
        if len(self._profiles) <= MOST_PROFILES:
            self._profiles.add(profile)

    def load(self, summaries: Summaries) -> None:
        """Read the file into memory; a damaged file, or one of other weights, is ignored."""
        load_summaries(self._path, summaries, self._weights, self._hidden)
        self._saved = _keys(summaries, ())

    def save(self, summaries: Summaries) -> None:
        """Write them if some are new. Where another process is writing, its file stays."""
        keys = _keys(summaries, self._profiles)
        if len(self._profiles) > MOST_PROFILES or keys <= self._saved:
            return
        with suppress(OSError), self._path.with_name(f"{FILE}.lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            save_summaries(self._path, summaries, self._weights, self._profiles)
            self._saved = keys

    def remove(self) -> None:
        """Errors: it is there and cannot be removed."""
        self._saved = frozenset()
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            raise EdgeError(f"{self._path} cannot be removed: {error.strerror}", fix="remove it") from error


def check_keep(keep: object) -> None:
    """Errors: neither a directory that can be written, nor true, nor false."""
    if isinstance(keep, bool):
        return
    if not isinstance(keep, str | os.PathLike) or not str(keep).strip():
        raise EdgeError(f"keep is {keep!r:.60}", fix="give a directory, or keep=False to write nothing")
    if not Path(keep).is_dir():
        raise EdgeError(f"keep: there is no directory {keep}", fix=f"mkdir -p {keep}")


def summary_file(keep: Path | str | bool, model: Model) -> SummaryFile | None:
    """In the directory `keep`, or where the bundle is installed; none if it is false, or the weights are not packed."""
    directory = model.directory if keep is True else Path(keep) if keep is not False else None
    if directory is None or not model.weights:
        return None
    return SummaryFile(directory / FILE, model.weights, model.engine.shape.hidden)


def _keys(summaries: Summaries, but: Collection[Segment]) -> frozenset[Key]:
    return frozenset(key for key, _ in summaries.entries() if key[1] not in but)
