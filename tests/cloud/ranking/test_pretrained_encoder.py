"""What a directory must hold to encode texts, and the vectors that it makes."""

from __future__ import annotations

import shutil
import socket
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_encoders import changed, tiny_encoder

from cloud.ranking.encoder_directory import read_directory
from cloud.ranking.pretrained_encoder import PretrainedEncoder, check_kind
from edge.errors import EdgeError


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_encoder(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def copy(directory: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(directory, tmp_path / "copy"))


def opened(path: Path, pooling: str = "auto") -> PretrainedEncoder:
    return PretrainedEncoder(read_directory(path, pooling))


def vectors(encoder: PretrainedEncoder, *texts: str) -> torch.Tensor:
    with torch.inference_mode():
        return encoder.vectors(encoder.tokens(texts))


def test_padding_never_changes_a_vector(directory: Path) -> None:
    encoder = opened(directory)
    alone = vectors(encoder, "the river")
    together = vectors(encoder, "the river", "a red star of the old night " * 4)
    assert alone.shape == (1, 32)
    assert torch.allclose(together[0], alone[0], atol=1e-6)
    assert not torch.allclose(together[1], together[0], atol=1e-2)


def test_a_text_without_words_has_a_vector(directory: Path) -> None:
    assert vectors(opened(directory), "").isfinite().all()


def test_pooling_is_that_of_the_directory_unless_another_is_chosen(copy: Path) -> None:
    encoder = opened(copy)
    hidden = encoder.model(input_ids=torch.tensor(encoder.tokens(["the river"]))).last_hidden_state[0]
    assert torch.allclose(vectors(encoder, "the river")[0], hidden.mean(0), atol=1e-6)
    changed(copy, "1_Pooling/config.json", pooling_mode_cls_token=True, pooling_mode_mean_tokens=False)
    assert torch.allclose(vectors(opened(copy), "the river")[0], hidden[0], atol=1e-6)
    assert torch.allclose(vectors(opened(copy, "mean"), "the river")[0], hidden.mean(0), atol=1e-6)
    changed(copy, "1_Pooling/config.json", pooling_mode_cls_token=False, pooling_mode_max_tokens=True)
    with pytest.raises(EdgeError, match="requires a pooling that is not supported") as refused:
        read_directory(copy)
    assert "encoder.pooling=mean" in refused.value.fix


def test_a_long_text_is_cut_at_what_the_encoder_reads(copy: Path) -> None:
    assert len(opened(copy).tokens(["the " * 900])[0]) == 40
    changed(copy, "sentence_bert_config.json", max_seq_length=12)
    assert len(opened(copy).tokens(["the " * 900])[0]) == 12


def test_the_hash_is_of_what_a_vector_depends_on_and_of_no_path(directory: Path, copy: Path) -> None:
    before = read_directory(directory).sha256
    (copy / "README.md").write_text("not read")
    assert read_directory(copy).sha256 == before
    changed(copy, "1_Pooling/config.json", pooling_mode_mean_tokens=True)
    assert read_directory(copy).sha256 != before
    (copy / "1_Pooling/config.json").unlink()
    assert read_directory(copy).sha256 == before
    data = bytearray((copy / "model.safetensors").read_bytes())
    data[-1] ^= 1
    (copy / "model.safetensors").write_bytes(data)
    assert read_directory(copy).sha256 != before


def test_nothing_but_a_directory_is_read_and_nothing_is_downloaded(
    directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_network(*_: Any) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", no_network)
    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    opened(directory)
    with pytest.raises(EdgeError, match="sentence-transformers/all-MiniLM-L6-v2 does not exist") as refused:
        read_directory(Path("sentence-transformers/all-MiniLM-L6-v2"))
    assert "nothing is downloaded" in refused.value.fix
    (tmp_path / "file").write_text("")
    with pytest.raises(EdgeError, match="file is not a directory"):
        read_directory(tmp_path / "file")
    with pytest.raises(EdgeError, match=r"has no config\.json"):
        read_directory(tmp_path)


def test_weights_are_read_from_safetensors_alone(copy: Path) -> None:
    (copy / "model.safetensors").rename(copy / "pytorch_model.bin")
    with pytest.raises(EdgeError, match=r"no model\.safetensors") as refused:
        read_directory(copy)
    assert refused.value.evidence == "pytorch_model.bin is a pickle, which can run code when it is read"
    (copy / "pytorch_model.bin").unlink()
    with pytest.raises(EdgeError, match=r"no model\.safetensors") as refused:
        read_directory(copy)
    assert not refused.value.evidence


@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json"])
def test_code_of_a_directory_is_never_run(copy: Path, name: str) -> None:
    changed(copy, name, auto_map={"AutoModel": "modeling_mine.Mine"})
    (copy / "modeling_mine.py").write_text("raise AssertionError('run')\n")
    with pytest.raises(EdgeError, match="requires custom code"):
        read_directory(copy)


def test_a_directory_without_a_tokenizer_is_refused(copy: Path) -> None:
    (copy / "vocab.txt").unlink()
    with pytest.raises(EdgeError, match="has no tokenizer"):
        read_directory(copy)


@pytest.mark.parametrize(
    ("kind", "values", "reason"),
    [
        ("gpt2", {}, "a decoder: a token does not see those after it"),
        ("bert", {"is_decoder": True}, "a decoder: a token does not see those after it"),
        ("t5", {}, "encoder and decoder"),
        ("bart", {}, "encoder and decoder"),
        ("whisper", {}, "encoder and decoder"),
        ("vit", {}, "a model of pictures"),
        ("clip", {}, "a model of pictures"),
        ("wavlm", {}, "no encoder of text"),
    ],
)
def test_a_model_that_is_no_encoder_of_text_is_refused(
    copy: Path, kind: str, values: dict[str, Any], reason: str
) -> None:
    import transformers

    transformers.AutoConfig.for_model(kind, **values).save_pretrained(copy)
    with pytest.raises(EdgeError, match=f"holds {reason} .{kind}.") as refused:
        check_kind(read_directory(copy))
    assert "BERT" in refused.value.fix


@pytest.mark.parametrize("kind", ["mine", None, 7])
def test_a_kind_that_transformers_does_not_know_is_refused(copy: Path, kind: object) -> None:
    changed(copy, "config.json", model_type=kind)
    with pytest.raises(EdgeError, match=r"describes no model that transformers [0-9.]+ knows"):
        check_kind(read_directory(copy))


def test_weights_that_are_not_those_of_the_config_are_refused(copy: Path) -> None:
    changed(copy, "config.json", num_hidden_layers=3)
    with pytest.raises(EdgeError, match=r"its weights are not those of its config\.json") as refused:
        opened(copy)
    assert "encoder.layer.2" in refused.value.evidence


def test_damaged_weights_are_refused(copy: Path) -> None:
    path = copy / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(EdgeError, match="cannot be read by transformers"):
        opened(copy)


def test_weights_that_are_not_numbers_are_refused(copy: Path) -> None:
    from safetensors.torch import load_file, save_file

    tensors = load_file(copy / "model.safetensors")
    tensors["embeddings.LayerNorm.weight"][3] = float("nan")
    save_file(tensors, copy / "model.safetensors", {"format": "pt"})
    with pytest.raises(EdgeError, match="not numbers: its weights are damaged"):
        opened(copy)


def test_without_transformers_the_extra_is_named(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(EdgeError, match="packages that are not installed") as refused:
        check_kind(read_directory(directory))
    assert "'.[pretrained]'" in refused.value.fix
