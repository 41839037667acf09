"""WordPiece: text to token ids by the longest match, word by word."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edge.errors import EdgeError, file_fix
from edge.files import lines_of
from edge.text.normalize import normalize, words

SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[MASK]", "[BOS']", "[EOS']", "[BOS]", "[EOS]")
PAD, UNKNOWN, MASK, BOS_USER, EOS_USER, BOS, EOS = range(7)  # their ids; user side, then candidate side

_ORIGINAL = "copy the original file again: a token's line is its id in the model"
LONGEST_WORD = 100  # code points; a longer word is one [UNK]
CACHE_CHUNKS = 65_536  # when full, the cache is emptied
CACHE_LONGEST = 64  # longer chunks are not kept


class WordPiece:
    """Equal to `tokenizers`' WordPiece behind its BERT normaliser and pre-tokeniser (tests prove it).

    Special tokens are never read from text: their brackets are split off like any punctuation.
    """

    def __init__(self, vocabulary: Sequence[str], lowercase: bool) -> None:
        """`vocabulary`: each id's token, special ones first. Errors: another start, a repeated token."""
        self.vocabulary = tuple(vocabulary)
        self.lowercase = lowercase
        _check(self.vocabulary)
        self._ids = {token: position for position, token in enumerate(self.vocabulary)}
        self._longest = max(len(token) for token in self.vocabulary)
        self._cache: dict[str, tuple[int, ...]] = {}

    def __len__(self) -> int:
        return len(self.vocabulary)

    def __reduce__(self) -> tuple[type[WordPiece], tuple[tuple[str, ...], bool]]:
        return WordPiece, (self.vocabulary, self.lowercase)  # worker processes fill caches of their own

    def encode(self, text: str) -> list[int]:
        """Token ids of `text`, no special tokens added."""
        ids: list[int] = []
        cached = self._cache.get
        for chunk in text.split(" "):  # normalisation never looks across a space, so chunks may be cached
            found = cached(chunk)
            ids += self._chunk(chunk) if found is None else found
        return ids

    def tokens(self, text: str) -> list[str]:
        """The tokens that `encode` gives ids for."""
        return [self.vocabulary[token] for token in self.encode(text)]

    def _chunk(self, chunk: str) -> tuple[int, ...]:
        found = tuple(token for word in words(normalize(chunk, self.lowercase)) for token in self._word(word))
        if len(chunk) <= CACHE_LONGEST:
            if len(self._cache) >= CACHE_CHUNKS:
                self._cache.clear()
            self._cache[chunk] = found
        return found

    def _word(self, word: str) -> list[int]:
        """Ids of one word's longest pieces from left to right, or [UNK] alone if a rest matches none."""
        if len(word) > LONGEST_WORD:
            return [UNKNOWN]
        pieces: list[int] = []
        start = 0
        while start < len(word):
            prefix = "##" if start else ""
            for end in range(min(len(word), start + self._longest), start, -1):
                token = self._ids.get(prefix + word[start:end])
                if token is not None:
                    break
            else:
                return [UNKNOWN]
            pieces.append(token)
            start = end
        return pieces


def read_vocabulary(path: Path) -> tuple[str, ...]:
    """The tokens of a vocabulary file: UTF-8, one a line, the line number less one is the id.

    Errors: it cannot be read, it does not start with the special tokens, a token stands twice.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise EdgeError(
            f"cannot read the vocabulary {path}",
            evidence=str(error),
            fix=file_fix(error) if isinstance(error, OSError) else _ORIGINAL,
        ) from error
    vocabulary = tuple(lines_of(text))  # a token may be U+2028
    try:
        _check(vocabulary)
    except EdgeError as error:
        raise EdgeError(f"{path}: {error.problem}", evidence=error.evidence, fix=error.fix) from error
    return vocabulary


def _check(vocabulary: tuple[str, ...]) -> None:
    start = vocabulary[: len(SPECIAL_TOKENS)]
    if start != SPECIAL_TOKENS:
        raise EdgeError(
            "the vocabulary does not start with the special tokens",
            evidence=f"expected: {' '.join(SPECIAL_TOKENS)}\nfound: {' '.join(start)}",
            fix=_ORIGINAL,
        )
    seen: dict[str, int] = {}
    for position, token in enumerate(vocabulary):
        if not token or "\n" in token:
            raise EdgeError(f"the vocabulary's line {position + 1} is not a token: {token!r}", fix=_ORIGINAL)
        first = seen.setdefault(token, position)
        if first != position:
            raise EdgeError(f"the vocabulary's lines {first + 1} and {position + 1} are both {token!r}", fix=_ORIGINAL)
