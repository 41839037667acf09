"""The full student's shape as a bundle: bytes, installation, memory, against general compressors.

    python benchmarks/full_shape.py --data runs/tokens/data --out runs/full_shape
    python benchmarks/full_shape.py --data runs/data --student runs/pruned --out runs/full_trained

Weights are random and pruned to 80 % tensor by tensor, and the vocabulary is trained to 24,000 tokens on the
documentation of the packages that are installed; or both are those of a pruned run. Requests are real (MovieLens,
prepared under --data). Needs the extras export and benchmarks.
"""

from __future__ import annotations

import argparse
import json
import os
import pydoc_data.topics
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import brotli
import torch
import zstandard

from cloud.checkpoint import load_encoder
from cloud.data.samples import load_samples
from cloud.data.vocabulary import count_words, train_vocabulary
from cloud.model import Encoder
from cloud.presets import PRESETS
from cloud.runs.directory import Run
from cloud.stage import text_encoder, text_spec
from cloud.torch_engine import TorchEngine
from compress.integers import quantise
from compress.magnitude import MagnitudePruner, PruneSchedule
from edge.bundle.bundle import open_bundle
from edge.bundle.sizes import sizes
from edge.config import to_dict
from edge.inspect.tensors import packed_tensors
from edge.table import render
from edge.text.sequence import TextEncoder
from export.buckets import Buckets
from export.bundle import bundle_models
from export.exam import exam
from export.models import step, write_coreml, write_models, write_plain
from export.parity import answers

