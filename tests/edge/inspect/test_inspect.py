"""`edge inspect` shows what a bundle holds or refuses it in one line; `rank` and `verify` print results."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from bundles import FILES, MODEL, REQUEST, make, manifest
from commands import edge
from packed_bundles import make_packed
from student_weights import make_weights

from edge.bundle.bundle import open_bundle
from edge.bundle.ranking_manifest import RANKING_SCHEMA
from edge.bundle.sizes import sizes
from edge.inspect.tensors import packed_tensors
from edge.runtime.ranked import DEPTH, Explanation, Ranked


def test_every_section_is_shown_with_its_bytes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = make(tmp_path / "m.edge")
    assert edge("inspect", bundle, "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    installed = {section["section"]: section["installed"] for section in shown["sections"]}
    assert installed == {
        "manifest": installed["manifest"],
        "text": len(FILES["text.json"]),  # type: ignore[arg-type]
        "vocabulary": 17,
        "golden": len(FILES["golden.jsonl"]),  # type: ignore[arg-type]
        "model:litert": 2048,
        "model:onnx": 400,
    }
    assert shown["bytes"] == bundle.stat().st_size
    assert shown["sizes"]["onnx"]["download"] == sizes(bundle, "onnx").download
    assert shown["exits"][0] == {
        "encode": 1, "interact": 0, "quality": {"auc": 0.71, "log_loss": 0.6}, "calibration": None
    }  # fmt: skip
    assert shown["buckets"] == {"litert": ["embed_8", "score_2_64"]}


def test_the_tables_name_exits_shapes_and_provenance(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    exits = manifest()["exits"]
    exits[2]["calibration"] = {"temperature": 0.9375, "offset": -0.25}
    buckets = {"litert": ["embed_8", "summarise_4_8", "score_0_16", "score_2_16", "score_2_64"]}
    bundle = make_packed(tmp_path / "m.edge", model=MODEL | {"ids": {"hidden": 128}}, exits=exits, buckets=buckets)
    assert edge("inspect", bundle) == 0
    out = capsys.readouterr().out
    for line in (
        f"movies  {RANKING_SCHEMA}",
        "ids.hidden       128",
        "model:litert",
        "shared layer",
        "layers.0.attention_in.weight",
        "run         ab",
        "exit     auc  log_loss  temperature   offset",
        "1/0   0.7100    0.6000            -        -",
        "1/2   0.7400    0.6000       0.9375  -0.2500",
        "litert     embed        8",
        "litert     summarise_4  8",
        "litert     score_2      16, 64",
    ):
        assert line in out
    assert edge("inspect", make_packed(tmp_path / "n.edge")) == 0
    assert "temperature" not in capsys.readouterr().out


def test_every_tensor_is_shown_with_its_shape_width_sparsity_and_bytes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = make_weights(largest=7, rows=2000)
    bundle = make_packed(tmp_path / "m.edge", weights)
    assert edge("inspect", bundle, "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    tensors = {tensor["name"]: tensor for tensor in shown["tensors"]}
    assert tensors.keys() == weights.keys()
    table = tensors["token.weight"]
    assert (table["shape"], table["bits"], table["engines"]) == ([2000, 24], 4, ["litert", "onnx"])
    assert table["sparsity"] == pytest.approx(np.mean(weights["token.weight"] == 0))
    assert table["stored"] == pytest.approx(table["stored_to_entropy"] * table["entropy"], rel=1e-3)
    assert 0.9 < table["stored_to_entropy"] < 1.05
    assert tensors["token.scale"]["bits"] == 16 and tensors["layers.0.attention_in.bias"]["bits"] == 32
    assert tensors["layers.0.attention_norm.weight"]["stored"] == 0  # all ones: a number in the header
    assert shown["weights"]["stored"] == sum(tensor["stored"] for tensor in shown["tensors"])
    assert shown["weights"]["stored"] < shown["weights"]["file"]


def test_the_entropy_is_that_of_mask_and_non_zero_values(tmp_path: Path) -> None:
    values = np.zeros((64, 64), np.int8)
    values.flat[::4] = np.tile([1, -1, 5, -5], 256)
    weights = {"a.weight": values, "a.scale": np.ones(64, np.float32)}
    found = packed_tensors(open_bundle(make_packed(tmp_path / "m.edge", weights)))[1]
    mask_bits = -(0.25 * np.log2(0.25) + 0.75 * np.log2(0.75))
    assert found.entropy == pytest.approx((4096 * mask_bits + 1024 * 2) / 8)
    assert (found.bits, found.sparsity) == (4, 0.75)


def test_a_tensor_of_zeros_alone_has_no_entropy_and_no_ratio(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = {"a.weight": np.zeros((64, 64), np.int8), "a.scale": np.ones(64, np.float32)}
    bundle = make_packed(tmp_path / "m.edge", weights)
    assert edge("inspect", bundle, "--json") == 0
    tensor = json.loads(capsys.readouterr().out)["tensors"][1]
    assert (tensor["sparsity"], tensor["entropy"], tensor["stored_to_entropy"]) == (1.0, 0, None)
    assert edge("inspect", bundle) == 0


def test_codes_for_the_terminal_are_not_printed_raw(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = "\x1b[2J"
    weights = {f"{name}{code}": values for name, values in make_weights().items() if values.dtype == np.float32}
    exits = [*manifest()["exits"][:2], {"encode": 1, "interact": 2, "quality": {code: 0.5}}]
    changes = {"provenance": {f"{code}run": "\x1b]0;owned\x07"}, "exits": exits}
    plain, bundle = make(tmp_path / "a.edge"), make_packed(tmp_path / "m.edge", weights, **changes)
    for arguments in ((bundle,), (plain, bundle), (bundle, plain)):
        assert edge("inspect", *arguments) == 0
        assert "\x1b" not in capsys.readouterr().out


def test_a_bad_bundle_is_refused_in_one_line_and_one_fix_with_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = make(tmp_path / "m.edge")
    altered = bytearray(bundle.read_bytes())
    altered[100] ^= 1
    bundle.write_bytes(altered)
    assert edge("inspect", bundle) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    problem, fix = printed.err.splitlines()
    assert problem.startswith(f"error: {bundle} refused: ")
    assert fix == "fix: make it again with edge export, or copy it again from where it was made"


@pytest.fixture
def fake_runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Stand-ins for edge.runtime.ranker and edge.conformance.ranking_verify; the list holds what they were asked."""
    asked: list[Any] = []

    class Ranker:
        @classmethod
        def open(cls, path: Path, engine: str, public_key: Any) -> Ranker:
            asked.append(engine)
            return cls()

        def user(self, user: Any, events: Any) -> str:
            return "user"

        def rank(self, user: str, candidates: Any, budget_ms: float | None, **wish: Any) -> Ranked:
            asked.append({name: value for name, value in wish.items() if value} | {"budget_ms": budget_ms})
            held = {"held_mb": 0.1, "kept": True, "auc": 0.75, "candidates": (1,)}
            plan = Explanation("prefix", 2, 2, DEPTH, 1.25, 1.5, **held, budget_ms=budget_ms)
            return Ranked(tuple(candidates), tuple(0.5 for _ in candidates), tuple(2 for _ in candidates), plan)

    def verify(path: Path, engines: list[str] | None, public_key: Any, tell: Any) -> SimpleNamespace:
        asked.append(engines)
        rows = [SimpleRow("litert", True), SimpleRow("onnx", engines is None)]
        return SimpleNamespace(results=rows, passed=engines is None, unchecked={}, unexamined=[])

    replaying = {"verify_ranking": verify}
    for name, members in (("edge.runtime.ranker", {"Ranker": Ranker}), ("edge.conformance.ranking_verify", replaying)):
        module: Any = ModuleType(name)
        module.__dict__.update(members)
        monkeypatch.setitem(sys.modules, name, module)
    yield asked


