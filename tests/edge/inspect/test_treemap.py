"""The picture of a bundle: areas are bytes, text stays in its box, any viewer can read it."""

from __future__ import annotations

import random
from pathlib import Path
from xml.etree import ElementTree

import pytest
from commands import edge
from packed_bundles import make_packed

from edge.bundle.bundle import open_bundle
from edge.inspect.picture import picture
from edge.inspect.squarify import Box, squarify
from edge.inspect.treemap import Tile, treemap

SVG = "{http://www.w3.org/2000/svg}"
WIDEST = 0.62  # of a character in a common monospaced font, to the font's size


def tiles_of(svg: str) -> list[ElementTree.Element]:
    return ElementTree.fromstring(svg).findall(f"{SVG}svg")


def box_of(tile: ElementTree.Element) -> Box:
    return Box(*(float(tile.attrib[key]) for key in ("x", "y", "width", "height")))


def random_tiles(seed: int) -> list[Tile]:
    source = random.Random(seed)
    return [
        Tile(source.choice(["weights", "golden", "text"]), f"layers.{number}.some_name/of.{'x' * number}", size)
        for number, size in enumerate(int(10 ** source.uniform(0, 6)) for _ in range(source.randint(1, 60)))
    ]


@pytest.mark.parametrize("seed", range(10))
def test_boxes_tile_the_whole_in_proportion(seed: int) -> None:
    source = random.Random(seed)
    sizes = sorted((10 ** source.uniform(0, 5) for _ in range(source.randint(1, 80))), reverse=True)
    whole = Box(3, 4, source.uniform(10, 900), source.uniform(10, 900))
    boxes = squarify(sizes, whole)
    for size, box in zip(sizes, boxes, strict=True):
        assert box.area == pytest.approx(whole.area * size / sum(sizes))
        assert box.left >= whole.left - 1e-6 and box.left + box.width <= whole.left + whole.width + 1e-6
        assert box.top >= whole.top - 1e-6 and box.top + box.height <= whole.top + whole.height + 1e-6
    for place, one in enumerate(boxes):
        for other in boxes[place + 1 :]:
            across = min(one.left + one.width, other.left + other.width) - max(one.left, other.left)
            along = min(one.top + one.height, other.top + other.height) - max(one.top, other.top)
            assert across < 1e-6 or along < 1e-6


def test_equal_sizes_become_squares() -> None:
    boxes = squarify([1.0] * 16, Box(0, 0, 100, 100))
    assert all(box.width == pytest.approx(25) and box.height == pytest.approx(25) for box in boxes)


@pytest.mark.parametrize("seed", range(10))
def test_no_label_leaves_its_box(seed: int) -> None:
    labelled = 0
    for tile in tiles_of(treemap("heading", random_tiles(seed))):
        box, text = box_of(tile), tile.find(f"{SVG}text")
        if text is None:
            continue
        labelled += 1
        size = float(text.attrib["font-size"])
        for line in text:
            assert line.text and float(line.attrib["x"]) + len(line.text) * size * WIDEST <= box.width
            assert float(line.attrib["y"]) + 0.3 * size <= box.height
    assert labelled


def test_a_tile_too_small_for_a_label_has_a_tooltip() -> None:
    svg = treemap("heading", [Tile("weights", "big", 1_000_000), Tile("weights", "tiny", 20, "3x2, 8 bits")])
    big, tiny = tiles_of(svg)
    assert big.find(f"{SVG}text") is not None and tiny.find(f"{SVG}text") is None
    assert tiny.findtext(f"{SVG}title") == "tiny\nweights\n20 bytes, 0.0 %\n3x2, 8 bits"


def test_areas_are_in_proportion_to_bytes_across_sections() -> None:
    tiles = {tile.name: tile.bytes for tile in random_tiles(3)}
    drawn = tiles_of(treemap("heading", random_tiles(3)))
    whole = sum(box_of(tile).area for tile in drawn)
    for tile in drawn:
        name = str(tile.findtext(f"{SVG}title")).split("\n")[0]
        share = tiles[name] / sum(tiles.values())
        assert box_of(tile).area / whole == pytest.approx(share, abs=1e-4)


def test_names_cannot_break_the_markup() -> None:
    names = ["</svg><script>", "a&b", "nul\x00", "\x1b[2J", "\ud800", "wide 漢字", '" onload="', "]]>"]
    svg = treemap("<b> & \x07", [Tile(name, name, 1000 + len(name)) for name in names])
    root = ElementTree.fromstring(svg.encode())
    assert root.find(f".//{SVG}script") is None and svg.isascii()
    assert len(tiles_of(svg)) == len(names)


def test_no_tiles_and_tiles_without_bytes_still_make_a_picture() -> None:
    assert tiles_of(treemap("nothing", [])) == []
    assert len(tiles_of(treemap("one", [Tile("a", "b", 5), Tile("a", "c", 0)]))) == 1


def test_a_picture_draws_every_byte_of_the_bundle_and_is_the_same_each_time(tmp_path: Path) -> None:
    bundle = open_bundle(make_packed(tmp_path / "m.edge"))
    svg = picture(bundle)
    titles = [str(tile.findtext(f"{SVG}title")).split("\n") for tile in tiles_of(svg)]
    amounts = [int(lines[2].split(" bytes")[0].replace(",", "")) for lines in titles]
    assert sum(amounts) == bundle.archive.bytes
    assert {"token.weight", "vocab.txt", "models/litert.tflite"} <= {lines[0] for lines in titles}
    assert svg == picture(open_bundle(make_packed(tmp_path / "again.edge")))


def test_the_command_writes_the_picture_or_says_why_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle, file = make_packed(tmp_path / "m.edge"), tmp_path / "m.svg"
    for path, expected in ((file, 0), (tmp_path / "absent" / "m.svg", 2)):
        assert edge("inspect", bundle, "--picture", path) == expected
    assert file.read_text() == picture(open_bundle(bundle))
    assert "cannot be written" in capsys.readouterr().err
