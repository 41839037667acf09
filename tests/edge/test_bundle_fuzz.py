"""Whatever bytes a bundle is made of, it opens or is refused; nothing else happens."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from bundles import PLAIN, archive_of, entries_for, signed
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.errors import EdgeError
from edge.install import install

GOOD = archive_of(entries_for(PLAIN))
PIECES = st.one_of(st.binary(max_size=40), st.sampled_from([b"PK\1\2", b"PK\3\4", b"PK\5\6", b"\xff" * 4, b"\0" * 4]))


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    data = bytearray(GOOD[:-64])
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        data[start : start + draw(st.integers(0, 60))] = draw(PIECES)
    return signed(bytes(data)) if draw(st.booleans()) else bytes(data) + GOOD[-64:]


def opens_or_is_refused(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "m.edge"
        path.write_bytes(data)
        try:
            install(path, Path(name) / "cache")
        except EdgeError as error:
            assert "\n" not in str(error)
            assert os.listdir(name) == ["m.edge"]  # noqa: PTH208


@settings(max_examples=200, deadline=None)
@given(mutated())
def test_mutated_bundles_raise_nothing_but_a_refusal(data: bytes) -> None:
    opens_or_is_refused(data)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300), st.booleans())
def test_arbitrary_bytes_raise_nothing_but_a_refusal(data: bytes, sign: bool) -> None:
    opens_or_is_refused(signed(data) if sign else data)


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=10)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=8,
)
KEYS = st.sampled_from(["schema", "name", "model", "exits", "provenance", "files", "parts"])


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(KEYS, JSON, max_size=3))
def test_arbitrary_manifests_raise_nothing_but_a_refusal(changes: dict[str, Any]) -> None:
    opens_or_is_refused(archive_of(entries_for(PLAIN, **changes)))
