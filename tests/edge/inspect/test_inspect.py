"""`edge inspect` shows what a bundle holds or refuses it in one line; `rank` and `verify` print results."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from bundles import FILES, MODEL, make, manifest
from commands import edge
from packed_bundles import make_packed
from student_weights import make_weights

from edge.bundle.bundle import open_bundle
from edge.bundle.manifest import SCHEMA
from edge.bundle.sizes import sizes
from edge.inspect.tensors import packed_tensors


def test_every_section_is_shown_with_its_bytes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = make(tmp_path / "m.edge")
    assert edge("inspect", bundle, "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    installed = {section["section"]: section["installed"] for section in shown["sections"]}
    assert installed == {
        "manifest": installed["manifest"],
        "text": len(FILES["text.json"]),  # type: ignore[arg-type]
        "vocabulary": 17,
        "golden": len(FILES["golden.jsonl"]),  # type: ignore[arg-type]
        "model:litert": 2048,
        "model:onnx": 400,
    }
    assert shown["bytes"] == bundle.stat().st_size
    assert shown["sizes"]["onnx"]["download"] == sizes(bundle, "onnx").download
    assert shown["exits"][0] == {
        "encode": 1, "interact": 0, "quality": {"auc": 0.71, "log_loss": 0.6}, "calibration": None
    }  # fmt: skip
    assert shown["buckets"] == {"litert": ["embed_8", "score_2_64"]}


def test_the_tables_name_exits_shapes_and_provenance(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    exits = manifest()["exits"]
    exits[2]["calibration"] = {"temperature": 0.9375, "offset": -0.25}
    buckets = {"litert": ["embed_8", "summarise_4_8", "score_0_16", "score_2_16", "score_2_64"]}
    bundle = make_packed(tmp_path / "m.edge", model=MODEL | {"ids": {"hidden": 128}}, exits=exits, buckets=buckets)
    assert edge("inspect", bundle) == 0
    out = capsys.readouterr().out
    for line in (
        f"movies  {SCHEMA}",
        "ids.hidden       128",
        "model:litert",
        "shared layer",
        "layers.0.attention_in.weight",
        "run         ab",
        "exit     auc  log_loss  temperature   offset",
        "1/0   0.7100    0.6000            -        -",
        "1/2   0.7400    0.6000       0.9375  -0.2500",
        "litert     embed        8",
        "litert     summarise_4  8",
        "litert     score_2      16, 64",
    ):
        assert line in out
    assert edge("inspect", make_packed(tmp_path / "n.edge")) == 0
    assert "temperature" not in capsys.readouterr().out


def test_every_tensor_is_shown_with_its_shape_width_sparsity_and_bytes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = make_weights(largest=7, rows=2000)
    bundle = make_packed(tmp_path / "m.edge", weights)
    assert edge("inspect", bundle, "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    tensors = {tensor["name"]: tensor for tensor in shown["tensors"]}
    assert tensors.keys() == weights.keys()
    table = tensors["token.weight"]
    assert (table["shape"], table["bits"], table["engines"]) == ([2000, 24], 4, ["litert", "onnx"])
    assert table["sparsity"] == pytest.approx(np.mean(weights["token.weight"] == 0))
    assert table["stored"] == pytest.approx(table["stored_to_entropy"] * table["entropy"], rel=1e-3)
    assert 0.9 < table["stored_to_entropy"] < 1.05
    assert tensors["token.scale"]["bits"] == 16 and tensors["layers.0.attention_in.bias"]["bits"] == 32
    assert tensors["layers.0.attention_norm.weight"]["stored"] == 0  # all ones: a number in the header
    assert shown["weights"]["stored"] == sum(tensor["stored"] for tensor in shown["tensors"])
    assert shown["weights"]["stored"] < shown["weights"]["file"]


def test_the_entropy_is_that_of_mask_and_non_zero_values(tmp_path: Path) -> None:
    values = np.zeros((64, 64), np.int8)
    values.flat[::4] = np.tile([1, -1, 5, -5], 256)
    weights = {"a.weight": values, "a.scale": np.ones(64, np.float32)}
    found = packed_tensors(open_bundle(make_packed(tmp_path / "m.edge", weights)))[1]
    mask_bits = -(0.25 * np.log2(0.25) + 0.75 * np.log2(0.75))
    assert found.entropy == pytest.approx((4096 * mask_bits + 1024 * 2) / 8)
    assert (found.bits, found.sparsity) == (4, 0.75)


def test_a_tensor_of_zeros_alone_has_no_entropy_and_no_ratio(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = {"a.weight": np.zeros((64, 64), np.int8), "a.scale": np.ones(64, np.float32)}
    bundle = make_packed(tmp_path / "m.edge", weights)
    assert edge("inspect", bundle, "--json") == 0
    tensor = json.loads(capsys.readouterr().out)["tensors"][1]
    assert (tensor["sparsity"], tensor["entropy"], tensor["stored_to_entropy"]) == (1.0, 0, None)
    assert edge("inspect", bundle) == 0


def test_codes_for_the_terminal_are_not_printed_raw(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = "\x1b[2J"
    weights = {f"{name}{code}": values for name, values in make_weights().items() if values.dtype == np.float32}
    exits = [*manifest()["exits"][:2], {"encode": 1, "interact": 2, "quality": {code: 0.5}}]
    changes = {"provenance": {f"{code}run": "\x1b]0;owned\x07"}, "exits": exits}
    plain, bundle = make(tmp_path / "a.edge"), make_packed(tmp_path / "m.edge", weights, **changes)
    for arguments in ((bundle,), (plain, bundle), (bundle, plain)):
        assert edge("inspect", *arguments) == 0
        assert "\x1b" not in capsys.readouterr().out


def test_a_bad_bundle_is_refused_in_one_line_and_one_fix_with_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = make(tmp_path / "m.edge")
    altered = bytearray(bundle.read_bytes())
    altered[100] ^= 1
    bundle.write_bytes(altered)
    assert edge("inspect", bundle) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    problem, fix = printed.err.splitlines()
    assert problem.startswith(f"error: {bundle} refused: ")
    assert fix == "fix: make it again with edge export, or copy it again from where it was made"
