"""`edge encode` computes what a phone then need not; summaries of other weights are refused."""

from __future__ import annotations

import base64
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import edge
from runnable_bundles import REQUEST, make_runnable, parameters
from runnable_weights import SHAPE

from edge.errors import EdgeError
from edge.runtime.ranker import Ranker
from edge.text.types import Item

ITEMS = [Item(str(number), {"title": title}) for number, title in enumerate(("red sea", "old film", "blue", "red sea"))]
ENGINE = ("--engine", "reference")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EDGE_CACHE", str(tmp_path / "cache"))
    make_runnable(tmp_path / "m.edge")
    lines = [json.dumps({"id": item.id} | dict(item.attributes)) for item in ITEMS]
    (tmp_path / "items.jsonl").write_text("\n".join([*lines[:2], "", *lines[2:]]) + "\n")
    return tmp_path


@pytest.fixture
def sent(folder: Path) -> list[str]:
    """The lines of summaries.jsonl."""
    assert edge("encode", "items.jsonl", "--bundle", "m.edge", *ENGINE, "--out", "summaries.jsonl") == 0
    return (folder / "summaries.jsonl").read_text().splitlines()


def test_items_with_summaries_from_a_server_are_ranked_without_being_encoded(sent: list[str]) -> None:
    with Ranker.open("m.edge", "reference") as ranker, Ranker.open("m.edge", "reference") as alone:
        assert ranker.receive("\n".join(sent)) == 2 * len(ITEMS)  # at two encode depths
        for exit in ((1, 1), (2, 2)):
            one, other = (each.rank(each.user(REQUEST.user), ITEMS, exit=exit).explanation for each in (ranker, alone))
            assert (one.new_texts, other.new_texts) == (1, 4)  # the profile; two items have one text
            scores = [each.rank(each.user(REQUEST.user), ITEMS, exit=exit).scores for each in (ranker, alone)]
            assert scores[0] == scores[1]


def test_the_lines_of_some_items_after_the_first_line_are_enough(sent: list[str]) -> None:
    with Ranker.open("m.edge", "reference") as ranker:
        assert ranker.receive(f"{sent[0]}\n{sent[2]}\n".encode()) == 2
        assert ranker.receive(sent[0]) == 0
        user = ranker.user(REQUEST.user)
        assert ranker.rank(user, ITEMS[1:2]).explanation.new_texts == 1  # the profile
        assert ranker.rank(user, ITEMS[:1]).explanation.new_texts == 1


def test_an_item_whose_text_is_another_one_by_now_is_encoded(sent: list[str]) -> None:
    with Ranker.open("m.edge", "reference") as ranker:
        ranker.receive("\n".join(sent))
        changed = [Item("0", {"title": "red sea of old"})]
        assert ranker.rank(ranker.user(REQUEST.user), changed).explanation.new_texts == 2


