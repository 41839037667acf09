"""The C decoder of benchmarks/decoder, of which phones' costs are counted, reads the format as it is now."""

from __future__ import annotations

import shutil
from pathlib import Path

import decode_cost
import numpy as np
import pytest

from edge.bundle.weights.packed import pack

pytestmark = pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed")


@pytest.fixture
def packed() -> bytes:
    """A tensor of each kind: integers, floats of 4 bytes, of 2, of three dimensions and pruned, and constants."""
    random = np.random.default_rng(0)
    integers = (random.integers(-127, 128, (40, 30)) * (random.random((40, 30)) < 0.3)).astype(np.int8)
    floats = random.normal(size=(2, 3, 50)).astype(np.float32)
    halved = (floats.view(np.uint32) & 0xFFFF0000).view(np.float32) * (random.random(floats.shape) < 0.2)
    scale = random.random(40).astype(np.float32)
    constant = np.full(7, -2.5, dtype=np.float32)
    return pack({"a.weight": integers, "a.scale": scale, "b": floats, "c": halved, "d": constant})


def test_both_decoders_give_the_same_values(packed: bytes, tmp_path: Path) -> None:
    assert decode_cost.checked_decoder(packed, tmp_path)[0] == str(tmp_path / "unpack")


def test_a_decoder_that_differs_is_refused(packed: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "other.c"
    other.write_text(decode_cost.SOURCE.read_text().replace("level = -level", "level = level"))
    monkeypatch.setattr(decode_cost, "SOURCE", other)
    with pytest.raises(decode_cost.EdgeError, match="disagree"):
        decode_cost.checked_decoder(packed, tmp_path)
