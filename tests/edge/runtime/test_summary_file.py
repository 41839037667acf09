"""What was prepared outlives the process: written whole or not at all, for the same weights alone, without profiles."""

from __future__ import annotations

import fcntl
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from runnable_bundles import REQUEST, make_runnable, parameters
from runnable_weights import SHAPE, random_engine

from edge.errors import EdgeError
from edge.runtime import summary_file as module
from edge.runtime.kept_summaries import load_summaries, save_summaries
from edge.runtime.ranker import Ranker
from edge.runtime.summaries import Summaries
from edge.runtime.summary_file import FILE, SummaryFile
from edge.text.types import Item

ITEMS = [Item(str(number), {"title": title}) for number, title in enumerate(("red sea", "old film", "blue", "green"))]


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EDGE_CACHE", str(tmp_path / "cache"))
    return make_runnable(tmp_path / "m.edge")


def new_texts(bundle: Path, **arguments: object) -> int:
    """What a ranker that was just opened has to encode for the items."""
    with Ranker.open(bundle, "reference", **arguments) as ranker:  # type: ignore[arg-type]
        return ranker.rank(ranker.user(REQUEST.user), ITEMS).explanation.new_texts


def prepare(bundle: Path, **arguments: object) -> None:
    with Ranker.open(bundle, "reference", **arguments) as ranker:  # type: ignore[arg-type]
        ranker.prepare(ITEMS)


def test_what_was_prepared_is_kept_for_the_next_opening_beside_the_installed_bundle(
    bundle: Path, tmp_path: Path
) -> None:
    assert new_texts(bundle) == new_texts(bundle) == len(ITEMS) + 1  # ranking writes nothing
    assert not [*(tmp_path / "cache").glob(f"*/{FILE}")]
    prepare(bundle)
    (file,) = (tmp_path / "cache").glob(f"*/{FILE}")
    assert file.stat().st_mode & 0o077 == 0  # for its owner alone
    assert new_texts(bundle) == 1  # the profile


