"""An edge.toml that is wrong is refused with the line that is right."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from commands import edge
from logs import initialised


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('rating = "rating"', 'ratnig = "rating"', "unknown key 'ratnig'"),
        ('rating = "rating"', "", "has neither label nor rating"),
        ("threshold = 4", 'threshold = "four"', "log.threshold must be a number"),
        ("threshold = 4", "threshold = nan", "log.threshold is nan"),
        ('time_unit = "seconds"', 'time_unit = "sec"', "log.time_unit must be one of 'seconds', .* not 'sec'"),
        ('format = "csv"', 'format = "xls"', "log.format must be"),
        ('format = "csv"', 'format = "CSV"', "did you mean 'csv'"),
        ('format = "csv"', 'format = "Parquet"', "did you mean 'parquet'"),
        ('format = "csv"', 'format = "JSON"', "did you mean 'jsonl'"),
        ('rating = "rating"', 'rating = "rating"\nlabel = "clicked"', "leave out label, or rating and threshold"),
        (
            'separator = ","',
            'separator = "::"',
            r"separator must be one character, not '::'\nfix: separator = .*, and rewrite it, ",
        ),
        ('separator = ","', 'separator = ""', "separator must be one character, not ''\nfix: separator = \",\""),
        ('separator = ","', 'separator = "\\n"', r"separator must be one character, not '\\n'"),
        ("quote = '\"'", "quote = '\"\"'", "quote must be one character or none, not '\"\"'"),
        ("quote = '\"'", "quote = ','", "separator and quote are both ','"),
        ('path = "events.csv"', 'path = "/dev/null"', "/dev/null is not a regular file"),
        ('path = "events.csv"', 'path = ""', r"path in \[log\] is empty\nfix: path = "),
        ("[users.attributes] ", "[users.attributes]\nid = 'age'\n", r"attributes.id must be a table of column, type"),
        ("[users.attributes] ", "[users.attributes]\nid = 'age'\n", r'fix: id = { column = "age" }'),
        (
            'missing = ["unknown"]',
            'missing = "unknown"',
            r'must be a list of texts, not .*\nfix: missing = \["unknown"\]',
        ),
        ('missing = ["unknown"]', "missing = [1]", "genres.missing, value 1 must be a text, not 1"),
        ("threshold = 4", f"threshold = {'9' * 5000}", r"value has 5000 digits\nfix: "),
        ('context = "[[', 'context = ""\nold = "[[', "unknown key 'old'"),
        ("[log]", "[log", "is not a TOML file"),
        ('path = "events.csv"', 'path = "absent.csv"', "no file .*absent.csv"),
        ('title = { column = "title"', 'id = { column = "title"', "cannot name an attribute 'id'"),
        ('encoding = "utf-8"', 'encoding = "utf-88"', "unknown encoding 'utf-88'"),
        ("test = 0.1", "test = 0.9", "leave one part empty"),
        ("test = 0.1", "test = nan", "leave one part empty"),
        ("[users.attributes] ", f"[users.attributes]\n{'a' * 101} = {{ column = 'age' }}\n", "attribute 'aaa"),
        ("{title} [[", "{title|percent} [[", "'percent'"),
    ],
)
def test_a_wrong_edge_toml_says_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, problem: str
) -> None:
    toml = initialised(tmp_path)
    assert old in toml.read_text()
    toml.write_text(toml.read_text().replace(old, new, 1))
    assert edge("prepare", "--data", str(toml), "--out", str(tmp_path / "run")) == 2
    assert re.search(problem, capsys.readouterr().err)


@pytest.mark.parametrize("words", ["", "   ", "a film"])
def test_an_item_template_of_no_attribute_is_refused_with_one_of_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: str
) -> None:
    toml = initialised(tmp_path)
    text = re.sub(r'(?m)^item = "(?!item").*$', f'item = "{words}"', toml.read_text())
    toml.write_text(text)
    assert edge("prepare", "--data", str(toml), "--out", str(tmp_path / "run")) == 2
    error = capsys.readouterr().err
    assert "names no attribute, so all items read alike" in error
    fix = error.partition("fix: ")[2].strip()
    toml.write_text(re.sub(r'(?m)^item = "(?!item").*$', fix, text))
    assert edge("prepare", "--data", str(toml), "--out", str(tmp_path / "run")) == 0


@pytest.mark.parametrize("separator", ["::", "||", "^|^", "[*]", "$$"])
def test_a_separator_of_several_characters_is_made_a_tab_by_the_command_of_the_fix(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], separator: str
) -> None:
    toml = initialised(tmp_path)
    plain = (tmp_path / "events.csv").read_text()
    (tmp_path / "events.csv").write_text(plain.replace(",", separator))
    toml.write_text(toml.read_text().replace('separator = ","', f'separator = "{separator}"', 1))
    assert edge("prepare", "--data", str(toml), "--out", str(tmp_path / "run")) == 2
    command = capsys.readouterr().err.partition("in edge.toml: ")[2].strip()
    subprocess.run(["sh", "-c", command], check=True)
    assert (tmp_path / "new-events.csv").read_text() == plain.replace(",", "\t")
