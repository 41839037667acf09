"""A table's file as text: unpacked if it is gzip, in the encoding that edge.toml names."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from cloud.data.schema import File
from cloud.data.tables.contents import DAMAGED_GZIP, damaged_gzip, is_gzip, other_than
from cloud.data.tables.encoding import codec_name, encoding_fix, likely_encoding, require_encoding
from edge.errors import EdgeError


@contextmanager
def open_text(file: File, newline: str) -> Iterator[TextIO]:
    """Text to read line by line; bytes that are not valid become surrogates, to be reported where they stand.

    Errors, also while it is read: not text at all, another encoding, gzip data that is cut off or altered.
    """
    path = Path(file.path)
    if other := other_than(file.format.upper(), path):
        raise other
    require_encoding(file, path)
    encoding = "utf-8-sig" if codec_name(file) == "utf-8" else file.encoding
    with gzip.open(path) if is_gzip(path) else path.open("rb") as raw:
        try:
            yield io.TextIOWrapper(raw, encoding, errors="surrogateescape", newline=newline)
        except DAMAGED_GZIP as error:
            raise damaged_gzip(path, error) from error
        except UnicodeError as error:
            raise _undecodable(file, path, error) from error


def _undecodable(file: File, path: Path, error: UnicodeError) -> EdgeError:
    likely = likely_encoding(path)
    if likely == codec_name(file):
        problem = f"{path} is damaged {likely.upper()}"
        return EdgeError(problem, evidence=str(error), fix="copy it again: it may be cut off")
    return EdgeError(f"{path} is not {file.encoding}", evidence=str(error), fix=encoding_fix(path, likely))
