"""The entry points of an engine with static shapes: their arrays in one bucket."""

from __future__ import annotations

from edge.engines.shape import ModelShape
from edge.engines.signatures import Dims, Signature, signatures

Sizes = tuple[int, ...]
SIZES = {"embed": ("T",), "encode": ("T",), "summarise": ("S", "T"), "append": ("n",), "score": ("depth", "C")}


def name_of(entry: str, sizes: Sizes) -> str:
    """E.g. "score_2_64"."""
    return "_".join([entry, *map(str, sizes)])


def fixed(entry: str, sizes: Sizes, shape: ModelShape) -> Signature | None:
    """Its arrays, each size a number. None: there is no such bucket."""
    if len(sizes) != len(SIZES[entry]):
        return None
    chosen = dict(zip(SIZES[entry], sizes, strict=True))
    name = f"score_{sizes[0]}" if entry == "score" else entry
    found = signatures(shape).get(name)
    if found is None:
        return None
    if "n" in chosen:
        chosen["all"] = shape.places + chosen["n"]
    inputs, outputs = (
        {name: _chosen(dims, chosen) for name, dims in arrays.items()} for arrays in (found.inputs, found.outputs)
    )
    return Signature(inputs, outputs)


def _chosen(dims: Dims, sizes: dict[str, int]) -> Dims:
    return tuple(size if isinstance(size, int) else sizes[size] for size in dims)
