import hashlib
import subprocess
import sys
from collections import Counter

import pytest

from cloud.data.vocabulary import count_words, train_vocabulary
from edge.errors import EdgeError
from edge.text.wordpiece import SPECIAL_TOKENS, WordPiece

TEXTS = Counter({"The Lion King 1994": 5, "The Lion in Winter 1968": 2, "Amélie 映画": 3, "King Kong": 1})


def test_special_tokens_come_first_then_all_others_in_order() -> None:
    tokens = train_vocabulary(count_words(TEXTS, lowercase=True), 200)
    assert tuple(tokens[:7]) == SPECIAL_TOKENS
    spelled = [token.removeprefix("##") for token in tokens[7:]]
    assert spelled == sorted(spelled)
    assert "lion" in tokens
    assert len(tokens) == len(set(tokens)) <= 200


def test_every_training_text_can_be_spelled() -> None:
    wordpiece = WordPiece(train_vocabulary(count_words(TEXTS, lowercase=True), 200), lowercase=True)
    for text in TEXTS:
        assert "[UNK]" not in wordpiece.tokens(text)


def test_words_count_as_often_as_they_are_shown() -> None:
    counts = count_words(TEXTS, lowercase=True)
    assert counts["lion"] == 7
    assert counts["amelie"] == 3
    assert counts["映"] == 3


def test_size_is_kept_when_there_are_more_characters_than_room() -> None:
    many = Counter({chr(0x4E00 + number): 500 - number for number in range(400)})
    tokens = train_vocabulary(count_words(many, lowercase=True), 107)
    assert len(tokens) <= 107
    assert chr(0x4E00) in tokens
    assert chr(0x4E00 + 399) not in tokens


def test_a_vocabulary_without_room_for_characters_is_refused() -> None:
    with pytest.raises(EdgeError, match="too small"):
        train_vocabulary(count_words(TEXTS, lowercase=True), 8)


def test_the_vocabulary_is_the_same_in_another_process() -> None:
    code = (
        "import hashlib, json, sys; from cloud.data.vocabulary import train_vocabulary; "
        "counts = {f'{a}{b}{a}{c}': 2 for a in 'abcdefg' for b in 'hijklm' for c in 'nopq'}; "
        "print(hashlib.sha256('|'.join(train_vocabulary(counts, 150)).encode()).hexdigest())"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2", "3")
    ]
    assert len(set(runs)) == 1
    assert len(runs[0].strip()) == hashlib.sha256().digest_size * 2
