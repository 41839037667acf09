"""A bundle of an older version is refused by every command that opens one, in one line and with what helps."""

from __future__ import annotations

from pathlib import Path

import pytest
from bundles import PLAIN, archive_of, entries_for, make
from commands import edge

from edge.bundle.keys import PrivateKey
from edge.bundle.manifest import SCHEMA
from edge.bundle.signing import sign_bundle
from edge.errors import EdgeError


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """As the first versions wrote them: exits of a plan, and the shape of a model over tokens."""
    exits = [{"depth": 4, "plan": "prefix", "quality": {}}]
    changes = {"model": {"layers": 4, "hidden": 8, "heads": 2, "handover": 1}, "exits": exits}
    path = tmp_path / "old.edge"
    path.write_bytes(archive_of(entries_for(PLAIN, schema="edge-ranker/bundle/4", **changes)))
    return path


@pytest.mark.parametrize(
    "arguments",
    [
        ("inspect", "old.edge"), ("inspect", "new.edge", "old.edge"), ("inspect", "old.edge", "--picture", "old.svg"),
        ("slim", "old.edge", "--engine", "litert", "--out", "out.edge"), ("verify", "old.edge"),
        ("verify", "old.edge", "--engine", "all"),
    ],
)  # fmt: skip
def test_an_older_bundle_is_refused(
    old: Path, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(old.parent)
    monkeypatch.setenv("EDGE_CACHE", "cache")
    make(Path("new.edge"))
    assert edge(*arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.splitlines() == [
        f"error: old.edge refused: its schema is 'edge-ranker/bundle/4', this version reads {SCHEMA!r} alone",
        "fix: train and export the model again with this version: edge run --help",
    ]
    assert {path.name for path in Path().iterdir()} == {"old.edge", "new.edge"}


def test_an_older_bundle_is_not_signed(old: Path) -> None:
    before = old.read_bytes()
    with pytest.raises(EdgeError, match="its schema is 'edge-ranker/bundle/4'"):
        sign_bundle(old, PrivateKey(bytes(32)))
    assert old.read_bytes() == before
