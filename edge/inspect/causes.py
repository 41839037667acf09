"""Why a packed tensor takes more or fewer bytes than it did."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edge.inspect.tensors import PackedTensor, entropy_bytes

_WORTH_NAMING = 0.1  # of the largest cause


@dataclass(frozen=True)
class Cause:
    """`bytes` more (or fewer, if negative); `text` continues a sentence after "whose" or "which"."""

    what: str  # new, removed, shape, sparsity, width, values or coding
    bytes: int
    text: str


def causes(before: PackedTensor, after: PackedTensor) -> tuple[Cause, ...]:
    """What the difference in stored bytes is made of, largest first; the bytes of all add up to it.

    Of integers: elements * (H(sparsity) + (1 - sparsity) * bits per value) changes in one factor after the other, and
    the coder's distance from that entropy is the rest.
    """
    found = list(_of_integers(before, after) if before.entropy and after.entropy else _of_floats(before, after))
    whole = [Cause(what, round(size), text) for what, size, text in found]
    rest = after.stored - before.stored - sum(cause.bytes for cause in whole)
    last = whole[-1]
    whole[-1] = Cause(last.what, last.bytes + rest, last.text)
    return tuple(sorted((cause for cause in whole if cause.bytes), key=lambda cause: (-abs(cause.bytes), cause.what)))


def main_causes(found: tuple[Cause, ...]) -> tuple[Cause, ...]:
    """Without those that hardly matter."""
    largest = max((abs(cause.bytes) for cause in found), default=0)
    return tuple(cause for cause in found if abs(cause.bytes) >= _WORTH_NAMING * largest)


def _of_integers(before: PackedTensor, after: PackedTensor) -> Iterator[tuple[str, float, str]]:
    old, new = before.value_bits or 0.0, after.value_bits or 0.0
    start = entropy_bytes(before.elements, before.sparsity, old)
    reshaped = entropy_bytes(after.elements, before.sparsity, old)
    pruned = entropy_bytes(after.elements, after.sparsity, old)
    end = entropy_bytes(after.elements, after.sparsity, new)
    yield "shape", reshaped - start, f"shape went from {shape_text(before)} to {shape_text(after)}"
    yield "sparsity", pruned - reshaped, f"sparsity {_moved(before.sparsity, after.sparsity)}"
    if before.bits != after.bits:
        yield "width", end - pruned, f"width {_moved(before.bits, after.bits)} bits"
    else:
        yield "values", end - pruned, f"entropy per value {_moved(old, new)} bits"
    yield "coding", 0.0, f"coding against its entropy {_moved(_ratio(before), _ratio(after))}{_classes(before, after)}"


def _of_floats(before: PackedTensor, after: PackedTensor) -> Iterator[tuple[str, float, str]]:
    reshaped = before.coded_bits / 8 * (after.elements / before.elements - 1)
    yield "shape", reshaped, f"shape went from {shape_text(before)} to {shape_text(after)}"
    if before.kind != after.kind:
        yield "values", 0.0, f"values went from {before.kind} to {after.kind}"
    elif before.bits != after.bits:
        yield "width", 0.0, f"width {_moved(before.bits, after.bits)} bits"
    else:
        per_value = (tensor.coded_bits / tensor.elements for tensor in (before, after))
        yield "values", 0.0, f"coded values {_moved(*per_value)} bits each"


def shape_text(tensor: PackedTensor) -> str:
    """The shape as text, such as 128x384."""
    return "x".join(map(str, tensor.shape))


def _ratio(tensor: PackedTensor) -> float:
    return tensor.coded_bits / 8 / tensor.entropy if tensor.entropy else 1.0


def _classes(before: PackedTensor, after: PackedTensor) -> str:
    if before.classes == after.classes:
        return ""
    return f", with {before.classes} classes of scales before and {after.classes} now"


def _moved(before: float, after: float) -> str:
    """With the fewest digits, three or more, that distinguish the two."""
    if isinstance(before, int) and isinstance(after, int):
        return f"{'rose' if after > before else 'fell'} from {before} to {after}"
    digits = next((digits for digits in range(3, 9) if f"{before:.{digits}f}" != f"{after:.{digits}f}"), 9)
    return f"{'rose' if after > before else 'fell'} from {before:.{digits}f} to {after:.{digits}f}"
