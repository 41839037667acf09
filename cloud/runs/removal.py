"""Starting over: what a stage wrote is removed, and nothing else."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from cloud.runs.directory import MANIFEST, Stage, is_finished, lock_of, partial_of, read_record
from cloud.runs.disk import disk_errors
from cloud.runs.lock import locked
from edge.errors import EdgeError
from edge.files import TEMPORARY, write_json

SCRATCH = "scratch"  # checkpoints and caches of an unfinished stage; gone when it completes
IDENTITY = "identity.json"  # of an unfinished stage: what it is made from
IDENTITY_TYPES = {"stage": str, "parents": list, "config": dict}
FIRST = 3  # names of files that an error shows


def check_removable(out: Path, stage: Stage) -> None:
    """Errors: `out`, or what an interrupted stage left of it, is not wholly what that stage writes."""
    for directory, record in ((partial_of(out), IDENTITY), (out, MANIFEST)):
        if os.path.lexists(directory) and not is_empty(directory):
            _check_ours(directory, record, stage)


def start_over(out: Path, stage: Stage) -> None:
    """`remove`, if there is anything, while no other process writes there."""
    partial = partial_of(out)
    with disk_errors(out, partial):
        if os.path.lexists(out) or os.path.lexists(partial):
            with locked(lock_of(out), out):
                remove(out, stage)


def remove(out: Path, stage: Stage) -> None:
    """Remove the run `out` and what an interrupted stage left of it, and print that. Errors: `check_removable`'s.

    A finished run first becomes an unfinished one, by renaming: killed on the way, this leaves no run that looks whole.
    """
    check_removable(out, stage)
    partial = partial_of(out)
    if partial.exists():
        _announce(partial, f"an unfinished {stage.name!r} run, with its checkpoints")
        empty(partial)
    if is_finished(out):
        _announce(out, f"a finished {stage.name!r} run")
        manifest = read_record(out / MANIFEST, IDENTITY_TYPES)  # a damaged run can be removed
        write_json(out / IDENTITY, {name: manifest[name] for name in ("schema", *IDENTITY_TYPES)})
        out.rename(partial)
        empty(partial)


def is_empty(directory: Path) -> bool:
    """True of a directory with nothing in it, or with what is left of a first write that was killed."""
    if directory.is_symlink() or not directory.is_dir():
        return False
    return {path.name for path in directory.iterdir()} <= {IDENTITY + TEMPORARY}


def contents(directory: Path) -> str:
    """What is there, for an error."""
    if directory.is_symlink():
        return "it is a symbolic link"
    if not directory.is_dir():
        return "it is a file"
    return f"it holds {_some(sorted(path.name for path in directory.iterdir()))}"


def others_files(directory: Path, stage: Stage, listed: frozenset[str] = frozenset()) -> Iterator[str]:
    """Files below `directory`, by their path in it, that the stage does not write and the manifest does not list."""
    for folder, folders, files in os.walk(directory):
        where = Path(folder).relative_to(directory)
        if where == Path():
            folders[:] = [name for name in folders if name != SCRATCH or (directory / name).is_symlink()]
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        for name in sorted([*files, *links]):
            path = (where / name).as_posix()
            if path not in listed and not _is_written(path, stage):
                yield path


def _is_written(path: str, stage: Stage) -> bool:
    name = path.removesuffix(TEMPORARY)
    return stage.writes(name) or name in (IDENTITY, MANIFEST)


def _check_ours(directory: Path, record: str, stage: Stage) -> None:
    fix = "look at it, and remove it yourself or choose another --out"
    if directory.is_symlink() or not (directory / record).is_file():
        raise EdgeError(f"--restart may not remove {directory}: it is not a run", evidence=contents(directory), fix=fix)
    described = read_record(directory / record, IDENTITY_TYPES)
    if described["stage"] != stage.name:
        raise EdgeError(
            f"{directory} is a {described['stage']!r} run: --restart of the stage {stage.name!r} does not remove it",
            fix="choose another --out",
        )
    foreign = list(others_files(directory, stage, frozenset(described.get("files", {}))))
    if foreign:
        raise EdgeError(
            f"{directory} holds files that the stage {stage.name!r} did not write: --restart does not remove it",
            evidence=_some(foreign),
            fix="move them elsewhere, or choose another --out",
        )


def empty(directory: Path) -> None:
    """Remove the directory, and last what tells whose it is: killed on the way, it can be removed again."""
    for path in sorted(directory.iterdir()):
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != IDENTITY:
            path.unlink()
    (directory / IDENTITY).unlink(missing_ok=True)
    directory.rmdir()


def _announce(directory: Path, what: str) -> None:
    sizes = [path.stat().st_size for path in directory.rglob("*") if path.is_file()]
    files = f"{len(sizes)} files, {sum(sizes) / 1e6:.1f} MB"
    print(f"--restart: removing {directory}, {what} ({files})", file=sys.stderr, flush=True)


def _some(names: list[str]) -> str:
    more = f" and {len(names) - FIRST} more" if len(names) > FIRST else ""
    return (", ".join(names[:FIRST]) or "nothing") + more
