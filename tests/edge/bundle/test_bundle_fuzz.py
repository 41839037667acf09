"""Whatever bytes a bundle is made of, it opens or is refused; nothing else happens."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from random import Random
from typing import Any

import fuzz
import pytest
from bundles import PLAIN, archive_of, entries_for, raw, signed
from fuzz_bundles import described
from fuzz_bytes import Tape, edited
from fuzz_targets import ACCEPTED, TARGETS, Target, TooSlow, cpu_limit, meet_bundle
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.errors import EdgeError

CHANCE = st.randoms(use_true_random=False)
HERE = Path(__file__).parents[1]
CASES = {"contents": 60}  # where a case takes long
LENIENT = 300.0  # CPU seconds: tests find hangs, only the driver holds cases to a time


def meet(data: bytes, target: str = "bundle") -> str:
    with tempfile.TemporaryDirectory() as name:
        return TARGETS[target].meet(data, Path(name))


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_mutated_files_raise_nothing_but_a_refusal(target: str) -> None:
    @settings(max_examples=CASES.get(target, 200), deadline=None)
    @given(CHANCE)
    def each(random: Random) -> None:
        meet(TARGETS[target].make(random), target)

    each()


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300), st.booleans())
def test_arbitrary_bytes_raise_nothing_but_a_refusal(data: bytes, sign: bool) -> None:
    meet(signed(data) if sign else data)


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=10)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=8,
)
KEYS = st.sampled_from(["schema", "name", "model", "exits", "provenance", "files", "parts"])


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(KEYS, JSON, max_size=3))
def test_arbitrary_manifests_raise_nothing_but_a_refusal(changes: dict[str, Any]) -> None:
    meet(archive_of(entries_for(PLAIN, **changes)))


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_mutated_files_are_of_every_kind(target: str) -> None:
    """Most are refused, for many reasons; some are good. Each depends on the seed and its number alone."""
    cases = CASES.get(target, 300)
    tally = fuzz.run_cases(target, 0, range(cases), LENIENT)
    assert tally.failures == []
    assert tally.outcomes[ACCEPTED] > cases // 30
    assert sum(tally.outcomes.values()) == cases > 2 * tally.outcomes[ACCEPTED]
    assert len({fuzz.case_bytes(target, 0, case) for case in range(cases)}) > cases // 2
    assert fuzz.case_bytes(target, 0, 7) == fuzz.case_bytes(target, 0, 7) != fuzz.case_bytes(target, 1, 7)


def test_many_reasons_for_a_refusal_are_reached() -> None:
    assert len(fuzz.run_cases("bundle", 0, range(500), LENIENT).outcomes) > 25


def of_models(count: int, size: int) -> bytes:
    """A bundle, sound in itself, with so many more files of zeros."""
    more = {f"models/litert/{index}": bytes(size) for index in range(count)}
    text, contents = described(tuple((PLAIN | more).items()), packed=False)
    return archive_of([raw("manifest.json", text.encode()), *(raw(name, data) for name, data in contents.items())])


def test_files_that_are_a_bomb_only_together_are_refused() -> None:
    assert meet(of_models(15, 1 << 20)) == ACCEPTED
    assert "its files declare _ bytes, more than the limit" in meet(of_models(16, 1 << 20))
    assert meet(of_models(190, 1)) == ACCEPTED
    assert "more than the limit of _" in meet(of_models(200, 1))


@pytest.mark.parametrize("name", ["models/onnx/\x1b[31m", "models/onnx/a\nb", "models/onnx/\u202e"])
def test_a_name_in_the_manifest_cannot_drive_a_terminal(name: str) -> None:
    listed = json.loads(described(tuple(PLAIN.items()), packed=False)[0])["files"]
    listed[-1]["path"] = name
    assert "is listed but missing" in meet(archive_of(entries_for(PLAIN, files=listed)))


def raising(error: BaseException) -> Any:
    def meet(data: bytes, directory: Path) -> str:
        raise error

    return meet


def leaving_a_file(data: bytes, directory: Path) -> str:
    (directory / "cache").mkdir(exist_ok=True)
    return meet_bundle(b"", directory)


def hanging(data: bytes, directory: Path) -> str:
    while True:
        pass


@pytest.mark.parametrize(
    ("faulty", "seen"),
    [
        (raising(KeyError("x")), "KeyError"),
        (raising(MemoryError()), "MemoryError"),
        (raising(EdgeError("two\nlines")), "EdgeError"),
        (leaving_a_file, "left something behind"),
    ],
)
def test_a_planted_fault_is_caught(monkeypatch: pytest.MonkeyPatch, faulty: Any, seen: str) -> None:
    monkeypatch.setitem(TARGETS, "bundle", Target(lambda random: b"", faulty))
    ((case, trace),) = fuzz.run_cases("bundle", 0, range(5, 6), LENIENT).failures
    assert case == 5 and seen in trace


def test_a_planted_hang_is_caught(tmp_path: Path) -> None:
    with pytest.raises(TooSlow), cpu_limit(0.01):
        hanging(b"", tmp_path)


LIMITED = """
import fuzz_targets
with fuzz_targets.memory_limit(fuzz_targets.MEMORY):
    bytes({size} << 20)
bytes(100 << 20)
"""


@pytest.mark.parametrize(("size", "fits"), [(60, True), (65, False)])
def test_a_case_gets_so_much_memory_and_no_more(size: int, fits: bool) -> None:
    command = [sys.executable, "-c", LIMITED.format(size=size)]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) is fits
    assert ("MemoryError" in done.stderr) is not fits


def test_the_driver_counts_every_case(tmp_path: Path) -> None:
    command = [
        sys.executable,
        HERE / "fuzz.py",
        "--cases",
        "600",
        "--processes",
        "2",
        "--start",
        "9",
        "--cpu-seconds",
        str(LENIENT),
    ]
    done = subprocess.run([*command, "--out", tmp_path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["cases"] == sum(report["outcomes"].values()) == 600
    assert report["failed"] == 0 and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("target", sorted(TARGETS))
@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=40))
def test_any_tape_of_choices_makes_a_case(target: str, data: bytes) -> None:
    case = TARGETS[target].make(Tape(data))
    if target not in CASES:
        meet(case, target)
    assert TARGETS[target].make(Tape(data)) == TARGETS[target].make(Tape(data + b"\0"))


@given(CHANCE, st.binary(max_size=20))
def test_any_bytes_can_be_edited(random: Random, data: bytes) -> None:
    assert isinstance(edited(random, data), bytes)
