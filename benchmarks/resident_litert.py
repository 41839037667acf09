"""What the LiteRT engine holds in memory at full shape, over all plans, buckets and depths together.

    python benchmarks/resident_litert.py

Random weights, int8. Each figure is from a fresh process: what its resident memory grew by when it opened the model and
scored requests of every bucket under every plan at every depth, after numpy and LiteRT were loaded by a tiny model.
glibc keeps what was freed, mostly the keys and values of the users (48 MB each here, float32); "trimmed" gives it back.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from cloud.torch_engine import TorchEngine
from compress.integers import quantise
from export.buckets import Buckets
from export.litert.entry_points import export_litert
from full_shape import full_student

from cloud.model import Encoder, ModelConfig
from edge.bundle.install import PIECE
from edge.table import render
from export.weights import weights_of

BUCKETS = Buckets((32, 160, 320), 10, 32)
CHILD = """
import ctypes, json, re, sys
from pathlib import Path
import numpy as np
from edge.engines.litert import LiteRtEngine
from edge.bundle.shape import Shape
from edge.conformance.golden import score

def use(directory, shape, users, count, seq):
    engine = LiteRtEngine(Path(directory), Shape(*shape))
    for events in users:
        segments = [(7,) * (seq - 1)] * events + [(3,)]
        score(engine, segments, [(7,) * seq] * count)
    return engine

def held():
    status = Path("/proc/self/status").read_text()
    found = {name: int(kb) * 1024 for name, kb in re.findall(r"(Rss\\w+|VmRSS):\\s+(\\d+) kB", status)}
    return found

tiny, full, shape = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
use(tiny, (1, 32, 4, 0), (1,), 2, 8)
before = held()
engine = use(full, shape, (0, 5, 10), 12, 32)
after = held()
ctypes.CDLL(None).malloc_trim(0)
trimmed = held()
print(json.dumps([{key: end[key] - before[key] for key in end} for end in (after, trimmed)]))
"""
TINY = ModelConfig(
    vocabulary_size=50, hidden_size=32, heads=4, layers=1, embedding_size=32, shared=True, exits="every", positions=16
)


def main() -> int:
    torch.manual_seed(0)
    model = full_student(8)
    shape = TorchEngine(model).shape
    weights = sum(weight.size for weight in weights_of(model).values())
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        tiny, full = Path(scratch) / "tiny", Path(scratch) / "full"
        for directory, one, buckets in ((tiny, quantise(Encoder(TINY)), Buckets((16,), 2, 8)), (full, model, BUCKETS)):
            directory.mkdir()
            file = directory / "model.tflite"
            export_litert(one, buckets, file)
            content = file.read_bytes()
            file.unlink()
            with file.open("wb") as output:  # as an installation does
                output.writelines(content[start : start + PIECE] for start in range(0, len(content), PIECE))
        size = (full / "model.tflite").stat().st_size
        arguments = [str(tiny), str(full), json.dumps([shape.layers, shape.hidden, shape.heads, shape.handover])]
        for name, environment in (("glibc's defaults", {}), ("freed at once", {"MALLOC_MMAP_THRESHOLD_": "131072"})):
            done = subprocess.run(
                [sys.executable, "-c", CHILD, *arguments],
                env=os.environ | environment,
                check=True,
                capture_output=True,
                text=True,
            )
            after, trimmed = json.loads(done.stdout.splitlines()[-1])
            for moment, grown in ((name, after), (f"{name}, trimmed", trimmed)):
                rows.append((moment, *grown.values(), grown["VmRSS"] / weights))
    headings = ["allocator", *after, "of the weights"]
    print(f"int8 weights {weights:,} bytes, model file {size:,} bytes\n\n{render(headings, rows)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
