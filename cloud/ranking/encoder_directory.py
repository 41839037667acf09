"""A directory with a pretrained text encoder: what it must hold, and the hash that names it wherever it lies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from cloud.runs.directory import sha256_json
from edge.config import setting
from edge.errors import EdgeError
from edge.files import parse_strictly, sha256_file

Pooling = Literal["mean", "cls"]
_AGAIN = "copy the encoder again, or save it by model.save_pretrained(DIR)"
MOST_TOKENS = 512  # of a text; longer ones are cut
POOLING = "1_Pooling/config.json"  # as sentence-transformers writes it
SENTENCES = "sentence_bert_config.json"
CONTENT = (  # what a vector depends on
    "config.json", "*.safetensors", "*.safetensors.index.json", "tokenizer*", "*.model", "vocab.*", "merges.txt",
    "added_tokens.json", "special_tokens_map.json", POOLING, SENTENCES,
)  # fmt: skip
TOKENIZERS = ("tokenizer.json", "vocab.txt", "vocab.json", "*.model")
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
POOLINGS: dict[str, Pooling] = {
    "mean": "mean",
    "cls": "cls",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_cls_token": "cls",
}


@dataclass(frozen=True)
class EncoderDirectory:
    """`sha256` is of the content alone. `config` is config.json; `most_tokens` of a text are read, special ones too."""

    path: Path
    sha256: str
    config: Mapping[str, Any]
    pooling: Pooling
    most_tokens: int


def read_directory(path: Path, pooling: str = "auto") -> EncoderDirectory:
    """Errors: no directory, no weights as safetensors, no tokenizer, code of its own, a pooling that is not ours."""
    _check_is_directory(path)
    config = _read(path / "config.json")
    for name in ("config.json", "tokenizer_config.json"):
        if (path / name).is_file() and "auto_map" in _read(path / name):
            fix = "use an encoder whose architecture is part of transformers"
            raise EdgeError(f"{path / name} requires custom code (auto_map), which is never executed", fix=fix)
    _check_weights(path)
    if not _any(path, TOKENIZERS):
        raise EdgeError(
            f"{path} has no tokenizer",
            evidence=f"none of: {', '.join(TOKENIZERS)}",
            fix="save the tokenizer there, too: tokenizer.save_pretrained(DIR)",
        )
    most = [MOST_TOKENS, config.get("max_position_embeddings")]
    if (path / SENTENCES).is_file():
        most.append(_read(path / SENTENCES).get("max_seq_length"))
    most_tokens = min(length for length in most if isinstance(length, int) and length > 0)
    return EncoderDirectory(path, _content_hash(path), config, _pooling(path, pooling), most_tokens)


def _check_is_directory(path: Path) -> None:
    if not path.is_dir():
        fix = "give a directory with a Hugging Face encoder: nothing is downloaded by its name on a hub"
        what = "is not a directory" if path.exists() else "does not exist"
        raise EdgeError(f"{path} {what}", fix=fix)
    if not (path / "config.json").is_file():
        fix = "give the directory that transformers' save_pretrained wrote"
        raise EdgeError(f"{path} has no config.json: it is not a Hugging Face model", fix=fix)


def _check_weights(path: Path) -> None:
    if _any(path, ("model.safetensors", "model.safetensors.index.json")):
        return
    pickles = sorted(file.name for pattern in PICKLES for file in path.glob(pattern))
    evidence = f"{pickles[0]} is a pickle, which can run code when it is read" if pickles else ""
    fix = "save it again by transformers: model.save_pretrained(DIR, safe_serialization=True)"
    raise EdgeError(f"{path} has no weights: no model.safetensors", evidence=evidence, fix=fix)


def _any(path: Path, patterns: tuple[str, ...]) -> bool:
    return any(file.is_file() for pattern in patterns for file in path.glob(pattern))


def _read(path: Path) -> dict[str, Any]:
    try:
        value = parse_strictly(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise EdgeError(f"{path} is not JSON", evidence=str(error), fix=_AGAIN) from error
    if not isinstance(value, dict):
        raise EdgeError(f"{path} is not a JSON object", fix=_AGAIN)
    return value


def _pooling(path: Path, wanted: str) -> Pooling:
    """As wanted; "auto": as the directory says, else the mean."""
    if wanted in POOLINGS:
        return POOLINGS[wanted]
    if not (path / POOLING).is_file():
        return "mean"
    about = _read(path / POOLING)
    ways = [name for name, value in about.items() if name.startswith("pooling_mode_") and value is True]
    found = ways or [str(about.get("pooling_mode"))]
    if len(found) == 1 and found[0] in POOLINGS:
        return POOLINGS[found[0]]
    fix = f"--set {setting('encoder.pooling')}=mean, or cls"
    raise EdgeError(f"{path / POOLING} requires a pooling that is not supported", evidence=str(found), fix=fix)


def _content_hash(path: Path) -> str:
    files = {file for pattern in CONTENT for file in path.glob(pattern) if file.is_file()}
    return sha256_json({file.relative_to(path).as_posix(): sha256_file(file) for file in sorted(files)})
