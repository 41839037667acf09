"""The full shape of a ranking student as a bundle: bytes, installation, and its weights against their entropy.

    python benchmarks/full_shape.py --prepared runs/data --work runs/full_shape --out benchmarks/results/full-shape.json
    python benchmarks/full_shape.py --prepared runs/data --work runs/full_shape --bundle movies.edge

Weights are random and pruned to 80 % tensor by tensor; the vocabulary is trained to 24,000 tokens on the documentation
of the packages that are installed. Templates, numbers and requests are those of the prepared run. A --bundle is
weighed beside them. Needs the extras export and benchmarks. It takes several minutes for each number of bits.
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
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import brotli
import torch
import zstandard

from cloud.data.samples import load_samples
from cloud.data.vocabulary import count_words, train_vocabulary
from cloud.ranking.model import RankingModel
from cloud.ranking.presets import STUDENT_SHAPES
from cloud.runs.directory import Run
from cloud.stage import text_spec
from compress.graph import model_shape
from compress.integers import quantise_ranker
from compress.magnitude import MagnitudePruner, PruneSchedule
from compress.parts import pruned_weights
from edge.bundle.bundle import Bundle, open_bundle
from edge.bundle.manifest import STATIC
from edge.bundle.sizes import bundle_sizes
from edge.config import to_dict
from edge.engines.buckets import name_of
from edge.files import write_json
from edge.inspect.tensors import packed_tensors
from edge.runtime.user_timeline import Reading
from edge.table import render
from edge.text.segments import SegmentEncoder
from edge.text.sequence import TextEncoder
from export.buckets import Buckets
from export.bundle import bundle_student, value_of
from export.exam import Exam
from export.models import write_models
from export.parity import exits_of, make_goldens
from export.progress import step

SPARSITY, VOCABULARY, PLACES = 0.8, 24_000, 101
ENGINES = ("litert", "onnx", "coreml")
REAL, CANDIDATES = 8, 8  # golden requests and their candidates, as edge export has them
INSTALL = """
import sys, time
from edge.bundle.install import install
start = time.perf_counter()
install(sys.argv[1])
print(time.perf_counter() - start)
"""
RESIDENT = """
import json, sys
import ai_edge_litert.compiled_model
from edge.bench.resident import memory
from edge.runtime.allocator import return_freed
from edge.runtime.costs import warm_up
from edge.runtime.opening import open_files
opened = open_files(sys.argv[1])
return_freed()
before = memory()
engine = opened.engine("litert")
warm_up(engine)
return_freed()
after = memory()
gained = {"resident": after.resident - before.resident, "anonymous": after.anonymous - before.anonymous}
print(json.dumps(gained))
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prepared", type=Path, required=True, help="a finished `edge prepare`")
    parser.add_argument("--work", type=Path, required=True, help="keeps the bundles; those there are only weighed")
    parser.add_argument("--bits", type=int, nargs="+", default=[8, 4], choices=(8, 4))
    parser.add_argument("--bundle", type=Path, nargs="*", default=[], help="further bundles to weigh")
    parser.add_argument("--out", type=Path, help="write the figures as JSON")
    arguments = parser.parse_args()
    prepared, paths = Run.open(arguments.prepared), list[Path]()
    for bits in arguments.bits:
        path = arguments.work / f"m6-edge-int{bits}.edge"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            _build(prepared, bits, path)
        paths.append(path)
    found = {path.name: weighed(path) for path in (*paths, *arguments.bundle)}
    if arguments.out:
        write_json(arguments.out, found)
    print(_report(found))
    return 0


