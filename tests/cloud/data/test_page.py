"""The page of a prepared run."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from commands import edge
from logs import make_rows, make_source, write_csv
from page_structure import check_structure, command_of

from cloud.data.page import prepared_html
from cloud.data.plots import history_picture, number_pictures, time_picture
from cloud.data.prepare import PAGE, config_for, prepare
from cloud.data.report import markdown
from cloud.data.schema import Source
from cloud.runs.directory import Run
from edge.config import override
from edge.text.number import Number

SECTIONS = [
    "Rows, users and screens",
    "Histories",
    "Users and items of the test",
    "Numbers",
    "AUC of single attributes",
    "Tokens per text, in training rows",
    "Baselines",
]


def prepared(source: Source, out: Path, **text: object) -> Run:
    config = replace(config_for(source), vocabulary=300, requests=10)
    return prepare(source, out, replace(config, text=replace(config.text, **text)))


@pytest.fixture
def run(source: Source, tmp_path: Path) -> Run:
    return prepared(source, tmp_path / "run")


def pictures(page: str) -> list[str]:
    return [base64.b64decode(data).decode() for data in re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', page)]


def test_the_page_and_the_markdown_have_each_section(run: Run) -> None:
    page, report = run.file(PAGE).read_text(), run.file("report.md").read_text()
    titles = re.findall("<h2>(.*?)</h2>", page)
    assert titles[-len(SECTIONS) :] == SECTIONS and "Verdict" in titles
    assert [title for title in re.findall("^## (.*)$", report, re.M) if title != "Warnings"] == SECTIONS
    numbers = len(run.summary["figures"]["numbers"])
    assert len(pictures(page)) == 2 + -(-numbers // 8)
    for warning in run.summary["warnings"]:
        assert warning.split("\n")[0] in page


def test_the_page_refers_to_nothing_outside_and_runs_nothing(run: Run) -> None:
    page = run.file(PAGE).read_text()
    assert "default-src 'none'" in page
    check_structure(page)
    assert not re.search(r"<script|<link|<iframe|href=|url\(|@import|https?:", page)
    assert all(source.startswith("data:image/") for source in re.findall(r'src="([^"]*)"', page))
    for picture in pictures(page):
        assert not re.search(r'<script|<image|href="[^#]', picture)


def test_equal_figures_give_an_equal_page_whatever_matplotlib_is_set_to(run: Run) -> None:
    page = run.file(PAGE).read_text()
    about = json.loads((run.path / "manifest.json").read_text())
    with matplotlib.rc_context({"font.size": 20.0, "svg.hashsalt": None, "axes.grid": False}):
        options = "--data edge.toml --set vocabulary=300 --set requests=10"
        again = prepared_html(about["summary"], about["dataset"], about["protocol"], options)
    assert again == page
    assert "date" not in "".join(pictures(page)).lower()


def test_the_page_names_the_command_that_makes_the_run_again(tmp_path: Path) -> None:
    source = make_source(write_csv(tmp_path / "events.csv", make_rows()))
    config = override(config_for(source), ["vocabulary=300", "split.test=0.2"])
    page = prepare(source, tmp_path / "run", config, skip_bad_rows=True).file(PAGE).read_text()
    command = "edge prepare --data edge.toml --set split.test=0.2 --set vocabulary=300 --skip-bad-rows --out DIR"
    assert command_of(page) == command


def test_a_log_without_a_shared_clock_and_without_numbers_has_a_page(tmp_path: Path) -> None:
    source = make_source(write_csv(tmp_path / "events.csv", make_rows()), clock="user")
    run = prepared(source, tmp_path / "run", numbers=(), context="")
    page = run.file(PAGE).read_text()
    assert re.findall("<h2>(.*?)</h2>", page)[-6:] == [title for title in SECTIONS if title != "Numbers"]
    assert len(pictures(page)) == 1


def test_names_are_shown_as_they_are(source: Source, tmp_path: Path) -> None:
    odd = "<b>$x|y$</b> \u6620\u753b"
    source = replace(source, name=odd)
    run = prepared(source, tmp_path / "run", numbers=(Number(odd, history="count"),))
    page, report = run.file(PAGE).read_text(), run.file("report.md").read_text()
    assert "<b>" not in page and "&lt;b&gt;$x|y$&lt;/b&gt; \u6620\u753b" in page
    rows = [line for line in report.splitlines() if line.startswith("|") and "x\\|y" in line]
    assert rows and "<b>" not in rows[0]


def test_the_terminal_names_the_page_and_json_holds_the_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toml = tmp_path / "edge.toml"
    assert edge("init", "--out", toml, "--example") == 0
    command = ("prepare", "--data", toml, "--out", tmp_path / "run", "--set", "vocabulary=300")
    capsys.readouterr()
    assert edge(*command) == 0
    told = capsys.readouterr().out
    assert f"report: {tmp_path / 'run' / PAGE}\n" in told
    assert re.search(r"^test +1,200 +\d\d\.\d% +200 +1,200 +56 +0\.0%$", told, re.M)
    assert edge(*command, "--json") == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["figures"]["test"]["users"] == 200
    about = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert markdown(summary, about["dataset"], about["protocol"]) == (tmp_path / "run" / "report.md").read_text()


@pytest.mark.parametrize("times", [("0", "0"), ("1e12", "1e13"), ("-5", "5"), ("881250949", "881250950")])
def test_any_times_can_be_drawn(times: tuple[str, str]) -> None:
    low, high = map(float, times)
    edges = np.linspace(low, high if high > low else low + 1, 3).tolist()
    picture = time_picture({"edges": edges, "train": [1, 2], "validation": [0, 0], "test": [0, 1]})
    assert picture.data.startswith(b"<?xml")


@pytest.mark.parametrize(("mean", "spread"), [(1e17, 1.0), (0.0, 1e-12), (-1e9, 1e300), (5.0, 1.0)])
def test_any_number_can_be_drawn(mean: float, spread: float) -> None:
    for counts in ([0] * 32, [9] + [0] * 31):
        part = {"histogram": counts}
        (picture,) = number_pictures([{"name": "n", "mean": mean, "spread": spread, "train": part, "test": part}])
        assert picture.data.startswith(b"<?xml")


def test_a_log_without_any_history_can_be_drawn() -> None:
    curve = {"length": [0], "train": [1.0], "validation": [1.0], "test": [1.0]}
    assert history_picture({"curve": curve}).data.startswith(b"<?xml")
