"""The tables of a source, in any of their formats, as batches of columns."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from pathlib import Path

from cloud.data.bad_rows import FEW, BadRows
from cloud.data.schema import File
from cloud.data.tables.batch import Batch
from cloud.data.tables.csv_table import read_csv
from cloud.data.tables.encoding import codec_name, encoding_fix, likely_encoding
from cloud.data.tables.jsonl_table import read_jsonl
from cloud.data.tables.parquet_table import read_parquet
from edge.errors import EdgeError


def read_batches(file: File, columns: Sequence[str], bad: BadRows, optional: Collection[str] = ()) -> Iterator[Batch]:
    """The wanted columns of a file. Rows that cannot be parsed go to `bad`. JSONL's rows may lack the optional ones.

    Errors: no such file, another format or encoding than the one named, a column that is missing or there twice.
    """
    readers: dict[str, Callable[[File, list[str], BadRows], Iterator[Batch]]] = {
        "csv": read_csv,
        "jsonl": partial(read_jsonl, optional=optional),
        "parquet": read_parquet,
    }
    path = existing(file)
    yield from readers[file.format](file, list(dict.fromkeys(columns)), bad)
    broken = bad.count(file.path, "broken encoding")
    if file.format != "parquet" and broken:
        likely, named = likely_encoding(path), codec_name(file)
        if likely != named and (named == "utf-8" or broken > FEW * bad.seen[file.path]):
            bad.explain(file.path, "broken encoding", f"{path.name}: {encoding_fix(path, likely)}")


def existing(file: File) -> Path:
    """The file's path. Errors: there is none, it is a folder, it may not be read."""
    path = Path(file.path)
    if path.is_dir():
        raise EdgeError(f"{path} is a folder, not a file", fix="name a file; if the table has several parts, join them")
    if path.exists() and not path.is_file():
        raise EdgeError(f"{path} is not a regular file", fix="name a regular file: it is read more than once")
    if not path.is_file():
        there = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
        alike = difflib.get_close_matches(path.name, there, n=3)
        raise EdgeError(
            f"no file {path}",
            evidence=f"there is: {', '.join(map(repr, alike))}" if alike else "",
            fix="correct its path in edge.toml (relative to edge.toml)",
        )
    try:
        path.open("rb").close()
    except OSError as error:
        raise EdgeError(f"{path} cannot be read: {error.strerror}", fix="change who may read it") from error
    return path
