"""The pages of `make docs`: every public name and every command is there, and a broken link fails the build."""

from __future__ import annotations

import inspect
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
import yaml

import edge
from edge.cli.bench.main import edge_bench
from edge.cli.main import edge as edge_group

ROOT = Path(__file__).parents[2]
NAMES = [name for name in edge.__all__ if not name.startswith("__")]


def build(config: Path, site: Path) -> subprocess.CompletedProcess[str]:
    words = ["build", "--strict", "--config-file", config, "--site-dir", site]
    return subprocess.run([sys.executable, "-m", "mkdocs", *words], cwd=ROOT, capture_output=True, text=True)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reference")
    built = build(ROOT / "mkdocs.yml", folder)
    assert built.returncode == 0, built.stderr
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_and_its_public_methods_are_on_the_page(name: str, site: Path) -> None:
    ids = set(re.findall(r'id="([\w.]+)"', (site / "api.html").read_text(encoding="utf-8")))
    public = getattr(edge, name)
    path = f"{public.__module__}.{name}"
    functions = (property, classmethod, staticmethod)
    methods = {
        member
        for member, value in vars(public).items()
        if not member.startswith("_") and (inspect.isfunction(value) or isinstance(value, functions))
    }
    assert {path, *(f"{path}.{method}" for method in methods if inspect.isclass(public))} <= ids


@pytest.mark.parametrize("program", [edge_group, edge_bench], ids=["edge", "edge-bench"])
def test_every_command_is_on_its_page_with_its_options_and_examples(program: click.Group, site: Path) -> None:
    page = (site / f"{program.name}.html").read_text(encoding="utf-8")
    text = re.sub(r"<[^>]+>", "", page)
    context = click.Context(program)
    for name in program.list_commands(context):
        command = program.get_command(context, name)
        assert command is not None and f'id="{program.name}-{name}"' in page
        assert all(option in text for parameter in command.params for option in parameter.opts if option[0] == "-")
        assert f"Usage: {program.name} {name}" in text and "Examples:" in text


def test_pages_load_nothing_from_elsewhere(site: Path) -> None:
    for page in site.glob("*.html"):
        assert not re.findall(r'(?:src|<link[^>]*href)="(?:https?:)?//', page.read_text(encoding="utf-8"))


def test_a_broken_link_fails_the_build(tmp_path: Path) -> None:
    pages = shutil.copytree(ROOT / "docs" / "reference", tmp_path / "pages")
    (pages / "index.md").write_text("[gone](gone.md)\n")
    config = yaml.safe_load((ROOT / "mkdocs.yml").read_text())
    config |= {"docs_dir": str(pages), "hooks": [str(ROOT / "docs" / "reference_pages.py")]}
    (tmp_path / "mkdocs.yml").write_text(yaml.safe_dump(config))
    built = build(tmp_path / "mkdocs.yml", tmp_path / "site")
    assert built.returncode != 0 and "gone.md" in built.stderr
