"""The buckets that a model with static shapes has, checked against what the manifest says of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from edge.engines.buckets import fixed, name_of
from edge.engines.named_buckets import Bucket, read_buckets
from edge.engines.shape import ModelShape
from edge.engines.signatures import INTEGERS, Dims
from edge.errors import EdgeError

Typed = Mapping[str, tuple[str, Dims]]  # an array's name -> "float32" or "int32", and its size


def checked_buckets(
    names: Iterable[str], arrays: Callable[[str], tuple[Typed, Typed]], path: Path, kind: str, shape: ModelShape
) -> dict[str, list[Bucket]]:
    """Entry point -> its buckets, ascending. `arrays` gives inputs and outputs of a `kind`, a signature or function.

    Errors: one is missing, or its arrays are not those of `shape`.
    """
    needed = {"embed", "summarise", "append", "score"} | ({"encode"} if shape.encode_depths[-1] else set())
    buckets = read_buckets(names, path, kind, needed)
    buckets = {entry: found for entry, found in buckets.items() if entry in needed}
    listed = [(entry, sizes) for entry in buckets for sizes in buckets[entry]]
    strange = [name_of(*one) for one in listed if fixed(*one, shape) is None]
    wrong = [f"{name} is none of its {kind}s" for name in strange]
    wrong += [fault for one in listed if name_of(*one) not in strange for fault in _faults(arrays, *one, shape)]
    depths = {depth for depth, _ in buckets["score"]} if not wrong else set()
    wrong += [f"no {kind} for: score_{depth}" for depth in sorted({0, shape.interact_layers} - depths) if not wrong]
    if not wrong:
        largest = {entry: buckets[entry][-1][-1] for entry in buckets if entry in ("embed", "encode", "summarise")}
        if len(set(largest.values())) > 1:
            wrong.append(f"its entry points hold chunks of {largest} tokens")
    if wrong:
        raise EdgeError(
            f"{path} is not the model that the manifest describes",
            evidence="; ".join(wrong[:3]),
            fix="export the bundle again",
        )
    return buckets


def _faults(arrays: Callable[[str], tuple[Typed, Typed]], entry: str, sizes: Bucket, shape: ModelShape) -> list[str]:
    name, wanted = name_of(entry, sizes), fixed(entry, sizes, shape)
    assert wanted is not None
    wants_of = _typed(wanted.inputs), _typed(wanted.outputs)
    return [
        f"the {side} {array} of {name} is {_written(has.get(array))}, not {_written(wants.get(array))}"
        for side, has, wants in zip(("input", "output"), arrays(name), wants_of, strict=True)
        for array in sorted(has.keys() | wants.keys())
        if has.get(array) != wants.get(array)
    ]


def _typed(arrays: dict[str, Dims]) -> Typed:
    return {name: ("int32" if name in INTEGERS else "float32", dims) for name, dims in arrays.items()}


def _written(array: tuple[str, Dims] | None) -> str:
    return "absent" if array is None else f"{array[0]} {list(array[1])}"
