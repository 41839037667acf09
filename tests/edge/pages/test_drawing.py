"""Pictures follow the page's scheme, say the same each time, and keep their labels apart."""

from __future__ import annotations

import math

import pytest
from matplotlib.figure import Figure

from edge.pages.drawing import COLOURS, DARK, INK, PAPER, apart, drawable, drawn, styled
from edge.pages.ranges import range_figure


def test_every_colour_has_another_one_in_the_dark() -> None:
    assert {*COLOURS, INK, PAPER} <= set(DARK)
    with styled():
        figure = Figure()
        figure.subplots().plot([0, 1], color=COLOURS[0])
        picture = drawn(figure).decode()
    assert f"stroke: {COLOURS[0]}" in picture and f"fill: {INK}" in picture
    assert f'[style*="stroke: {COLOURS[0]}"]{{stroke:{DARK[COLOURS[0]]} !important}}' in picture
    assert picture.count("prefers-color-scheme: dark") == 1


def test_a_picture_is_the_same_each_time() -> None:
    def once() -> bytes:
        with styled():
            figure, _ = range_figure(["a $name", "b"], {"AUC": [(0.5, 0.4, 0.6), (math.nan,) * 3]})
            return drawn(figure)

    assert once() == once()


@pytest.mark.parametrize(
    ("places", "moved"),
    [
        ([0.1, 0.9], [0.1, 0.9]),
        ([0.5, 0.5], [0.45, 0.55]),
        ([0.52, 0.5, 0.9], [0.56, 0.46, 0.9]),
        ([0.5, 0.5, 0.5], [0.4, 0.5, 0.6]),
        ([], []),
    ],
)
def test_labels_are_moved_apart_as_little_as_need_be(places: list[float], moved: list[float]) -> None:
    assert apart(places, 0.1) == pytest.approx(moved)


def test_a_name_is_drawn_in_what_the_font_has() -> None:
    assert drawable("caf\u00e9 \u6620\u753b", 20) == "caf\\xe9 \\u6620\\u753b"
    assert drawable("a" * 30, 10) == "a" * 7 + "..."
