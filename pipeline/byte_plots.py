"""Where the bytes are: of each stage's weights, and of the bundle's parts. Bars are linear, from 0."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from edge.pages.drawing import COLOURS, WIDTH, drawable, picture
from edge.pages.picture import Picture
from pipeline.results import Results

BAR = 0.3  # inches
ROOM = 1.3  # times the longest bar, for the numbers


def weight_picture(results: Results) -> Picture:
    """Of the weights alone, as a user downloads them."""
    sizes = {step.name: step.download for step in results.steps}
    figure = _bars(sizes)
    caption = "Bytes of the weights alone, compressed as in a bundle. 1 kB is 1,000 bytes."
    return picture("weights", "How much smaller does each stage make the model?", caption, figure)


def part_picture(results: Results) -> Picture:
    """Of the bundle with the models of all engines."""
    export = results.runs["export"].summary
    sizes = {part["name"]: part["download"] for part in export["parts"]}
    caption = (
        f"Bytes to download of each part of {export['bundle']['file']}, {export['bundle']['bytes']:,} bytes in all. "
        "An app ships the graph of one engine. Parts of the weights are estimated: they are compressed together."
    )
    return picture("bytes", "Which part of the bundle takes the bytes?", caption, _bars(sizes))


def _bars(sizes: Mapping[str, int]) -> Any:
    figure = Figure(figsize=(WIDTH, BAR * len(sizes) + 0.6), layout="constrained")
    axes = figure.subplots()
    places = range(len(sizes))
    axes.barh(places, list(sizes.values()), 0.7, color=COLOURS[0])
    for place, size in zip(places, sizes.values(), strict=True):
        axes.text(size, place, f" {size / 1e3:,.1f} kB", va="center", fontsize=8)
    axes.set_yticks(places, [drawable(name, 30) for name in sizes])
    axes.invert_yaxis()
    axes.set_xlim(0, ROOM * max(sizes.values()))
    axes.xaxis.set_major_formatter(lambda value, place: f"{value / 1e3:,.0f}")
    axes.set_xlabel("kB to download")
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
    return figure
