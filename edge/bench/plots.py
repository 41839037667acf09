"""The report's pictures as SVG, drawn by matplotlib: equal measurements give equal bytes."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from edge.bench.outputs.page import Picture
from edge.bench.report import USERS, Entry, Point, Report, exit_times, frontier, measured_points, modelled_points
from edge.errors import missing_extra

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")  # Okabe and Ito: told apart by all eyes
BASELINE = "#888888"
INK = "#1b1f24"
MARKERS = {"prefix": "o", "segments": "s", "full": "^"}
MAX_LABEL = 48
APART = 1.15  # times on a logarithmic axis whose numbers do not overlap
STYLE = {
    "svg.hashsalt": "edge-bench",  # else ids in the file are random
    "text.parse_math": False,  # a bundle's name may hold a dollar
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "legend.frameon": False,
}
LATENCY = "Milliseconds per request against exit depth, measured. Bars are 95 % confidence intervals of the median."
QUALITY = (
    "AUC of each exit against the time that nine of ten requests stay within. The line is the frontier: the best AUC "
    "to be had in that time, solid as measured on the host, dashed as modelled for the device. Numbers are exit depths "
    "on it, pale points lie below it."
)
SUSTAINED = "Median milliseconds of one request of a new user at the deepest exit, back to back, in ten windows."


def draw_plots(report: Report) -> list[Picture]:
    """Latency, then quality and sustained pace as far as the documents tell; errors if matplotlib is missing."""
    with _style():
        plots = [_plot("latency", LATENCY, report, _latency)]
        if any(point.auc is not None for entry in report.all for point in measured_points(entry, "new")):
            plots.append(_plot("quality", QUALITY, report, _quality))
        if any(entry.measured.times.sustained for entry in report.all):
            plots.append(_plot("sustained", SUSTAINED, report, _sustained, panels=1))
    return plots


@contextmanager
def _style() -> Iterator[None]:
    """Matplotlib's defaults and ours, whatever the user's own configuration says."""
    try:
        from matplotlib import style
    except ImportError as error:
        raise missing_extra("report", error) from error
    with style.context(["default", STYLE]):
        yield


def _plot(
    name: str, caption: str, report: Report, draw: Callable[[Any, Report], list[Any]], panels: int = len(USERS)
) -> Picture:
    """`draw` fills the panels and returns what the legend shows."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.5, 4.8), layout="constrained")
    handles = draw(figure.subplots(1, panels, sharey=True, squeeze=False)[0], report)
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return Picture(name, caption, "svg+xml", buffer.getvalue())


def _latency(panels: Any, report: Report) -> list[Any]:
    from matplotlib.ticker import MaxNLocator

    for axes, user in zip(panels, USERS, strict=True):
        lines = [(entry, plan, colour) for entry, colour in _coloured(report) for plan in _plans([entry])]
        for place, (entry, plan, colour) in enumerate(lines):
            _depth_lines(axes, entry, plan, user, colour, place - (len(lines) - 1) / 2)
        axes.set_title(f"{user} user")
        axes.set_xlabel("exit depth, layers")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_ylim(bottom=0)
    panels[0].set_ylabel("milliseconds per request")
    keys = [_key("p50 with its interval", linestyle="-"), _key("p90", linestyle=":")]
    return [*_documents(report), *_plan_keys(report), *keys]


def _depth_lines(axes: Any, entry: Entry, plan: str, user: str, colour: str, aside: float) -> None:
    """The median with its interval, whose open ends are left out, and p90; `aside` parts bars that would overlap."""
    exits = sorted((each for each in entry.measured.times.exits if each.plan == plan), key=lambda each: each.depth)
    depths = [each.depth + aside * 0.012 * entry.measured.bundle.layers for each in exits]
    found = [exit_times(each, user) for each in exits]
    ends = [
        (each.p50 if low is None else low, each.p50 if high is None else high)
        for each in found
        for low, high in [each.p50_interval]
    ]
    p50 = [each.p50 for each in found]
    bars = [
        [max(middle - low, 0.0) for middle, (low, _) in zip(p50, ends, strict=True)],
        [max(high - middle, 0.0) for middle, (_, high) in zip(p50, ends, strict=True)],
    ]
    axes.errorbar(depths, p50, bars, color=colour, capsize=3, markersize=5, **_marker(plan, colour))
    axes.plot(depths, [each.p90 for each in found], linestyle=":", color=colour, markersize=3, **_marker(plan, colour))


