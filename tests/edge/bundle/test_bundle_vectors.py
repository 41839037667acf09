"""The published vectors: each bundle is accepted, or refused at the step that the index names, and leaves nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from bundle_vectors import FOLDER, OPEN, READ, REPLAY, vectors, write

from edge.bundle.bundle import open_bundle
from edge.bundle.install import install
from edge.bundle.keys import PublicKey
from edge.conformance.verify import check_reading, goldens_of
from edge.errors import EdgeError
from edge.runtime.opening import open_files

INDEX = json.loads((FOLDER / "index.json").read_text())
STEPS = (READ, OPEN, REPLAY)


def key_of(vector: dict[str, Any]) -> PublicKey | None:
    return PublicKey(bytes.fromhex(vector["public_key"])) if "public_key" in vector else None


def met(path: Path, key: PublicKey | None) -> str:
    """The last step that is passed; "" if the first is not."""
    passed = ""
    try:
        assert open_bundle(path, public_key=key).files
        install(path, public_key=key)
        passed = READ
        opened = open_files(path, key)
        passed = OPEN
        goldens = goldens_of(opened)
    except EdgeError as error:
        assert "\n" not in error.problem and error.fix
        return passed
    return REPLAY if check_reading(opened.reading, goldens).passed else passed


@pytest.mark.parametrize("vector", INDEX, ids=[vector["file"].removesuffix(".edge") for vector in INDEX])
def test_each_vector_is_met_as_it_must_be(
    vector: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGE_CACHE", str(tmp_path / "cache"))
    passed = met(FOLDER / vector["file"], key_of(vector))
    if vector["verdict"] == "accept":
        assert passed == REPLAY
    else:
        assert passed == ["", *STEPS][STEPS.index(vector["step"])]
        assert (tmp_path / "cache").exists() == (passed != "")


def test_the_vectors_are_those_that_the_script_writes(tmp_path: Path) -> None:
    write(tmp_path / "again")
    names = {path.name for path in FOLDER.iterdir()}
    assert names == {path.name for path in (tmp_path / "again").iterdir()}
    assert names == {"index.json", *(vector["file"] for vector in INDEX)}
    assert all((FOLDER / name).read_bytes() == (tmp_path / "again" / name).read_bytes() for name in names)


def test_there_are_enough_vectors_of_every_kind_and_they_stay_small() -> None:
    assert len({vector.name for vector in vectors()}) == len(INDEX) >= 60
    assert {vector["verdict"] for vector in INDEX} == {"accept", "refuse"}
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 300_000