SPARSITY = 0.8
REAL, CANDIDATES = 6, 6  # golden requests and their candidates
INSTALL = """
import sys, time
from edge.bundle.install import install
start = time.perf_counter()
install(sys.argv[1])
print(time.perf_counter() - start)
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="a prepared run")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--student", type=Path, help="a pruned run, made from --data")
    parser.add_argument("--bits", type=int, nargs="+", default=[8, 4], choices=(8, 4))
    arguments = parser.parse_args()
    prepared, source = Run.open(arguments.data), arguments.student and Run.open(arguments.student)
    for bits in arguments.bits:
        out = arguments.out / f"int{bits}"
        out.mkdir(parents=True, exist_ok=True)
        print(f"== {bits} bits\n{_report(prepared, source, out, bits)}\n", flush=True)
    return 0


def full_student(bits: int, source: Run | None = None) -> Encoder:
    """Quantised: of a pruned run, or random and pruned, the same at every call."""
    if source:
        return quantise(load_encoder(source), bits)
    torch.manual_seed(0)
    model = Encoder(PRESETS["m6-edge"]).eval()
    MagnitudePruner(model, PruneSchedule(sparsity=SPARSITY, end=1)).apply_at(model, 1)
    return quantise(model, bits)


def full_encoder(prepared: Run, source: Run | None = None) -> TextEncoder:
    """That of `prepared` if there is a source, else its templates with 20 events, and 24,000 tokens."""
    if source:
        return text_encoder(prepared)
    spec = replace(text_spec(prepared), max_events=20, max_segment_tokens=32, max_user_tokens=320)
    packages = Path(sysconfig.get_paths()["purelib"])
    files = sorted([*packages.glob("*/METADATA"), *packages.glob("torch/**/*.py")])[:1500]
    texts = [*pydoc_data.topics.topics.values(), *(file.read_text(errors="ignore") for file in files)]
    counts = count_words(dict.fromkeys(texts, 1), spec.lowercase)
    return TextEncoder(spec, train_vocabulary(counts, PRESETS["m6-edge"].vocabulary_size))


def _report(prepared: Run, source: Run | None, out: Path, bits: int) -> str:
    model, encoder = full_student(bits, source), full_encoder(prepared, source)
    buckets = Buckets((32, 160, 320), 10, 32).holding(encoder.spec)
    bundle = out / "full.edge"
    if not bundle.exists():
        _build(prepared, model, encoder, buckets, bundle, bool(source))
    weights = [tensor for tensor in packed_tensors(open_bundle(bundle)) if tensor.kind == "integers"]
    stored, entropy = sum(t.stored for t in weights), sum(t.entropy or 0 for t in weights)
    found = {engine: sizes(bundle, engine) for engine in ("litert", "onnx", "coreml")}
    rows = [(engine, size.download, size.installed) for engine, size in found.items()]
    plain = [(name, len(data), *_compressed(data)) for name, data in _plain_files(out).items()]
    seconds = [_install_seconds(bundle) for _ in range(3)]
    return "\n\n".join(
        [
            f"vocabulary {len(encoder.wordpiece.vocabulary):,} tokens, {sum(t.elements for t in weights):,} weights\n"
            f"stored {stored:,.0f} bytes for an order-0 entropy of mask and values of {entropy:,.0f}: "
            f"{stored / entropy:.4f}\n"
            f"installing, one core, a fresh process: {', '.join(f'{each:.2f}' for each in seconds)} s",
            render(("everything included", "download", "installed"), rows),
            render(("plain file", "bytes", "zstd -19", "brotli 11"), plain),
        ]
    )


def _build(prepared: Run, model: Encoder, encoder: TextEncoder, buckets: Buckets, bundle: Path, trained: bool) -> None:
    out = bundle.parent
    with tempfile.TemporaryDirectory(dir=out) as scratch:
        models = Path(scratch) / "models"
        step("writing model files")
        write_models(model, buckets, models)
        write_coreml(model, buckets, models)
        write_plain(model, buckets, out, coreml=not (out / "Model-iOS16.mlpackage").exists())
        samples = [request for _, request in load_samples(prepared)]
        requests = exam(samples, encoder, buckets.user_tokens, REAL, CANDIDATES)
        goldens = answers(model, requests, encoder, buckets.user_tokens)
        shape = asdict(TorchEngine(model).shape)
        manifest: dict[str, Any] = {
            "name": "full",
            "model": shape | {"buckets": to_dict(buckets)},
            "exits": [{"depth": depth, "plan": "prefix", "quality": {}} for depth in model.config.exit_depths],
            "golden": {"tolerance": 0.1},
            "provenance": {"weights": "trained" if trained else "random"},
        }
        texts: dict[str, Path | bytes] = {
            "text.json": json.dumps(to_dict(encoder.spec)).encode(),
            "vocab.txt": "".join(f"{token}\n" for token in encoder.wordpiece.vocabulary).encode(),
        }
        bundle_models(bundle, model, texts, goldens, models, manifest)
        for file in sorted(models.rglob("*")):
            if file.is_file():
                kept = out / "models" / file.relative_to(models)
                kept.parent.mkdir(parents=True, exist_ok=True)
                kept.write_bytes(file.read_bytes())


def _plain_files(out: Path) -> dict[str, bytes]:
    """What would ship without packed weights, each as one string of bytes."""
    named = {"LiteRT, entry points": "models/litert", "ONNX, entry points": "models/onnx"}
    named |= {"Core ML, iOS 18": "models/coreml", "LiteRT, one call": "model.tflite", "ONNX, one call": "model.onnx"}
    named |= {"Core ML, iOS 16": "Model-iOS16.mlpackage"}
    found = {}
    for name, path in named.items():
        files = [out / path] if (out / path).is_file() else sorted((out / path).rglob("*"))
        found[name] = b"".join(file.read_bytes() for file in files if file.is_file())
    return found


def _compressed(data: bytes) -> tuple[int, int]:
    return len(zstandard.ZstdCompressor(level=19).compress(data)), len(brotli.compress(data, quality=11))


def _install_seconds(bundle: Path) -> float:
    """Of a first launch: everything checked, decoded and written."""
    with tempfile.TemporaryDirectory() as cache:
        environment = os.environ | {"EDGE_CACHE": cache, "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-c", INSTALL, str(bundle)]
        done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return float(done.stdout)


if __name__ == "__main__":
    sys.exit(main())
