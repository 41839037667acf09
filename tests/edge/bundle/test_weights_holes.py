"""A model file without its parameters, and whole again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bundles import FILES, manifest
from student_weights import make_weights
from weight_vectors import FOLDER

from edge.bundle.bundle import open_bundle, write_bundle
from edge.bundle.install import install
from edge.bundle.weights.forms import FORMS, forms_of, in_form
from edge.bundle.weights.holes import Hole, cut, fill
from edge.errors import EdgeError

WEIGHTS = make_weights(largest=7)
VECTORS = json.loads((FOLDER / "holes.json").read_text())
LAYER = WEIGHTS["layers.0.attention_in.weight"]


def model_file() -> bytes:
    """Some of every form between other bytes."""
    parts = [b"head"]
    for name in WEIGHTS:
        for form, content in forms_of(WEIGHTS[name]):
            parts += [f"<{name} {form}>".encode(), content]
    return b"".join(parts)


def test_a_file_is_whole_again_from_its_rest_and_the_weights() -> None:
    data = model_file()
    rest, holes = cut(data, WEIGHTS)
    assert b"".join(fill(rest, holes, WEIGHTS, len(data))) == data
    assert {hole.form for hole in holes} == set(FORMS)
    assert len(rest) < len(data) / 5


def test_a_file_without_weights_is_left_alone() -> None:
    assert cut(b"nothing here", WEIGHTS) == (b"nothing here", ())


def test_a_weight_that_stands_twice_leaves_two_holes() -> None:
    content = in_form(LAYER, "rows")
    rest, holes = cut(content + b"|" + content, WEIGHTS)
    assert rest == b"|"
    assert [hole.offset for hole in holes] == [0, len(content) + 1]


def test_forms_are_what_engines_read() -> None:
    values = np.array([[1, 0], [-2, 3], [0, -7]], dtype=np.int8)
    assert in_form(values, "rows") == bytes([1, 0, 254, 3, 0, 249])
    assert in_form(values, "columns+128") == bytes([129, 126, 128, 128, 131, 121])
    assert in_form(values, "nibbles") == bytes([0x01, 0x3E, 0x90])
    assert in_form(values, "mask") == bytes([0b101101])
    assert in_form(values, "nonzeros") == bytes([1, 254, 3, 249])
    assert in_form(values, "nonzero-nibbles") == bytes([0xE1, 0x93])
    assert in_form(values, "sums") == np.array([1, 1, -7], "<f4").tobytes()
    assert in_form(np.array([1.5], np.float32), "float16") == b"\x00\x3e"


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_the_published_vectors_of_forms_hold(vector: dict[str, Any]) -> None:
    if vector["kind"] == "int8":
        tensor = np.array(vector["values"], dtype=np.int8)
    else:
        tensor = np.array([int(word, 16) for word in vector["bits"]], dtype=np.uint32).view(np.float32)
    assert list(tensor.shape) == vector["shape"]
    for form, content in vector["forms"].items():
        assert in_form(tensor, form).hex() == content
        filled = fill(b"<>", [Hole(1, "x", form)], {"x": tensor}, len(content) // 2 + 2)
        assert b"".join(filled).hex() == f"3c{content}3e"


def test_the_vectors_have_every_form() -> None:
    assert {form for vector in VECTORS for form in vector["forms"]} == set(FORMS)


@pytest.mark.parametrize(
    ("holes", "size"),
    [
        ([Hole(9, "layers.0.attention_in.weight", "rows")], 1728 + 4),
        ([Hole(0, "absent", "rows")], 1728 + 4),
        ([Hole(0, "layers.0.attention_in.weight", "float32")], 1728 + 4),
        ([Hole(0, "layers.0.attention_in.weight", "rows")], 1728 + 3),
        ([Hole(0, "layers.0.attention_in.weight", "rows")], 100),
        ([Hole(4, "token.scale", "float32"), Hole(0, "token.scale", "float32")], 324),
        ([Hole(0, "layers.0.attention_in.weight", "rows")] * 100, 1 << 40),
    ],
)
def test_holes_that_do_not_fit_are_refused(holes: list[Hole], size: int) -> None:
    with pytest.raises(EdgeError):
        b"".join(fill(b"rest", holes, WEIGHTS, size))


def bundle(path: Path, model: bytes | None = None) -> Path:
    files: dict[str, Path | bytes] = {**FILES, "models/litert.tflite": model or model_file()}
    write_bundle(path, files, manifest(), WEIGHTS)
    return path


def test_a_bundle_holds_each_weight_once_and_installs_whole_files(tmp_path: Path) -> None:
    path = bundle(tmp_path / "m.edge")
    installed = install(path, tmp_path / "cache").directory
    assert (installed / "models/litert.tflite").read_bytes() == model_file()
    assert not (installed / "weights.bin").exists()
    assert path.stat().st_size < len(model_file()) / 2
    assert {name: values.tolist() for name, values in open_bundle(path).weights.items()} == {
        name: values.tolist() for name, values in WEIGHTS.items()
    }


def test_equal_bundles_are_equal_bytes(tmp_path: Path) -> None:
    assert bundle(tmp_path / "a.edge").read_bytes() == bundle(tmp_path / "b.edge").read_bytes()


def test_a_file_filled_with_other_weights_is_refused(tmp_path: Path) -> None:
    """The manifest's digest is that of the whole file."""
    good = open_bundle(bundle(tmp_path / "m.edge"))
    listed = {file.path: file for file in good.files}["models/litert.tflite"]
    swapped = [replace(hole, tensor="token.weight") if hole.form == "mask" else hole for hole in listed.holes]
    files = tuple(replace(file, holes=tuple(swapped)) if file is listed else file for file in good.files)
    with pytest.raises(EdgeError, match=r"litert\.tflite"):
        replace(good, files=files).read("models/litert.tflite")


def test_a_damaged_weights_file_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(EdgeError) as caught:
        files: dict[str, Path | bytes] = {**FILES, "weights.bin": b"EDGEWTS2" + bytes(100)}
        write_bundle(tmp_path / "m.edge", files, manifest())
        open_bundle(tmp_path / "m.edge").weights  # noqa: B018 (decodes)
    assert "weights.bin" in caught.value.problem
    assert "\n" not in caught.value.problem