def test_a_user_who_was_prepared_leaves_events_in_the_file_and_no_profile(bundle: Path, tmp_path: Path) -> None:
    with Ranker.open(bundle, "reference", keep=tmp_path) as ranker:
        user = ranker.user(REQUEST.user, REQUEST.events)
        user.prepare()
        found = Summaries(random_engine(), 10**6)
        load_summaries(tmp_path / FILE, found, ranker._model.weights, SHAPE.hidden)
        encoder = ranker._model.reading.encoder
        kept = {segment for (_, segment), _ in found.entries()}
        assert encoder.profile(REQUEST.user) not in kept
        most = SHAPE.places - 1
        assert {encoder.item(event.item) for event in REQUEST.events[-most // 2 :]} <= kept
    with Ranker.open(bundle, "reference", keep=str(tmp_path)) as ranker:
        ranked = ranker.rank(ranker.user(REQUEST.user, REQUEST.events), REQUEST.candidates)
        assert ranked.explanation.new_texts == 1 + len(REQUEST.candidates)  # the profile and the candidates


def test_nothing_is_written_or_read_if_nothing_is_to_be_kept(bundle: Path, tmp_path: Path) -> None:
    prepare(bundle, keep=False)
    assert new_texts(bundle) == len(ITEMS) + 1
    prepare(bundle)
    assert new_texts(bundle, keep=False) == len(ITEMS) + 1


def test_summaries_of_other_weights_are_not_taken_for_these(bundle: Path, tmp_path: Path) -> None:
    other = make_runnable(tmp_path / "o.edge", parameters(**{"head.bias": np.ones(1, dtype=np.float32)}))
    prepare(bundle, keep=tmp_path)
    assert new_texts(other, keep=tmp_path) == len(ITEMS) + 1
    assert new_texts(bundle, keep=tmp_path) == 1
    prepare(other, keep=tmp_path)
    assert new_texts(other, keep=tmp_path) == 1


@pytest.mark.parametrize("damage", [b"", b"no summaries", b"\0" * 5_000])
def test_a_damaged_file_is_none_and_is_replaced(bundle: Path, tmp_path: Path, damage: bytes) -> None:
    (tmp_path / FILE).write_bytes(damage)
    assert new_texts(bundle, keep=tmp_path) == len(ITEMS) + 1
    prepare(bundle, keep=tmp_path)
    assert new_texts(bundle, keep=tmp_path) == 1


def test_where_nothing_can_be_written_an_app_goes_on(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    prepare(bundle, keep=tmp_path)
    assert new_texts(bundle, keep=tmp_path) == len(ITEMS) + 1
    with Ranker.open(bundle, "reference", keep=tmp_path) as ranker, pytest.raises(EdgeError, match="cannot be removed"):
        ranker.forget()
    gone = tmp_path / "gone"
    gone.mkdir()
    with Ranker.open(bundle, "reference", keep=gone) as ranker:
        shutil.rmtree(gone)
        assert len(ranker.prepare(ITEMS)) == len(ITEMS)


def test_forgetting_removes_it_from_memory_and_from_disk(bundle: Path, tmp_path: Path) -> None:
    with Ranker.open(bundle, "reference", keep=tmp_path) as ranker:
        handles = ranker.prepare(ITEMS)
        user = ranker.user(REQUEST.user)
        before = ranker.rank(user, handles)
        ranker.forget()
        assert not (tmp_path / FILE).exists() and ranker.log() == ""
        again = ranker.rank(user, handles)
        assert again.scores == before.scores and again.explanation.new_texts == len(ITEMS)
        ranker.prepare(ITEMS)
        assert (tmp_path / FILE).exists()


def test_while_another_process_writes_its_file_stays(bundle: Path, tmp_path: Path) -> None:
    prepare(bundle, keep=tmp_path)
    before = (tmp_path / FILE).read_bytes()
    with Ranker.open(bundle, "reference", keep=tmp_path) as ranker, (tmp_path / f"{FILE}.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ranker.prepare([Item("9", {"title": "green of red"})])
        assert (tmp_path / FILE).read_bytes() == before
        fcntl.flock(lock, fcntl.LOCK_UN)
        ranker.prepare(ITEMS)  # the one that could not be written is still to be
        assert (tmp_path / FILE).read_bytes() != before


def test_several_writers_and_readers_see_whole_files_alone(tmp_path: Path) -> None:
    engine, path = random_engine(), tmp_path / FILE
    texts = [[(number, each) for each in range(40)] for number in range(4)]

    def write(number: int) -> None:
        for count in range(1, 21):
            summaries = Summaries(engine, 10**6)
            for text in texts[number][: 2 * count]:
                summaries.keep(text, 1, np.full(SHAPE.hidden, number, dtype=np.float16))
            SummaryFile(path, "abc", SHAPE.hidden).save(summaries)

    def read(_: int) -> int:
        seen = 0
        for _ in range(60):
            summaries = Summaries(engine, 10**6)
            count = load_summaries(path, summaries, "abc", SHAPE.hidden)
            writers = {segment[0] for (_, segment), _ in summaries.entries()}
            assert len(writers) == (count > 0) and count % 2 == 0  # one writer's, and all that it wrote
            seen += count > 0
        return seen

    save_summaries(path, Summaries(engine, 1), "abc")
    with ThreadPoolExecutor() as pool:
        writing, reading = [pool.submit(write, number) for number in range(4)], pool.map(read, range(2))
        assert sum(reading) > 0
        for one in writing:
            one.result()
    assert not [*tmp_path.glob("*.tmp")]


def test_a_ranker_of_many_users_writes_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_PROFILES", 2)
    summaries, file = Summaries(random_engine(), 10**6), SummaryFile(tmp_path / FILE, "abc", SHAPE.hidden)
    for number in range(5):
        file.leave_out((number,))
    summaries.of([(4,), (9,)], 1)
    file.save(summaries)
    assert not (tmp_path / FILE).exists()