def full_student(bits: int, numbers: int) -> RankingModel:
    """Random, pruned and quantised; the same at every call. What training begins at 0 or 1 is random, too: equal
    values take no bytes."""
    torch.manual_seed(0)
    model = RankingModel(replace(STUDENT_SHAPES["m6-edge"], vocabulary_size=VOCABULARY, numbers=numbers)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if (parameter == parameter.flatten()[0]).all():
                parameter += 0.05 * torch.randn_like(parameter)
    MagnitudePruner(model, PruneSchedule(sparsity=SPARSITY, end=1), pruned_weights).apply_at(model, 1)
    return quantise_ranker(model, bits)


def full_encoder(prepared: Run) -> TextEncoder:
    """The templates of `prepared`, and 24,000 tokens."""
    spec = text_spec(prepared)
    packages = Path(sysconfig.get_paths()["purelib"])
    files = sorted([*packages.glob("*/METADATA"), *packages.glob("torch/**/*.py")])[:1500]
    texts = [*pydoc_data.topics.topics.values(), *(file.read_text(errors="ignore") for file in files)]
    return TextEncoder(spec, train_vocabulary(count_words(dict.fromkeys(texts, 1), spec.lowercase), VOCABULARY))


def _build(prepared: Run, bits: int, path: Path) -> None:
    encoder, buckets = full_encoder(prepared), Buckets()
    spec = encoder.spec
    model = full_student(bits, len(spec.numbers))
    shape, reading = (
        model_shape(model.shape, PLACES),
        Reading(SegmentEncoder(encoder), spec.numbers, value_of(prepared)),
    )
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        models = Path(scratch) / "models"
        step(f"{bits} bits: writing model files")
        write_models(model, PLACES, buckets, models, ENGINES)
        step(f"{bits} bits: golden requests")
        exam = Exam(spec, PLACES, buckets.candidates[-1])
        requests = exam.requests(load_samples(prepared), REAL, CANDIDATES)
        goldens = make_goldens(model, reading, requests, PLACES)
        facts = {"vocabulary": VOCABULARY, "value": value_of(prepared), "precision": f"int{bits}"}
        manifest: dict[str, Any] = {
            "name": "full",
            "model": asdict(shape) | facts,
            "buckets": {key: [name_of(entry, sizes) for entry, sizes in buckets.signatures(shape)] for key in STATIC},
            "exits": [{"encode": exit.encode, "interact": exit.interact, "quality": {}} for exit in exits_of(model)],
            "golden": {"tolerance": 0.1},
            "provenance": {"weights": "random"},
        }
        for name, content in (
            ("text.json", json.dumps(to_dict(spec))),
            ("vocab.txt", "".join(f"{token}\n" for token in encoder.wordpiece.vocabulary)),
        ):
            (Path(scratch) / name).write_text(content)
        texts = {name: Path(scratch) / name for name in ("text.json", "vocab.txt")}
        bundle_student(path, model, texts, goldens, models, manifest)


def weighed(path: Path) -> dict[str, Any]:
    """Bytes to download and installed by engine, those of the weights against their entropy, and of compressors."""
    bundle = open_bundle(path)
    tensors = packed_tensors(bundle)
    integers = [tensor for tensor in tensors if tensor.kind == "integers"]
    stored, entropy = sum(tensor.stored for tensor in integers), sum(tensor.entropy or 0.0 for tensor in integers)
    return {
        "download": {engine: bundle_sizes(bundle, engine).download for engine in bundle.engines},
        "installed": {engine: bundle_sizes(bundle, engine).installed for engine in bundle.engines},
        "integers": {
            "weights": sum(tensor.elements for tensor in integers),
            "zeros": 1 - sum(tensor.nonzero for tensor in integers) / sum(tensor.elements for tensor in integers),
            "stored": stored,
            "entropy": round(entropy),
            "stored_to_entropy": round(stored / entropy, 4),
        },
        "floats": {
            "weights": sum(tensor.elements for tensor in tensors if tensor.kind == "floats"),
            "stored": sum(tensor.stored for tensor in tensors if tensor.kind == "floats"),
        },
        "compressed_models": {engine: _compressed(_model(bundle, engine)) for engine in bundle.engines},
        "install_seconds": sorted(round(_install_seconds(path), 2) for _ in range(3)),
        "litert_memory": _litert_memory(path),
    }


def _model(bundle: Bundle, engine: str) -> bytes:
    """An engine's files as they are installed, one after another: what would ship without packed weights."""
    return b"".join(bundle.read(file.path) for file in bundle.files if file.section == f"model:{engine}")


def _compressed(data: bytes) -> dict[str, int]:
    zstd, most = zstandard.ZstdCompressor(level=19).compress(data), brotli.compress(data, quality=11)
    return {"bytes": len(data), "zstd -19": len(zstd), "brotli 11": len(most)}


def _install_seconds(bundle: Path) -> float:
    """Of a first launch: everything checked, decoded and written."""
    return float(_printed(INSTALL, bundle))


def _litert_memory(bundle: Path) -> dict[str, int]:
    """Bytes that the warm LiteRT engine takes beyond a process that has read the bundle's texts, at a later launch:
    resident in all, and without the pages of files, most of which are LiteRT's code."""
    found: dict[str, int] = json.loads(_printed(RESIDENT, bundle, launches=2))
    return found


def _printed(program: str, bundle: Path, launches: int = 1) -> str:
    """By the last of several processes, the first of which finds nothing installed."""
    with tempfile.TemporaryDirectory() as cache:
        environment = os.environ | {"EDGE_CACHE": cache, "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-c", program, str(bundle)]
        for _ in range(launches):
            done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return done.stdout


def _report(found: dict[str, dict[str, Any]]) -> str:
    sizes: list[Sequence[Any]] = []
    weights: list[Sequence[Any]] = []
    memory: list[Sequence[Any]] = []
    for name, one in found.items():
        for engine, size in one["download"].items():
            plain = one["compressed_models"][engine].values()
            sizes.append((name, engine, size, one["installed"][engine], *plain))
        integers = one["integers"]
        coded = (integers["stored"], integers["entropy"], integers["stored_to_entropy"])
        seconds, taken = ", ".join(map(str, one["install_seconds"])), one["litert_memory"]
        memory.append((name, *taken.values(), one["installed"]["litert"]))
        weights.append((name, integers["weights"], integers["zeros"], *coded, one["floats"]["stored"], seconds))
    plain = ("model as installed", "zstd -19", "brotli 11")
    headings = ("bundle", "integers", "zeros", "stored", "entropy", "stored/entropy", "floats stored", "installing, s")
    return "\n\n".join(
        (
            render(("bundle", "engine", "download", "installed", *plain), sizes),
            render(headings, weights),
            render(("bundle", "memory of LiteRT", "without pages of files", "installed"), memory),
        )
    )


if __name__ == "__main__":
    sys.exit(main())
