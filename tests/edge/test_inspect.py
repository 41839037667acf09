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

import pytest
from bundles import FILES, REQUEST, make

from edge import cli
from edge.bench.sizes import sizes


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["edge", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)


def test_every_section_is_shown_with_its_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = make(tmp_path / "m.edge")
    assert run(monkeypatch, "inspect", bundle, "--json") == 0
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
        "depth": 1, "plan": "prefix", "quality": {"auc": 0.71, "log_loss": 0.6}, "backend": None
    }  # fmt: skip


def test_the_tables_name_exits_shapes_and_provenance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    model = {"layers": 4, "hidden": 8, "heads": 2, "handover": 0, "ids": {"hidden": 128}}
    bundle = make(tmp_path / "m.edge", model=model, parts={"model:litert": {"layer": 20}})
    assert run(monkeypatch, "inspect", bundle) == 0
    out = capsys.readouterr().out
    for line in (
        "movies  edge-ranker/bundle/1",
        "ids.hidden  128",
        "model:litert",
        "layer",
        "run         ab",
    ):
        assert line in out
    assert "0.7400" in out


def test_codes_for_the_terminal_are_not_printed_raw(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = make(tmp_path / "m.edge", provenance={"\x1b[2Jrun": "\x1b]0;owned\x07"})
    assert run(monkeypatch, "inspect", bundle) == 0
    assert "\x1b" not in capsys.readouterr().out


def test_a_bad_bundle_is_refused_in_one_line_with_exit_code_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = make(tmp_path / "m.edge")
    altered = bytearray(bundle.read_bytes())
    altered[100] ^= 1
    bundle.write_bytes(altered)
    assert run(monkeypatch, "inspect", bundle) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1 and printed.err.startswith(f"error: {bundle} refused: ")


@dataclass
class Plan:
    plan: str
    budget_ms: float | None
    spent_ms: float = 1.5


@dataclass
class Ranking:
    """What the commands read of a ranking."""

    items: tuple[Any, ...]
    scores: tuple[float, ...]
    depth: int = 2
    milliseconds: float = 1.5
    plan: Any = None


@pytest.fixture
def fake_runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Stand-ins for edge.ranker and edge.verify; the list holds what they were asked."""
    asked: list[Any] = []

    class Ranker:
        @classmethod
        def open(cls, path: Path, backend: str) -> Ranker:
            asked.append(backend)
            return cls()

        def user(self, user: Any, events: Any) -> str:
            return "user"

        def rank(self, user: str, candidates: Any, budget_ms: float | None, depth: int | None) -> Ranking:
            asked.append((budget_ms, depth))
            plan = Plan("prefix", budget_ms)
            return Ranking(tuple(candidates), tuple(0.5 for _ in candidates), plan=plan)

    def verify(path: Path, backends: list[str] | None) -> list[Any]:
        asked.append(backends)
        return [SimpleRow("litert", True), {"backend": "onnx", "passed": backends is None}]

    for name, members in (("edge.ranker", {"Ranker": Ranker}), ("edge.verify", {"verify": verify})):
        module: Any = ModuleType(name)
        module.__dict__.update(members)
        monkeypatch.setitem(sys.modules, name, module)
    yield asked


@dataclass
class SimpleRow:
    backend: str
    passed: bool


def test_rank_reads_a_file_or_stdin_and_prints_the_best_first(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    fake_runtime: list[Any],
) -> None:
    request = tmp_path / "request.json"
    request.write_bytes(REQUEST)
    assert run(monkeypatch, "rank", "m.edge", "--request", request, "--depth", 2) == 0
    out = capsys.readouterr().out
    assert "Heat" in out and "prefix plan to exit 2, 1.5 ms\n" in out
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(REQUEST)))
    assert run(monkeypatch, "rank", "m.edge", "--budget-ms", 30, "--json", "--backend", "onnx") == 0
    result = json.loads(capsys.readouterr().out)
    assert result["ranked"] == [{"id": "1", "score": 0.5, "title": "Heat"}]
    assert result["plan"] == {"plan": "prefix", "budget_ms": 30.0, "spent_ms": 1.5}
    assert fake_runtime == ["litert", (None, 2), "onnx", (30.0, None)]
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(REQUEST)))
    assert run(monkeypatch, "rank", "m.edge", "--budget-ms", 1) == 0
    assert "1.5 ms of 1.0 ms: over the budget" in capsys.readouterr().out
    assert run(monkeypatch, "rank", "m.edge", "--budget-ms", 30, "--depth", 2) == 2
    assert run(monkeypatch, "rank", "m.edge", "--request", tmp_path / "absent") == 2


def test_verify_fails_with_exit_code_1_if_any_row_failed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], fake_runtime: list[Any]
) -> None:
    assert run(monkeypatch, "verify", "m.edge") == 0
    assert "every golden request is reproduced" in capsys.readouterr().out
    assert run(monkeypatch, "verify", "m.edge", "--backend", "onnx", "--json") == 1
    assert json.loads(capsys.readouterr().out)["results"][1] == {"backend": "onnx", "passed": False}
    assert fake_runtime == [None, ["onnx"]]
