"""Files: read as lines, as TOML or as strict JSON, written whole or not at all, named by their content."""

from __future__ import annotations

import codecs
import hashlib
import json
import math
import os
import shlex
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, NoReturn

from edge.errors import EdgeError, file_fix

TEMPORARY = ".tmp"
LONGEST_INTEGER = 4_000  # digits in JSON: more than any double has, fewer than Python refuses to read


def lines_of(text: str) -> list[str]:
    """The lines of one of our text files: U+000A alone ends a line.

    `str.splitlines` also breaks at U+0085, U+2028 and others, which JSON leaves as they are within a string.
    """
    return text.removesuffix("\n").split("\n") if text else []


def read_lines(path: Path) -> list[str]:
    """The lines of a file. Errors: it is not UTF-8."""
    try:
        return lines_of(path.read_bytes().decode("utf-8"))
    except UnicodeDecodeError as error:
        raise EdgeError(f"{path} is not UTF-8 text", evidence=str(error), fix="save it as UTF-8") from error


def read_toml(path: Path, absent: EdgeError | None = None) -> dict[str, Any]:
    """What a file holds. Errors: there is none (`absent`, if given), it cannot be read, it is not TOML and where."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))  # as Windows writes it, too
    except OSError as error:
        if absent and isinstance(error, FileNotFoundError):
            raise absent from error
        raise EdgeError(f"{path} cannot be read: {error.strerror}", fix=file_fix(error)) from error
    except UnicodeDecodeError as error:
        wide = path.read_bytes()[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        fix = f"iconv -f UTF-16 -t UTF-8 < {shlex.quote(str(path))} > new.toml" if wide else "save it as UTF-8"
        raise EdgeError(f"{path} is not a TOML file", evidence=str(error), fix=fix) from error
    except (ValueError, RecursionError) as error:
        reason = str(error).partition("; use sys.")[0]  # Python's own setting for numbers of thousands of digits
        raise EdgeError(
            f"{path} is not a TOML file", evidence=reason, fix="correct that place; in TOML, text must be in quotes"
        ) from error


def parse_strictly(data: bytes) -> Any:
    """JSON in UTF-8 whose every number is finite, no key repeated, no half of a surrogate pair. Errors: ValueError."""
    hooks = {"parse_constant": _no_constant, "parse_float": _finite, "parse_int": _integer}
    value = json.loads(data.decode("utf-8"), object_pairs_hook=unique_keys, **hooks)  # type: ignore[arg-type]
    json.dumps(value, ensure_ascii=False).encode("utf-8")  # lone surrogates cannot be printed
    return value


def unique_keys(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these keys and values, for `json.loads`. Errors: ValueError, a key occurs twice."""
    values = dict(pairs)
    if len(values) < len(pairs):
        seen: set[str] = set()
        repeated = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise ValueError(f"the key {ascii(repeated)[:60]} stands twice in one object")
    return values


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is larger than any number")
    return value


def _integer(text: str) -> int:
    if len(text) > LONGEST_INTEGER:  # Python's own limit is higher, and its error is about a setting of Python
        raise ValueError(f"an integer of {len(text):,} digits is larger than any number")
    return int(text)


def sha256_file(path: Path) -> str:
    """64 hex digits; the file is read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def appearing(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to: it takes its place when the block ends, and is removed if the block fails.

    Errors: an OSError that names a file, which a failed write does not by itself.
    """
    temporary = path.with_name(path.name + TEMPORARY)
    try:
        yield temporary
        temporary.replace(path)
    except BaseException as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is None:
            error.filename = str(path)
        raise


def write_atomically(path: Path, data: bytes | str) -> None:
    """The file appears whole or not at all, also across a crash. Errors: OSError."""
    with appearing(path) as temporary, temporary.open("wb") as file:
        file.write(data.encode() if isinstance(data, str) else data)
        file.flush()
        os.fsync(file.fileno())


def check_output(path: Path) -> None:
    """Refuse an output file that cannot be written, before the work for it is done."""
    if path.is_dir():
        raise EdgeError(f"{path} cannot be written: it is a directory", fix="name a file")
    folder = path.parent
    for place in (folder, *folder.parents):
        if place.exists() and not place.is_dir():
            raise EdgeError(f"{path} cannot be written: {place} is not a directory", fix="name another place")
    if not folder.is_dir():
        raise EdgeError(f"{path} cannot be written: there is no directory {folder}", fix=f"mkdir -p {folder}")
    if not os.access(folder, os.W_OK) and (path.is_file() or not path.exists()):  # a device needs no folder
        raise EdgeError(
            f"{path} cannot be written: there is no permission to write to {folder}", fix="name another place"
        )


def check_apart(written: Sequence[Path], read: Iterable[Path]) -> None:
    """Refuse to write over a file that is read, by whatever name or link, or to write two things to one file."""
    for number, path in enumerate(written):
        if any(_is_same_file(path, other) for other in read):
            raise EdgeError(f"{path} is an input and would be overwritten", fix="name another output file")
        if any(_is_same_file(path, other) for other in written[:number]):
            raise EdgeError(f"{path} would be written twice", fix="name a different file for each output")


def _is_same_file(one: Path, other: Path) -> bool:
    """True also of two hard links; not of a device, e.g. /dev/stdout, which holds nothing that could be lost."""
    if _is_device(one):
        return False
    with suppress(OSError):
        return one.samefile(other)
    return os.path.realpath(one) == os.path.realpath(other)  # where there is none yet


@contextmanager
def output(path: Path) -> Iterator[Path]:
    """A place to write an output file, which is then replaced atomically. Errors: it cannot be written."""
    check_output(path)
    if _is_device(path):
        raise EdgeError(f"{path} cannot be written: it is not a regular file", fix="name a file")
    with _output_errors(path), appearing(Path(os.path.realpath(path))) as temporary:  # where a link leads
        yield temporary


def write_output(path: Path, data: bytes | str) -> None:
    """Write an output file, or to a device, which is never replaced by a file."""
    check_output(path)
    with _output_errors(path):
        if _is_device(path):
            path.write_bytes(data.encode() if isinstance(data, str) else data)
        else:
            write_atomically(Path(os.path.realpath(path)), data)


@contextmanager
def _output_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise EdgeError(f"{path} cannot be written: {error.strerror}", fix=file_fix(error)) from error


def _is_device(path: Path) -> bool:
    """/dev/stdout, /dev/null, a pipe: there, but neither a file nor a directory."""
    return path.exists() and not path.is_file()


def strict_json(value: Any, digits: int | None = None) -> Any:
    """As JSON values, which know no NaN: null for what is not finite. Floats are rounded to `digits`, if given."""
    if is_dataclass(value):
        value = {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: strict_json(part, digits) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [strict_json(part, digits) for part in value]
    if not isinstance(value, float):
        return value
    return None if not math.isfinite(value) else float(value) if digits is None else round(float(value), digits)


def write_json(path: Path, value: Any) -> None:
    """Strict JSON; see `strict_json`."""
    write_atomically(path, json.dumps(strict_json(value), indent=2) + "\n")
