"""Normalisation equals the library's on every code point and on random text."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

from edge.text.normalize import TABLES, normalize, words

EVERY_CODE_POINT = "".join(chr(point) for point in range(0x110000) if not 0xD800 <= point <= 0xDFFF)
LIBRARY = {lowercase: BertNormalizer(lowercase=lowercase) for lowercase in (True, False)}

awkward = st.sampled_from(
    [
        *"aZ09 \t\n\r\0\x0b\x7f\x85\xa0\xad-_'[]#¿“”…€",
        *"\u0300\u0301\u0323\u0327\u034f\u0345\u05b0\u064b\u093c\u094d\u1b44\u302e\u3099",  # marks
        *"\u200b\u200d\ufe0f\ufeff\ufffd\u2028\u3000\ufffe",  # format characters and spaces
        *"éǅİſKÅΣςßﬁⅧ東豈の가힣ᄀ",
        *"👨👩👧👍🏽🇫\U0001d165\U0001d15e\U00011133\U000e0041\U000f0000\U0010ffff\u0378\U0001fae9",
        "👨‍👩‍👧‍👦",
        "❤️",
    ]
)
unicode_text = st.lists(st.one_of(st.characters(exclude_categories=["Cs"]), awkward), max_size=40).map("".join)


def library_words(text: str) -> list[str]:
    return [word for word, _ in BertPreTokenizer().pre_tokenize_str(text)]


@pytest.mark.parametrize("lowercase", [True, False])
def test_every_code_point_is_normalised_as_in_the_library(lowercase: bool) -> None:
    assert normalize(EVERY_CODE_POINT, lowercase) == LIBRARY[lowercase].normalize_str(EVERY_CODE_POINT)


def test_every_normalised_code_point_is_split_as_in_the_library() -> None:
    normalized = LIBRARY[False].normalize_str(EVERY_CODE_POINT)
    assert words(normalized) == library_words(normalized)


@pytest.mark.parametrize("mark", ["\u1b44", "\U0001d165"], ids=["class 9", "class 216"])
def test_surviving_marks_are_ordered_as_in_the_library_beside_every_code_point(mark: str) -> None:
    text = mark.join(EVERY_CODE_POINT[:0x20000])
    assert normalize(text) == LIBRARY[True].normalize_str(text)


@settings(max_examples=500, deadline=None)
@given(unicode_text, st.booleans())
def test_random_text_is_normalised_and_split_as_in_the_library(text: str, lowercase: bool) -> None:
    expected = LIBRARY[lowercase].normalize_str(text)
    assert normalize(text, lowercase) == expected
    assert words(expected) == library_words(expected)


@given(unicode_text, unicode_text)
def test_normalisation_never_looks_across_a_space(left: str, right: str) -> None:
    assert normalize(f"{left} {right}") == f"{normalize(left)} {normalize(right)}"


@given(st.text(st.characters(), max_size=20))
def test_unpaired_surrogates_vanish(text: str) -> None:
    valid = "".join(char for char in text if not "\ud800" <= char <= "\udfff")
    assert normalize(text) == normalize(valid)


def test_titles_are_normalised_as_in_the_library(titles: list[str]) -> None:
    for title in titles:
        for lowercase, library in LIBRARY.items():
            assert normalize(title, lowercase) == library.normalize_str(title)


def test_tables_hold_sorted_ranges_that_do_not_overlap() -> None:
    tables = json.loads(TABLES.read_text(encoding="ascii"))
    for name in ("removed", "spaces", "ideographs", "dropped", "walls", "punctuation"):
        flat = [point for pair in tables[name] for point in pair]
        assert flat == sorted(flat), name
    apart = [(*pair, name) for name in ("removed", "spaces", "ideographs", "dropped") for pair in tables[name]]
    apart.sort()
    assert all(before[1] < after[0] for before, after in pairwise(apart))