@dataclass
class SimpleRow:
    engine: str
    passed: bool


def test_rank_reads_a_file_or_stdin_and_prints_the_best_first(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    fake_runtime: list[Any],
) -> None:
    request = tmp_path / "request.json"
    request.write_bytes(REQUEST)
    assert edge("rank", "m.edge", "--request", request, "--depth", 2) == 0
    out = capsys.readouterr().out
    assert "Heat" in out and "prefix plan to exit 2, 1.5 ms, 1.2 predicted, AUC 0.7500 when made\n" in out
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(REQUEST)))
    assert edge("rank", "m.edge", "--budget-ms", 30, "--json", "--engine", "onnx") == 0
    result = json.loads(capsys.readouterr().out)
    assert result["ranked"] == [{"id": "1", "score": 0.5, "depth": 2, "title": "Heat"}]
    shown = {name: result["explanation"][name] for name in ("plan", "budget_ms", "spent_ms", "met")}
    assert shown == {"plan": "prefix", "budget_ms": 30.0, "spent_ms": 1.5, "met": True}
    assert fake_runtime == ["litert", {"budget_ms": None, "depth": 2}, "onnx", {"budget_ms": 30.0}]
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(REQUEST)))
    assert edge("rank", "m.edge", "--budget-ms", 1) == 0
    assert "over the budget: 1.5 ms of 1 ms" in capsys.readouterr().out
    assert edge("rank", "m.edge", "--budget-ms", 30, "--depth", 2) == 2
    assert edge("rank", "m.edge", "--budget-mb", 30, "--depth", 2) == 2
    assert edge("rank", "m.edge", "--request", tmp_path / "absent") == 2


def test_verify_fails_with_exit_code_1_if_any_row_failed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], fake_runtime: list[Any]
) -> None:
    bundle = make(tmp_path / "m.edge")
    assert edge("verify", bundle) == 0
    assert "every golden request is reproduced" in capsys.readouterr().out
    assert edge("verify", bundle, "--engine", "onnx", "--json") == 1
    assert json.loads(capsys.readouterr().out)["results"][1] == {"engine": "onnx", "passed": False}
    assert fake_runtime == [None, ["onnx"]]