def test_what_was_written_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert edge("encode", "items.jsonl", "--bundle", "m.edge", *ENGINE, "--out", "s.jsonl", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    head, *lines = map(json.loads, (folder / "s.jsonl").read_text().splitlines())
    assert told == {"out": "s.jsonl", "items": 4, "depths": [1, 2], "weights": head["weights"]}
    assert head == {"schema": "edge-ranker/summaries/1", "weights": head["weights"], "hidden": SHAPE.hidden}
    assert [line["id"] for line in lines] == ["0", "1", "2", "3"]
    assert all(len(base64.b64decode(line["summaries"]["2"])) == 2 * SHAPE.hidden for line in lines)


def test_summaries_of_other_weights_are_refused_and_none_is_kept(folder: Path, sent: list[str]) -> None:
    make_runnable(folder / "o.edge", parameters(**{"head.bias": np.ones(1, dtype=np.float32)}))
    with Ranker.open("o.edge", "reference") as ranker:
        with pytest.raises(EdgeError, match="the summaries were computed from other weights") as refused:
            ranker.receive("\n".join(sent))
        assert refused.value.fix.startswith("compute them with the bundle that ranks: edge encode")
        assert ranker.rank(ranker.user(REQUEST.user), ITEMS).explanation.new_texts == 4


def changed(line: str, **fields: Any) -> str:
    return json.dumps(json.loads(line) | fields)


NOT_FINITE = base64.b64encode(np.full(SHAPE.hidden, np.inf, dtype="<f2").tobytes()).decode()


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"tokens": "1 2"}, "tokens must be a list of at most 5 ids"),
        ({"tokens": [1] * 6}, "tokens must be a list of at most 5 ids"),
        ({"tokens": [17]}, "tokens must be ids from 0 to 16"),
        ({"tokens": [-1]}, "tokens must be ids"),
        ({"tokens": [True]}, "tokens must be ids"),
        ({"summaries": []}, "summaries must be an object whose keys are encode depths of the model: 1, 2"),
        ({"summaries": {"3": ""}}, "summaries must be an object"),
        ({"summaries": {"01": ""}}, "summaries must be an object"),
        ({"summaries": {"1": "AAAA"}}, "a summary must be 8 float16 numbers in base64"),
        ({"summaries": {"1": "****"}}, "a summary must be 8"),
        ({"summaries": {"1": "\u00e9"}}, "a summary must be 8"),
        ({"summaries": {"1": None}}, "a summary must be 8"),
        ({"summaries": {"1": NOT_FINITE}}, "a summary has a number that is not finite"),
    ],
)
def test_a_line_that_is_no_summary_is_refused_by_its_number_and_none_is_kept(
    sent: list[str], fields: dict[str, Any], problem: str
) -> None:
    with Ranker.open("m.edge", "reference") as ranker:
        with pytest.raises(EdgeError, match=f"line 3 of the summaries: {problem}"):
            ranker.receive("\n".join([*sent[:2], changed(sent[2], **fields)]))
        assert ranker._summaries.bytes == 0


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"\xff", "the summaries are not UTF-8 text"),
        ("", "line 1 of the summaries: it is not one JSON object"),
        ("[]", "line 1 of the summaries: it is not one JSON object"),
        ("[" * 100_000, "line 1 of the summaries: it is not one JSON object"),
        ('{"schema": 1, "schema": 1}', "line 1 of the summaries: it is not one JSON object"),
        ('{"schema": "edge-ranker/summaries/1", "weights": ""}', "it has no hidden"),
        ('{"schema": "edge-ranker/summaries/2", "weights": "", "hidden": 8}', "unknown schema 'edge-ranker/summ"),
        (None, "the summaries must be text, not NoneType"),
        (" " * (64 * 2**20 + 1), "the summaries have 67,108,865 bytes, 67,108,864 at most"),
    ],
)  # fmt: skip
def test_what_is_no_file_of_summaries_is_refused(folder: Path, text: Any, problem: str) -> None:
    with Ranker.open("m.edge", "reference") as ranker, pytest.raises(EdgeError, match=problem):
        ranker.receive(text)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "items.jsonl lists no item"),
        ('{"id": "1"}\n{', "items.jsonl:2 is not JSON"),
        ('{"id": "1", "id": "2"}', "items.jsonl:1 is not JSON"),
        ('{"title": "red"}', "items.jsonl:1 has no 'id'"),
        ("[]", "items.jsonl:1 must be an object"),
        ('{"id": "1", "title": "red"}\n\n{"id": "1", "title": "sea"}', "items.jsonl:3 repeats the id of line 1: '1'"),
        ('{"id": "1", "title": {"en": "red"}}', "items.jsonl:1.title must be"),
        ('{"id": "1"}', "template 'item'"),
    ],
)
def test_items_that_are_none_are_refused_and_nothing_is_written(
    folder: Path, capsys: pytest.CaptureFixture[str], content: str, problem: str
) -> None:
    (folder / "items.jsonl").write_text(content)
    assert edge("encode", "items.jsonl", "--bundle", "m.edge", *ENGINE, "--out", "s.jsonl") == 2
    told = capsys.readouterr()
    assert told.err.startswith("error: ") and problem in told.err
    assert not (folder / "s.jsonl").exists() and told.out == ""


def test_however_a_text_is_damaged_it_is_taken_whole_or_refused_whole(sent: list[str]) -> None:
    chance, whole, taken = random.Random(0), "\n".join(sent).encode(), []
    with Ranker.open("m.edge", "reference", keep=False) as ranker:
        for _ in range(400):
            data = bytearray(whole)
            for _ in range(chance.randint(1, 3)):
                place = chance.randrange(len(data))
                data[place : place + chance.randint(0, 2)] = chance.randbytes(chance.randint(0, 2))
            ranker.forget()
            try:
                taken.append(ranker.receive(bytes(data)))
            except EdgeError as error:
                assert error.fix and ranker._summaries.bytes == 0
    assert 0 < len(taken) < 400 and set(taken) <= {8}  # an id may be another, and so may a number
