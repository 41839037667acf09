"""What a server does for phones: the summaries of items, in a file whose lines are sent along with candidates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.bundle.keys import PublicKey
from edge.errors import EdgeError, file_fix
from edge.files import output, read_lines
from edge.runtime.model import Model
from edge.runtime.opening import open_model
from edge.runtime.sent_summaries import head_line, item_line
from edge.runtime.summaries import Summaries
from edge.text.request import parse_item
from edge.text.types import Item

TOGETHER = 256  # items


@dataclass(frozen=True)
class Encoded:
    """What was written, and the SHA-256 that names the weights."""

    path: Path
    items: int
    depths: tuple[int, ...]
    weights: str


def encode_items(
    items: Path, bundle: Path, out: Path, engine: str = "litert", threads: int = 1, public_key: PublicKey | None = None
) -> Encoded:
    """Write the summaries of each item, a JSON object a line, at every encode depth that an exit of the bundle has.

    Errors: a line that is no item, an id that repeats, a bundle that cannot be used or that packs no weights.
    """
    read = read_items(items)
    model = open_model(bundle, engine, threads, public_key)
    if not model.weights:
        problem = f"{bundle} has no weights.bin, whose SHA-256 must identify the weights of the summaries"
        raise EdgeError(problem, fix="export the bundle again with edge export")
    depths = tuple(sorted({one.exit.encode for one in model.exits}))
    try:
        with output(out) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
            file.write(head_line(model.weights, model.engine.shape.hidden))
            file.writelines(_lines(model, read, depths))
    finally:
        model.engine.close()
    return Encoded(out, len(read), depths, model.weights)


def read_items(path: Path) -> list[Item]:
    """Of a file with one item per line, as a request lists candidates. Errors: the first invalid line, by number."""
    try:
        lines = read_lines(path)
    except OSError as error:
        raise EdgeError(f"{path} cannot be read: {error.strerror}", fix=file_fix(error)) from error
    found: dict[str, int] = {}
    items = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            item = parse_item(line, f"{path}:{number}")
            first = found.setdefault(item.id, number)
            if first != number:
                problem = f"{path}:{number} repeats the id of line {first}: {ascii(item.id)[:60]}"
                raise EdgeError(problem, fix="list each item once")
            items.append(item)
    if not items:
        raise EdgeError(f"{path} lists no item", fix='write one per line: {"id": "50", "title": "Heat"}')
    return items


def _lines(model: Model, items: Sequence[Item], depths: Sequence[int]) -> Iterator[str]:
    summaries, encoder = Summaries(model.engine, 0), model.reading.encoder
    for start in range(0, len(items), TOGETHER):
        some = items[start : start + TOGETHER]
        segments = encoder.items(some)
        by_depth = {depth: summaries.of(segments, depth) for depth in depths}
        for row, (item, segment) in enumerate(zip(some, segments, strict=True)):
            yield item_line(item.id, segment, {depth: found[row] for depth, found in by_depth.items()})
