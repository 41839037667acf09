"""WordPiece equals the library's; special tokens cannot be written by a user."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.errors import EdgeError
from edge.text import wordpiece as module
from edge.text.wordpiece import SPECIAL_TOKENS, UNKNOWN, WordPiece, read_vocabulary

Library = Callable[[Sequence[str], bool], Callable[[str], list[int]]]

pieces = st.sampled_from(
    [
        "star",
        "wars",
        "The ",
        "é",
        "e\u0301",
        "東京の",
        "👨‍👩‍👧",
        "##",
        "ing",
        "[MASK]",
        "[BOS']",
        "'s",
        "A",
        "B",
        " ",
        "한",
        "x" * 99,
    ]
)
messy = st.lists(st.one_of(pieces, st.text(st.characters(exclude_categories=["Cs"]), max_size=6))).map("".join)


@pytest.fixture(scope="module")
def both(vocabulary: list[str], library: Library) -> dict[bool, tuple[WordPiece, Callable[[str], list[int]]]]:
    return {
        lowercase: (WordPiece(vocabulary, lowercase), library(vocabulary, lowercase)) for lowercase in (True, False)
    }


def small(*tokens: str, lowercase: bool = True) -> WordPiece:
    return WordPiece([*SPECIAL_TOKENS, *tokens], lowercase)


def test_every_title_gets_the_librarys_ids(
    both: dict[bool, tuple[WordPiece, Callable[[str], list[int]]]], titles: list[str]
) -> None:
    assert len(titles) > 5000
    for ours, theirs in both.values():
        for title in titles:
            assert ours.encode(title) == theirs(title)
            assert ours.encode(title) == theirs(title)  # from the cache


def test_random_text_gets_the_librarys_ids(
    both: dict[bool, tuple[WordPiece, Callable[[str], list[int]]]],
) -> None:
    @settings(max_examples=500, deadline=None)
    @given(messy, st.booleans())
    def check(text: str, lowercase: bool) -> None:
        ours, theirs = both[lowercase]
        assert ours.encode(text) == theirs(text)

    check()


@given(st.lists(st.sampled_from([*SPECIAL_TOKENS, "[mask]", "##s", " ", "x"])).map("".join))
def test_special_tokens_inside_text_stay_text(text: str) -> None:
    for lowercase in (True, False):
        wordpiece = small(*"[]'xs", "mask", "MASK", "##s", lowercase=lowercase)
        assert set(wordpiece.encode(text)).isdisjoint(set(range(len(SPECIAL_TOKENS))) - {UNKNOWN})


def test_a_word_is_cut_into_its_longest_pieces_from_the_left() -> None:
    assert small("un", "una", "##aff", "##able", "##ffable").tokens("unaffable") == ["una", "##ffable"]
    assert small("un", "una", "##aff", "##able").tokens("unaffable") == ["[UNK]"]  # no way back from "una"


def test_a_word_of_101_code_points_is_unknown() -> None:
    wordpiece = small("x", "##x")
    assert len(wordpiece.encode("x" * 100)) == 100
    assert wordpiece.encode("x" * 101 + " x") == [UNKNOWN, 7]


def test_the_cache_stays_bounded_and_changes_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CACHE_CHUNKS", 3)
    wordpiece = small("a", "##b", "c")
    texts = ["a", "ab", "abb", "c", "c a", "q", "a" * 65, ""] * 3
    assert [wordpiece.encode(text) for text in texts] == [small("a", "##b", "c").encode(text) for text in texts]
    assert len(wordpiece._cache) <= 3


def test_a_copy_for_a_worker_process_gives_the_same_ids() -> None:
    wordpiece = small("a", "##b")
    assert pickle.loads(pickle.dumps(wordpiece)).encode("ab Ab") == wordpiece.encode("ab Ab") == [7, 8, 7, 8]


def test_a_vocabulary_file_is_read_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "vocab.txt"
    path.write_bytes("\n".join([*SPECIAL_TOKENS, "a", "##é", "\u2028"]).encode() + b"\n")
    assert read_vocabulary(path) == (*SPECIAL_TOKENS, "a", "##é", "\u2028")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "special tokens"),
        ("\n".join(["[UNK]", "[PAD]", *SPECIAL_TOKENS[2:]]).encode(), "special tokens"),
        ("\n".join([*SPECIAL_TOKENS, "a", "b", "a"]).encode(), "lines 8 and 10 are both 'a'"),
        ("\n".join([*SPECIAL_TOKENS, "a", "", "b"]).encode(), "line 9 is not a token"),
        (b"[PAD]\n\xff\n", "cannot read"),
    ],
)
def test_a_broken_vocabulary_file_is_refused_by_name(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "vocab.txt"
    path.write_bytes(content)
    with pytest.raises(EdgeError, match=words) as refusal:
        read_vocabulary(path)
    assert str(path) in refusal.value.problem


def test_a_missing_vocabulary_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(EdgeError, match=r"cannot read the vocabulary .*vocab\.txt"):
        read_vocabulary(tmp_path / "vocab.txt")
