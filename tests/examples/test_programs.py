"""The programs in examples/ run as their first line says, and use the public API alone."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from commands import edge as program
from shipped_rankers import REQUEST, ship

import edge
from edge.text.request import request_to_json

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("examples")
    ship(folder / "movies.edge")
    (folder / "request.json").write_text(json.dumps(request_to_json(REQUEST)))
    return folder


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_runs_as_its_first_line_says(folder: Path, path: Path) -> None:
    first_line = (ast.get_docstring(ast.parse(path.read_text())) or "").splitlines()[0]
    program, name, *arguments = first_line.split(": ")[1].split()
    assert (program, name) == ("python", f"examples/{path.name}")
    done = subprocess.run(
        [sys.executable, str(path), *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "i0" in done.stdout and "exit " in done.stdout and "AUC 0." in done.stdout


def test_the_programs_of_the_guide_run_one_after_another(folder: Path) -> None:
    page = (ROOT / "docs" / "mobile-engineers.md").read_text(encoding="utf-8")
    shutil.copy(folder / "movies.edge", folder / "android.edge")
    items = [json.dumps({"id": item.id} | dict(item.attributes)) for item in REQUEST.candidates]
    (folder / "items.jsonl").write_text("\n".join(items))
    made = folder / "summaries.jsonl"
    assert program("encode", folder / "items.jsonl", "--bundle", folder / "android.edge", "--out", made) == 0
    programs = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(programs) == 2
    for text in programs:
        done = subprocess.run([sys.executable, "-c", text], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert done.stdout == "8 summaries\n1\n"  # of four items at two depths


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_imports_nothing_of_ours_but_the_public_api(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.module == "edge" or node.module in sys.stdlib_module_names
            assert node.module != "edge" or {alias.name for alias in node.names} <= set(edge.__all__)
        elif isinstance(node, ast.Import):
            assert {alias.name for alias in node.names} <= sys.stdlib_module_names


def test_the_request_beside_the_programs_is_the_one_that_readme_shows() -> None:
    shown = re.findall(r"```json\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    request = (ROOT / "examples" / "request.json").read_text(encoding="utf-8")
    assert request in shown and len(edge.parse_request(request).candidates) == 2


def test_a_bundle_that_is_not_there_is_one_line(folder: Path) -> None:
    command = [sys.executable, str(EXAMPLES[-1]), "absent.edge", str(folder / "request.json"), "20"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and done.stderr.startswith("error: absent.edge refused: No such file")
