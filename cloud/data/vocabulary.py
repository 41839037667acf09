"""The vocabulary: trained by `tokenizers` on rendered training texts, the same in every run."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping

from tokenizers import Tokenizer
from tokenizers.models import WordPiece as WordPieceModel
from tokenizers.pre_tokenizers import WhitespaceSplit
from tokenizers.trainers import WordPieceTrainer

from edge.config import setting
from edge.errors import EdgeError
from edge.text.normalize import normalize, words
from edge.text.wordpiece import LONGEST_WORD, SPECIAL_TOKENS

SAMPLE = 2_000_000  # words shown to the trainer; counts beyond are scaled down


def count_words(texts: Mapping[str, int], lowercase: bool) -> Counter[str]:
    """Words, as the runtime splits them, with how often they occur in texts that occur that often."""
    counts: Counter[str] = Counter()
    for text, count in texts.items():
        for word in words(normalize(text, lowercase)):
            if len(word) <= LONGEST_WORD:
                counts[word] += count
    return counts


def train_vocabulary(counts: Mapping[str, int], size: int) -> list[str]:
    """At most `size` tokens, special ones first, then the others sorted, a piece beside the word that it begins like.

    Sorted, the file compresses by a quarter better; what a text becomes does not depend on the order. The characters
    go in as fixed tokens: the trainer would number them in the order of a hash table.
    Errors: a size that does not hold the special tokens and an alphabet.
    """
    characters = _characters(counts, (size - len(SPECIAL_TOKENS)) // 4)
    if not characters:
        raise EdgeError(f"a vocabulary of {size} tokens is too small", fix=f"--set {setting('vocabulary')}=2000")
    kept = {word: count for word, count in counts.items() if characters.issuperset(word)}
    inner = {character for word in kept for character in word[1:]}
    fixed = [*SPECIAL_TOKENS, *sorted(characters), *(f"##{character}" for character in sorted(inner))]
    tokenizer = Tokenizer(WordPieceModel(unk_token="[UNK]", max_input_chars_per_word=LONGEST_WORD))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    trainer = WordPieceTrainer(vocab_size=size, special_tokens=fixed, min_frequency=2, show_progress=False)
    tokenizer.train_from_iterator(_lines(kept), trainer)
    pieces = tokenizer.get_vocab(with_added_tokens=True).keys() - set(SPECIAL_TOKENS)
    return [*SPECIAL_TOKENS, *sorted(pieces, key=lambda token: (token.removeprefix("##"), token))]


def _characters(counts: Mapping[str, int], limit: int) -> set[str]:
    """The `limit` most frequent characters."""
    found: Counter[str] = Counter()
    for word, count in counts.items():
        for character in word:
            found[character] += count
    ordered = sorted(found, key=lambda character: (-found[character], character))
    return set(ordered[: max(limit, 0)])


def _lines(counts: Mapping[str, int]) -> Iterator[str]:
    """Each word as often as it occurs, scaled to at most about SAMPLE words."""
    scale = min(1.0, SAMPLE / max(1, sum(counts.values())))
    for word, count in sorted(counts.items()):
        yield " ".join([word] * math.ceil(count * scale))
