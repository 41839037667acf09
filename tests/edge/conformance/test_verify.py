"""Golden requests: written, read back, replayed; whatever differs is told."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exports import Exported, bundle_of, request

from cloud.torch_engine import TorchEngine
from edge.bundle.bundle import open_bundle, write_bundle
from edge.conformance.golden import FEW, Golden, completed, digest_of, encode, make_golden, read_golden, score, to_line
from edge.conformance.verify import Verification, check_scores, check_text, verify
from edge.errors import EdgeError


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGE_CACHE", str(tmp_path / "cache"))


def test_a_golden_request_is_read_back_as_it_was_written(exported: Exported) -> None:
    lines = [to_line(golden) for golden in exported.golden]
    for golden, read in zip(exported.golden, read_golden(lines), strict=True):
        assert (read.request, read.texts, read.user, read.candidates) == (
            golden.request, golden.texts, golden.user, golden.candidates
        )  # fmt: skip
        wanted = {"prefix": [1, 2, 3, 4], "segments": [3, 4]}
        wanted |= {"full": [1, 2, 3, 4]} if len(golden.candidates) <= FEW else {}
        assert {plan: list(exits) for plan, exits in read.scores.items()} == wanted
        for plan, exits in golden.scores.items():
            for depth, scores in exits.items():
                np.testing.assert_allclose(read.scores[plan][depth], scores, rtol=0, atol=1e-5)
    assert [to_line(golden) for golden in read_golden(lines)] == lines


def test_texts_stand_in_the_order_profile_events_candidates(exported: Exported) -> None:
    golden = make_golden(exported.encoder, TorchEngine(exported.reference["int8"]), request("fargo", 2, 1))
    assert golden.texts == ("22 years old", "liked star wars", "disliked heat", "fargo", "star wars 1970")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda record: record.pop("scores"), "the record has no 'scores'"),
        (lambda record: record.pop("request"), "the record has no 'request'"),
        (lambda record: record.pop("ids"), "the record has no 'ids'"),
        (lambda record: record.pop("texts"), "the record has no 'texts'"),
        (lambda record: record.update(request={"candidates": 3}), "candidates must be a list, not 3"),
        (lambda record: record.update(scores=[]), "scores must be an object"),
        (lambda record: record.update(scores={"prefx": {}}), "scores has an unknown plan 'prefx'"),
        (lambda record: record.update(scores={"prefix": [1]}), "scores.prefix must be an object"),
        (lambda record: record.update(scores={"prefix": {"01": [1]}}), "scores.prefix has a depth '01'"),
        (lambda record: record.update(scores={"prefix": {"x": [1]}}), "scores.prefix has a depth 'x'"),
        (lambda record: record.update(scores={"prefix": {"1": ["x"]}}), "scores.prefix.1 must be a list of finite"),
        (lambda record: record.update(scores={"prefix": {"1": [None]}}), "scores.prefix.1 must be a list of finite"),
        (lambda record: record.update(scores={"prefix": {"1": [math.nan]}}), "NaN is not JSON"),
        (lambda record: record.update(ids={"user": [[1]]}), "ids has no 'candidates'"),
        (lambda record: record["ids"].update(user=[[1, "x"]]), "ids.user[0] must be a list of ids"),
        (lambda record: record["ids"].update(user=[3]), "ids.user must be a list of lists"),
        (lambda record: record.update(texts=[3]), "texts must be a list of texts"),
        (lambda record: record.update(sha256=3), "sha256 must be 64"),
    ],
)
def test_a_record_that_is_none_is_refused_by_its_line_and_in_words(
    exported: Exported, tmp_path: Path, change: Callable[[dict[str, Any]], object], reason: str
) -> None:
    record = json.loads(to_line(exported.golden[0]))
    change(record)
    path = bundle_of(exported, tmp_path / "small.edge")
    lines = f"{to_line(exported.golden[1])}\n{json.dumps(record)}\n"
    files, manifest = remade(path, {})
    write_bundle(path, files | {"golden.jsonl": lines.encode()}, manifest)
    with pytest.raises(EdgeError) as refused:
        verify(path)
    said = refused.value.problem
    assert said.startswith(f"{path} refused: golden.jsonl:2 is not a golden record (") and reason in said
    assert "\n" not in said and "cache" not in said


@pytest.mark.parametrize("line", ["", "{", "[]", "null", "[" * 100_000, "9" * 5000, '{"a": 1, "a": 2}', '"\\ud800"'])
def test_a_line_that_is_no_golden_request_is_refused_by_its_number(exported: Exported, line: str) -> None:
    with pytest.raises(EdgeError, match=r"golden\.jsonl:2 is not a golden record") as refused:
        list(read_golden([to_line(exported.golden[0]), line]))
    assert "sys." not in refused.value.evidence and "Error" not in refused.value.evidence


def test_a_brief_record_holds_a_digest_in_place_of_texts_and_ids(exported: Exported) -> None:
    engine = TorchEngine(exported.reference["int8"])
    whole = make_golden(exported.encoder, engine, request("fargo", 2, 20))
    brief = make_golden(exported.encoder, engine, request("fargo", 2, 20), {"prefix": (2, 1)}, brief=True)
    assert digest_of(brief) == digest_of(whole) == brief.digest
    assert len(to_line(brief)) < 0.5 * len(to_line(whole))
    (read,) = read_golden([to_line(brief)])
    assert (read.texts, read.user, read.candidates) == ((), (), ())
    again = completed(read, exported.encoder)
    assert (again.texts, again.user, again.candidates) == (whole.texts, whole.user, whole.candidates)
    assert check_text(exported.encoder, [again]).passed
    assert not check_text(exported.encoder, [replace(again, digest="0" * 64)]).passed
    rows = check_scores(engine, [again], "torch", 1e-4)
    assert [(row.plan, row.exit, row.passed) for row in rows] == [("prefix", 1, True), ("prefix", 2, True)]


def test_the_digest_is_that_of_lines_of_texts_and_ids(exported: Exported) -> None:
    golden = encode(exported.encoder, request("alien", 1, 0))
    lines = [*golden.texts, *(" ".join(map(str, ids)) for ids in (*golden.user, *golden.candidates))]
    assert digest_of(golden) == hashlib.sha256(("\n".join(lines) + "\n").encode()).hexdigest()


ODD = "heat\u2028star\u2029wars\x85the\x0bcrow\x0c!\x1cx"


def test_a_title_with_line_separators_is_replayed_from_the_bundle(exported: Exported, tmp_path: Path) -> None:
    engine = TorchEngine(exported.reference["int8"])
    golden = [make_golden(exported.encoder, engine, request(title)) for title in (ODD, "heat")]
    assert len("".join(map(to_line, golden)).splitlines()) > 2
    found = verify(bundle_of(exported, tmp_path / "small.edge", golden))
    assert found.passed
    assert {row.requests for row in found.results if row.plan == "prefix"} == {2}


class CountedEngine(TorchEngine):
    """Counts the exits that it computes for candidates."""

    exits = 0

    def layer_end(self, *inputs: Any) -> np.ndarray:
        self.exits += 1
        return super().layer_end(*inputs)


def test_no_deeper_is_computed_than_a_record_asks_for(exported: Exported) -> None:
    engine = CountedEngine(exported.reference["int8"])
    golden = exported.golden[0]
    found = score(engine, golden.user, golden.candidates, {"prefix": (1, 2)})
    assert {plan: list(exits) for plan, exits in found.items()} == {"prefix": [1, 2]} and engine.exits == 2


def test_every_engine_replays_the_golden_requests_at_every_exit(exported: Exported, tmp_path: Path) -> None:
    found = verify(bundle_of(exported, tmp_path / "small.edge"))
    assert [(row.engine, row.plan, row.exit) for row in found.results] == [
        ("text", "-", 0),
        *((engine, plan, depth) for engine in ("litert", "onnx") for plan, depths in (
            ("full", (1, 2, 3, 4)), ("prefix", (1, 2, 3, 4)), ("segments", (3, 4))) for depth in depths),
    ]  # fmt: skip
    assert found.passed and found.unchecked == {}
    requests = {"-": 4, "prefix": 4, "segments": 4, "full": 1}
    assert all(
        row.requests == requests[row.plan] and 0 <= row.mean_difference <= row.max_difference for row in found.results
    )
    assert found.results[1].top10 > 0.9
    only = verify(tmp_path / "small.edge", ["onnx"])
    assert {row.engine for row in only.results} == {"text", "onnx"}


def test_all_checks_every_engine_and_tells_why_one_is_not(exported: Exported, tmp_path: Path) -> None:
    told: list[str] = []
    found = verify(bundle_of(exported, tmp_path / "small.edge", packed=True), ["all"], progress=told.append)
    assert told == ["litert", "onnx", "reference", "torch"]
    assert {row.engine for row in found.results} == {"text", *told}
    assert found.passed and list(found.unchecked) == ["coreml"]
    assert found.unchecked["coreml"] == "the bundle carries no coreml model, it has: litert, onnx"
    exact = [row for row in found.results if row.engine == "torch"]
    assert max(row.max_difference for row in exact) < 1e-4


def test_a_engine_whose_packages_are_missing_is_told_of(
    exported: Exported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = bundle_of(exported, tmp_path / "small.edge", packed=True)

    def missing() -> None:
        raise ImportError("No module named 'torch'", name="torch")

    monkeypatch.setattr("importlib.metadata.EntryPoint.load", lambda entry: missing())
    found = verify(path, ["all"])
    assert "not installed (torch)" in found.unchecked["torch"] and "pip install '.[export]'" in found.unchecked["torch"]
    assert found.passed
    with pytest.raises(EdgeError, match="not installed"):
        verify(path, ["torch"])
    monkeypatch.setattr("edge.engines.opening.entry_points", lambda **selected: ())
    assert "no installed package offers the torch engine" in verify(path, ["all"]).unchecked["torch"]


def test_a_bundle_without_packed_weights_is_not_checked_by_what_needs_them(exported: Exported, tmp_path: Path) -> None:
    found = verify(bundle_of(exported, tmp_path / "bare.edge"), ["all"])
    assert found.unchecked["reference"].startswith("the bundle carries no weights.bin")
    assert list(found.unchecked) == ["reference", "torch", "coreml"]


def test_a_engine_that_is_named_must_be_there(exported: Exported, tmp_path: Path) -> None:
    path = bundle_of(exported, tmp_path / "small.edge", packed=True)
    with pytest.raises(EdgeError, match="no coreml model"):
        verify(path, ["coreml"])
    with pytest.raises(EdgeError, match="there is no engine 'liter'") as refused:
        verify(path, ["liter"])
    assert refused.value.fix == "use one of: litert, onnx, reference, torch, coreml"


def test_a_damaged_model_is_an_error_and_not_left_out(exported: Exported, tmp_path: Path) -> None:
    models = shutil.copytree(exported.models, tmp_path / "models")
    (models / "int8" / "onnx" / "layer.onnx").write_bytes(b"no model")
    path = bundle_of(replace(exported, models=models), tmp_path / "small.edge")
    with pytest.raises(EdgeError, match=r"layer\.onnx is not a model"):
        verify(path, ["all"])


def remade(path: Path, changes: dict[str, Any]) -> tuple[dict[str, Path | bytes], dict[str, Any]]:
    """The files of a bundle and its manifest, changed."""
    bundle = open_bundle(path)
    return {file.path: bundle.read(file.path) for file in bundle.files}, dict(bundle.manifest) | changes


def test_a_engine_may_have_a_tolerance_of_its_own(exported: Exported, tmp_path: Path) -> None:
    allowed = {"golden": {"tolerance": 0.05, "tolerances": {"onnx": 0.3}}}
    path = tmp_path / "small.edge"
    write_bundle(path, *remade(bundle_of(exported, path, tampered(exported, 0, 0.2)), allowed))
    found = verify(path)
    assert [row.engine for row in found.results if not row.passed] == ["litert"]
    assert {row.tolerance for row in found.results if row.engine == "onnx"} == {0.3}


def test_text_alone_is_not_taken_for_verified(exported: Exported, tmp_path: Path) -> None:
    assert not Verification(verify(bundle_of(exported, tmp_path / "small.edge")).results[:1], {}, []).passed


def test_what_the_golden_requests_leave_out_is_told(exported: Exported, tmp_path: Path) -> None:
    found = verify(bundle_of(exported, tmp_path / "small.edge"), ["onnx"])
    assert {"200 candidates", "emoji", "an empty attribute"} < set(found.unexamined)
    assert "no history" not in found.unexamined and "exit 4 (segments)" not in found.unexamined


def tampered(exported: Exported, number: int, value: float) -> list[Golden]:
    """One score, of the segments plan's exit 3 in request `number`, changed to `value` more."""
    golden = list(exported.golden)
    scores = {plan: dict(exits) for plan, exits in golden[number].scores.items()}
    scores["segments"][3] = scores["segments"][3].copy()
    scores["segments"][3][0] += value
    golden[number] = replace(golden[number], scores=scores)
    return golden