def _quality(panels: Any, report: Report) -> list[Any]:
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    for axes, user in zip(panels, USERS, strict=True):
        axes.set_xscale("log")  # a host and a device may be far apart
        axes.margins(y=0.1)  # room for the target's label
        for entry, colour in _coloured(report):
            _frontier(axes, modelled_points(entry, user), colour, {"linestyle": "--", "markersize": 3.5})
            _frontier(axes, measured_points(entry, user), colour, {"linestyle": "-", "markersize": 5.5})
        if report.target:
            _budget_line(axes, report.target.ms(user))
        axes.set_title(f"{user} user")
        axes.set_xlabel("p90 of a request, ms (logarithmic)")
        low, high = axes.get_xlim()
        axes.xaxis.set_major_locator(LogLocator(10, subs=(1, 2, 5) if high > 15 * low else (1, 1.5, 2, 3, 4, 5, 7)))
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
    panels[0].set_ylabel("AUC, as stated in the bundle")
    lines = [_key("measured on this host", linestyle="-")]
    if report.target and any(entry.prediction for entry in report.all):
        lines.append(_key(f"MODELLED for {_shown(report.target.profile)}", linestyle="--"))
    if report.target:
        lines.append(_key(f"latency target of {_shown(report.target.profile)}", linestyle="-", linewidth=2.5))
    return [*_documents(report), *_plan_keys(report), *lines]


def _frontier(axes: Any, points: Sequence[Point], colour: str, style: dict[str, Any]) -> None:
    """Every exit of known AUC, pale where another is as good in less time; a step at each that is not."""
    best = frontier(points)
    for point in points:
        if point.auc is not None:
            shown = style | _marker(point.plan, colour) | {"alpha": 1.0 if point in best else 0.35}
            axes.plot([point.p90], [point.auc], **shown)
    if best:
        times = [point.p90 for point in best]
        line = {"color": colour, "linewidth": 1.2, "linestyle": style["linestyle"]}
        axes.step(times, [point.auc for point in best], where="post", **line)
    _number(axes, best, colour)


def _number(axes: Any, best: Sequence[Point], colour: str) -> None:
    """Exit depths above the points, from the slowest down, as many as have room."""
    reached = math.inf
    for point in reversed(best):
        if point.p90 * APART <= reached:
            reached = point.p90
            place = {"xytext": (0, 5), "textcoords": "offset points", "ha": "center"}
            axes.annotate(str(point.depth), (point.p90, point.auc), fontsize=7, color=colour, **place)


def _budget_line(axes: Any, milliseconds: float) -> None:
    axes.axvline(milliseconds, color=INK, linewidth=2.5)
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.5}
    place = {"xycoords": ("data", "axes fraction"), "xytext": (-4, 0), "textcoords": "offset points", "ha": "right"}
    axes.annotate(f"{milliseconds:g} ms", (milliseconds, 0.01), color=INK, fontsize=8, bbox=box, **place)


def _sustained(panels: Any, report: Report) -> list[Any]:
    (axes,) = panels
    for entry, colour in _coloured(report):
        found = entry.measured.times.sustained
        if found:
            edges = [*(window.start_s for window in found.windows), found.seconds]
            values = [float("nan") if window.p50_ms is None else window.p50_ms for window in found.windows]
            axes.stairs(values, edges, baseline=None, color=colour, linewidth=1.6)
    axes.margins(y=0.1)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("seconds since the first request")
    axes.set_ylabel("milliseconds per request, median")
    return _documents(report, lambda entry: entry.measured.times.sustained is not None)


def _coloured(report: Report) -> list[tuple[Entry, str]]:
    """Each document with its colour, the baseline below all others."""
    old = [(report.baseline, BASELINE)] if report.baseline else []
    return old + [(entry, COLOURS[place % len(COLOURS)]) for place, entry in enumerate(report.entries)]


def _documents(report: Report, shown: Callable[[Entry], bool] = lambda entry: True) -> list[Any]:
    # the space is for matplotlib, which leaves out a label that begins with "_"
    colours = sorted(_coloured(report), key=lambda each: each[0].baseline)
    return [_key(f" {_shown(entry.label)}", color=colour, linewidth=4) for entry, colour in colours if shown(entry)]


def _plan_keys(report: Report) -> list[Any]:
    return [_key(f"{plan} plan", linestyle="", **_marker(plan, INK)) for plan in _plans(report.all)]


def _plans(entries: Sequence[Entry]) -> list[str]:
    return sorted({each.plan for entry in entries for each in entry.measured.times.exits})


def _marker(plan: str, colour: str) -> dict[str, Any]:
    """Filled for the prefix plan, hollow for others."""
    return {
        "marker": MARKERS.get(plan, "D"),
        "markeredgecolor": colour,
        "markerfacecolor": colour if plan == "prefix" else "white",
    }


def _key(label: str, **style: Any) -> Any:
    from matplotlib.lines import Line2D

    return Line2D([], [], label=label, **{"color": INK} | style)


def _shown(text: str) -> str:
    """Without what matplotlib's font cannot draw."""
    plain = text if text.isascii() and text.isprintable() else ascii(text)[1:-1]
    return plain if len(plain) <= MAX_LABEL else f"{plain[: MAX_LABEL - 3]}..."
