"""Every program in benchmarks/: its help, its option for the figures, its row in the table of benchmarks/README.md."""

from __future__ import annotations

import ast
import os
import re
import sys
from importlib import import_module
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"
README = (FOLDER / "README.md").read_text(encoding="utf-8")
PROGRAMS = sorted(path.stem for path in FOLDER.glob("*.py") if "__main__" in path.read_text(encoding="utf-8"))
MEASURING = [name for name in PROGRAMS if name != "readme_results"]  # it writes what others measured
RESULTS = sorted(path.name for path in (FOLDER / "results").glob("*.json"))
DURATION = re.compile(r"takes?\b[^.]*\b(second|minute|hour)s?\b|takes?\s+about an hour")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some set threads before numpy is imported; nothing of that is left to other tests."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.setenv(name, os.environ.get(name, "1"))


@pytest.mark.parametrize("name", MEASURING)
def test_help_says_what_is_measured_where_figures_go_and_how_long_it_takes(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [f"{name}.py", "--help"])
    with pytest.raises(SystemExit) as ended:
        import_module(name).main()
    help = capsys.readouterr().out
    assert ended.value.code == 0
    assert "--out OUT" in help and "figures" in help.partition("--out OUT")[2]
    assert f"python benchmarks/{name}.py" in help and "--out benchmarks/results/" in help
    assert DURATION.search(" ".join(help.split())), help


@pytest.mark.parametrize("name", MEASURING)
def test_every_program_has_a_row_in_the_table_that_names_its_results(name: str) -> None:
    rows = [line for line in README.splitlines() if line.startswith("|") and f"benchmarks/{name}.py" in line]
    assert len(rows) == 1
    assert re.search(r"`results/[a-z0-9_-]+\.json`|results/[a-z0-9_-]+\.json\)", rows[0])


@pytest.mark.parametrize("name", RESULTS)
def test_every_result_is_in_the_table(name: str) -> None:
    assert f"results/{name}" in README


def test_every_entry_that_the_table_links_to_is_in_the_log() -> None:
    log = (FOLDER / "LOG.md").read_text(encoding="utf-8")
    headings = {_anchor(line.lstrip("# ")) for line in log.splitlines() if line.startswith("## ")}
    linked = re.findall(r"LOG\.md#([a-z0-9-]+)", README)
    assert len(linked) > 10 and set(linked) <= headings


def _anchor(heading: str) -> str:
    """As GitHub makes it of a heading."""
    return re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")


def test_programs_are_told_from_modules_by_their_main() -> None:
    """A module with arguments of its own and no main would be in no table."""
    for path in FOLDER.glob("*.py"):
        names = {node.module for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)}
        imported = {
            alias.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Import)
            for alias in node.names
        }  # fmt: skip
        assert ("argparse" in names | imported) == (path.stem in MEASURING)
