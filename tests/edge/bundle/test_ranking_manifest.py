"""Every field of a ranking model's manifest takes what it means and nothing else; its bundle is one like any other."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ranking_bundles import EXITS, make_ranking, parameters, ranking_manifest
from test_manifest_fields import JUNK, Keys, is_count, is_number, is_one_of, paths

from edge.bundle.archive import ArchiveLimits
from edge.bundle.bundle import open_bundle
from edge.bundle.install import install
from edge.bundle.keys import PrivateKey
from edge.bundle.ranking_manifest import ENTRIES, RANKING_SCHEMA, Calibration, parse_ranking_exits
from edge.bundle.schemas import parse_any_manifest
from edge.bundle.signing import sign_bundle
from edge.bundle.sizes import parts, sizes
from edge.bundle.slim import slim_bundle
from edge.engines.ranking.buckets import SIZES
from edge.errors import EdgeError


def full() -> dict[str, Any]:
    """A manifest in which nothing that may be absent is."""
    described = ranking_manifest(parameters=50, nonzero=40, precision="int8")
    described["buckets"] = {"litert": ["embed_64", "score_2_64"]}
    described["exits"][0] |= {"calibration": {"temperature": 1.5, "offset": -0.25}}
    described["golden"] |= {"reference": "numpy", "tolerances": {"onnx": 0.1}}
    described["runtimes"] = {"litert": "1.0"}
    described["provenance"] = {"run": "ab", "dataset": {"name": "small", "users": 9}}
    sections = {
        "text.json": "text",
        "vocab.txt": "vocabulary",
        "golden.jsonl": "golden",
        "models/litert.x": "model:litert",
    }
    described["files"] = [
        {"path": name, "bytes": 3, "sha256": "0" * 64, "section": section} for name, section in sections.items()
    ]
    return described


# what of the junk each field may have; one that is not here may have none of it
FITTING: dict[str, Callable[[Any], bool]] = {
    "name": is_one_of("x"),
    "model.heads": is_one_of(1),
    "model.encode_depths.0": is_one_of(1),
    "model.positions": is_count(1, 1_024),
    "model.places": is_count(1, 16_384),
    "model.numbers": is_count(0, 64),
    "model.distances": is_count(2, 1_024),
    "model.match_size": is_count(1, 65_536),
    "model.match_heads": is_count(1, 1_000),
    "model.factors": is_count(0, 65_536),
    "model.vocabulary": is_count(1),
    "model.parameters": is_count(40),
    "model.nonzero": is_count(0, 50),
    "model.precision": is_one_of("x"),
    "golden.tolerance": is_number(0, 10),
    "golden.tolerances": is_one_of({}),
    "golden.tolerances.onnx": is_number(0, 10),
    "golden.reference": is_one_of("x"),
    "exits.0.calibration": is_one_of(None),
    "exits.0.calibration.temperature": is_number(5e-324, 1_000),
    "exits.0.calibration.offset": is_number(-1_000, 1_000),
    "runtimes": is_one_of({}),
    "runtimes.litert": is_one_of("x"),
    "provenance": lambda value: isinstance(value, dict),
    "provenance.run": is_one_of("x"),
    "provenance.dataset": lambda value: isinstance(value, dict),
    "provenance.dataset.name": is_one_of("x"),
    "provenance.dataset.users": is_count(),
}


def fits(keys: Keys, value: Any) -> bool:
    if keys[0] == "exits" and len(keys) >= 3 and keys[2] == "quality":
        return is_number(0, 1)(value) if len(keys) == 4 else value == {} and isinstance(value, dict)
    if keys[0] == "exits" and keys[-1] in ("encode", "interact"):  # any other is there already, or is none
        return type(value) is int and value == full()["exits"][keys[1]][keys[2]]
    if keys[0] == "files" and keys[-1] == "bytes":
        return is_count()(value)
    return FITTING.get(".".join(map(str, keys)), lambda value: False)(value)


@pytest.mark.parametrize("keys", list(paths(full())), ids=lambda keys: ".".join(map(str, keys)))
def test_a_field_takes_what_it_means_and_nothing_else(keys: Keys) -> None:
    for value in JUNK:
        changed = copy.deepcopy(full())
        inside: Any = changed
        for key in keys[:-1]:
            inside = inside[key]
        inside[keys[-1]] = value
        assert accepts(changed) == fits(keys, value), (keys, value)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"schema": "edge-ranker/bundle/6"}, "it was made by a newer version, with the schema 'edge-ranker/bundle/6'"),
        ({"exits": full()["exits"][:-1]}, "does not list the deepest exit, 2/2"),
        ({"exits": [*full()["exits"], full()["exits"][0]]}, "lists an exit twice"),
        ({"exits": [*full()["exits"], {"encode": 3, "interact": 0, "quality": {}}]}, "an exit 3/0, which the model"),
        ({"exits": [*full()["exits"], {"encode": 1, "interact": 3, "quality": {}}]}, "an exit 1/3, which the model"),
        ({"model": full()["model"] | {"encode_depths": [2, 1]}}, "ascending integers"),
        ({"model": full()["model"] | {"hidden": 65_536, "places": 16_384}}, "too much memory"),
        ({"model": full()["model"] | {"value": "clicked"}}, "model.value must be one of rating, liked"),
        ({"buckets": {}}, "lists a model of litert, but no buckets of it"),
        ({"buckets": {"litert": ["encode_064"]}}, "names like 'encode_64'"),
        ({"buckets": {"litert": ["score_64"]}}, "names like 'encode_64'"),
        ({"buckets": {"litert": ["embed_8", "embed_8"]}}, "lists a name twice"),
        ({"buckets": {"litert": [f"embed_{size}" for size in range(1, 14)]}}, "1 to 12 names"),
        ({"buckets": {"onnx": ["embed_8"]}}, "buckets must be an object from litert, coreml"),
    ],
)
def test_what_no_model_can_have_is_refused_in_one_line(change: dict[str, Any], problem: str) -> None:
    with pytest.raises(EdgeError) as refused:
        parse_any_manifest(Path("m.edge"), json.dumps(full() | change).encode())
    assert problem in refused.value.problem and "\n" not in refused.value.problem and refused.value.fix


def test_exits_have_their_quality_and_calibration() -> None:
    exits = parse_ranking_exits(Path("m.edge"), full()["exits"], full()["model"])
    assert [(exit.encode, exit.interact) for exit in exits] == [(exit.encode, exit.interact) for exit in EXITS]
    assert exits[0].calibration == Calibration(1.5, -0.25) and exits[1].calibration is None
    assert exits[-1].quality == {"auc": pytest.approx(0.82)}


def test_names_of_buckets_have_the_sizes_that_engines_give_them() -> None:
    assert {entry: len(sizes) for entry, sizes in SIZES.items()} == ENTRIES


def test_a_bundle_holds_each_weight_once_and_keeps_its_schema_when_slimmed_and_signed(tmp_path: Path) -> None:
    weights = parameters()
    graph = b"graph" + weights["token.weight"].tobytes() + b"end" + weights["distance"].tobytes()
    described = ranking_manifest() | {"buckets": {"litert": ["embed_8"]}}
    contents: dict[str, Path | bytes] = {"models/onnx/weights.bin": graph, "models/litert/model.tflite": b"l" + graph}
    path = make_ranking(tmp_path / "m.edge", weights, contents, described)
    bundle = open_bundle(path)
    assert bundle.read("models/onnx/weights.bin") == graph
    assert {name: value.tobytes() for name, value in bundle.weights.items()} == {
        name: value.tobytes() for name, value in weights.items()
    }
    listed = bundle.listed["models/litert/model.tflite"]
    assert [hole.tensor for hole in listed.holes] == ["token.weight", "distance"]
    slim = slim_bundle(path, "onnx", tmp_path / "slim.edge")
    assert slim.bytes == sizes(path, "onnx").download == slim.path.stat().st_size
    assert open_bundle(slim.path).manifest["schema"] == RANKING_SCHEMA
    key = PrivateKey(bytes(range(32)))
    files = install(sign_bundle(slim.path, key).path, tmp_path / "cache", key.public)
    assert (files.directory / "models/onnx/weights.bin").read_bytes() == graph
    assert sum(part.installed for part in parts(bundle, None)) == sizes(path).installed


def test_an_altered_file_is_refused(tmp_path: Path) -> None:
    path = make_ranking(tmp_path / "m.edge")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(EdgeError, match="altered, truncated or not a bundle"):
        open_bundle(path, ArchiveLimits())


def test_what_reads_models_over_tokens_alone_says_so(tmp_path: Path) -> None:
    bundle = open_bundle(make_ranking(tmp_path / "m.edge"))
    with pytest.raises(EdgeError, match="it holds a ranking model"):
        bundle.exits  # noqa: B018


def accepts(manifest: dict[str, Any]) -> bool:
    try:
        parse_any_manifest(Path("m.edge"), json.dumps(manifest).encode())
    except EdgeError as error:
        assert error.problem.startswith("m.edge refused: ") and "\n" not in error.problem
        return False
    return True