@pytest.mark.parametrize("number", [0, 3])
def test_a_score_that_is_not_reproduced_fails_its_exit_alone(exported: Exported, tmp_path: Path, number: int) -> None:
    results = verify(bundle_of(exported, tmp_path / "small.edge", tampered(exported, number, 0.2))).results
    failed = [(row.engine, row.plan, row.exit) for row in results if not row.passed]
    assert failed == [("litert", "segments", 3), ("onnx", "segments", 3)]
    assert all(row.max_difference == pytest.approx(0.2, abs=0.05) for row in results if not row.passed)


@pytest.mark.parametrize("number", [0, 1, 3])
def test_a_score_that_is_no_number_fails_wherever_it_stands(exported: Exported, number: int) -> None:
    engine = TorchEngine(exported.reference["int8"])
    rows = check_scores(engine, tampered(exported, number, math.nan), "torch", 0.05)
    assert [(row.plan, row.exit) for row in rows if not row.passed] == [("segments", 3)]


@pytest.mark.parametrize("change", [
    lambda golden: {"texts": ("a lie", *golden.texts[1:])},
    lambda golden: {"user": (golden.user[0], (8, 9), golden.user[-1])},
    lambda golden: {"candidates": golden.candidates[::-1]},
])  # fmt: skip
def test_text_or_ids_that_differ_are_counted(exported: Exported, change: Callable[[Golden], dict[str, Any]]) -> None:
    golden = [replace(exported.golden[0], **change(exported.golden[0])), *exported.golden[1:]]
    row = check_text(exported.encoder, golden)
    assert not row.passed and row.max_difference == 1 and row.requests == 4
    assert check_text(exported.encoder, exported.golden).passed


