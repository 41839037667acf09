"""What a file is, by its first bytes, so that an error names the right setting and not a missing column."""

from __future__ import annotations

import gzip
import json
import re
import zipfile
import zlib
from pathlib import Path

from cloud.data.tables.json_line import REPAIRS, fault
from cloud.data.tables.repair import AN_OBJECT_A_LINE, NO_COMMAS, ONE_LIST, rewritten
from edge.errors import EdgeError

HEAD = 64 * 1024  # bytes that are looked at
DAMAGED_GZIP = (EOFError, gzip.BadGzipFile, zlib.error)
_AS_CSV = 'save the sheet as CSV (UTF-8), or write it as Parquet with format = "parquet"'
_AS_PARQUET = 'write it as Parquet with format = "parquet", or as CSV'
_SIGNATURES = (  # first bytes, what has them, what to do
    (b"PAR1", "Parquet", 'format = "parquet"'),
    (b"ARROW1\0\0", "an Arrow (Feather) file", _AS_PARQUET),
    (b"Obj\x01", "an Avro file", _AS_PARQUET),
    (b"SQLite format 3\0", "an SQLite database", "export the table as CSV"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook", _AS_CSV),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file", _AS_PARQUET),
    (b"\x93NUMPY", "a numpy array", _AS_PARQUET),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd", "unpack it: zstd -d"),
    (b"BZh91AY&SY", "compressed by bzip2", "unpack it: bunzip2"),
    (b"\xfd7zXZ\0", "compressed by xz", "unpack it: unxz"),
    (b"\x04\x22\x4d\x18", "compressed by lz4", "unpack it: lz4 -d"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it, and name the file within it in edge.toml"),
)


def is_gzip(path: Path) -> bool:
    """True if the file starts with the magic number of gzip."""
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def head(path: Path) -> bytes:
    """The first bytes, unpacked if it is gzip. Errors: a damaged gzip file."""
    try:
        with gzip.open(path) if is_gzip(path) else path.open("rb") as file:
            return file.read(HEAD)
    except DAMAGED_GZIP as error:
        raise damaged_gzip(path, error) from error


def damaged_gzip(path: Path, error: Exception) -> EdgeError:
    """The error for a gzip file that cannot be read to its end."""
    problem = "ends in the middle of its gzip data" if isinstance(error, EOFError) else "is a damaged gzip file"
    return EdgeError(f"{path} {problem}", evidence=str(error), fix="copy it again: it is cut off or was altered")


def other_than(expected: str, path: Path) -> EdgeError | None:
    """The error for a file whose first bytes say that it is not what is `expected` of it, such as "CSV"."""
    start = head(path)
    for signature, what, fix in _SIGNATURES:
        if start.startswith(signature) and what != expected:
            return EdgeError(f"{path} is {what}, not {expected}", fix=fix)
    if start.startswith(b"PK\x03\x04"):
        return _archive(expected, path)
    if start[257:262] == b"ustar":
        return EdgeError(f"{path} is a tar archive, not {expected}", fix="unpack it, and name the file within it")
    return None


def _archive(expected: str, path: Path) -> EdgeError:
    """Workbooks are ZIP archives, too."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError):
        names = []
    if any(name.startswith(("xl/", "content.xml")) for name in names):
        return EdgeError(f"{path} is a workbook (such as Excel's .xlsx), not {expected}", fix=_AS_CSV)
    return EdgeError(
        f"{path} is a ZIP archive, not {expected}",
        evidence=f"it holds: {', '.join(map(repr, names[:5]))}" if names else "",
        fix="unpack it, and name the file within it in edge.toml",
    )


def text_other_than(expected: str, line: str, path: Path) -> tuple[str, str] | None:
    """(what the text of a file is, the fix) by its first line, where it is not the `expected` "CSV" or "JSONL"."""
    start = line.strip()
    if re.match(r"\[\s*([{\[\"]|$)", start):
        return _list(path)
    if start.startswith("{") and (kind := fault(start)) in REPAIRS and not _is_object(start):
        return f"no object a line ({kind})", rewritten(REPAIRS[kind], path)
    if re.match(r"\{\s*(\"|$)", start) and not _is_object(start) and _is_json(path):
        return "JSON spread over several lines, not a row a line", rewritten(AN_OBJECT_A_LINE, path)
    if start.startswith("{") and expected != "JSONL" and _is_object(start):
        return "JSONL", 'format = "jsonl"'
    if start.startswith("<"):
        return "HTML or XML", "was a web page saved in place of the file?"
    if start.startswith("version https://git-lfs"):
        return "a pointer of Git LFS, not the file itself", "git lfs pull"
    if expected == "JSONL" and "{" not in start and any(separator in start for separator in ",;\t|"):
        return "CSV, it seems", 'format = "csv"'
    return None


def _list(path: Path) -> tuple[str, str] | None:
    if _is_json(path):
        return "one JSON list, not a row a line", rewritten(ONE_LIST, path)
    _, _, second = head(path).decode("utf-8", "replace").partition("\n")
    if _is_object(second.partition("\n")[0].strip().rstrip(",")):
        return "a list of objects with a comma too many", rewritten(NO_COMMAS, path)
    return None


def _is_json(path: Path) -> bool:
    """True if the file begins with a whole JSON value, or with more of one than is looked at."""
    start = head(path)
    try:
        text = start.decode("utf-8-sig", "replace").lstrip()
        _, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return len(start) == HEAD
    return text[end:].lstrip()[:1] in ("", "{")


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False
