"""How every picture of a report is drawn by matplotlib: as narrow as a phone shows at its own size, in light and dark.

Equal figures give equal bytes.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from edge.errors import missing_extra
from edge.pages.picture import Picture

WIDTH = 4.7  # inches: 451 of a browser's points across
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")  # Okabe and Ito: distinct for all eyes
INK, QUIET, PAPER, GRID = "#1b1f24", "#57606a", "#ffffff", "#d0d7de"
DARK = {  # what each is on a dark page
    INK: "#e6edf3", QUIET: "#9aa4af", PAPER: "#0d1117", GRID: "#30363d",
    "#0072b2": "#4aa8e8", "#d55e00": "#ff8a3d", "#009e73": "#2ec79a", "#cc79a7": "#e39cc3", "#56b4e9": "#9ad7fa",
    "#e69f00": "#f5c04d",
}  # fmt: skip
STYLE = {
    "svg.hashsalt": "edge",  # else ids in the file are random
    "text.parse_math": False,  # a name may hold a dollar
    "font.size": 9.0,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": QUIET,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "axes.titlesize": 9.0,
    "axes.titlelocation": "left",
    "axes.titlepad": 4.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "legend.fontsize": 8.0,
}
_END = "</style>"


@contextmanager
def styled() -> Iterator[None]:
    """Matplotlib's defaults and ours, whatever the user's own configuration says. Errors: it is not installed."""
    try:
        from matplotlib import style
    except ImportError as error:
        raise missing_extra("report", error) from error
    with style.context(["default", STYLE]):
        yield


def drawn(figure: Any) -> bytes:
    """A figure as SVG whose colours follow the page's scheme."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    rules = "".join(
        f'[style*="{what}: {light}"]{{{what}:{dark} !important}}'
        for light, dark in DARK.items()
        for what in ("fill", "stroke")
    )
    text = buffer.getvalue().decode()
    return text.replace(_END, f"@media (prefers-color-scheme: dark){{{rules}}}{_END}", 1).encode()


def picture(name: str, title: str, caption: str, figure: Any) -> Picture:
    return Picture(name, title, caption, "svg+xml", drawn(figure))


def drawable(text: str, most: int) -> str:
    """Without what matplotlib's font cannot draw, `most` characters at most."""
    plain = text if text.isascii() and text.isprintable() else ascii(text)[1:-1]
    return plain if len(plain) <= most else f"{plain[: most - 3]}..."


def apart(places: Sequence[float], least: float) -> list[float]:
    """The places of labels, moved so that no two are nearer than `least`, in their order; each as near as it can be."""
    order = sorted(range(len(places)), key=lambda at: places[at])
    groups: list[tuple[float, list[int]]] = []  # (centre, labels from the lowest up), none of which overlap
    for at in order:
        groups.append((places[at], [at]))
        while len(groups) > 1 and _top(groups[-2], least) + least > _bottom(groups[-1], least):
            (low, below), (high, above) = groups[-2:]
            count = len(below), len(above)
            groups[-2:] = [((low * count[0] + high * count[1]) / sum(count), [*below, *above])]
    moved = [0.0] * len(places)
    for group in groups:
        for step, at in enumerate(group[1]):
            moved[at] = _bottom(group, least) + step * least
    return moved


def _bottom(group: tuple[float, list[int]], least: float) -> float:
    return group[0] - (len(group[1]) - 1) / 2 * least


def _top(group: tuple[float, list[int]], least: float) -> float:
    return group[0] + (len(group[1]) - 1) / 2 * least
