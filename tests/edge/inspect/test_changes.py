"""`edge inspect A B` accounts for every byte between two bundles, and names what made the difference."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from bundles import FILES, make, manifest
from commands import edge
from packed_bundles import make_packed
from student_weights import make_weights

from edge.bundle.bundle import open_bundle, write_bundle
from edge.inspect.changes import Change, Comparison, compare_bundles
from edge.inspect.changes_text import comparison_json, comparison_text, summary

LAYER = "layers.0.attention_in.weight"


def compared(before: Path, after: Path) -> Comparison:
    return compare_bundles(open_bundle(before), open_bundle(after))


def named(found: Comparison, name: str) -> Change:
    return next(change for change in found.changes if change.name == name)


def changed(**changes: np.ndarray) -> dict[str, np.ndarray]:
    """The usual weights but for some of them."""
    return make_weights(columns=64) | changes


def pruned(sparsity: float) -> dict[str, np.ndarray]:
    """The usual weights, the layer's to that share of zeros."""
    layer = make_weights(columns=64)[LAYER].copy()
    layer[np.abs(layer) <= np.quantile(np.abs(layer), sparsity)] = 0
    return changed(**{LAYER: layer})


@pytest.mark.parametrize(
    "after",
    [
        make_weights(columns=64, seed=1),
        make_weights(columns=64, sparsity=0.6),
        make_weights(columns=64, largest=7),
        make_weights(columns=48),
        make_weights(columns=64) | {"new.bias": np.arange(50, dtype=np.float32)},
    ],
)
def test_the_changes_add_up_to_the_difference_and_their_causes_to_each(
    tmp_path: Path, after: dict[str, np.ndarray]
) -> None:
    paths = make_packed(tmp_path / "a.edge", make_weights(columns=64)), make_packed(tmp_path / "b.edge", after)
    for pair in (paths, paths[::-1]):
        found = compared(*pair)
        difference = pair[1].stat().st_size - pair[0].stat().st_size
        assert sum(change.difference for change in found.changes) == difference
        assert sum(row.difference for row in found.sections) == difference
        for change in found.changes:
            if change.causes:
                assert sum(cause.bytes for cause in change.causes) == change.difference


def test_weights_that_became_less_sparse_are_named_as_the_cause(tmp_path: Path) -> None:
    found = compared(make_packed(tmp_path / "a.edge", pruned(0.9)), make_packed(tmp_path / "b.edge", changed()))
    assert found.changes[0].name == LAYER
    assert found.changes[0].causes[0].what == "sparsity"
    assert f"in {LAYER}, whose sparsity fell from 0.901 to 0.800" in summary(found)
    assert summary(found).startswith("grew by ")
    back = compared(tmp_path / "b.edge", tmp_path / "a.edge")
    assert f"{LAYER}, whose sparsity rose from 0.800 to 0.901" in summary(back)
    assert summary(back).startswith("shrank by ")


