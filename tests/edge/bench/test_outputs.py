"""A verdict says the same in every form, and what a bundle says of itself cannot change the form."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from bench_bundles import make
from commands import edge_bench

from edge.bench.check import Check, Verdict, amount, verdicts_json
from edge.bench.compare import Ratio, Speed
from edge.bench.outputs.annotations import annotation, verdicts_annotations
from edge.bench.outputs.junit import verdicts_junit
from edge.bench.outputs.markdown import speed_markdown, verdicts_markdown
from edge.bench.outputs.speed import speed_text
from edge.bench.outputs.text import verdicts_text
from edge.bundle.exits import Exit
from edge.bundle.sizes import sizes
from edge.pages.markdown import escaped
from edge.pages.picture import Picture

PASSED = Check("download", 1000, 1000, passed=True)
FAILED = Check("auc at exit 1/2", 0.7, 0.75, False, "auc is low", ("it was .75", "now .70"), ("train", "wait"))
GONE = Check("loss of auc", None, 0.002, False, "auc is gone")
VERDICT = Verdict(Path("m.edge"), "litert", (PASSED, FAILED, GONE))
HOSTILE = '</failure>\n::error::x\x1b[2J<script>|`@everyone ![x](y) "%0A'
SPEED = Speed(
    Ratio(1.1, 1.06, 1.14), Ratio(1.2, 0.9, 1.5), 10.0, 11.0, 12.0, 14.4, (Exit(1, 2), Exit(1, 2)), 8, 6, 2, 0.99
)


def test_every_form_holds_every_check_and_reason() -> None:
    root = ElementTree.fromstring(verdicts_junit([VERDICT]))
    document = json.dumps(verdicts_json([VERDICT]))
    for form in (verdicts_text([VERDICT]), verdicts_markdown([VERDICT]), document):
        for check in VERDICT.checks:
            assert check.what in form and check.problem in form
            assert all(line in form for line in (*check.evidence, *check.fixes))
    cases = root.findall("./testsuite/testcase")
    assert [case.get("name") for case in cases] == [
        "download: 1,000, limit 1,000",
        "auc at exit 1/2: 0.7000, limit 0.7500",
        "loss of auc: -, limit 0.0020",
    ]
    assert [len(case) for case in cases] == [0, 1, 1]
    assert cases[1][0].get("message") == "auc is low"
    assert cases[1][0].text == "auc is low\nit was .75\nnow .70\nfix: train\nfix: wait"
    (suite,) = root
    assert (suite.get("tests"), suite.get("failures")) == ("3", "2")


def test_annotations_are_one_line_each_and_name_the_bundle() -> None:
    first, second = verdicts_annotations([VERDICT])
    title = "title=edge-bench gate%3A auc at exit 1/2"
    assert first == f"::error file=m.edge,{title}::auc is low%0Ait was .75%0Anow .70%0Afix: train%0Afix: wait"
    assert second.endswith("::auc is gone")
    assert list(verdicts_annotations([replace(VERDICT, checks=(PASSED,))])) == []


def test_an_annotation_escapes_what_would_end_it() -> None:
    assert annotation("a:b,c", "50 %\r\nmore", "x:y,z") == (
        "::error file=x%3Ay%2Cz,title=a%3Ab%2Cc::50 %25%0D%0Amore"
    )  # fmt: skip


def test_hostile_text_stays_text_in_every_form() -> None:
    check = replace(FAILED, what=HOSTILE, problem=HOSTILE, evidence=(HOSTILE,), fixes=(HOSTILE,))
    verdict = replace(VERDICT, bundle=Path(HOSTILE), checks=(check,))
    root = ElementTree.fromstring(verdicts_junit([verdict]))
    assert len(root.findall(".//failure")) == 1
    (line,) = verdicts_annotations([verdict])
    assert line.startswith("::error ") and len(line.splitlines()) == 1
    for form in (verdicts_text([verdict]), verdicts_markdown([verdict])):
        assert "\x1b" not in form
        assert not any(line.strip().startswith("::") for line in form.splitlines())
    markdown = verdicts_markdown([verdict])
    assert "<script>" not in markdown and "@everyone" not in markdown and "![x]" not in markdown
    rows = [line for line in markdown.splitlines() if line.startswith("|")]
    assert {line.replace("\\|", "").count("|") for line in rows} == {5}


def test_markdown_shows_text_as_it_is() -> None:
    assert escaped("a_b [c] <d> #1 *e* `f` | g & @h\ni") == (
        r"a\_b \[c\] &lt;d&gt; \#1 \*e\* \`f\` \| g &amp; &#64;h i"
    )  # fmt: skip


def test_a_picture_is_named_by_its_kind() -> None:
    assert [Picture("auc", "How good?", "AUC", kind, b"").file for kind in ("png", "svg+xml")] == ["auc.png", "auc.svg"]


def test_amounts_are_whole_or_have_four_digits() -> None:
    assert [amount(value) for value in (1234567, 0.5, -1, None)] == ["1,234,567", "0.5000", "-1", "-"]


def test_the_gate_writes_what_it_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle, junit, markdown = make(tmp_path / "m.edge"), tmp_path / "gate.xml", tmp_path / "gate.md"
    limit = sizes(bundle, "litert").download - 1
    files = ("--junit", junit, "--markdown", markdown)
    assert edge_bench("gate", bundle, bundle, "--max-download", limit, *files, "--annotations") == 1
    out = capsys.readouterr().out
    assert out.count("\n::error file=") == out.count("failed: download is") == 2
    assert len(ElementTree.parse(junit).getroot()) == markdown.read_text().count("###") == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gate.md", "gate.xml", "m.edge"]
    assert edge_bench("gate", bundle, "--max-download", limit, "--json", "--annotations") == 2
    assert edge_bench("gate", bundle, "--max-download", limit, "--junit", tmp_path / "no" / "gate.xml") == 2
    assert "cannot be written" in capsys.readouterr().err


def test_a_comparison_says_the_same_to_a_terminal_and_to_a_pull_request() -> None:
    text, markdown = speed_text("a and b", SPEED, None), speed_markdown("a and b", SPEED, None)
    for figure in ("10.000", "11.000", "1.1000", "1.0600", "1.1400", "14.400", "slower", "99%", "exit 1/2"):
        assert figure in text and figure in markdown
    assert "exit 1/2 and 2/0" in speed_text("a and b", replace(SPEED, exits=(Exit(1, 2), Exit(2, 0))), None)


def test_a_no_break_space_stays_one_and_terminal_codes_are_written_out() -> None:
    assert escaped("+.208\N{NO-BREAK SPACE}beats") == "+.208\N{NO-BREAK SPACE}beats"
    assert "\x1b" not in escaped("\x1b[2J")
