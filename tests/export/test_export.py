"""From a run to a bundle, and from the bundle to a ranker that ranks as torch does."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from commands import edge
from small_runs import make

from cloud.data.samples import load_samples
from cloud.ranking.calibration import calibration_of
from cloud.ranking.measure import load_ranker
from cloud.ranking.model import RankingModel
from cloud.runs.directory import Run
from cloud.stage import text_encoder
from compress.integers import quantise_ranker
from edge.bundle.bundle import open_bundle
from edge.bundle.exits import Exit
from edge.conformance.golden import read_request
from edge.conformance.verify import verify_bundle
from edge.errors import EdgeError
from edge.runtime.opening import open_files
from edge.runtime.ranker import Ranker
from edge.runtime.user_timeline import Reading
from edge.text.segments import SegmentEncoder
from edge.text.types import Request
from export.buckets import Buckets
from export.bundle import bundle_student, make_manifest
from export.models import write_models
from export.parity import compare_engines, exits_of, make_goldens
from export.settings import ParityLimits, RankerExportConfig
from export.stage import RANKER_EXPORT, bundle_of, export_ranker
from export.torch_logits import TorchEngine

PLACES = 9
BUCKETS = Buckets(tokens=(32, 64), segments=16, append=(1, 8), candidates=(2, 4))
EXITS = [Exit(encode, interact) for encode in (1, 2) for interact in (0, 1)]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGE_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def reading(club: Run) -> Reading:
    encoder = text_encoder(club)
    return Reading(SegmentEncoder(encoder), encoder.spec.numbers, "rating")


@pytest.fixture(scope="module")
def requests(club: Run) -> list[tuple[str, Request]]:
    found = [(id, replace(one, candidates=one.candidates[:5])) for id, one in load_samples(club)[:4]]
    assert any(len(one.events) > PLACES - 1 for _, one in found) and any(not one.events for _, one in found)
    return found


@pytest.fixture(scope="module")
def model(student: Run) -> RankingModel:
    """Random in every weight: what is wrong anywhere shows in the logits."""
    torch.manual_seed(5)
    found = load_ranker(student)
    for parameter in found.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return quantise_ranker(found)


@pytest.fixture(scope="module")
def random_bundle(
    model: RankingModel,
    student: Run,
    club: Run,
    reading: Reading,
    requests: Sequence[tuple[str, Request]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    folder = tmp_path_factory.mktemp("random")
    config = RankerExportConfig(name="random", buckets=BUCKETS, float_tolerance=0.02)
    write_models(model, PLACES, BUCKETS, folder / "models", config.engines)
    goldens = make_goldens(model, reading, requests, PLACES)
    manifest = make_manifest(config, model, club, student, PLACES)
    texts = {name: club.file(name) for name in ("text.json", "vocab.txt")}
    return bundle_student(folder / "random.edge", model, texts, goldens, folder / "models", manifest).path


@pytest.mark.parametrize("engine", ["litert", "onnx", "reference"])
def test_a_ranker_from_the_file_ranks_as_torch_does(
    engine: str, random_bundle: Path, model: RankingModel, reading: Reading, requests: Sequence[tuple[str, Request]]
) -> None:
    torch_engine, spread = TorchEngine(model, reading, PLACES), list[float]()
    chances = {one.exit: one.calibration for one in open_files(random_bundle).exits}
    with Ranker.open(random_bundle, engine) as ranker:
        assert ranker.exits == tuple(EXITS)
        for id, request in requests:
            wanted = torch_engine.logits(read_request(reading, id, request), EXITS)
            user = ranker.user(request.user, request.events)
            for exit in EXITS:
                asked = (exit.encode, exit.interact)
                ranked = ranker.rank(user, request.candidates, exit=asked, time_s=request.time)
                found = dict(zip((item.id for item in ranked.items), ranked.scores, strict=True))
                scores = [found[item.id] for item in request.candidates]
                calibration = chances[exit]
                assert calibration is not None and ranked.explanation.probabilities
                expected = [calibration.chance(float(logit)) for logit in wanted[exit]]
                np.testing.assert_allclose(scores, expected, rtol=0, atol=0.02)
                spread.append(float(np.ptp(wanted[exit])))
    assert max(spread) > 0.5


def test_golden_requests_are_replayed_on_every_engine(random_bundle: Path) -> None:
    found = verify_bundle(random_bundle, ["all"])
    assert found.passed and not found.unchecked
    assert {(row.engine, row.exit) for row in found.results[1:]} == {
        (engine, str(exit)) for engine in ("litert", "onnx", "reference", "coreml") for exit in EXITS
    }


def test_a_file_that_differs_from_the_reference_is_not_exported(
    model: RankingModel, reading: Reading, requests: Sequence[tuple[str, Request]], tmp_path: Path
) -> None:
    goldens = make_goldens(model, reading, requests, PLACES)
    write_models(model, PLACES, BUCKETS, tmp_path)
    with pytest.raises(EdgeError, match="differs from the reference by"):
        compare_engines(model, reading, tmp_path, goldens, PLACES, {"torch": 1e-9})
    exit = exits_of(model)[-1]
    altered = {**goldens[0].logits, exit: goldens[0].logits[exit] * np.float32(np.nan)}
    with pytest.raises(EdgeError, match=f"at exit {exit}"):
        tolerances = {"torch": 0.02, "litert": 0.02}
        compare_engines(model, reading, tmp_path, [replace(goldens[0], logits=altered)], PLACES, tolerances)


def test_the_command_exports_integers(club: Run, integers: Run, tmp_path: Path) -> None:
    parents = ("--parent", club.path, "--parent", integers.path)
    settings = ("--set", "name=club", "--set", "buckets.candidates=[4]", "--set", "golden_requests=3")
    assert edge("export", *parents, "--out", tmp_path / "export", *settings) == 0
    run = Run.open(tmp_path / "export", RANKER_EXPORT.name)
    bundle = open_bundle(run.path / "club.edge")
    assert set(bundle.engines) == {"litert", "onnx", "coreml"} and bundle.manifest["model"]["precision"] == "int8"
    assert set(bundle.manifest["runtimes"]) == {"litert", "onnx", "coreml"}
    assert bundle.manifest["model"]["value"] == "rating" and bundle.manifest["model"]["places"] == PLACES
    assert "score_1_4" in bundle.manifest["buckets"]["litert"] == bundle.manifest["buckets"]["coreml"]
    quality, exits = integers.summary["quality"]["test"], bundle.manifest["exits"]
    assert [(exit["encode"], exit["interact"]) for exit in exits] == [(exit.encode, exit.interact) for exit in EXITS]
    for exit in exits:
        measured = quality[f"encode {exit['encode']}"][str(exit["interact"])]
        assert exit["quality"]["auc"] == measured["auc"]
        fit = calibration_of(integers, exit["encode"], exit["interact"])
        assert fit is not None and exit["calibration"] == {"temperature": fit.temperature, "offset": fit.offset}
    ids = [json.loads(line)["id"] for line in bundle.read("golden.jsonl").splitlines()]
    made = [id.startswith("made-") for id in ids]
    assert made.count(False) == 3 and made.count(True) >= 5
    verified = verify_bundle(bundle.path, ["onnx"])
    assert verified.passed and not verified.unexamined
    parity = run.summary["parity"]
    assert set(parity) == {"int8", "float32", "one call"}
    plain = {"model.tflite", "model.onnx", "Model.mlpackage"}
    assert {row["engine"] for row in parity["one call"]} == plain == set(run.summary["plain"])
    assert run.summary["plain"]["model.onnx"] == (run.path / "plain" / "model.onnx").stat().st_size
    assert {row["engine"] for row in parity["int8"]} == {"torch", "litert", "onnx", "coreml"}
    assert {row["engine"] for row in parity["float32"]} == {"torch", "litert", "onnx"}
    assert run.summary["sizes"]["litert"]["download"] < (run.path / "club.edge").stat().st_size
    assert {row["engine"] for row in run.summary["verified"]} == {"text", "reference", "litert", "onnx", "coreml"}
    assert sum(part["download"] for part in run.summary["parts"]) < run.summary["bundle"]["bytes"]
    assert run.summary["bundle"]["sha256"] == bundle.sha256 and bundle_of(run) == bundle.path
    report = (run.path / "report.md").read_text()
    assert "| int8 | litert | 2/1 |" in report and "| int8 | coreml | 2/1 | torch, float activations |" in report
    assert not any(run.path.rglob("scratch"))


def test_an_engine_that_is_further_from_torch_than_allowed_ends_the_command_with_1(
    club: Run, integers: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parents, limits = ("--parent", club.path, "--parent", integers.path), ("parity.float_tolerance=1e-12",)
    settings = ("coreml=false", "golden_requests=1", "parity.requests=5", *limits)
    words = [part for setting in settings for part in ("--set", setting)]
    assert edge("export", *parents, "--out", tmp_path / "export", *words) == 1
    told = capsys.readouterr().out
    assert "**Warning.** Too far from torch: litert, float32 weights, at exit 1/0: logits up to " in told
    assert verify_bundle(tmp_path / "export" / "movies.edge").passed


def test_a_run_of_another_kind_is_refused_by_its_name(
    club: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parents = ("--parent", club.path, "--parent", make(tmp_path / "old", "int8").path)
    assert edge("export", *parents, "--out", tmp_path / "x") == 2
    told = capsys.readouterr().err
    assert "need exactly one --parent that is a 'ranker-int8'" in told and f"{tmp_path / 'old'} (int8)" in told
    assert not (tmp_path / "x").exists()


def test_a_float_student_is_exported_and_opened(club: Run, student: Run, tmp_path: Path) -> None:
    parity = ParityLimits(requests=20, simulated=5)
    config = RankerExportConfig(buckets=BUCKETS, golden_requests=2, golden_candidates=3, parity=parity)
    run = export_ranker(club, student, tmp_path / "export", config)
    assert set(run.summary["parity"]) == {"float32", "one call"}
    path = run.path / "movies.edge"
    assert open_bundle(path).manifest["model"]["precision"] == "float32"
    assert verify_bundle(path, ["onnx"]).passed
    record = json.loads(open_bundle(path).read("golden.jsonl").splitlines()[0])
    assert len(record["request"]["candidates"]) <= 3


def test_buckets_that_hold_no_segment_are_refused_before_anything_is_written(
    club: Run, student: Run, tmp_path: Path
) -> None:
    config = RankerExportConfig(buckets=Buckets(tokens=(4,)))
    with pytest.raises(EdgeError, match="holds 4 tokens"):
        export_ranker(club, student, tmp_path / "export", config)
    assert not (tmp_path / "export").exists()


def test_settings_that_cannot_be_meant_are_refused() -> None:
    for wrong in ({"name": "a/b"}, {"golden_requests": 0}, {"float_tolerance": 0.0}, {"coreml_tolerance": 1e9}):
        with pytest.raises(EdgeError):
            RankerExportConfig(**wrong)  # type: ignore[arg-type]
    for beyond in ({"requests": 0}, {"simulated": 0}, {"top10": 99.5}, {"auc": -0.1}, {"integer_tolerance": 1e9}):
        with pytest.raises(EdgeError):
            ParityLimits(**beyond)  # type: ignore[arg-type]
