"""The report's pictures, drawn by matplotlib: a panel below another, so that a phone shows them at their own size."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from edge.bench.report import Entry, Point, Report, frontier, measured_points, modelled_points
from edge.bench.scenarios import SCENARIOS
from edge.bench.timing import ExitTimes, PartTimes
from edge.pages.drawing import COLOURS, INK, PAPER, QUIET, WIDTH, drawable, picture, styled
from edge.pages.picture import Picture

PART_NAMES = tuple(PartTimes.__dataclass_fields__)
MARKERS = "os^Dv"  # by encode depth
HATCHES = ("", "//", "..", "xx")  # of parts
MAX_LABEL, NARROW = 48, 34  # characters in the legend; more than NARROW leave no room beside them
LEAST_AUC = 0.004  # from the bottom to the top of the picture of quality
LABEL = 0.07  # of the width of a logarithmic axis: what the number of an exit takes
PANEL, LEGEND = 2.0, 0.22  # inches that a panel and a line of the legend take
LATENCY = "Measured milliseconds per request. Bars are 95 % confidence intervals of the median."
PARTS = "Median times of a request at the deepest exit, as measured."
QUALITY = (
    "AUC of each exit against its p90 time. The line is the best AUC within that time: solid as measured on this host, "
    "dashed as modelled for the device. Exits on the line are named where there is room; pale points lie below it."
)
SUSTAINED = "One request of a new user with new items at the deepest exit, back to back, in ten windows."


def draw_plots(report: Report) -> list[Picture]:
    """Quality, latency, its parts and sustained pace as far as they were measured; errors if matplotlib is missing."""
    with styled():
        plots = [
            _plot("latency", "How long does a request take at each exit?", LATENCY, report, _latency),
            _plot("parts", "Where do the milliseconds go?", PARTS, report, _parts, panels=1),
        ]
        if any(point.auc is not None for entry in report.all for point in measured_points(entry, "new")):
            plots.insert(0, _plot("quality", "How much quality for how much time?", QUALITY, report, _quality))
        if any(entry.measured.times.sustained for entry in report.all):
            title = "Does it slow down under sustained load?"
            plots.append(_plot("sustained", title, SUSTAINED, report, _sustained, panels=1))
    return plots


def _plot(
    name: str,
    title: str,
    caption: str,
    report: Report,
    draw: Callable[[Any, Report], list[Any]],
    panels: int = len(SCENARIOS),
) -> Picture:
    """`draw` fills the panels and returns what the legend shows."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, 1.5 * PANEL), layout="constrained")
    handles = draw(figure.subplots(panels, 1, sharey=panels > 1, squeeze=False).ravel(), report)
    columns = 1 if any(len(handle.get_label()) > NARROW for handle in handles) else 2
    figure.set_figheight((PANEL if panels > 1 else 1.3 * PANEL) * panels + LEGEND * -(-len(handles) // columns))
    figure.legend(handles=handles, loc="outside upper left", ncols=columns)
    return picture(name, title, caption, figure)


def _latency(panels: Any, report: Report) -> list[Any]:
    exits, markers = (
        sorted({each.exit for entry in report.all for each in entry.measured.times.exits}),
        _markers(report),
    )
    for axes, scenario in zip(panels, SCENARIOS, strict=True):
        coloured = _coloured(report)
        for place, (entry, colour) in enumerate(coloured):
            times = [each for each in entry.measured.times.exits if each.scenario == scenario]
            for encode, marker in markers.items():
                found = [each for each in times if each.exit.encode == encode]
                aside = (place - (len(coloured) - 1) / 2) * 0.05
                _depth_lines(axes, found, [exits.index(each.exit) + aside for each in found], colour, marker)
        axes.set_title(f"{scenario}: {SCENARIOS[scenario]}")
        axes.set_xticks(range(len(exits)), map(str, exits))
        axes.set_ylim(bottom=0)
        axes.set_ylabel("ms")
    panels[-1].set_xlabel("exit: encode depth / interact depth")
    keys = [_key("p50 with its interval", linestyle="-"), _key("p90", linestyle=":")]
    return [*_documents(report), *_depth_keys(report), *keys]


def _depth_lines(axes: Any, times: Sequence[ExitTimes], places: Sequence[float], colour: str, marker: str) -> None:
    """The median with its interval, whose open ends are left out, and p90."""
    found = [each.whole for each in times]
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
    axes.errorbar(places, p50, bars, color=colour, capsize=3, markersize=5, marker=marker)
    axes.plot(places, [each.p90 for each in found], linestyle=":", color=colour, markersize=3, marker=marker)


def _parts(panels: Any, report: Report) -> list[Any]:
    """A bar for each document in each scenario, its parts one upon another."""
    from matplotlib.patches import Patch

    (axes,), coloured = panels, _coloured(report)
    width = 0.8 / len(coloured)
    for place, (entry, colour) in enumerate(coloured):
        deepest = max(each.exit for each in entry.measured.times.exits)
        times = {each.scenario: each.parts for each in entry.measured.times.exits if each.exit == deepest}
        for at, scenario in enumerate(SCENARIOS):
            below = 0.0
            for part, hatch in zip(PART_NAMES, HATCHES, strict=True):
                taken = max(getattr(times[scenario], part), 0.0) if scenario in times else 0.0
                left = at + (place - (len(coloured) - 1) / 2) * width
                style = {"facecolor": PAPER if part == "text" else colour, "edgecolor": INK, "hatch": hatch}
                axes.bar(left, taken, width * 0.9, bottom=below, linewidth=0.6, **style)
                below += taken
    axes.set_xticks(range(len(SCENARIOS)), list(SCENARIOS))
    axes.set_ylabel("milliseconds, deepest exit")
    keys = [
        Patch(facecolor=PAPER if part == "text" else QUIET, edgecolor=INK, hatch=hatch, label=part)
        for part, hatch in zip(PART_NAMES, HATCHES, strict=True)
    ]
    return [*_documents(report), *keys]


def _quality(panels: Any, report: Report) -> list[Any]:
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    markers = _markers(report)
    for axes, scenario in zip(panels, SCENARIOS, strict=True):
        axes.set_xscale("log")  # a host and a device may be far apart
        axes.margins(y=0.1)  # room for the target's label
        numbered = []
        for entry, colour in _coloured(report):
            for points, linestyle, size in (
                (modelled_points(entry, scenario), "--", 3.5),
                (measured_points(entry, scenario), "-", 5.5),
            ):
                style = {"linestyle": linestyle, "markersize": size, "color": colour}
                numbered.append((_frontier(axes, points, markers, style), colour))
        if report.target:
            _budget_line(axes, report.target.ms(scenario))
        for best, colour in numbered:  # now that the axis has its width
            _number(axes, best, colour)
        _widen(axes)
        axes.set_title(f"{scenario}: {SCENARIOS[scenario]}")
        axes.set_xlabel("p90 of a request, ms (logarithmic)")
        low, high = axes.get_xlim()
        axes.xaxis.set_major_locator(LogLocator(10, subs=(1, 2, 5) if high > 15 * low else (1, 1.5, 2, 3, 4, 5, 7)))
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_ylabel("AUC in manifest")
    lines = [_key("measured on this host", linestyle="-")]
    if report.target and any(entry.prediction for entry in report.all):
        lines.append(_key(f"MODELLED for {_shown(report.target.profile)}", linestyle="--"))
    if report.target:
        lines.append(_key(f"latency target of {_shown(report.target.profile)}", linestyle="-", linewidth=2.5))
    return [*_documents(report), *_depth_keys(report), *lines]


def _widen(axes: Any) -> None:
    """A scale of LEAST_AUC at least, so that it does not magnify differences that mean nothing."""
    low, high = axes.get_ylim()
    missing = max(0.0, LEAST_AUC - (high - low)) / 2
    axes.set_ylim(low - missing, high + missing)


def _frontier(axes: Any, points: Sequence[Point], markers: Mapping[int, str], style: dict[str, Any]) -> Sequence[Point]:
    """Exits of known AUC, pale where another is as good in less time; a step at each that is not: these it returns."""
    best = frontier(points)
    for point in points:
        if point.auc is not None:
            shown = {"marker": markers[point.exit.encode], "alpha": 1.0 if point in best else 0.35}
            axes.plot([point.p90], [point.auc], **style, **shown)
    if best:
        times = [point.p90 for point in best]
        line = {"color": style["color"], "linewidth": 1.2, "linestyle": style["linestyle"]}
        axes.step(times, [point.auc for point in best], where="post", **line)
    return best


def _number(axes: Any, best: Sequence[Point], colour: str) -> None:
    """Exits above the points, from the slowest down, as many as have room."""
    reached, (low, high) = math.inf, axes.get_xlim()
    for point in reversed(best):
        if point.p90 * (high / low) ** LABEL <= reached:
            reached = point.p90
            place = {"xytext": (0, 5), "textcoords": "offset points", "ha": "center"}
            axes.annotate(str(point.exit), (point.p90, point.auc), fontsize=7, color=colour, **place)


def _budget_line(axes: Any, milliseconds: float) -> None:
    axes.axvline(milliseconds, color=INK, linewidth=2.5)
    box = {"facecolor": PAPER, "edgecolor": "none", "alpha": 0.8, "pad": 1.5}
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
    old = [(report.baseline, QUIET)] if report.baseline else []
    return old + [(entry, COLOURS[place % len(COLOURS)]) for place, entry in enumerate(report.entries)]


def _documents(report: Report, shown: Callable[[Entry], bool] = lambda entry: True) -> list[Any]:
    # the space is for matplotlib, which leaves out a label that begins with "_"
    colours = sorted(_coloured(report), key=lambda each: each[0].baseline)
    return [_key(f" {_shown(entry.label)}", color=colour, linewidth=4) for entry, colour in colours if shown(entry)]


def _depth_keys(report: Report) -> list[Any]:
    """None if all exits have one encode depth."""
    markers = _markers(report)
    keys = [_key(f"encode depth {depth}", linestyle="", marker=marker) for depth, marker in markers.items()]
    return keys if len(keys) > 1 else []


def _markers(report: Report) -> dict[int, str]:
    """Encode depth -> marker."""
    depths = sorted({each.exit.encode for entry in report.all for each in entry.measured.times.exits})
    return {depth: MARKERS[place % len(MARKERS)] for place, depth in enumerate(depths)}


def _key(label: str, **style: Any) -> Any:
    from matplotlib.lines import Line2D

    return Line2D([], [], label=label, **{"color": INK} | style)


def _shown(text: str) -> str:
    return drawable(text, MAX_LABEL)
