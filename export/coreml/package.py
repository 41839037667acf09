"""The edge graph for Core ML: packages whose functions read one copy of the model's own integers."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cloud.model import Encoder
from edge.errors import EdgeError
from export.buckets import Buckets
from export.quiet import quiet
from export.weights import is_int8, require_shared

Inputs = dict[str, tuple[str, tuple[int, ...]]]  # name -> "int32" or "fp32", shape


@dataclass(frozen=True)
class CoreMlFunction:
    """One function of a package: `build` takes weights and inputs, and gives the outputs in the order of `outputs`."""

    name: str
    inputs: Inputs
    outputs: tuple[str, ...]
    build: Callable[..., Any]


def export_coreml(model: Encoder, buckets: Buckets, package: Path) -> None:
    """Write `package` (.mlpackage, iOS 18): every entry point and bucket, and `run`. Replaces one that is there."""
    _require_integers(model)
    with quiet():
        _write(model, [*_entry_points(model, buckets), _run("run", buckets)], package, "iOS18")


def export_coreml_run(model: Encoder, buckets: Buckets, package: Path) -> None:
    """Write `package` (.mlpackage, iOS 16): the one-call form alone. Replaces one that is there."""
    _require_integers(model)
    with quiet():
        _write(model, [_run("main", buckets)], package, "iOS16")


def _require_integers(model: Encoder) -> None:
    require_shared(model.config)
    if not is_int8(model):
        raise EdgeError("a float model has no Core ML form", fix="quantise it: the package holds integers")


def _entry_points(model: Encoder, buckets: Buckets) -> Iterator[CoreMlFunction]:
    """The functions that the host loops over: shapes as in the LiteRT file, named after entry point and bucket."""
    from export.coreml import graph

    hidden, count = model.config.hidden_size, buckets.candidates
    piece = min(buckets.user_tokens)
    look_up, states = ("int32", (1, piece)), ("fp32", (1, piece, hidden))
    yield CoreMlFunction(f"embed_{piece}", {"ids": look_up, "positions": look_up}, ("hidden",), graph.embed)
    yield CoreMlFunction(f"place_{piece}", {"hidden": states, "slots": look_up}, ("hidden_out",), graph.place)
    for tokens in buckets.sequences:
        users = {"hidden": ("fp32", (1, tokens, hidden)), "mask": ("fp32", (1, 1, tokens, tokens))}
        yield CoreMlFunction(f"layer_{tokens}", users, ("hidden_out", "keys", "values"), graph.user_layer)
    yield CoreMlFunction(f"layer_keys_{piece}", {"hidden": states}, ("keys", "values"), graph.user_keys)
    for tokens in sorted(set(buckets.user_tokens)):
        yield _candidates(model, buckets, tokens, "layer_candidate", {}, graph.candidate_layer)
    ends: Inputs = {"ends": ("int32", (count,))}
    yield _candidates(model, buckets, max(buckets.user_tokens), "layer_end", ends, graph.candidate_end)
    yield CoreMlFunction(f"head_{count}", {"hidden": ("fp32", (count, hidden))}, ("score",), graph.score)


def _candidates(
    model: Encoder, buckets: Buckets, tokens: int, entry: str, ends: Inputs, build: Callable[..., Any]
) -> CoreMlFunction:
    """A step of the candidates against a user of so many tokens, of all their rows or of their ends."""
    hidden, heads = model.config.hidden_size, model.config.heads
    count, seq = buckets.candidates, buckets.candidate_tokens
    candidates: Inputs = {"hidden": ("fp32", (count, seq, hidden))}
    keys = ("fp32", (1, heads, tokens, hidden // heads))
    user: Inputs = {"keys": keys, "values": keys, "mask": ("fp32", (1, 1, 1, tokens))}
    return CoreMlFunction(f"{entry}_{tokens}_{count}_{seq}", candidates | ends | user, ("hidden_out",), build)


def _run(name: str, buckets: Buckets) -> CoreMlFunction:
    """The one-call form, as long as the longest request."""
    from export.coreml import graph

    row = ("int32", (1, buckets.most_tokens))
    return CoreMlFunction(name, {"ids": row, "mask": row, "k": ("int32", (1,))}, ("score",), graph.run)


def _write(model: Encoder, functions: list[CoreMlFunction], package: Path, target: str) -> None:
    import coremltools as ct
    from coremltools.converters.mil.mil import Builder, Program

    from export.coreml.weights import Weights

    Builder.name_count.clear()  # it numbers ops over a whole process
    program = Program()
    for function in functions:
        weights = Weights(model, compressed=target == "iOS18")
        program.add_function(function.name, _function(function, weights, ct.target[target]))
    program.default_function_name = functions[-1].name
    program.export_as_multifunction = len(functions) > 1
    program.skip_all_passes = True  # the graph is as it shall be; passes would only rename, merge and copy
    shutil.rmtree(package, ignore_errors=True)
    package.parent.mkdir(parents=True, exist_ok=True)
    ct.convert(
        program,
        convert_to="mlprogram",
        minimum_deployment_target=ct.target[target],
        skip_model_load=True,
        package_dir=str(package),
    )
    _write_steadily(package)


def _function(function: CoreMlFunction, weights: Any, target: Any) -> Any:
    """Float inputs and outputs are float32, the arithmetic between them float16."""
    from coremltools.converters.mil.mil import Builder as Ops
    from coremltools.converters.mil.mil import Function, types

    kinds = {"int32": types.int32, "fp32": types.fp32}
    placeholders = {name: Ops.placeholder(shape, kinds[kind]) for name, (kind, shape) in function.inputs.items()}
    with Function(placeholders, opset_version=target) as built:
        inputs = [
            _entered(name, value) if function.inputs[name][0] == "fp32" else value
            for name, value in built.inputs.items()
        ]
        outputs = function.build(weights, *inputs)
        listed = outputs if isinstance(outputs, tuple) else (outputs,)
        named = zip(listed, function.outputs, strict=True)
        built.set_outputs([Ops.cast(x=output, dtype="fp32", name=name) for output, name in named])
    return built


def _entered(name: str, value: Any) -> Any:
    """A float32 input in float16, where the mask of the engines would be minus infinity."""
    from coremltools.converters.mil.mil import Builder as Ops

    from export.coreml.graph import MASKED

    finite = Ops.maximum(x=value, y=np.float32(MASKED)) if name == "mask" else value
    return Ops.cast(x=finite, dtype="fp16")


def _write_steadily(package: Path) -> None:
    """Equal models give equal bytes: no random names of a package's parts, no map in the order of its hashes."""
    from coremltools.proto import Model_pb2

    manifest = package / "Manifest.json"
    text = manifest.read_text()
    for random, entry in json.loads(text)["itemInfoEntries"].items():
        text = text.replace(random, str(uuid.uuid5(uuid.NAMESPACE_URL, entry["name"])))
    manifest.write_text(json.dumps(json.loads(text), indent=4, sort_keys=True) + "\n")  # the UUIDs gave the order
    (path,) = package.rglob("*.mlmodel")
    model = Model_pb2.Model.FromString(path.read_bytes())
    model.description.metadata.Clear()  # it has the date in it
    path.write_bytes(model.SerializeToString(deterministic=True))
    for part in package.rglob("*"):
        part.chmod(0o755 if part.is_dir() else 0o644)  # coremltools leaves some to their owner alone
