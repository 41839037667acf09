"""Golden requests of the ranking model: written by the reference, replayed by the way a ranker takes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import edge
from runnable_bundles import EXITS, REQUEST, files, goldens, make_manifest, make_runnable, parameters
from runnable_weights import SHAPE, reading

from edge.bundle.exits import Exit
from edge.conformance.coverage import (
    FULL_TIMELINE,
    MANY_CANDIDATES,
    MISSING_NUMBER,
    Examined,
    together_of,
)
from edge.conformance.golden import logits_of, read_goldens, to_line
from edge.conformance.verify import check_logits, check_reading, verify_bundle
from edge.engines.reference import ReferenceEngine
from edge.errors import EdgeError

LINE = to_line(goldens()[0])


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGE_CACHE", str(tmp_path / "cache"))


def test_a_record_is_read_as_it_was_written() -> None:
    for golden in goldens():
        (found,) = read_goldens([to_line(golden)])
        assert (found.id, found.request, found.texts, found.ids) == (
            golden.id,
            golden.request,
            golden.texts,
            golden.ids,
        )
        np.testing.assert_allclose(found.numbers, golden.numbers, atol=1e-5)
        assert list(found.logits) == EXITS
        for exit in EXITS:
            np.testing.assert_allclose(found.logits[exit], golden.logits[exit], atol=1e-5)


def test_a_record_says_what_a_request_turns_into() -> None:
    record = json.loads(LINE)
    assert record["texts"]["profile"] == ["new"] and record["texts"]["candidates"] == ["blue film", "green sea"]
    assert record["texts"]["contexts"] == ["old film", ""] and record["texts"]["phrases"][0] == "liked yes"
    assert record["numbers"][1][0] is None and record["numbers"][0][1] == record["numbers"][1][1]
    assert set(record["logits"]) == {"1/0", "1/1", "1/2", "2/0", "2/1", "2/2"}


def test_the_bundle_of_the_model_that_answered_passes(tmp_path: Path) -> None:
    seen: list[str] = []
    found = verify_bundle(make_runnable(tmp_path / "m.edge"), ["reference"], progress=seen.append)
    assert found.passed and seen == ["reference"]
    assert [(row.engine, row.exit) for row in found.results] == [("text", "-"), *(("reference", str(e)) for e in EXITS)]
    assert max(row.max_difference for row in found.results) < 1e-4


@pytest.mark.parametrize(("off", "passes"), [(9e-4, True), (1.1e-3, False), (float("nan"), False)])
def test_a_logit_beyond_the_tolerance_or_no_number_fails(off: float, passes: bool) -> None:
    engine, golden = ReferenceEngine(parameters(), SHAPE), goldens()[0]
    exit = Exit(2, 1)
    altered = golden.logits[exit] + np.array([0, off], dtype=np.float32)
    wrong = replace(golden, logits={**golden.logits, exit: altered})
    rows = {row.exit: row.passed for row in check_logits(engine, reading(), [wrong], "reference", 1e-3)}
    assert rows.pop("2/1") == passes and all(rows.values())


@pytest.mark.parametrize(
    "change",
    [
        lambda golden: replace(golden, texts={**golden.texts, "profile": ("old",)}),
        lambda golden: replace(golden, ids={**golden.ids, "contexts": ((1,), (1,))}),
        lambda golden: replace(golden, numbers=golden.numbers + np.float32(0.001)),
        lambda golden: replace(golden, numbers=np.nan_to_num(golden.numbers)),
    ],
)
def test_other_texts_ids_or_numbers_fail(change: Callable[[Any], Any]) -> None:
    assert check_reading(reading(), goldens()).passed
    assert not check_reading(reading(), [change(goldens()[0]), goldens()[1]]).passed


def test_another_model_fails_at_every_exit(tmp_path: Path) -> None:
    other = parameters(**{"head_norm.bias": np.full(SHAPE.hidden, 0.5, dtype=np.float32)})
    found = verify_bundle(make_runnable(tmp_path / "m.edge", other), ["reference"])
    assert not found.passed and found.results[0].passed and not any(row.passed for row in found.results[1:])


def test_logits_without_one_of_the_bundle_s_exits_are_refused(tmp_path: Path) -> None:
    described = make_manifest()
    described["exits"] = described["exits"][1:]
    path = make_runnable(tmp_path / "m.edge", described=described)
    with pytest.raises(EdgeError, match="does not have the exits of the manifest: 1/0"):
        verify_bundle(path, ["reference"])


def test_a_bundle_without_golden_requests_verifies_nothing(tmp_path: Path) -> None:
    path = make_runnable(tmp_path / "m.edge", contents=files([]))
    with pytest.raises(EdgeError, match="carries no golden request"):
        verify_bundle(path, ["reference"])


@pytest.mark.parametrize(
    ("keys", "value", "problem"),
    [
        (("id",), "", "id must be"),
        (("id",), 3, "id must be"),
        (("request",), {}, "no 'candidates'"),
        (("texts", "profile"), [], "texts.profile must be a list of 1 texts"),
        (("texts", "items"), ["x"], "texts.items must be a list of 8 texts"),
        (("ids", "contexts"), [[1], [-1]], "ids.contexts must be"),
        (("ids", "profile"), [[1.5]], "ids.profile must be"),
        (("ids",), None, "ids must be an object"),
        (("numbers",), [[1.0]], "numbers must be a list of 2"),
        (("numbers",), [[1.0], [1.0, None]], "as many for each candidate"),
        (("numbers",), [["x", 1], [1, 1]], "numbers must be"),
        (("logits", "1/0"), [0.5], "logits.1/0 must be a list of 2"),
        (("logits", "1/0"), [0.5, None], "logits.1/0 must be"),
        (("logits", "01/0"), [0.5, 0.5], "logits has an exit"),
        (("logits",), [], "logits must be an object"),
    ],
)
def test_a_line_that_is_no_record_is_refused(keys: tuple[str, ...], value: Any, problem: str) -> None:
    record = json.loads(LINE)
    inside = record
    for key in keys[:-1]:
        inside = inside[key]
    inside[keys[-1]] = value
    with pytest.raises(EdgeError, match=r"golden.jsonl:2 is not a golden record") as refused:
        list(read_goldens([LINE, json.dumps(record)]))
    assert problem in refused.value.evidence


@pytest.mark.parametrize("line", ["", "[]", "{", '{"id": "x"}', "[" * 5_000])
def test_what_is_no_object_is_refused(line: str) -> None:
    with pytest.raises(EdgeError, match=r"golden\.jsonl:1 is not"):
        list(read_goldens([line]))


def test_what_golden_requests_leave_out_is_listed(tmp_path: Path) -> None:
    found = verify_bundle(make_runnable(tmp_path / "m.edge"), ["reference"]).unexamined
    assert MANY_CANDIDATES in found and "ideographs" in found
    assert not {"no history", "one candidate", FULL_TIMELINE, MISSING_NUMBER} & set(found)
    examined = Examined(reading().encoder, SHAPE, 1)
    assert MANY_CANDIDATES not in examined.missing(goldens())
    assert {"no history", "one candidate"} <= set(examined.missing(goldens()[:1]))
    assert FULL_TIMELINE not in examined.missing(goldens()[1:])  # nobody has events
    short = replace(goldens()[0], request=replace(REQUEST, events=REQUEST.events[:6]))
    assert FULL_TIMELINE in examined.missing([short])
    assert together_of(["embed_8", "score_0_16", "score_2_64", "score_2_32"]) == together_of([]) == 64


def test_the_command_replays_a_ranking_model_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = make_runnable(tmp_path / "m.edge")
    assert edge("verify", path, "--engine", "reference") == 0
    assert "every golden request is reproduced" in capsys.readouterr().out
    assert edge("verify", path, "--engine", "reference", "--json") == 0
    assert json.loads(capsys.readouterr().out)["results"][-1]["exit"] == "2/2"
    other = parameters(**{"head_norm.bias": np.full(SHAPE.hidden, 0.5, dtype=np.float32)})
    assert edge("verify", make_runnable(tmp_path / "o.edge", other), "--engine", "reference") == 1


def test_a_full_timeline_keeps_the_newest_events() -> None:
    engine = ReferenceEngine(parameters(), SHAPE)
    newest = replace(REQUEST, events=REQUEST.events[:1])
    assert len(REQUEST.events) > SHAPE.places - 1
    whole, short = (logits_of(engine, reading(), request, EXITS) for request in (REQUEST, newest))
    assert np.abs(whole[Exit(2, 2)] - short[Exit(2, 2)]).max() > 1e-3
