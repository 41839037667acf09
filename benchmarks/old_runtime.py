"""Which older runtimes give the LiteRT file's scores, and which refuse it: python benchmarks/old_runtime.py [--json]

Each runtime gets an environment of its own from pip; one that cannot be had is passed over. None may give other scores.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Any

import numpy as np
import torch
from cloud.torch_engine import TorchEngine
from compress.integers import dequantise, quantise
from edge.engines.protocol import Context
from export.buckets import Buckets
from export.litert.entry_points import export_litert

from cloud.model import Encoder
from cloud.presets import PRESETS
from edge.table import render

RUNTIMES = {
    "tflite-runtime 2.14.0": ("tflite_runtime", "tflite-runtime==2.14.0", "numpy<2"),
    "ai-edge-litert 1.0.1": ("ai_edge_litert", "ai-edge-litert==1.0.1", "numpy<2"),
    "ai-edge-litert 1.4.0": ("ai_edge_litert", "ai-edge-litert==1.4.0", "numpy<2.4"),
    "ai-edge-litert 2.0.2": ("ai_edge_litert", "ai-edge-litert==2.0.2", "numpy<2.4"),
}
TOKENS, CANDIDATES, SEQ = 32, 4, 16
TOLERANCE = 0.02
RUN = """
import sys, numpy as np
from {module}.interpreter import Interpreter
given, results = np.load(sys.argv[2]), dict()
runner = Interpreter(sys.argv[1]).get_signature_runner
results["embed"] = runner("embed_32")(ids=given["ids"], positions=given["positions"])["hidden"]
results["place"] = runner("place_32")(hidden=given["embed"], slots=given["slots"])["hidden"]
layer = runner("layer_32")(hidden=given["place"], mask=given["mask"])
results["layer"], results["keys"], results["values"] = layer["hidden"], layer["keys"], layer["values"]
user = dict(keys=given["keys"], values=given["values"], mask=given["mask"][0])
results["candidate"] = runner("layer_candidate_32_4_16")(hidden=given["candidates"], **user)["hidden"]
results["head"] = runner("head_4")(hidden=given["candidate"][::16])["score"]
np.savez(sys.argv[3], **results)
"""


def models() -> dict[str, Encoder]:
    """Random weights of the shape of the preset tokens, in each precision."""
    torch.manual_seed(0)
    model = Encoder(PRESETS["tokens-student"]).eval()
    forms = {f"int{bits}": quantise(model, bits) for bits in (8, 4)}
    return {"float": dequantise(forms["int8"]), **forms}


def reference(model: Encoder) -> dict[str, np.ndarray]:
    """Inputs of every signature, and what torch makes of them."""
    engine, random = TorchEngine(model), np.random.default_rng(0)
    ids, positions = random.integers(0, 2000, TOKENS), np.arange(TOKENS) % 32
    found = {"ids": ids, "positions": positions, "slots": np.arange(TOKENS) // 4}
    found = {name: value.astype(np.int32) for name, value in found.items()}
    found["embed"] = engine.embed(found["ids"], found["positions"])
    found["place"] = engine.place(found["embed"], found["slots"])
    found["mask"] = np.zeros((TOKENS, TOKENS), dtype=np.float32)
    found["layer"], found["keys"], found["values"] = engine.layer(found["place"], found["mask"], 1)
    both = np.concatenate([found["place"], found["layer"]])  # as many as the candidates' tokens
    found["candidates"] = both
    parted = both.reshape(CANDIDATES, SEQ, -1)
    context = Context(found["keys"], found["values"], found["mask"][0])
    stepped = engine.layer_candidate(parted, context, 1)
    return found | {"candidate": stepped.reshape(both.shape), "head": engine.head(stepped[:, 0])}


def environment(directory: Path, packages: tuple[str, ...]) -> Path | None:
    """The Python of a new environment, or nothing if pip cannot fill it."""
    venv.create(directory, with_pip=True)
    python = directory / "bin" / "python"
    done = subprocess.run([python, "-m", "pip", "install", "-q", *packages], capture_output=True, text=True)
    return python if done.returncode == 0 else None


def outcome(python: Path, module: str, scratch: Path, model: Encoder) -> dict[str, Any]:
    """The largest difference from torch, or the reason of a refusal."""
    export_litert(model, Buckets((TOKENS,), CANDIDATES, SEQ), scratch / "model.tflite")
    wanted = reference(model)
    np.savez(scratch / "given.npz", **wanted)
    arguments = [scratch / name for name in ("model.tflite", "given.npz", "found.npz")]
    done = subprocess.run([python, "-c", RUN.format(module=module), *arguments], capture_output=True, text=True)
    if done.returncode:
        told = [line for line in done.stderr.splitlines() if "Error" in line]
        return {"agrees": None, "says": (told or ["it crashed"])[-1][:110]}
    found = np.load(scratch / "found.npz")
    gap = max(float(np.abs(found[name] - wanted[name]).max()) for name in found.files)
    return {"agrees": gap <= TOLERANCE, "says": f"at most {gap:.1g} from torch"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    rows = []
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        scratch = Path(temporary)
        for name, (module, *packages) in RUNTIMES.items():
            python = environment(scratch / name.replace(" ", "-"), tuple(packages))
            if python is None:
                print(f"passed over: pip cannot install {name} here", file=sys.stderr)
                continue
            rows += [
                {"runtime": name, "precision": precision} | outcome(python, module, scratch, model)
                for precision, model in models().items()
            ]
    if arguments.json:
        print(json.dumps(rows, indent=2))
    else:
        verdicts = {True: "yes", False: "NO", None: "refused"}
        cells = [[row["runtime"], row["precision"], verdicts[row["agrees"]], row["says"]] for row in rows]
        print(render(["runtime", "precision", "same scores", "it says"], cells))
    return int(any(row["agrees"] is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())
