"""One process writes a run at a time: whoever comes second is told who is first, and nothing is lost."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from small_runs import files_in, interrupt, make, target

from cloud.runs.directory import Run
from cloud.runs.lock import check_unlocked, locked
from edge.errors import EdgeError

WRITER = f"""
import sys, time
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from small_runs import target, write_atomically
with target(Path(sys.argv[1])).writing() as workspace:
    write_atomically(workspace.scratch / "checkpoint", "half")
    print("writing", flush=True)
    sys.stdin.readline()
    write_atomically(workspace.path / "weights", "w")
"""
Process = subprocess.Popen[str]


@contextmanager
def writer(out: Path) -> Iterator[Process]:
    """Another process, in the middle of writing `out` until a line comes in on its stdin."""
    command = [sys.executable, "-c", WRITER, str(out)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stdout.readline() == "writing\n"
        try:
            yield process
        finally:
            process.kill()


def test_the_second_of_two_equal_runs_names_the_first_and_the_first_completes(tmp_path: Path) -> None:
    out = tmp_path / "run"
    with writer(out) as first:
        for refusing in (target(out).finished, target(out, restart=True).finished, lambda: make(out)):
            with pytest.raises(EdgeError) as refused:
                refusing()
            problem, fix = str(refused.value).splitlines()
            who = f"process {first.pid} on {socket.gethostname()}, since 20"
            assert problem.startswith(f"{out} is being written by {who}")
            assert fix == "fix: wait until it ends, or choose another --out"
        first.communicate("go on\n")
        assert first.returncode == 0
    assert target(out).finished() and list(tmp_path.iterdir()) == [out]


def test_other_settings_do_not_touch_what_another_process_is_writing(tmp_path: Path) -> None:
    out = tmp_path / "run"
    with writer(out) as first:
        for other in (target(out, config={"steps": 4}), target(out, config={"steps": 4}, restart=True)):
            with pytest.raises(EdgeError):
                interrupt(other)
        first.communicate("go on\n")
        assert first.returncode == 0
    assert Run.open(out).file("weights").read_text() == "w"


def test_a_stopped_process_still_holds_the_run_and_a_killed_one_does_not(tmp_path: Path) -> None:
    out = tmp_path / "run"
    with writer(out) as first:
        first.send_signal(signal.SIGSTOP)
        with pytest.raises(EdgeError, match=f"is being written by process {first.pid} on"):
            make(out)
        first.kill()
        first.wait()
        with target(out).writing() as workspace:
            assert (workspace.scratch / "checkpoint").read_text() == "half"
    assert target(out).finished() and list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_releases_the_run_with_its_checkpoints(tmp_path: Path, number: signal.Signals) -> None:
    out = tmp_path / "run"
    with writer(out) as first:
        first.send_signal(number)
        first.wait()
    with target(out).writing() as workspace:
        assert (workspace.scratch / "checkpoint").read_text() == "half"
    assert target(out).finished() and list(tmp_path.iterdir()) == [out]


def test_an_error_releases_the_run_and_leaves_no_lock_file(tmp_path: Path) -> None:
    partial = interrupt(target(tmp_path / "run"))
    assert list(tmp_path.iterdir()) == [partial]


def test_a_finished_run_is_taken_without_a_lock_and_where_nothing_may_be_written(tmp_path: Path) -> None:
    out = make(tmp_path / "run").path
    with locked(tmp_path / "run.partial.lock", out):
        assert target(out).finished()
    out.chmod(0o500)
    tmp_path.chmod(0o500)
    try:
        assert target(out).finished()
    finally:
        tmp_path.chmod(0o700)


def test_a_run_that_another_process_finished_meanwhile_is_kept(tmp_path: Path) -> None:
    wanted = target(tmp_path / "run")
    assert not wanted.finished()
    first = make(tmp_path / "run")
    with pytest.raises(EdgeError, match="another process has finished") as refused, wanted.writing():
        raise AssertionError
    assert "run the same command again" in refused.value.fix
    assert wanted.finished() and Run.open(tmp_path / "run").hash == first.hash


@pytest.mark.parametrize("content", [b"", b'{"pid": 1', b'{"pid": 1, "host": "gone", "since": "2020"}'])
def test_what_a_killed_process_left_of_its_lock_is_taken_over(tmp_path: Path, content: bytes) -> None:
    lock = tmp_path / "lock"
    lock.write_bytes(content)
    check_unlocked(lock, tmp_path)
    with locked(lock, tmp_path), pytest.raises(EdgeError, match=f"by process {os.getpid()} on"):
        check_unlocked(lock, tmp_path)
    assert not lock.exists()


@pytest.mark.parametrize("content", [b"[[package]]\nname = 'mine'", b"\xff\xfe", b'{"host": "here"}'])
def test_a_file_that_is_no_lock_is_refused_and_stays(tmp_path: Path, content: bytes) -> None:
    lock = tmp_path / "lock"
    lock.write_bytes(content)
    with pytest.raises(EdgeError, match="is not a lock file"), locked(lock, tmp_path):
        raise AssertionError
    assert lock.read_bytes() == content


def test_a_file_system_without_locks_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(*arguments: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr("fcntl.flock", unsupported)
    with pytest.raises(EdgeError, match="has no locks"):
        make(tmp_path / "run")


def test_a_lock_removed_while_another_opened_it_is_not_taken_for_one(tmp_path: Path) -> None:
    """The holder removes the file before it lets go: a process that opened it earlier holds a lock on nothing."""
    code = f"""
import sys
from pathlib import Path
from cloud.runs.lock import locked
from edge.errors import EdgeError
inside, lock = Path(sys.argv[1]) / "inside", Path(sys.argv[1]) / "lock"
for _ in range(300):
    try:
        with locked(lock, lock):
            inside.touch(exist_ok=False)
            inside.unlink()
    except EdgeError:
        pass
print("never two", {os.getpid()})
"""
    processes = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert [process.communicate()[0] for process in processes] == [f"never two {os.getpid()}\n"] * 4
    assert files_in(tmp_path) == set()
