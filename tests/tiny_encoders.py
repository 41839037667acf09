"""Directories of tiny Hugging Face models with random weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

WORDS = ["film", "the", "a", "night", "river", "drama", "comedy", "old", "years", "man", "woman", "of", "red", "star"]
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, *LETTERS, *(f"##{letter}" for letter in LETTERS)]


def tiny_encoder(folder: Path, seed: int = 0, layers: int = 2, **config: Any) -> Path:
    """A BERT, 32 wide, and a WordPiece tokenizer of a few words and all letters."""
    transformers = pytest.importorskip("transformers", reason="the extra 'pretrained' is not installed")
    torch.manual_seed(seed)
    shape = {"hidden_size": 32, "num_hidden_layers": layers, "num_attention_heads": 2, "intermediate_size": 64}
    settings = transformers.BertConfig(**shape, vocab_size=len(VOCABULARY), max_position_embeddings=40, **config)
    model = transformers.BertModel(settings)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    model.save_pretrained(folder)
    (folder / "vocab.txt").write_text("".join(f"{token}\n" for token in VOCABULARY))
    about = {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": 40}
    (folder / "tokenizer_config.json").write_text(json.dumps(about))
    return folder


def changed(folder: Path, name: str, **values: Any) -> None:
    """A JSON file of the directory with other values."""
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps((json.loads(path.read_text()) if path.is_file() else {}) | values))
