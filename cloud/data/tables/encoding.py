"""Which encoding a text file is in, and whether it is the one that edge.toml names."""

from __future__ import annotations

import codecs
import gzip
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from cloud.data.schema import File
from cloud.data.tables.contents import head, is_gzip
from edge.errors import EdgeError

CHUNK, CHUNKS = 2**20, 16  # read to tell encodings apart
MARKS = (  # byte order marks; UTF-32's begins like UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8"),
)
ONE_BYTE = ("iso8859", "cp125", "cp4", "cp8", "mac", "koi8")  # every byte is a character, so nothing is invalid
_EVIDENCE = {  # by (has a mark, is UTF-8)
    (True, True): "it starts with a byte order mark",
    (True, False): "it starts with a byte order mark",
    (False, True): "its characters above ASCII are valid UTF-8, which comes about in nothing else",
    (False, False): "every second byte is 0",
}


def codec_name(file: File) -> str:
    """The one name of an encoding that has several. Errors: there is no such encoding of text."""
    try:
        io.TextIOWrapper(io.BytesIO(), file.encoding)  # knows codecs of text from others
        return codecs.lookup(file.encoding).name.removesuffix("-sig")
    except (LookupError, ValueError) as error:
        raise EdgeError(f"unknown encoding {file.encoding!r} for {file.path}", fix='encoding = "utf-8"') from error


def require_encoding(file: File, path: Path) -> None:
    """Refuse a file whose first bytes show another encoding than the one named."""
    start, named = head(path), codec_name(file)
    marked = next((encoding for mark, encoding in MARKS if start.startswith(mark)), "")
    shown = marked or ("" if named.startswith(("utf-16", "utf-32")) else _without_mark(start))
    if not shown and named.startswith(ONE_BYTE) and _is_long_utf8(start):
        shown = "utf-8"
    if shown and shown != named:
        raise EdgeError(
            f"{path} is {shown.upper()}, not {file.encoding}",
            evidence=_EVIDENCE[bool(marked), shown == "utf-8"],
            fix=f'encoding = "{shown}"',
        )


def likely_encoding(path: Path) -> str:
    """What a file is probably in, if it is not all valid UTF-8; "" if that cannot be told.

    UTF-8 if it has characters of several valid bytes: in no other encoding do they come about by chance.
    """
    start = head(path)
    for mark, encoding in MARKS:
        if start.startswith(mark):
            return encoding
    if wide := _without_mark(start):
        return wide
    decoder, western = codecs.getincrementaldecoder("utf-8")("surrogateescape"), True
    high = pairs = 0
    for chunk in _chunks(path):
        text = decoder.decode(chunk)
        if any(character > "\x7f" and not "\udc80" <= character <= "\udcff" for character in set(text)):
            return "utf-8"
        above = np.frombuffer(chunk, dtype=np.uint8) > 127
        high += int(above.sum())
        pairs += int((above[1:] & above[:-1]).sum())
        western = western and _decodes(chunk, "cp1252")
    if not high:
        return "utf-8"
    if pairs > high / 3:  # Cyrillic, Greek, Chinese, ...: whole words above ASCII
        return ""
    return "cp1252" if western else "latin-1"


def _without_mark(start: bytes) -> str:
    """UTF-16 of Latin text that has no byte order mark; "" for anything else."""
    even, odd = start[0:1000:2], start[1:1000:2]
    for name, high, low in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        if len(odd) > 3 and high.count(0) > 0.7 * len(high) and not low.count(0):
            return name
    return ""


def _is_long_utf8(start: bytes) -> bool:
    """True if there are characters of several bytes, and all are valid; the last one may be cut."""
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return False
    return not text.isascii()


def _chunks(path: Path) -> Iterator[bytes]:
    with gzip.open(path) if is_gzip(path) else path.open("rb") as file:
        for _ in range(CHUNKS):
            if not (chunk := file.read(CHUNK)):
                return
            yield chunk


def _decodes(chunk: bytes, encoding: str) -> bool:
    try:
        chunk.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
