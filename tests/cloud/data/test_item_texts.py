"""Items whose texts do not tell them apart are warned of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from logs import make_rows, make_source, write_csv

from cloud.data.item_texts import item_text_warnings
from cloud.data.prepare import config_for, prepare


@pytest.mark.parametrize("title", ["???", "\u200b", "Film"])
def test_items_that_read_alike_are_warned_of_with_the_commonest_text(tmp_path: Path, title: str) -> None:
    rows = [[*row[:2], title, "1980", *row[4:]] for row in make_rows()]
    source = make_source(write_csv(tmp_path / "events.csv", rows))
    run = prepare(source, tmp_path / "run", replace(config_for(source), vocabulary=300, requests=5))
    (warning,) = [warning for warning in run.summary["warnings"] if "read alike" in warning]
    assert "most items read alike: 12 items have 1 text" in warning
    assert f"12 items have the text {f'{title} 1980'!r}" in warning
    assert "name more attributes in item of [text]" in warning


def test_texts_are_alike_where_they_are_fewer_than_half_of_the_items() -> None:
    assert item_text_warnings(["a", "a", "b", "b"]) == []
    (warning,) = item_text_warnings(["a", "a", "a", "b", "b"])
    assert warning.evidence == "3 items have the text 'a'"
    assert item_text_warnings([]) == []
