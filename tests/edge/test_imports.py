"""Imports run leftwards only: edge <- cloud <- distill <- compress <- export; the runtime stays light."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from imports import ORDER, violations

ROOT = Path(__file__).parents[2]


def test_imports_run_leftwards_only_and_the_runtime_stays_light() -> None:
    assert violations(ROOT) == []


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages again, beside a folder that is none of them."""
    root = tmp_path_factory.mktemp("tree")
    for package in ORDER:
        shutil.copytree(ROOT / package, root / package, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "benchmarks").mkdir()
    return root


@pytest.fixture
def tree(copy: Path) -> Iterator[Path]:
    yield copy
    for planted in copy.rglob("planted.py"):
        planted.unlink()


@pytest.mark.parametrize(
    ("package", "line"),
    [
        ("edge", "import cloud"),
        ("edge", "from cloud.model import Encoder"),
        ("edge", "def later():\n    import torch"),
        ("edge", "def later():\n    from torch.nn import functional"),
        ("edge", "if False:\n    import pyarrow.parquet"),
        ("edge", "try:\n    import tokenizers\nexcept ImportError:\n    pass"),
        ("edge", "import importlib\nimportlib.import_module('torch')"),
        ("edge", "module = __import__('onnx')"),
        ("edge", "import benchmarks.report"),
        ("edge", "import some_new_dependency"),
        ("edge", "def later():\n    import click"),
        ("cloud", "from distill import student"),
        ("cloud", "class A:\n    def b(self):\n        import export.cli"),
        ("distill", "import compress.integers"),
        ("compress", "from export import bundle"),
        ("export", "import benchmarks"),
    ],
)
def test_a_planted_violation_is_caught(tree: Path, package: str, line: str) -> None:
    (tree / package / "planted.py").write_text(f'"""Planted."""\n\n{line}\n')
    found = violations(tree)
    assert len(found) == 1 and found[0].startswith(f"{package}/planted.py:")


@pytest.mark.parametrize(
    ("package", "line"),
    [
        ("edge", "import json, numpy as np\nfrom . import errors\nfrom .errors import EdgeError"),
        ("edge", "import edge.bench.gate\nfrom ai_edge_litert import interpreter"),
        ("cloud", "import torch\nfrom edge import runs"),
        ("export", "import onnx\nfrom cloud.model import Encoder\nfrom compress import int8"),
    ],
)
def test_what_runs_leftwards_is_allowed(tree: Path, package: str, line: str) -> None:
    (tree / package / "planted.py").write_text(f"{line}\n")
    assert violations(tree) == []


def test_a_relative_import_cannot_hide_the_way_right(tree: Path) -> None:
    (tree / "edge" / "bench" / "planted.py").write_text("from ...cloud import model\n")
    assert [line.split(": ")[1] for line in violations(tree)] == ["imports cloud"]
