"""A model file without the parameters in it: what is left, and what fills each hole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from edge.bundle.weights.forms import forms_of, in_form
from edge.bundle.weights.packed import Weights
from edge.errors import EdgeError

MOST_FILLED = 8  # times that a file's holes may hold the model's parameters
WORTH_A_HOLE = 64  # bytes; its entry in the manifest takes about as many before compression


@dataclass(frozen=True)
class Hole:
    """At `offset` of the whole file stands `tensor` in `form` (edge/bundle/weights/forms.py)."""

    offset: int
    tensor: str
    form: str


def cut(data: bytes, weights: Weights) -> tuple[bytes, tuple[Hole, ...]]:
    """`data` without any parameter that stands in it in one of its forms, and the holes in order."""
    varied = [name for name in sorted(weights) if (weights[name] != weights[name].flat[0]).any()]
    wanted = [(content, name, form) for name in varied for form, content in forms_of(weights[name])]
    wanted = [entry for entry in wanted if len(entry[0]) >= WORTH_A_HOLE]
    taken: list[tuple[int, int, Hole]] = []  # start, stop
    for content, name, form in sorted(wanted, key=lambda entry: -len(entry[0])):
        start = data.find(content)
        while start >= 0:
            stop = start + len(content)
            if all(stop <= first or last <= start for first, last, _ in taken):
                taken.append((start, stop, Hole(start, name, form)))
            start = data.find(content, stop)
    taken.sort(key=lambda entry: entry[0])
    starts = [0, *(stop for _, stop, _ in taken)]
    stops = [*(start for start, _, _ in taken), len(data)]
    rest = b"".join(data[start:stop] for start, stop in zip(starts, stops, strict=True))
    return rest, tuple(hole for _, _, hole in taken)


def fill(rest: bytes, holes: Sequence[Hole], weights: Weights, size: int) -> Iterator[bytes]:
    """The whole file of `size` bytes in chunks. Errors: holes out of order, unknown tensors, another size."""
    produced = used = filled = 0
    most = MOST_FILLED * sum(values.size for values in weights.values())
    for hole in holes:
        between = hole.offset - produced
        if between < 0 or used + between > len(rest) or hole.tensor not in weights:
            raise EdgeError(f"a hole at byte {hole.offset:,} for {hole.tensor!r:.60} cannot be filled")
        yield rest[used : used + between]
        used += between
        filled += weights[hole.tensor].size
        if filled > most:
            raise EdgeError(f"its holes hold the weights more than {MOST_FILLED} times over")
        content = in_form(weights[hole.tensor], hole.form)
        produced = hole.offset + len(content)
        if produced > size:
            raise EdgeError(f"its holes hold more than the {size:,} bytes it declares")
        yield content
    if produced + len(rest) - used != size:
        raise EdgeError(f"it is not the {size:,} bytes long that it declares")
    yield rest[used:]
