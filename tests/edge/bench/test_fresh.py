"""What a measuring process refuses is refused by the one that started it."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.bench.fresh import in_fresh_process
from edge.errors import EdgeError


def refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, measure: str) -> EdgeError:
    module = f"""
import sys
from edge.bench.fresh import answer
from edge.errors import EdgeError
def measure(job):
    {measure}
sys.exit(answer(measure))
"""
    (tmp_path / "measuring.py").write_text(module)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{Path(__file__).parents[3]}")
    with pytest.raises(EdgeError) as caught:
        in_fresh_process("measuring", {"job": {}, "requests": []}, str(tmp_path))
    return caught.value


def test_its_problem_evidence_and_fix_stay_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = refusal(tmp_path, monkeypatch, 'raise EdgeError("no exit 3", evidence="it has 1\\nand 2", fix="name one")')
    assert (found.problem, found.evidence, found.fix) == ("no exit 3", "it has 1\nand 2", "name one")
    found = refusal(tmp_path, monkeypatch, 'raise EdgeError("no exit 3", fix="name one")')
    assert (found.problem, found.evidence, found.fix) == ("no exit 3", "", "name one")


def test_a_process_that_dies_is_named_by_its_signal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = refusal(tmp_path, monkeypatch, "import os; os.kill(os.getpid(), 9)")
    assert found.problem == "the measuring process died (signal 9)" and "enough memory" in found.fix
