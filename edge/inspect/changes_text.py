"""A comparison of two bundles for people and for scripts, and its main cause in a sentence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from edge.bundle.bundle import Bundle
from edge.inspect.causes import main_causes
from edge.inspect.changes import Change, Comparison, Row
from edge.inspect.describe import printable
from edge.table import render


def comparison_json(found: Comparison) -> dict[str, Any]:
    """Everything that was compared, changed or not; largest difference first."""
    return {
        "before": _identity(found.before),
        "after": _identity(found.after),
        "same": found.same,
        "totals": [_row_json(row) for row in found.totals],
        "sections": [_row_json(row) for row in found.sections],
        "changes": [asdict(change) | {"difference": change.difference} for change in found.changes],
        "quality": [_row_json(row) for row in found.quality],
        "settings": [_row_json(row) for row in found.settings],
        "summary": summary(found),
    }


def _identity(bundle: Bundle) -> dict[str, Any]:
    return {"bundle": str(bundle.path), "name": bundle.name, "sha256": bundle.sha256, "bytes": bundle.archive.bytes}


def _row_json(row: Row) -> dict[str, Any]:
    return asdict(row) | {"difference": row.difference}


def comparison_text(found: Comparison) -> str:
    """What differs, as tables, and the sentence of `summary`."""
    if found.same == "bundle":
        return summary(found)
    shown = [change for change in found.changes if change.difference or change.content not in ("", "same")]
    unchanged = sum(change.content == "same" for change in found.changes if change not in shown)
    identities = [(word, *_identity(one).values()) for word, one in (("before", found.before), ("after", found.after))]
    compared = ("before", "after", "difference")
    moved = [(c.name, c.section, c.before, c.after, c.difference, _why(c)) for c in shown]
    blocks = [
        render(("", "bundle", "name", "sha256", "bytes"), identities),
        render(("bytes", *compared), _cells(found.totals)),
        render(("section", *compared), _cells(sorted(found.sections, key=lambda row: -abs(_number(row))))),
        render(("part of the download", "section", *compared, "why"), moved) + f"\n{unchanged} others are the same",
    ]
    quality = _moved(found.quality)
    blocks += [render(("quality", *compared), _cells(quality))] if quality else []
    settings = [(row.name, _setting(row.before), _setting(row.after)) for row in _moved(found.settings)]
    blocks += [render(("manifest", "before", "after"), settings)] if settings else []
    return "\n\n".join([*blocks, printable(summary(found))])


def _moved(rows: Iterable[Row]) -> list[Row]:
    return [row for row in rows if row.before != row.after]


def _cells(rows: Iterable[Row]) -> list[tuple[Any, ...]]:
    return [(row.name, row.before, row.after, row.difference) for row in rows]


def _number(row: Row) -> int:
    return int((row.after or 0) - (row.before or 0))


def _setting(value: str | None) -> str:
    return "-" if value is None else value


def _why(change: Change) -> str:
    if change.content in ("new", "removed", "weights changed"):
        return change.content
    said = "; ".join(f"{cause.text} ({cause.bytes:+,})" for cause in main_causes(change.causes))
    return said or ("other content" if change.content == "changed" else "")


def summary(found: Comparison) -> str:
    """The difference in bytes and its largest cause, in one sentence."""
    if found.same == "bundle":
        return "the same bundle"
    if found.same == "content":
        old, new = found.before.name, found.after.name
        return f"the same content, {f'named {new}, not {old}' if old != new else 'signed or compressed differently'}"
    whole = found.after.archive.bytes - found.before.archive.bytes
    if whole == 0:
        changed = sum(change.content not in ("", "same") for change in found.changes)
        return f"as many bytes as before; the content of {changed} parts changed"
    sign = 1 if whole > 0 else -1
    largest = max(found.changes, key=lambda change: sign * change.difference)
    most, reached = abs(largest.difference), f"{'grew' if whole > 0 else 'shrank'} by {_bytes(abs(whole))}"
    if most > abs(whole):
        more = "more" if whole > 0 else "fewer"
        return f"{reached}: {most:,} {more} in {largest.name}{_clause(largest, sign)}, made up for in part elsewhere"
    return f"{reached}: {most:,} of them in {largest.name}{_clause(largest, sign)}"


def _clause(change: Change, sign: int) -> str:
    """The text after the name of what changed: ", whose sparsity fell from 0.800 to 0.700"."""
    if not change.causes:
        return ""
    main = max(change.causes, key=lambda cause: sign * cause.bytes)
    return f", {'which' if main.what in ('new', 'removed') else 'whose'} {main.text}"


def _bytes(count: int) -> str:
    return f"{count:,} byte{'s' * (count != 1)}"
