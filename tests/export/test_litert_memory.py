"""The ranking model's LiteRT engine holds its weights once for all buckets, leaves no file behind and says nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from random_rankers import PLACES, SHAPE

from cloud.ranking.model import RankingModel
from compress.graph import model_shape
from compress.integers import quantise_ranker
from export.buckets import Buckets
from export.litert.check import check_litert
from export.litert.entry_points import export_litert

WIDE = replace(SHAPE, hidden_size=1_024, heads=16)
USE = """
import json, sys
from pathlib import Path
import numpy as np
from edge.engines.chunk import chunk_of
from edge.engines.litert import LiteRtEngine
from edge.engines.protocol import Entries
from edge.engines.shape import ModelShape
from edge.engines.timeline import Timeline

def entries(count):
    wide, few = (np.ones((count, width), dtype=np.float32) for width in (shape.hidden, shape.numbers))
    return Entries(wide, wide, few, few)

def use(engine):
    for size in (1, 2, 4):
        engine.summarise(chunk_of([(2, 3, 4, 5, 6)] * size, 6), 2)
        engine.append(entries(size), False, Timeline(shape))
        for depth in (0, 2):
            engine.score(entries(size), Timeline(shape), depth)

def held():
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":" in line)
    return 1024 * sum(int(fields[name].split()[0]) for name in ("RssAnon", "RssShmem"))

values = json.loads(sys.argv[2])
shape = ModelShape(**values | {"encode_depths": tuple(values["encode_depths"])})
before = held()
engine = LiteRtEngine(Path(sys.argv[1]), shape)
use(engine)
print(held() - before)
"""


def used_apart(directory: Path, buckets: Buckets) -> tuple[int, str, int]:
    """Bytes that a fresh process gained by running every signature, mapped files apart; what it wrote to stderr; bytes
    of the layer's weights."""
    model = quantise_ranker(RankingModel(WIDE))
    export_litert(model, PLACES, buckets, directory / "model.tflite")
    check_litert(directory / "model.tflite", model)
    command = [sys.executable, "-c", USE, str(directory), json.dumps(asdict(model_shape(WIDE, PLACES)))]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3])
    layer = sum(tensor.numel() for name, tensor in model.layers.state_dict().items() if name.endswith("weight"))
    return int(done.stdout), done.stderr, layer


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc to read memory from")
def test_more_buckets_hold_no_more_weights(tmp_path: Path) -> None:
    one, said, layer = used_apart(tmp_path, Buckets((32,), 4, (4,), (4,)))
    assert "ERROR" not in said.replace("with error: ERROR", "")  # of a plug-in for hardware that is not here
    assert [path.name for path in tmp_path.iterdir()] == ["model.tflite"]
    several, _, _ = used_apart(tmp_path, Buckets((8, 16, 32), 4, (1, 4), (2, 4)))
    assert one > layer  # packed once
    assert several - one < layer / 4
