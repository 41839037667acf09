"""Every field of a manifest takes what it means and nothing else; its bundle is one like any other."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from runnable_bundles import EXITS, make_manifest, make_runnable, parameters

from edge.bundle.archive import ArchiveLimits
from edge.bundle.bundle import open_bundle
from edge.bundle.exits import Calibration, parse_exits
from edge.bundle.install import install
from edge.bundle.keys import PrivateKey
from edge.bundle.manifest import ENTRIES, SCHEMA, parse_manifest
from edge.bundle.signing import sign_bundle
from edge.bundle.sizes import parts, sizes
from edge.bundle.slim import slim_bundle
from edge.engines.buckets import SIZES
from edge.errors import EdgeError

Keys = tuple[str | int, ...]

JUNK: list[Any] = [None, True, False, 0, -1, 1, 3, 2.5, 1e300, 10**12, 10**400, "", "x", " ", [], [0], {}, {"x": None}]


def paths(value: Any, keys: Keys = ()) -> Iterator[Keys]:
    """Of every value below the manifest, objects and lists themselves included."""
    if keys:
        yield keys
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in entries:
        yield from paths(inner, (*keys, key))


def is_count(least: int = 0, most: float = 1 << 30) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and least <= value <= most


def is_number(least: float, most: float = 1e308) -> Callable[[Any], bool]:
    return lambda value: type(value) in (int, float) and least <= value <= most


def is_one_of(*values: Any) -> Callable[[Any], bool]:
    return lambda value: any(value is one or (value == one and type(value) is type(one)) for one in values)


def full() -> dict[str, Any]:
    """A manifest in which nothing that may be absent is."""
    described = make_manifest(parameters=50, nonzero=40, precision="int8")
    described["buckets"] = {"litert": ["embed_64", "score_2_64"]}
    described["exits"][0] |= {"calibration": {"temperature": 1.5, "offset": -0.25}}
    described["golden"] |= {"reference": "numpy", "tolerances": {"onnx": 0.1}}
    described["runtimes"] = {"litert": "ai-edge-litert 1.0.1", "onnx": "onnxruntime 1.18"}
    dataset = {"name": "small", "fingerprint": "ab", "files": {"log": "cd"}, "users": 9, "items": 8, "rows": {"all": 7}}
    described["provenance"] = {"run": "ab", "weights": "cd", "protocol": "last 10 %", "code": "1", "dataset": dataset}
    sections = {
        "text.json": "text",
        "vocab.txt": "vocabulary",
        "golden.jsonl": "golden",
        "models/litert.x": "model:litert",
        "weights.bin": "weights",
    }
    described["files"] = [
        {"path": name, "bytes": 3, "sha256": "0" * 64, "section": section} for name, section in sections.items()
    ]
    described["files"][3]["holes"] = [[0, "token.weight", "rows"]]
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
    "runtimes.onnx": is_one_of("x"),
    "provenance": lambda value: isinstance(value, dict),
    **{f"provenance.{name}": is_one_of("x") for name in ("run", "weights", "protocol", "code")},
    "provenance.dataset": lambda value: isinstance(value, dict),
    "provenance.dataset.name": is_one_of("x"),
    "provenance.dataset.fingerprint": is_one_of("x"),
    "provenance.dataset.files": is_one_of({}),
    "provenance.dataset.files.log": is_one_of("x"),
    "provenance.dataset.users": is_count(),
    "provenance.dataset.items": is_count(),
    "provenance.dataset.rows": is_one_of({}),
    "provenance.dataset.rows.all": is_count(),
    "files.3.holes": is_one_of([]),
    "files.3.holes.0.0": is_count(),
    "files.3.holes.0.1": lambda value: isinstance(value, str),  # which tensors there are, the weights say
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
        ({"schema": "edge-ranker/bundle/0"}, "unknown schema 'edge-ranker/bundle/0'"),
        ({"schema": ["edge-ranker/bundle/6"]}, "unknown schema ['edge-ranker/bundle/6']"),
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
        parse_manifest(Path("m.edge"), json.dumps(full() | change).encode())
    assert problem in refused.value.problem and "\n" not in refused.value.problem and refused.value.fix


@pytest.mark.parametrize(
    ("number", "fix"),
    [(1, "train and export the model again"), (5, "train and export"), (7, "install a newer version"), (99, "newer")],
)
def test_a_bundle_of_another_version_is_refused_in_one_line_with_what_helps(number: int, fix: str) -> None:
    with pytest.raises(EdgeError) as refused:
        parse_manifest(Path("m.edge"), json.dumps(full() | {"schema": f"edge-ranker/bundle/{number}"}).encode())
    known = f"this version reads {SCHEMA!r} alone"
    assert refused.value.problem == f"m.edge refused: its schema is 'edge-ranker/bundle/{number}', {known}"
    assert fix in refused.value.fix and not refused.value.evidence


def test_what_may_be_absent_may_be_absent_and_other_keys_are_ignored() -> None:
    assert accepts(full())
    optional = [
        "runtimes", "model.parameters", "model.nonzero", "model.precision", "golden.reference", "golden.tolerances",
        "exits.0.calibration", "provenance.dataset", "provenance.protocol",
    ]  # fmt: skip
    for name in optional:
        changed = full()
        inside: Any = changed
        *outer, last = name.split(".")
        for key in outer:
            inside = inside[int(key) if key.isdigit() else key]
        del inside[last]
        assert accepts(changed), name
    assert accepts(full() | {"later": None})


def test_exits_have_their_quality_and_calibration() -> None:
    exits = parse_exits(Path("m.edge"), full()["exits"], full()["model"])
    assert [one.exit for one in exits] == list(EXITS)
    assert exits[0].calibration == Calibration(1.5, -0.25) and exits[1].calibration is None
    assert exits[-1].quality == {"auc": pytest.approx(0.82)}


def test_names_of_buckets_have_the_sizes_that_engines_give_them() -> None:
    assert {entry: len(sizes) for entry, sizes in SIZES.items()} == ENTRIES


def test_a_bundle_holds_each_weight_once_and_keeps_its_schema_when_slimmed_and_signed(tmp_path: Path) -> None:
    weights = parameters()
    graph = b"graph" + weights["token.weight"].tobytes() + b"end" + weights["distance"].tobytes()
    described = make_manifest() | {"buckets": {"litert": ["embed_8"]}}
    contents: dict[str, Path | bytes] = {"models/onnx/weights.bin": graph, "models/litert/model.tflite": b"l" + graph}
    path = make_runnable(tmp_path / "m.edge", weights, contents, described)
    bundle = open_bundle(path)
    assert bundle.read("models/onnx/weights.bin") == graph
    assert {name: value.tobytes() for name, value in bundle.weights.items()} == {
        name: value.tobytes() for name, value in weights.items()
    }
    listed = bundle.listed["models/litert/model.tflite"]
    assert [hole.tensor for hole in listed.holes] == ["token.weight", "distance"]
    slim = slim_bundle(path, "onnx", tmp_path / "slim.edge")
    assert slim.bytes == sizes(path, "onnx").download == slim.path.stat().st_size
    assert open_bundle(slim.path).manifest["schema"] == SCHEMA
    key = PrivateKey(bytes(range(32)))
    files = install(sign_bundle(slim.path, key).path, tmp_path / "cache", key.public)
    assert (files.directory / "models/onnx/weights.bin").read_bytes() == graph
    assert sum(part.installed for part in parts(bundle, None)) == sizes(path).installed


def test_an_altered_file_is_refused(tmp_path: Path) -> None:
    path = make_runnable(tmp_path / "m.edge")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(EdgeError, match="altered, truncated or not a bundle"):
        open_bundle(path, ArchiveLimits())


def accepts(manifest: dict[str, Any]) -> bool:
    try:
        parse_manifest(Path("m.edge"), json.dumps(manifest).encode())
    except EdgeError as error:
        assert error.problem.startswith("m.edge refused: ") and "\n" not in error.problem
        return False
    return True
