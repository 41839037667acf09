"""A bundle is opened in one place: what the specification says holds for the phone as it does for the lab."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cloud.torch_engine import TorchEngine
from edge.conformance.golden import make_golden, to_line
from edge.conformance.verify import verify
from edge.runtime.opening import open_bundle_files
from edge.runtime.ranker import Ranker
from exports import SPEC, Exported, bundle_of, request, vocabulary

from edge.bundle.bundle import open_bundle, write_bundle
from edge.bundle.manifest import TEXT
from edge.config import to_dict
from edge.errors import EdgeError
from edge.text.sequence import TextEncoder


def rewritten(source: Path, out: Path, files: dict[str, bytes], **changes: Any) -> Path:
    """The bundle with some of its files and of its manifest replaced."""
    bundle = open_bundle(source)
    contents: dict[str, Path | bytes] = {file.path: bundle.read(file.path) for file in bundle.files}
    manifest = {key: value for key, value in bundle.manifest.items() if key not in ("schema", "files")}
    write_bundle(out, contents | files, manifest | changes)
    return out


@pytest.fixture(scope="module")
def bundle(exported: Exported, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundle_of(exported, tmp_path_factory.mktemp("opening") / "small.edge")


def test_a_bundle_that_keeps_upper_case_keeps_it_in_every_reader(
    exported: Exported, bundle: Path, tmp_path: Path
) -> None:
    """Trained on "Heat" and asked about "HEAT": a phone that lower-cased would tokenise another word."""
    spec = replace(SPEC, lowercase=False)
    lab = TextEncoder(spec, vocabulary())
    engine = TorchEngine(exported.reference["int8"])
    golden = [make_golden(lab, engine, request(title)) for title in ("HEAT", "heat", "Star Wars")]
    lines = "".join(to_line(one) + "\n" for one in golden).encode()
    path = rewritten(bundle, tmp_path / "kept.edge", {TEXT: json.dumps(to_dict(spec)).encode(), "golden.jsonl": lines})
    phone = open_bundle_files(path).encoder
    upper, lower = (golden[place].request.candidates[0] for place in (0, 1))
    assert phone.candidate(upper) == lab.candidate(upper) != phone.candidate(lower)
    assert verify(path).passed
    with Ranker.open(path) as ranker:
        assert ranker.user(request().user).segments == lab.user(request().user, ())


def test_a_bundle_whose_golden_requests_were_lower_cased_is_not_passed(
    exported: Exported, bundle: Path, tmp_path: Path
) -> None:
    engine = TorchEngine(exported.reference["int8"])
    wrong = make_golden(TextEncoder(SPEC, vocabulary()), engine, request("HEAT"))
    spec = json.dumps(to_dict(replace(SPEC, lowercase=False))).encode()
    files = {TEXT: spec, "golden.jsonl": (to_line(wrong) + "\n").encode()}
    found = verify(rewritten(bundle, tmp_path / "wrong.edge", files))
    assert not found.passed and not found.results[0].passed


@pytest.mark.parametrize("engine", ["litert", "onnx"])
def test_an_exit_listed_for_one_engine_is_there_on_every_engine(bundle: Path, tmp_path: Path, engine: str) -> None:
    exits = [
        {"depth": 1, "plan": "prefix", "quality": {"auc": 0.6}},
        {"depth": 4, "plan": "prefix", "quality": {"auc": 0.8}, "engine": "litert"},
        {"depth": 1, "plan": "prefix", "quality": {"auc": 0.61}, "engine": "onnx"},
    ]
    path = rewritten(bundle, tmp_path / "listed.edge", {}, exits=exits)
    with Ranker.open(path, engine=engine) as ranker:
        assert ranker.depths == (1, 4)
        asked = request()
        user = ranker.user(asked.user, asked.events)
        deep, shallow = (ranker.rank(user, asked.candidates, depth=depth).explanation for depth in (4, 1))
    assert (deep.depth, deep.auc) == (4, 0.8)
    assert shallow.auc == {"litert": 0.6, "onnx": 0.61}[engine]  # its own figure where it has one


@pytest.mark.parametrize("engine", ["litert", "onnx"])
@pytest.mark.parametrize(("heads", "hidden"), [(2, 32), (8, 32), (4, 64)])
def test_a_model_with_other_heads_than_its_manifest_is_not_opened(
    bundle: Path, tmp_path: Path, engine: str, heads: int, hidden: int
) -> None:
    model = open_bundle(bundle).manifest["model"] | {"heads": heads, "hidden": hidden}
    path = rewritten(bundle, tmp_path / "other.edge", {}, model=model)
    with pytest.raises(EdgeError, match="is not the model that the manifest describes") as refused:
        Ranker.open(path, engine=engine)
    said = refused.value.problem
    assert "it has 4 heads and a hidden size of 32" in said
    assert said.startswith(f"{path} refused: models/{engine}/") and "\n" not in said


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"{", "text.json is no text specification"),
        (b"[]", "text.json must be an object"),
        (
            b'{"profile": "", "item": "", "event": "", "lowercase": "no"}',
            "text.json.lowercase must be true or false",
        ),
        (b'{"profile": "{age", "item": "", "event": ""}', "profile"),
        (b"\xff", "text.json is no text specification"),
    ],
)
def test_a_text_specification_that_cannot_be_is_refused(
    bundle: Path, tmp_path: Path, content: bytes, problem: str
) -> None:
    path = rewritten(bundle, tmp_path / "bad.edge", {TEXT: content})
    assert problem in refused(path)


CUT = b"\x1c\0\0\0TFL3" + b"\x40" * 200  # as a model begins, with references beyond its end


def refused(path: Path, engine: str = "litert") -> str:
    """The one line that opening refuses the bundle with: it names the bundle, and not where it was installed."""
    with pytest.raises(EdgeError) as refusal:
        Ranker.open(path, engine=engine)
    said = refusal.value.problem
    assert str(refusal.value).count("fix: ") == 1
    assert said.startswith(f"{path} refused: ") and "\n" not in said and "cache" not in said
    return said


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("vocab.txt", b"", "vocab.txt: the vocabulary does not start with the special tokens"),
        ("vocab.txt", b"\xff", "cannot read the vocabulary vocab.txt"),
        ("vocab.txt", "\n".join([*vocabulary(), "a"]).encode(), "lines 8 and 121 are both 'a'"),
        ("vocab.txt", "\n".join(vocabulary()[:50]).encode(), "vocab.txt has 50 tokens, the model 120"),
        ("vocab.txt", "\n".join([*vocabulary(), "more"]).encode(), "vocab.txt has 121 tokens, the model 120"),
        (TEXT, b'{"profile": "", "profile": "", "item": "", "event": ""}', "the key 'profile' stands twice"),
        (
            TEXT,
            json.dumps(to_dict(SPEC) | {"max_events": 11}).encode(),
            "asks for 14 slots (max_events + 3)",
        ),
        (
            TEXT,
            json.dumps(to_dict(SPEC) | {"max_segment_tokens": 17}).encode(),
            "17 tokens, the model has 16",
        ),
        (
            TEXT,
            json.dumps(to_dict(SPEC) | {"max_events": 10.0}).encode(),
            "text.json.max_events must be a whole number, not 10.0",
        ),
        ("models/litert/model.tflite", b"no model", "models/litert/model.tflite is not a model"),
        ("models/litert/model.tflite", b"", "models/litert/model.tflite is not a model"),
        ("models/litert/model.tflite", CUT, "models/litert/model.tflite is not a model"),
    ],
)
def test_a_damaged_file_is_refused_in_one_line_that_names_the_bundle(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes, problem: str
) -> None:
    monkeypatch.setenv("EDGE_CACHE", str(tmp_path / "cache"))
    assert problem in refused(rewritten(bundle, tmp_path / "bad.edge", {name: content}))


def test_a_graph_that_is_not_one_of_ours_is_refused_when_it_is_first_run(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGE_CACHE", str(tmp_path / "cache"))
    head = open_bundle(bundle).read("models/onnx/head.onnx")
    path = rewritten(bundle, tmp_path / "bad.edge", {"models/onnx/embed.onnx": head})
    assert "its onnx model cannot be run: Required inputs" in refused(path, engine="onnx")
    with pytest.raises(EdgeError, match="its onnx model cannot be run") as refusal:
        verify(path, ["onnx"])
    assert "\n" not in refusal.value.problem


def test_a_user_of_another_bundles_ranker_is_refused(bundle: Path, tmp_path: Path) -> None:
    """Its token ids mean other words: the scores would be wrong, and nothing would say so."""
    spec = json.dumps(to_dict(replace(SPEC, lowercase=False))).encode()
    other = rewritten(bundle, tmp_path / "newer.edge", {TEXT: spec})
    asked = request()
    with Ranker.open(bundle) as old, Ranker.open(other) as new, Ranker.open(bundle, engine="onnx") as beside:
        user = old.user(asked.user, asked.events)
        with pytest.raises(EdgeError, match="made by a ranker of another bundle"):
            new.rank(user, asked.candidates)
        assert len(beside.rank(user, asked.candidates).items) == len(asked.candidates)
