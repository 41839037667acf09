"""An installation is whole or not there; the next one starts clean."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from bundles import FILES, PLAIN, archive_of, entries_for, files_under, make

from edge.bundle.install import KEPT, LOCK, default_cache, install
from edge.bundle.listing import WEIGHTS, section_of
from edge.errors import EdgeError


def test_installing_unpacks_once_and_mends_what_was_altered(tmp_path: Path) -> None:
    path, cache = make(tmp_path / "m.edge"), tmp_path / "cache"
    directory = install(path, cache).directory
    assert directory == cache / hashlib.sha256(path.read_bytes()).hexdigest()
    assert {name: (directory / name).read_bytes() for name in FILES} == PLAIN
    stamp = (directory / "vocab.txt").stat().st_mtime_ns
    (directory / "weights.cache").write_bytes(b"of an engine")
    assert install(path, cache).directory == directory
    assert (directory / "vocab.txt").stat().st_mtime_ns == stamp
    assert (directory / "weights.cache").exists()
    altered = PLAIN["vocab.txt"].replace(b"heat", b"heap")
    (directory / "vocab.txt").write_bytes(altered)
    install(path, cache)
    assert (directory / "vocab.txt").read_bytes() == PLAIN["vocab.txt"]
    (directory / "text.json").unlink()
    install(path, cache)
    assert files_under(cache) == {LOCK, directory.name} | {
        f"{directory.name}/{name}" for name in (*FILES, "manifest.json", "models", "models/onnx")
    }


@pytest.mark.parametrize("altered", [*PLAIN, WEIGHTS])
def test_no_file_is_used_before_every_one_was_checked(tmp_path: Path, altered: str) -> None:
    """The last one too, and the weights, which are not even installed."""
    cache, path = tmp_path / "cache", tmp_path / "bad.edge"
    install(make(tmp_path / "m.edge"), cache)
    before = files_under(cache)
    contents = PLAIN | {WEIGHTS: b"of no model here"}
    listed = [
        {"path": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(), "section": section_of(name)}
        for name, data in contents.items()
    ]
    contents[altered] = bytes(len(contents[altered]))
    path.write_bytes(archive_of(entries_for(contents, files=listed)))
    with pytest.raises(EdgeError, match=f"{altered} does not match its SHA-256"):
        install(path, cache)
    assert files_under(cache) == before


def test_the_cache_is_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGE_CACHE", str(tmp_path / "there"))
    assert install(make(tmp_path / "m.edge")).directory.parent == tmp_path / "there"
    monkeypatch.setenv("EDGE_CACHE", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_cache() == tmp_path / ".cache" / "edge-ranker"


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(EdgeError, match=r"cannot be installed in .*file"):
        install(make(tmp_path / "m.edge"), tmp_path / "file")


KILLED = """
import sys, time
from pathlib import Path
from edge.bundle import bundle, install
plain = bundle.Bundle.stream
def stalled(self, name):
    if name.startswith("models/onnx") and any(Path(sys.argv[2]).glob("*.partial")):
        print("unpacking", flush=True)
        time.sleep(60)
    yield from plain(self, name)
bundle.Bundle.stream = stalled
install.install(sys.argv[1], Path(sys.argv[2]))
"""


def test_an_installation_killed_in_the_middle_leaves_nothing_to_the_next(tmp_path: Path) -> None:
    path, cache = make(tmp_path / "m.edge"), tmp_path / "cache"
    command = [sys.executable, "-c", KILLED, str(path), str(cache)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == b"unpacking\n"
        process.send_signal(signal.SIGKILL)
    assert any(cache.glob("*.partial"))
    directory = install(path, cache).directory
    assert {name: (directory / name).read_bytes() for name in FILES} == PLAIN
    assert {entry.name for entry in cache.iterdir()} == {LOCK, directory.name}


def test_processes_that_install_at_once_agree(tmp_path: Path) -> None:
    path, cache = make(tmp_path / "m.edge"), tmp_path / "cache"
    code = "import sys, pathlib, edge.bundle.install as i; i.install(sys.argv[1], pathlib.Path(sys.argv[2]))"
    command = [sys.executable, "-c", code, str(path), str(cache)]
    processes = [subprocess.Popen(command) for _ in range(4)]
    assert [process.wait() for process in processes] == [0] * 4
    assert len(list(cache.iterdir())) == 2


def bundles(folder: Path, count: int) -> list[Path]:
    return [make(folder / f"{number}.edge", name=f"bundle {number}") for number in range(count)]


def test_of_many_bundles_opened_the_few_used_last_stay_installed(tmp_path: Path) -> None:
    cache, paths = tmp_path / "cache", bundles(tmp_path, KEPT + 3)
    directories = [install(path, cache).directory for path in paths[:KEPT]]
    for age, directory in enumerate(directories):
        os.utime(directory, (age, age))
    install(paths[0], cache)  # the oldest, but used again
    for path in paths[KEPT:]:
        directories.append(install(path, cache).directory)
    kept = [directories[0], *directories[-3:]]
    assert {entry.name for entry in cache.iterdir()} == {LOCK, *(directory.name for directory in kept)}


def test_a_bundle_in_use_is_never_removed_however_many_come_after(tmp_path: Path) -> None:
    cache, paths = tmp_path / "cache", bundles(tmp_path, KEPT + 2)
    held = install(paths[0], cache)
    os.utime(held.directory, (0, 0))
    for path in paths[1:]:
        install(path, cache)
    assert {name: (held.directory / name).read_bytes() for name in FILES} == PLAIN
    held.release()
    install(make(tmp_path / "last.edge", name="last"), cache)
    assert not held.directory.exists()


def test_a_bundle_in_use_by_another_process_is_never_removed(tmp_path: Path) -> None:
    cache, paths = tmp_path / "cache", bundles(tmp_path, KEPT + 2)
    code = (
        "import sys, pathlib, edge.bundle.install as i\n"
        "held = i.install(sys.argv[1], pathlib.Path(sys.argv[2]))\nprint(flush=True)\ninput()"
    )
    command = [sys.executable, "-c", code, str(paths[0]), str(cache)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == b"\n"
        (directory,) = (entry for entry in cache.iterdir() if entry.is_dir())
        os.utime(directory, (0, 0))
        for path in paths[1:]:
            install(path, cache)
        assert (directory / "vocab.txt").exists()
        process.kill()
    install(make(tmp_path / "last.edge", name="last"), cache)
    assert not directory.exists()


def test_only_installations_are_removed_from_the_cache(tmp_path: Path) -> None:
    cache, paths = tmp_path / "cache", bundles(tmp_path, KEPT + 2)
    cache.mkdir()
    (cache / "notes").mkdir()
    (cache / "notes" / "mine.txt").write_text("not a bundle")
    os.utime(cache / "notes", (0, 0))
    for path in paths:
        install(path, cache)
    assert (cache / "notes" / "mine.txt").exists()
