"""Parquet as batches of columns: what has words becomes a plain value, what has none is refused by its type."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from cloud.data.bad_rows import BadRows
from cloud.data.schema import File
from cloud.data.tables.batch import ROWS, Batch, Column
from cloud.data.tables.contents import head, is_gzip, other_than, text_other_than
from cloud.data.tables.header import require_columns
from cloud.data.values import shown
from edge.errors import EdgeError

LISTS = (
    pa.types.is_list,
    pa.types.is_large_list,
    pa.types.is_fixed_size_list,
    pa.types.is_list_view,
    pa.types.is_large_list_view,
)
BINARY = (pa.binary(), pa.large_binary(), pa.binary_view())
FLATTEN = "write the one value that is wanted in a column of its own, or a list of texts"


def read_parquet(file: File, wanted: list[str], bad: BadRows) -> Iterator[Batch]:
    """The wanted columns. Errors: not Parquet or damaged, a column missing or there twice, one of nested values."""
    try:
        with pq.ParquetFile(file.path) as table:
            _require_flat(table.schema_arrow, wanted, file)
            require_columns(wanted, table.schema_arrow.names, file.path)
            for name in wanted:
                _require_plain(table, name, file)
                if (kind := table.schema_arrow.field(name).type) in BINARY or pa.types.is_fixed_size_binary(kind):
                    text = f"write {name!r} as text, such as by bytes.hex: its type is {kind}"
                    bad.explain(file.path, "broken encoding", text, name)
            line = 1
            for block in table.iter_batches(batch_size=ROWS, columns=wanted):
                bad.seen[file.path] += block.num_rows
                columns = {name: _column(block.column(name)) for name in wanted}
                yield Batch(range(line, line + block.num_rows), columns)
                line += block.num_rows
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(Path(file.path), error) from error


def _unreadable(path: Path, error: Exception) -> EdgeError:
    """What the file is in place of Parquet, or that it is damaged."""
    if is_gzip(path):
        return EdgeError(f"{path} is compressed by gzip", fix="unpack it: gunzip; Parquet is compressed by itself")
    if other := other_than("Parquet", path):
        return other
    evidence = shown(str(error))
    if head(path).startswith(b"PAR1"):
        return EdgeError(f"{path} is damaged Parquet", evidence=evidence, fix="copy it again: it may be cut off")
    first = head(path).decode("utf-8", "replace").partition("\n")[0].strip()
    if not first:
        return EdgeError(f"{path} is empty", fix="check its path, or write it again")
    what, fix = text_other_than("Parquet", first, path) or ("text" if first.isprintable() else "", 'format = "csv"')
    return EdgeError(f"{path} is not a Parquet file{what and f': it is {what}'}", evidence=evidence, fix=what and fix)


def _require_flat(schema: pa.Schema, wanted: list[str], file: File) -> None:
    """Errors: a wanted column stands within a struct, or there are structs alone."""
    structs = [field for field in schema if pa.types.is_struct(field.type)]
    missing = [name for name in wanted if name not in schema.names]
    inside = {part.name: f"{field.name}.{part.name}" for field in structs for part in field.type}
    found = [f"{name!r} will be {inside[name]!r}" for name in missing if name in inside]
    if missing and (found or len(structs) == len(schema)):
        new = Path(file.path).with_name(f"new-{Path(file.path).name}")
        code = f"import pyarrow.parquet as pq; pq.write_table(pq.read_table({file.path!r}).flatten(), {str(new)!r})"
        raise EdgeError(
            f"{file.path}: {', '.join(map(repr, missing))} {'is' if len(missing) == 1 else 'are'} no column of its own",
            evidence="; ".join(f"{field.name!r} holds {shown(str(field.type))}" for field in structs),
            fix=f"{', '.join(found or map(repr, inside.values()))} in the file that this writes: "
            f"python3 -c {shlex.quote(code)}",
        )


def _require_plain(table: pq.ParquetFile, name: str, file: File) -> None:
    """Errors name the type, and the first value with its row."""
    kind = table.schema_arrow.field(name).type
    if is_plain(kind):
        return
    evidence = "it has no values"
    with suppress(pa.ArrowException, ValueError):
        values = next(table.iter_batches(batch_size=1000, columns=[name])).column(name).to_pylist()
        evidence = next((f"row {row}: {shown(value)}" for row, value in enumerate(values, 1) if value), evidence)
    raise EdgeError(f"{file.path}: column {name!r} holds {kind}", evidence=evidence, fix=FLATTEN)


def is_plain(kind: pa.DataType) -> bool:
    """One value, or a list of such."""
    if isinstance(kind, pa.BaseExtensionType):
        return is_plain(kind.storage_type)
    if pa.types.is_dictionary(kind):
        return is_plain(kind.value_type)
    if any(is_list(kind) for is_list in LISTS):
        inner = kind.value_type
        return is_plain(inner) and not (pa.types.is_nested(inner) or pa.types.is_temporal(inner))
    return not (pa.types.is_nested(kind) or pa.types.is_duration(kind) or pa.types.is_interval(kind))


def _column(column: pa.Array) -> Sequence[Any]:
    """Each distinct value once, where Arrow knows equal ones; true and false stay as they are."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_boolean(column.type):
        return _values(column)
    try:
        coded = column.dictionary_encode(null_encoding="encode")
    except (pa.ArrowNotImplementedError, TypeError):
        return _values(column)
    return Column.of(coded, _values(coded.dictionary))


def _values(column: pa.Array) -> list[Any]:
    """Python values; text that is not UTF-8 is left as bytes."""
    if pa.types.is_date(column.type):
        return _parsed(column, date.fromisoformat)
    if pa.types.is_timestamp(column.type):
        zone = UTC if column.type.tz else None
        plain = column.cast(pa.timestamp(column.type.unit))
        return _parsed(plain, lambda text: datetime.fromisoformat(text).replace(tzinfo=zone))
    if pa.types.is_time(column.type):
        column = column.cast(pa.string())
    try:
        values: list[Any] = column.to_pylist()
    except UnicodeDecodeError:
        values = column.cast(pa.list_(pa.binary()) if pa.types.is_nested(column.type) else pa.binary()).to_pylist()
    return values


def _parsed(column: pa.Array, parse: Callable[[str], date]) -> list[Any]:
    """Dates and times by way of their text, which Arrow has also for those that Python does not reach."""
    values: list[Any] = column.cast(pa.string()).to_pylist()
    for row, value in enumerate(values):
        if value is not None:
            with suppress(ValueError):
                values[row] = parse(value)
    return values
