"""The LiteRT engine holds the weights once for all buckets, leaves no file behind and says nothing."""

from __future__ import annotations

import gc
import subprocess
import sys
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cloud.torch_engine import TorchEngine
from compress.integers import quantise
from edge.engines.litert import LiteRtEngine
from edge.runtime.segment_cache import SegmentCache
from edge.runtime.user_side import UserSide
from export.buckets import Buckets
from export.litert.entry_points import export_litert
from exports import BUCKETS, Exported
from small_models import make_model, shape

from cloud.model import Encoder
from edge.text.wordpiece import BOS_USER, EOS_USER
from export.weights import weights_of

USE = """
import sys
from pathlib import Path
import numpy as np
from edge.engines.litert import LiteRtEngine
from edge.bundle.shape import Shape
from edge.engines.protocol import Context

def use(engine):
    for tokens, in engine._buckets["layer"]:
        ids, mask = np.zeros(tokens, dtype=np.int32), np.zeros((tokens, tokens), dtype=np.float32)
        hidden, keys, values = engine.layer(engine.place(engine.embed(ids, ids), ids), mask, 1)
        if tokens > max(bucket[0] for bucket in engine._buckets["layer_candidate"]):
            continue  # for the full plan, which has no candidates apart
        candidates = np.zeros((4, 16, engine.shape.hidden), dtype=np.float32)
        engine.head(engine.layer_candidate(candidates, Context(keys, values, mask[0]), 1)[:, 0])

def held():
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":" in line)
    return 1024 * sum(int(fields[name].split()[0]) for name in ("RssAnon", "RssShmem"))

directory, layers, hidden, heads, handover = Path(sys.argv[1]), *map(int, sys.argv[2:])
before = held()
engine = LiteRtEngine(directory, Shape(layers, hidden, heads, handover))
use(engine)
print(held() - before)
"""


def used_apart(directory: Path, model: Encoder) -> tuple[int, str]:
    """Bytes that a fresh process gained by running every signature, mapped files apart; what it wrote to stderr."""
    sizes = TorchEngine(model).shape
    arguments = [sizes.layers, sizes.hidden, sizes.heads, sizes.handover]
    command = [sys.executable, "-c", USE, str(directory), *map(str, arguments)]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root)
    return int(done.stdout), done.stderr


def test_a_process_that_runs_every_signature_hears_no_error_and_finds_no_new_file(exported: Exported) -> None:
    directory = exported.models / "int8" / "litert"
    before = {path.name: path.read_bytes() for path in directory.iterdir()}
    _, said = used_apart(directory, exported.reference["int8"])
    assert "ERROR" not in said.replace("with error: ERROR", "")  # of a plug-in for hardware that is not here
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == before


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc to read memory from")
def test_more_buckets_hold_no_more_weights(tmp_path: Path) -> None:
    model = quantise(make_model(shape(hidden_size=1024, heads=16)))
    layer = sum(weight.size for name, weight in weights_of(model).items() if name.startswith("layers."))
    gained = []
    for users in ((16,), (8, 16), (4, 8, 12, 16)):
        export_litert(model, Buckets(users, candidates=4, candidate_tokens=16), tmp_path / "model.tflite")
        gained.append(used_apart(tmp_path, model)[0])
    assert gained[0] > layer  # packed once
    assert max(gained) - gained[0] < layer / 4


def test_engines_of_one_process_do_not_mix_their_weights(exported: Exported, tmp_path: Path) -> None:
    other = quantise(make_model(seed=8))
    export_litert(other, BUCKETS, tmp_path / "model.tflite")
    first, second = exported.engine("int8", "litert"), LiteRtEngine(tmp_path, TorchEngine(other).shape)
    ids = np.arange(20, dtype=np.int32) % 16
    for engine, model in ((first, exported.reference["int8"]), (second, other), (first, exported.reference["int8"])):
        wanted = TorchEngine(model).embed(ids, ids)
        np.testing.assert_allclose(engine.embed(ids, ids), wanted, rtol=0, atol=1e-2)


@pytest.mark.parametrize(("asked", "read"), [((5,), 1), ((13,), 2), ((5, 13), 2)])
def test_segment_embeddings_are_read_once_a_bucket_at_a_time_and_added_alike(
    asked: tuple[int, ...], read: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`asked`: how many segments each request has; several threads make it at once."""
    model = quantise(make_model())
    export_litert(model, Buckets((8,), candidates=4, candidate_tokens=16), tmp_path / "model.tflite")
    reference = TorchEngine(model)
    engine = LiteRtEngine(tmp_path, reference.shape)
    run, calls = engine._run, list[str]()

    def counted(entry: str, *rest: Any, **outputs: Any) -> dict[str, np.ndarray]:
        calls.append(entry)
        time.sleep(0.01)  # while the other threads come to read too
        return run(entry, *rest, **outputs)

    monkeypatch.setattr(engine, "_run", counted)
    hidden = np.random.default_rng(0).normal(size=(70, 32)).astype(np.float32)
    for segments in asked:
        slots = np.arange(70, dtype=np.int32) % segments
        placed = reference.place(hidden, slots)
        with ThreadPoolExecutor(4) as pool:
            for found in pool.map(engine.place, [hidden] * 8, [slots] * 8):
                np.testing.assert_array_equal(found, placed)
    assert calls == ["place"] * read


@pytest.mark.parametrize("handover", [0, 2])
def test_users_who_are_kept_hold_no_more_than_they_count(exported: Exported, handover: int) -> None:
    engine, cache = exported.engine("int8", "litert"), SegmentCache(0)
    half = BUCKETS.user_tokens[0] // 2
    user = ((BOS_USER, *range(10, 9 + half)), tuple(range(30, 30 + half)), (EOS_USER,))  # a bucket's tokens and one
    gc.collect()
    tracemalloc.start()
    sides = [UserSide(engine, user, handover, cache) for _ in range(40)]
    for side in sides:
        side.context(engine.shape.layers, last=True)
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sides[0].tokens == BUCKETS.user_tokens[0] + 1
    objects = 4_000 * len(sides)  # what Python needs for them; padded arrays would take three times that
    assert held < sum(side.bytes for side in sides) + objects
