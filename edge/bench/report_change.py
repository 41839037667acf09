"""One measurement against an earlier one: bytes and AUC always, times where both were taken alike."""

from __future__ import annotations

from collections.abc import Iterator

from edge.bench.exit_table import auc_of
from edge.bench.measurement import Measurement
from edge.bench.percentiles import Interval
from edge.bench.report import Entry, incomparable
from edge.pages.table import Row, Table

CAUTION = (
    "Times of two runs at different moments. Intervals that lie apart may still be the machine's doing: "
    "edge-bench compare measures both bundles in turns."
)


def change_table(entry: Entry, baseline: Entry) -> Table:
    old, new = baseline.measured, entry.measured
    unlike = incomparable(entry, baseline)
    rows = [*_bytes(old, new), *_aucs(old, new), *([] if unlike else _medians(old, new))]
    note = f"Times cannot be held against each other: {unlike}." if unlike else CAUTION
    return Table(f"{entry.label} against the baseline", ("what", "baseline", "now", "change"), rows, note)


def _bytes(old: Measurement, new: Measurement) -> Iterator[Row]:
    for what, before, after in (
        ("download", old.bundle.download, new.bundle.download),
        ("installed", old.bundle.installed, new.bundle.installed),
        ("resident", old.times.resident, new.times.resident),
    ):
        share = f" ({100 * (after - before) / before:+.2f} %)" if before else ""
        yield f"{what}, bytes", f"{before:,}", f"{after:,}", f"{after - before:+,}{share}"


def _aucs(old: Measurement, new: Measurement) -> Iterator[Row]:
    for exit in (one.exit for one in new.bundle.exits):
        before, after = (auc_of(each, exit) for each in (old, new))
        if before is not None and after is not None:
            yield f"exit {exit}: AUC", f"{before:.4f}", f"{after:.4f}", f"{after - before:+.4f}"


def _medians(old: Measurement, new: Measurement) -> Iterator[Row]:
    known = {(each.exit, each.scenario): each.whole for each in old.times.exits}
    for each in new.times.exits:
        before, after = known.get((each.exit, each.scenario)), each.whole
        if before is not None:
            told = _told(before.p50_interval, after.p50_interval)
            name = f"exit {each.exit}, {each.scenario}: p50, ms"
            yield name, f"{before.p50:.2f}", f"{after.p50:.2f}", f"{after.p50 / before.p50:.2f} times, {told}"


def _told(before: Interval, after: Interval) -> str:
    """Whether the intervals of the two medians share a value; an open end may reach anywhere."""
    (low, high), (new_low, new_high) = before, after
    if low is None or high is None or new_low is None or new_high is None:
        return "too few requests to tell"
    return "intervals apart" if new_low > high or new_high < low else "intervals overlap"