def test_each_kind_of_change_has_its_name(tmp_path: Path) -> None:
    usual = changed()
    before = make_packed(tmp_path / "a.edge", usual | {"old.bias": np.arange(40, dtype=np.float32)})
    shorter = {"token.weight": usual["token.weight"][:20], "token.scale": usual["token.scale"][:20]}
    narrower = {LAYER: (usual[LAYER] // 19).astype(np.int8)}
    noise = np.random.default_rng(1).normal(size=192).astype(np.float32)
    rounded = {"layers.0.attention_in.bias": (noise.view(np.uint32) & 0xFFFF0000).view(np.float32)}
    found = compared(before, make_packed(tmp_path / "b.edge", usual | shorter | narrower | rounded))
    assert named(found, "token.weight").causes[0].text == "shape went from 40x64 to 20x64"
    assert "width fell from 8 to 4 bits" in [cause.text for cause in named(found, LAYER).causes]
    assert named(found, "layers.0.attention_in.bias").causes[0].text == "width fell from 32 to 16 bits"
    assert named(found, "old.bias").content == "removed"
    assert named(found, "vocab.txt").content == "same"


def test_a_graph_that_grew_and_weights_that_are_no_longer_packed_are_told_apart(tmp_path: Path) -> None:
    usual = make_packed(tmp_path / "a.edge", changed())
    larger = compared(usual, make_packed(tmp_path / "b.edge", changed(), graph=np.random.default_rng(0).bytes(5000)))
    assert "of them in models/litert.tflite, whose graph changed" in summary(larger)
    files = {"models/litert.tflite": changed()[LAYER].tobytes(), "models/onnx/layer.onnx": b"onnx"}
    copied = files | {"models/litert.tflite": bytes(value ^ 90 for value in changed()[LAYER].tobytes())}
    for path, models in ((tmp_path / "c.edge", files), (tmp_path / "d.edge", copied)):
        write_bundle(path, FILES | models, manifest(), changed())
    lost = compared(tmp_path / "c.edge", tmp_path / "d.edge")
    assert f"whose copy of {LAYER} is no longer packed apart" in summary(lost)


def test_the_same_bundle_and_the_same_content_are_recognised(tmp_path: Path) -> None:
    one = make_packed(tmp_path / "a.edge")
    assert comparison_text(compared(one, one)) == "the same bundle"
    renamed = compared(one, make_packed(tmp_path / "b.edge", name="films"))
    assert (renamed.same, summary(renamed)) == ("content", "the same content, named films, not movies")


def test_a_change_of_content_alone_is_not_taken_for_none(tmp_path: Path) -> None:
    usual = changed()
    bundles = make_packed(tmp_path / "a.edge", usual), make_packed(tmp_path / "b.edge", usual | {LAYER: -usual[LAYER]})
    found = compared(*bundles)
    assert found.same is None
    assert (named(found, LAYER).content, named(found, LAYER).difference) == ("changed", 0)
    assert named(found, "models/onnx/layer.onnx").content == "weights changed"  # its graph did not
    assert "other content" in comparison_text(found)


def test_quality_and_settings_that_differ_are_shown(tmp_path: Path) -> None:
    exits = manifest()["exits"]
    exits[1] = exits[1] | {"quality": {"auc": 0.72}}
    exits[2] = {"encode": 1, "interact": 2, "quality": {"auc": 0.75, "ndcg@10": 0.3}}
    exits[2]["calibration"] = {"temperature": 0.5, "offset": 0.25}
    after = make(tmp_path / "b.edge", exits=exits, provenance={"run": "cd", "code": "2"})
    found = compared(make(tmp_path / "a.edge"), after)
    quality = {row.name: row for row in found.quality}
    assert quality["auc at exit 1/2"].difference == pytest.approx(0.01)
    assert quality["log_loss at exit 1/1"].after is None
    assert quality["ndcg@10 at exit 1/2"].before is None
    settings = {row.name: (row.before, row.after) for row in found.settings if row.before != row.after}
    assert settings == {
        "provenance.run": ("ab", "cd"),
        "provenance.code": (None, "2"),
        "calibration.1/2.temperature": (None, "0.5"),
        "calibration.1/2.offset": (None, "0.25"),
    }
    text = comparison_text(found)
    assert "provenance.run" in text and "auc at exit 1/2" in text and "model.hidden" not in text
    graphs = compared(make(tmp_path / "a.edge"), make(tmp_path / "c.edge", buckets={"litert": ["embed_8", "append_1"]}))
    assert [row.name for row in graphs.settings if row.before != row.after] == ["buckets.litert.1"]


def test_a_engine_that_only_one_bundle_has_is_new_or_gone(tmp_path: Path) -> None:
    files = {name: data for name, data in FILES.items() if "onnx" not in name}
    found = compared(make(tmp_path / "a.edge", files), make(tmp_path / "b.edge"))
    assert "models/onnx/layer.onnx, which is new" in summary(found)
    assert next(row for row in found.totals if row.name == "download (onnx)").before is None


def test_the_command_compares_two_bundles(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = make_packed(tmp_path / "a.edge", pruned(0.9)), make_packed(tmp_path / "b.edge", changed())
    for options, expected in ((["--json"], 0), ([], 0), (["--picture", tmp_path / "x.svg"], 2)):
        assert edge("inspect", *paths, *options) == expected
        out = capsys.readouterr().out
        if options == ["--json"]:
            assert json.loads(out) == json.loads(json.dumps(comparison_json(compared(*paths))))
        elif not options:
            assert out.splitlines()[-1] == summary(compared(*paths))
