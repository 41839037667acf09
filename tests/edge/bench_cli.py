"""The `edge-bench` command in this process."""

from __future__ import annotations

import sys

import pytest

from edge.cli.bench import main as cli


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    """The exit code of `edge-bench` with these arguments."""
    monkeypatch.setattr(sys, "argv", ["edge-bench", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)
