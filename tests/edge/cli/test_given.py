"""The command that a page names can be run again."""

from __future__ import annotations

import shlex

import click
from click.testing import CliRunner

from edge.cli.arguments import PATH
from edge.cli.given import as_given


@click.command()
@click.argument("files", type=PATH, nargs=-1)
@click.option("--set", "changes", multiple=True)
@click.option("--out", type=PATH)
@click.option("--preset", default="quickstart")
@click.option("--skip-bad-rows", is_flag=True)
@click.option("--json", "as_json", is_flag=True)
@click.option("--restart", is_flag=False, flag_value="data")
def make(**_: object) -> None:
    click.echo(as_given(click.get_current_context(), out="report.html"))


def given(*words: str) -> str:
    return CliRunner().invoke(make, words, prog_name="edge make", catch_exceptions=False).output.strip()


def test_what_was_given_is_said_and_what_was_not_is_left_out() -> None:
    assert given("a b.json", "c.json", "--set", "x=1", "--set", "y=2", "--skip-bad-rows") == (
        "edge make 'a b.json' c.json --set x=1 --set y=2 --skip-bad-rows"
    )


def test_what_changes_no_page_is_left_out_and_the_output_has_a_fixed_name() -> None:
    found = given("c.json", "--json", "--restart", "data", "--out", "elsewhere.html")
    assert shlex.split(found) == ["edge", "make", "c.json", "--out", "report.html"]
