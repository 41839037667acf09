"""`edge verify`: which engines are checked, how far each may be off, and what is said."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import edge
from runnable_bundles import EXITS, REQUEST, files, goldens, make_manifest, make_runnable, parameters
from runnable_weights import SHAPE, reading

from edge.bundle.bundle import open_bundle, write_bundle
from edge.bundle.exits import Exit
from edge.bundle.listing import GOLDEN
from edge.conformance.engines import choose_engines, tolerance_of
from edge.conformance.golden import make_golden
from edge.conformance.verify import Verification, compared, verify_bundle
from edge.engines.reference import ReferenceEngine
from edge.errors import EdgeError
from edge.text.types import Item

ODD = "blue\u2028film\u2029of\x85the\x0bsea\x0c!\x1cx"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGE_CACHE", str(tmp_path / "cache"))


def test_all_checks_every_engine_and_says_why_one_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.conformance.verify.RANKING_ENGINES", ("litert", "reference"))
    seen: list[str] = []
    found = verify_bundle(make_runnable(tmp_path / "m.edge"), ["all"], progress=seen.append)
    assert seen == ["reference"] and found.passed
    assert found.unchecked == {"litert": "the bundle carries no litert model, it has: onnx"}


def test_of_engines_those_are_checked_that_are_asked_for(tmp_path: Path) -> None:
    (tmp_path / "onnx").mkdir()
    known = ("litert", "onnx", "reference")

    def absent(name: str, models: Path) -> str:
        return "" if name in ("onnx", "reference") else "it is not here"

    def chosen(engines: list[str] | None) -> Any:
        return choose_engines(engines, tmp_path, known, absent)

    assert chosen(None) == (["onnx"], {})
    assert chosen(["reference"]) == (["reference"], {})
    assert chosen(["all"]) == (["onnx", "reference"], {"litert": "it is not here"})
    assert chosen(["reference", "all"]) == (["reference", "onnx"], {"litert": "it is not here"})


def test_an_engine_that_is_named_must_be_there(tmp_path: Path) -> None:
    path = make_runnable(tmp_path / "m.edge")
    with pytest.raises(EdgeError, match="the bundle carries no litert model, it has: onnx"):
        verify_bundle(path, ["litert"])
    with pytest.raises(EdgeError, match="there is no engine 'liter'") as refused:
        verify_bundle(path, ["liter"])
    assert "litert, onnx, reference" in refused.value.fix


def test_weights_that_the_bundle_does_not_pack_are_not_asked_of_it(tmp_path: Path) -> None:
    write_bundle(tmp_path / "bare.edge", files(), make_manifest())
    with pytest.raises(EdgeError, match=r"the bundle carries no weights\.bin"):
        verify_bundle(tmp_path / "bare.edge", ["reference"])


def test_a_damaged_model_is_an_error_and_not_left_out(tmp_path: Path) -> None:
    with pytest.raises(EdgeError) as refused:
        verify_bundle(make_runnable(tmp_path / "m.edge"), ["onnx"])
    assert "models/onnx" in str(refused.value) and "\n" not in refused.value.problem


def test_an_engine_may_have_a_tolerance_of_its_own(tmp_path: Path) -> None:
    described = make_manifest()
    assert tolerance_of(described, "coreml") == 1e-3
    described["golden"]["tolerances"] = {"coreml": 0.2}
    assert (tolerance_of(described, "coreml"), tolerance_of(described, "onnx")) == (0.2, 1e-3)
    engine, golden = ReferenceEngine(parameters(), SHAPE), goldens()[0]
    off = replace(golden, logits={exit: logits + np.float32(0.1) for exit, logits in golden.logits.items()})
    described["golden"]["tolerances"] = {"reference": 0.2}
    path = make_runnable(tmp_path / "m.edge", contents=files([off]), described=described)
    found = verify_bundle(path, ["reference"])
    assert found.passed and {row.tolerance for row in found.results[1:]} == {0.2}
    described["golden"]["tolerances"] = {"reference": 0.09}
    assert not verify_bundle(make_runnable(path, contents=files([off]), described=described), ["reference"]).passed
    assert engine.shape == SHAPE


def test_a_difference_that_is_the_tolerance_passes() -> None:
    golden, exit = goldens()[0], Exit(1, 0)
    wanted = replace(golden, logits={exit: np.array([0.0, 0.0], dtype=np.float32)})
    for off, passes in ((0.5, True), (np.nextafter(np.float32(0.5), np.float32(1)), False), (np.nan, False)):
        answer = {exit: np.array([0.0, off], dtype=np.float32)}
        (row,) = compared("reference", 0.5, [wanted], [answer])
        assert row.passed is passes


def test_texts_alone_are_not_taken_for_verified(tmp_path: Path) -> None:
    results = verify_bundle(make_runnable(tmp_path / "m.edge"), ["reference"]).results
    assert not Verification(results[:1], {}, []).passed


def test_a_title_with_line_separators_is_replayed_from_the_bundle(tmp_path: Path) -> None:
    odd = replace(REQUEST, candidates=(Item("a", {"title": ODD, "age": "old"}), *REQUEST.candidates[1:]))
    engine = ReferenceEngine(parameters(), SHAPE)
    records = [make_golden(engine, reading(), id, one, EXITS) for id, one in (("odd", odd), ("whole", REQUEST))]
    path = make_runnable(tmp_path / "m.edge", contents=files(records))
    assert len(open_bundle(path).read(GOLDEN).decode().splitlines()) > 2
    found = verify_bundle(path, ["reference"])
    assert found.passed and {row.requests for row in found.results} == {2}


@pytest.mark.parametrize("bad", [b"\xff", b"{}\n", b"\n", b'{"id": "x"}\r\n'])
def test_golden_requests_that_are_none_are_refused_in_one_line(
    tmp_path: Path, bad: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    content = files()[GOLDEN]
    assert isinstance(content, bytes)
    path = make_runnable(tmp_path / "m.edge", contents={GOLDEN: content + bad})
    assert edge("verify", path, "--engine", "reference") == 2
    problem, _ = capsys.readouterr().err.splitlines()
    assert problem.startswith(f"error: {path} refused: {GOLDEN}")


def test_the_command_says_what_was_not_checked_nor_examined(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = make_runnable(tmp_path / "m.edge", contents={"models/onnx/x": b""})
    for options in (["--json"], []):
        assert edge("verify", path, "--engine", "reference", *options) == 0
        printed = capsys.readouterr()
        assert printed.err == "verify: reference\n"
        if options:
            shown = json.loads(printed.out)
            assert shown["passed"] and shown["not_checked"] == {} and "ideographs" in shown["not_examined"]
        else:
            assert "not tested by the golden requests: " in printed.out
            assert printed.out.endswith("every golden request is reproduced\n")
