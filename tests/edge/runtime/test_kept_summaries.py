"""Summaries that outlive the process that computed them."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
from runnable_weights import SHAPE, random_engine

from edge.runtime.kept_summaries import load_summaries, save_summaries
from edge.runtime.summaries import Summaries

TEXTS = [(7, 8, 9), (10,), (), (7, 8), (11, 12, 13, 14, 15)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    summaries = Summaries(random_engine(), 10**6)
    for depth in (1, 2):
        summaries.of(TEXTS, depth)
    save_summaries(tmp_path / "summaries.npz", summaries, "abc")
    return tmp_path / "summaries.npz"


def test_what_was_kept_is_kept_again_to_the_bit(file: Path) -> None:
    fresh, again = Summaries(random_engine(), 10**6), Summaries(random_engine(), 10**6)
    assert load_summaries(file, again, "abc", SHAPE.hidden) == 2 * len(TEXTS)
    for depth in (1, 2):
        assert again.look(TEXTS, depth).missing == []
        np.testing.assert_array_equal(again.of(TEXTS, depth), fresh.of(TEXTS, depth))


def test_a_smaller_budget_keeps_what_was_used_last(file: Path) -> None:
    small = Summaries(random_engine(), 2 * (2 * SHAPE.hidden + 8 * 5))
    load_summaries(file, small, "abc", SHAPE.hidden)
    assert TEXTS[-1] not in small.look(TEXTS, 2).missing and len(small.look(TEXTS, 1).missing) == len(TEXTS)


def test_summaries_of_other_weights_are_left_alone(file: Path) -> None:
    summaries = Summaries(random_engine(), 10**6)
    assert load_summaries(file, summaries, "abd", SHAPE.hidden) == 0
    assert load_summaries(file, summaries, "abc", SHAPE.hidden + 1) == 0
    assert load_summaries(file.parent / "none.npz", summaries, "abc", SHAPE.hidden) == 0
    assert summaries.bytes == 0


def test_no_damage_stops_an_app(file: Path) -> None:
    whole, engine = file.read_bytes(), random_engine()
    for place in range(0, len(whole), 37):
        for damaged in (whole[:place], whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :]):
            file.write_bytes(damaged)
            assert load_summaries(file, Summaries(engine, 10**6), "abc", SHAPE.hidden) == 0


def test_a_file_with_a_pickle_is_not_read(tmp_path: Path) -> None:
    path, content = tmp_path / "summaries.npz", io.BytesIO()
    np.savez(content, format=np.array(1), weights=np.array([object()], dtype=object))
    path.write_bytes(hashlib.sha256(content.getvalue()).digest() + content.getvalue())
    assert load_summaries(path, Summaries(random_engine(), 10**6), "abc", SHAPE.hidden) == 0


def test_none_are_saved_and_loaded_as_none(tmp_path: Path) -> None:
    save_summaries(tmp_path / "s.npz", Summaries(random_engine(), 10**6), "abc")
    assert load_summaries(tmp_path / "s.npz", Summaries(random_engine(), 10**6), "abc", SHAPE.hidden) == 0