def test_a_bundle_without_golden_requests_is_not_taken_for_verified(exported: Exported, tmp_path: Path) -> None:
    with pytest.raises(EdgeError, match="carries no golden request"):
        verify(bundle_of(exported, tmp_path / "empty.edge", golden=[]))


@pytest.mark.parametrize("exits", [{"full": {1: [0.5]}}, {"prefix": {9: [0.5]}}, {"prefix": {1: [0.5, 0.5, 0.5]}}])
def test_golden_scores_that_the_model_cannot_give_are_an_error(exported: Exported, exits: dict[str, Any]) -> None:
    record = json.loads(to_line(exported.golden[0])) | {"scores": exits}
    golden = list(read_golden([json.dumps(record)]))
    with pytest.raises(EdgeError, match="that the model cannot give"):
        check_scores(TorchEngine(exported.reference["int8"]), golden, "torch", 0.05)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ({"layers": 5}, "manifest.json says 5 layers, golden.jsonl has scores of 4"),
        ({"handover": 1}, "manifest.json says a hand-over at 1, golden.jsonl has scores of one at 2"),
        ({"handover": 3}, "manifest.json says a hand-over at 3, golden.jsonl has scores of one at 2"),
    ],
)
def test_a_depth_that_no_model_file_tells_is_told_by_the_golden_scores(
    exported: Exported, tmp_path: Path, model: dict[str, int], said: str
) -> None:
    path = bundle_of(exported, tmp_path / "small.edge")
    files, manifest = remade(path, {})
    changed = manifest["model"] | model
    exits = [{"depth": depth, "plan": "prefix", "quality": {}} for depth in range(1, changed["layers"] + 1)]
    write_bundle(path, files, manifest | {"model": changed, "exits": exits})
    with pytest.raises(EdgeError, match=said):
        verify(path)
