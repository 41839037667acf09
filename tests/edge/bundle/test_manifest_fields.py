"""Every field of a manifest takes what it means and nothing else: each is tried with values of every type."""

from __future__ import annotations

import copy
import json
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from bundles import PLAIN, entries_for, manifest

from edge.bundle.manifest import SCHEMA, parse_manifest
from edge.errors import EdgeError

Keys = tuple[str | int, ...]

JUNK: list[Any] = [None, True, False, 0, -1, 1, 3, 2.5, 1e300, 10**12, 10**400, "", "x", " ", [], [0], {}, {"x": None}]


def full() -> dict[str, Any]:
    """A manifest in which nothing that may be absent is."""
    listed = json.loads(zlib.decompress(entries_for(PLAIN)[0].data, -15))["files"]
    weights = {"path": "weights.bin", "bytes": 3, "sha256": "0" * 64, "section": "weights"}
    listed[3]["holes"] = [[0, "token.weight", "rows"]]
    described = manifest(schema=SCHEMA, files=[*listed, weights])
    described["model"] |= {
        "vocabulary": 120, "positions": 16, "slots": 13, "parameters": 50, "nonzero": 40, "precision": "int8",
        "buckets": {"user_tokens": [24, 48], "candidates": 4, "candidate_tokens": 16},
    }  # fmt: skip
    described["golden"] |= {"reference": "torch", "tolerances": {"onnx": 0.1}}
    described["exits"][0]["engine"] = "litert"
    described["cascades"] = [{"top": 10, "margins": {"1": 0.3, "2": 0.1}, "agreement": 0.97, "work": 0.5}]
    described["runtimes"] = {"litert": "ai-edge-litert 1.0.1", "onnx": "onnxruntime 1.18"}
    dataset = {
        "name": "small",
        "fingerprint": "ab",
        "files": {"log": "cd"},
        "users": 9,
        "items": 8,
        "rows": {"test": 7},
    }
    described["provenance"] = {"run": "ab", "weights": "cd", "protocol": "last 10 %", "code": "1", "dataset": dataset}
    return described


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


# what of the junk each field may have; one that is not here may have none of it
FITTING: dict[str, Callable[[Any], bool]] = {
    "name": is_one_of("x"),
    "model.handover": is_one_of(1),  # exits of the segments plan say where they meet
    "exits.0.depth": is_one_of(1),
    "model.heads": is_one_of(1),
    "model.vocabulary": is_count(1),
    "model.positions": is_count(1),
    "model.slots": is_count(1),
    "model.parameters": is_count(40),
    "model.nonzero": is_count(0, 50),
    "model.precision": is_one_of("x"),
    "model.buckets.user_tokens.0": is_count(1, 47),
    "model.buckets.candidates": is_count(1),
    "model.buckets.candidate_tokens": is_count(1),
    "golden.tolerance": is_number(0, 10),
    "golden.tolerances": is_one_of({}),
    "golden.tolerances.onnx": is_number(0, 10),
    "golden.reference": is_one_of("x"),
    "exits.0.engine": is_one_of(None),
    "cascades": is_one_of([]),
    "cascades.0.top": is_count(1),
    "cascades.0.margins": is_one_of({}),
    "cascades.0.margins.1": is_number(0),
    "cascades.0.margins.2": is_number(0),
    "cascades.0.agreement": is_number(0, 1),
    "cascades.0.work": is_number(0, 1),
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
    "provenance.dataset.rows.test": is_count(),
    "files.3.holes": is_one_of([]),
    "files.3.holes.0.0": is_count(),
    "files.3.holes.0.1": lambda value: isinstance(value, str),  # which tensors there are, the weights say
}


def fits(keys: Keys, value: Any) -> bool:
    name = ".".join(map(str, keys))
    if keys[0] == "exits" and len(keys) >= 3 and keys[2] == "quality":
        metric = keys[3] if len(keys) == 4 else None
        most = {"auc": 1.0, "log_loss": 1e308}.get(str(metric))
        return is_number(0, most)(value) if most else value == {} and isinstance(value, dict)
    if keys[0] == "files" and keys[-1] == "bytes":
        return is_count()(value)
    return FITTING.get(name, lambda value: False)(value)


@pytest.mark.parametrize("keys", list(paths(full())), ids=lambda keys: ".".join(map(str, keys)))
def test_a_field_takes_what_it_means_and_nothing_else(keys: Keys) -> None:
    for value in JUNK:
        changed = copy.deepcopy(full())
        *outer, last = keys
        inside: Any = changed
        for key in outer:
            inside = inside[key]
        inside[last] = value
        accepted = _accepts(json.dumps(changed).encode())
        assert accepted == fits(keys, value), (keys, value)


def test_what_may_be_absent_may_be_absent_and_other_keys_are_ignored() -> None:
    assert _accepts(json.dumps(full()).encode())
    optional = [
        "runtimes", "cascades", "model.vocabulary", "model.positions", "model.slots", "model.parameters",
        "model.nonzero", "model.precision", "model.buckets", "golden.reference", "golden.tolerances",
        "provenance.dataset", "provenance.protocol",
    ]  # fmt: skip
    for name in optional:
        changed = full()
        *outer, last = name.split(".")
        inside = changed
        for key in outer:
            inside = inside[key]
        del inside[last]
        assert _accepts(json.dumps(changed).encode()), name
    assert _accepts(json.dumps(full() | {"later": None}).encode())


def _accepts(data: bytes) -> bool:
    try:
        parse_manifest(Path("m.edge"), data)
    except EdgeError as error:
        assert error.problem.startswith("m.edge refused: ") and "\n" not in error.problem
        return False
    return True
