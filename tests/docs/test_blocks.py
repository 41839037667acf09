"""What README and the docs show can be pasted into a fresh shell, and what they link to is there."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import click
import pytest
from blocks import Block, blocks_of, shell_script

from edge.cli.bench.main import edge_bench
from edge.cli.main import edge

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", *(f"docs/{name}.md" for name in ("ml-engineers", "mobile-engineers", "release-engineers")))
REFERENCE = ROOT / "docs" / "reference"  # links to pages that make docs writes: test_reference.py checks them
PROSE = [
    *ROOT.glob("*.md"),
    *(path for path in ROOT.glob("docs/**/*.md") if REFERENCE not in path.parents),
    *ROOT.glob("edge/**/*.md"),
    *ROOT.glob("benchmarks/**/*.md"),
]
PROGRAMS = {"edge": edge, "edge-bench": edge_bench}


def commands_in(block: Block) -> list[list[str]]:
    """The words of every `edge` and `edge-bench` command of a block for the shell."""
    text = block.text.replace("\\\n", " ")
    lines = [part.strip() for line in text.splitlines() for part in re.split(r"&&|;|\|", line)]
    words = [shlex.split(line, comments=True) for line in lines if line.split(" ")[0] in PROGRAMS]
    return [[word for word in line if word not in (">", "<") and not word.startswith("<")] for line in words]


SHOWN = [
    (block, words)
    for path in PROSE
    if path.parent.name != "log" and path.name != "LOG.md"  # what was run then, by the names of then
    for block in blocks_of(path, str(path.relative_to(ROOT)))
    if block.language in ("shell", "bash")
    for words in commands_in(block)
]


@pytest.mark.parametrize(("block", "words"), SHOWN, ids=[f"{block.page}:{block.line}" for block, _ in SHOWN])
def test_every_command_shown_has_the_options_it_is_shown_with(block: Block, words: list[str]) -> None:
    program = PROGRAMS[words[0]]
    if words[1].startswith("-"):
        return
    command = program.get_command(click.Context(program), words[1])
    assert command is not None, f"{words[0]} has no command {words[1]}"
    known = {name for option in command.params for name in (*option.opts, *option.secondary_opts)} | {"--help"}
    used = {word.split("=")[0] for word in words[2:] if re.match(r"--?[a-z]", word)}
    assert used <= known


def test_some_commands_are_shown() -> None:
    assert len(SHOWN) > 40


@pytest.mark.parametrize("path", PROSE, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_between_pages_leads_somewhere(path: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))
    broken = [target for target in targets if "://" not in target and not (path.parent / target).exists()]
    assert broken == []


def test_a_block_says_where_it_failed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "A\n\n    echo one > made.txt\n\n```python\nprint(open('made.txt').read())\n```\n\n<!-- file: a.json -->\n"
        '```json\n{"a": 1}\n```\n\n<!-- not run: it takes a day -->\n```bash\nfalse\n```\n'
        "\n```\nshown\n```\n\n    false\n"
    )
    script = shell_script(blocks_of(page, "page.md"))
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "FAILED: the block at page.md:23" in done.stderr
    assert done.stdout == "one\n\n" and (tmp_path / "a.json").read_text() == '{"a": 1}\n'


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh clone with what is not committed yet, in which no environment exists."""
    folder = tmp_path_factory.mktemp("docs") / "checkout"
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(folder)], check=True)
    listed = ["git", "ls-files", "--modified", "--others", "--exclude-standard"]
    for name in subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.mark.slow
@pytest.mark.timeout(2400)
@pytest.mark.parametrize("page", PAGES)
def test_a_page_pasted_into_a_fresh_shell_works_as_shown(checkout: Path, page: str) -> None:
    """In the order of the pages: what one makes, a later one may use."""
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
    environment = {name: os.environ[name] for name in kept if name in os.environ} | {"EDGE_CACHE": f"{checkout}/.cache"}
    bin_of_tests = str(ROOT / ".venv" / "bin")
    environment["PATH"] = ":".join(part for part in environment["PATH"].split(":") if part != bin_of_tests)
    script = shell_script(blocks_of(checkout / page, page))
    done = subprocess.run(
        ["bash", "-c", script], cwd=checkout, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, "\n".join([*done.stdout.splitlines()[-30:], *done.stderr.splitlines()[-60:]])
