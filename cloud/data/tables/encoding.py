"""Which encoding a text file is in, and whether it is the one that edge.toml names."""

from __future__ import annotations

import codecs
import gzip
import io
import re
from collections.abc import Iterator
from pathlib import Path

from cloud.data.schema import File
from cloud.data.tables.contents import head, is_gzip
from cloud.data.tables.repair import rewritten
from cloud.data.values import shown
from edge.errors import EdgeError

CHUNK, CHUNKS = 2**20, 16  # read to tell encodings apart
MARKS = (  # byte order marks; UTF-32's begins like UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8"),
)
WORD = "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜŒŸ", "ßàáâãäåæçèéêëìíîïñòóôõöøùúûüÿœ"  # capitals and others
SIGNS = "‘’“”„–—…«»‹›°·•€£§©®™¿¡\xa0"  # that texts hold; between two letters, only an apostrophe
ODD = re.compile(  # what cp1252 makes of another encoding
    rf"[^\x00-\x7f{WORD[0]}{WORD[1]}{SIGNS}]|(?<=[a-z])[{WORD[0]}]|(?<=[a-zA-Z])[{SIGNS.replace('’', '')}](?=[a-z])"
    rf"|[{WORD[0]}{WORD[1]}]{{3}}"
)
NOT_ASCII = re.compile(r"[^\x00-\x7f]")
FOREIGN = 0.75  # of the lines above ASCII, up to which a file is UTF-8 with broken lines
ODD_SHARE = 0.05  # of the characters above ASCII
ONE_BYTE = ("iso8859", "cp125", "cp4", "cp8", "mac", "koi8")  # every byte is a character, so nothing is invalid
_MARKED = "it starts with a byte order mark"
_EVIDENCE = {
    "utf-8": "its characters above ASCII are valid UTF-8, which comes about in nothing else",
    "utf-16-le": "every second byte is 0",
    "utf-16-be": "every second byte is 0",
    "cp1252": "it has bytes from 0x80 to 0x9F: quotes and dashes in cp1252, no characters in the other",
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
    seen = marked or ("" if named.startswith(("utf-16", "utf-32")) else _without_mark(start))
    if not seen and named.startswith(ONE_BYTE) and _is_long_utf8(start):
        seen = "utf-8"
    if not seen and named.startswith("iso8859") and re.search(rb"[\x80-\x9f]", start):
        seen = "cp1252" if likely_encoding(path) == "cp1252" else ""
    if seen and seen != named:
        raise EdgeError(
            f"{path} is {seen.upper()}, not {file.encoding}",
            evidence=_MARKED if marked else _EVIDENCE[seen],
            fix=encoding_fix(path, seen),
        )


def likely_encoding(path: Path) -> str:
    """What a file is probably in, if it is not all valid UTF-8; "" if that is unknown.

    UTF-8 if many of its lines above ASCII are valid in it: in other encodings few are so by chance. cp1252 if what
    it makes of the other lines looks like words of Western Europe; else it may be any of dozens of encodings.
    """
    start = head(path)
    for mark, encoding in MARKS:
        if start.startswith(mark):
            return encoding
    if wide := _without_mark(start):
        return wide
    lines = [line for chunk in _chunks(path) for line in chunk.split(b"\n") if not line.isascii()]
    foreign = [line for line in lines if not _is_utf8(line)]
    if len(foreign) <= FOREIGN * len(lines):
        return "utf-8"
    western = b"\n".join(foreign).decode("cp1252", "replace")
    return "cp1252" if len(ODD.findall(western)) <= ODD_SHARE * len(NOT_ASCII.findall(western)) else ""


def encoding_fix(path: Path, likely: str) -> str:
    """What to do about a file that is probably in this encoding, or in an unknown one."""
    if likely == "cp1252":
        word = re.search(rb"[^\s,;|\"]*[\x80-\xff][^\s,;|\"]*", next(_chunks(path)))
        example = f" (then it reads {shown(word[0].decode(likely, 'replace'))!r})" if word else ""
        return f'encoding = "cp1252"{example}'
    if likely:
        return f'encoding = "{likely}"'
    command = rewritten("iconv -f ENCODING -t UTF-8", path)
    return f"its encoding is unknown; replace ENCODING by it (cp1251, shift_jis, macintosh, ...): {command}"


def _without_mark(start: bytes) -> str:
    """UTF-16 of Latin text that has no byte order mark; "" for anything else."""
    even, odd = start[0:1000:2], start[1:1000:2]
    for name, high, low in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        if len(odd) > 3 and high.count(0) > 0.7 * len(high) and not low.count(0):
            return name
    return ""


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


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
