"""The strict subset of ZIP that a bundle is: every byte is accounted for, and nothing it declares is trusted.

Layout: deflated entries back to back, the central directory, the end record, and as the archive's comment
the SHA-256 (64 hex digits) of every byte before it, and of a signed archive an Ed25519 signature of that digest
(128 more). Any unzip tool reads it.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import stat
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NoReturn

from edge.bundle.deflate import BLOCK, deflate
from edge.bundle.keys import PrivateKey, PublicKey
from edge.errors import EdgeError

AGAIN = "make it again with edge export, or copy it again from where it was made"
A_FILE = "give the path of an .edge file that can be read"
CHUNK = 1 << 18
MAX_NAME, MAX_DEPTH = 200, 12
SMALL, SMALL_TOTAL = 1 << 20, 1 << 24  # a file, and all of them, up to this size may have any ratio: it is no bomb

# Sections 4.3.7, 4.3.12 and 4.3.16 of PKWARE's APPNOTE; constants are named where they are used.
_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_VERSION, _DEFLATE, _TIME, _DATE = 20, 8, 0, 0x21  # 1980-01-01 00:00: equal content gives equal bytes
_UNIX, _MODE = 3 << 8, (stat.S_IFREG | 0o644) << 16
_DIGEST, _SIGNATURE = 64, 128  # hex digits of the comment
_SIGNED = b"edge-ranker/bundle\n"  # prefix of the digest in the message that is signed
_HEX = re.compile(rb"[0-9a-f]+")
_COMPONENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._@+-]*(?<!\.)")
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)


@dataclass(frozen=True)
class ArchiveLimits:
    """What an archive may declare; checked before anything is decompressed."""

    total_bytes: int = 1 << 30  # of all files, decompressed; also of the archive itself
    files: int = 200
    ratio: int = 200  # decompressed to compressed bytes of one file above 1 MiB
    total_ratio: int = 50  # decompressed bytes of all files, above 16 MiB, to the archive's: time is a limit too
    manifest_bytes: int = 1 << 18  # as objects they take up to 70 times as much memory


@dataclass(frozen=True)
class Entry:
    name: str
    crc: int
    compressed: int
    bytes: int  # decompressed
    offset: int  # of its data in the archive

    @property
    def overhead(self) -> int:
        """Bytes of its two headers in the archive."""
        return _LOCAL.size + _CENTRAL.size + 2 * len(self.name)


@dataclass(frozen=True)
class Archive:
    """A scanned archive. `sha256` is that of the whole file; `signed` says that it has a signature, not whose."""

    path: Path
    sha256: str
    bytes: int
    entries: Mapping[str, Entry]
    signed: bool

    @property
    def end_bytes(self) -> int:
        """What the archive takes beside its entries: the end record and the comment."""
        return _END.size + _DIGEST + (_SIGNATURE if self.signed else 0)


def refuse(path: Path, reason: str, fix: str = AGAIN) -> NoReturn:
    """The error for an archive or bundle that must not be used, in one line; names in it may be an attacker's."""
    printable = reason if reason.isprintable() else ascii(reason)[1:-1]
    raise EdgeError(f"{path} refused: {printable}", fix=fix)


def scan(path: Path, limits: ArchiveLimits | None = None, public_key: PublicKey | None = None) -> Archive:
    """The archive's entries, after checking its digest, its signature and its layout. Decompresses nothing.

    With a key, an archive that the key's owner did not sign is refused before anything but its end record is parsed.
    """
    limits = limits or ArchiveLimits()
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            refuse(path, "a directory" if stat.S_ISDIR(status.st_mode) else "not a regular file", fix=A_FILE)
        if status.st_size > limits.total_bytes:
            refuse(path, f"{status.st_size:,} bytes, more than the limit of {limits.total_bytes:,}")
        with path.open("rb") as file:
            end, comment = _read_end(path, file, status.st_size)
            sha256 = _check_digest(path, file, status.st_size - len(comment), comment)
            _check_signature(path, comment, public_key)
            entries = _read_directory(path, file, status.st_size, end, comment, limits)
    except (OSError, ValueError) as error:
        refuse(path, getattr(error, "strerror", None) or "not a usable file name", fix=A_FILE)
    return Archive(path, sha256, status.st_size, {entry.name: entry for entry in entries}, len(comment) > _DIGEST)


def _read_end(path: Path, file: BinaryIO, size: int) -> tuple[bytes, bytes]:
    """The end record, and the comment that it announces."""
    if size == 0:
        refuse(path, "the file is empty")
    if size < _END.size + _DIGEST or file.read(4) not in (b"PK\x03\x04", b"PK\x05\x06"):
        refuse(path, "not a bundle (no ZIP archive)")
    for length in (_DIGEST, _DIGEST + _SIGNATURE):
        file.seek(max(size - _END.size - length, 0))
        end = file.read(_END.size)
        if end.startswith(b"PK\x05\x06") and end.endswith(struct.pack("<H", length)):
            return end, file.read(length)
    refuse(path, "altered, truncated or not a bundle (its end record is not where it must be)")


def _check_digest(path: Path, file: BinaryIO, size: int, comment: bytes) -> str:
    """The file's SHA-256; refuses a file whose comment does not start with that of the `size` bytes before it."""
    file.seek(0)
    digest = hashlib.sha256()
    remaining = size
    while remaining:
        chunk = file.read(min(CHUNK, remaining))
        if not chunk:
            refuse(path, "it shrank while it was read")
        digest.update(chunk)
        remaining -= len(chunk)
    if comment[:_DIGEST] != digest.hexdigest().encode():
        refuse(path, "altered, truncated or not a bundle (its bytes do not match their SHA-256)")
    digest.update(comment)
    return digest.hexdigest()


def _check_signature(path: Path, comment: bytes, public_key: PublicKey | None) -> None:
    """Refuses a comment that does not end in a signature by the owner of `public_key`, if there is one."""
    digest, signature = comment[:_DIGEST], comment[_DIGEST:]
    if not _HEX.fullmatch(comment):
        refuse(path, "its signature is not made of hex digits")
    if public_key is None:
        return
    if not signature:
        refuse(
            path,
            "it is not signed, and only a signed bundle is wanted",
            fix="sign it: edge sign BUNDLE --key PRIVATE.pem",
        )
    if not public_key.accepts(_SIGNED + digest, bytes.fromhex(signature.decode())):
        fix = "get it from who has the private key, or give the public key of who signed it"
        refuse(path, "it is not signed with this key", fix=fix)


def _read_directory(
    path: Path, file: BinaryIO, size: int, end: bytes, comment: bytes, limits: ArchiveLimits
) -> list[Entry]:
    """Entries in file order; their headers and data must tile the archive without a gap."""
    count, length, start = struct.unpack_from("<H2L", end, 10)
    if count > limits.files:
        refuse(path, f"{count:,} files, more than the limit of {limits.files:,}")
    if end != _end_record(count, length, start, len(comment)):
        refuse(path, "its end record is malformed")
    if start + length != size - _END.size - len(comment) or length > limits.files * (_CENTRAL.size + MAX_NAME):
        refuse(path, "its central directory is not where it must be")
    file.seek(start)
    directory = file.read(length)
    entries: list[Entry] = []
    position = offset = 0  # in the directory; in the archive
    for _ in range(count):
        entry = _parse_entry(path, directory, position, offset, limits)
        file.seek(offset)
        local = _local_header(entry)
        if file.read(len(local)) != local:
            refuse(path, f"the header of {entry.name!r} contradicts the central directory")
        entries.append(entry)
        position += _CENTRAL.size + len(entry.name)
        offset = entry.offset + entry.compressed
    if position != length or offset != start:
        refuse(path, "it holds bytes that belong to no file")
    _check_names(path, [entry.name for entry in entries])
    check_total(path, sum(entry.bytes for entry in entries), size, limits)
    return entries


def check_total(path: Path, total: int, size: int, limits: ArchiveLimits) -> None:
    """Refuses many files that are each small enough, but together a bomb."""
    allowed = min(limits.total_bytes, max(SMALL_TOTAL, limits.total_ratio * size))
    if total > allowed:
        refuse(path, f"its files declare {total:,} bytes, more than the limit of {allowed:,}")


def _parse_entry(path: Path, directory: bytes, position: int, offset: int, limits: ArchiveLimits) -> Entry:
    """One central header at `position`, whose file must start at `offset`."""
    if len(directory) - position < _CENTRAL.size:
        refuse(path, "its central directory is truncated")
    fields = _CENTRAL.unpack_from(directory, position)
    flags, method, crc, compressed, declared, name_length = *fields[3:5], *fields[7:11]
    raw = directory[position + _CENTRAL.size :][:name_length]
    name = raw.decode("latin-1")
    if flags & 1:
        refuse(path, f"{_shown(name)} is encrypted")
    if method != _DEFLATE:
        refuse(path, f"{_shown(name)} uses compression method {method}, only deflate (8) is allowed")
    if declared > limits.total_bytes or (declared > SMALL and declared > limits.ratio * compressed):
        size = "4 GB or more" if declared == 0xFFFFFFFF else f"{declared:,} bytes"
        refuse(path, f"{_shown(name)} declares {size}, more than the limits allow")
    check_name(path, name)
    if stat.S_ISLNK(fields[15] >> 16):
        refuse(path, f"{_shown(name)} is a symbolic link")
    data = offset + _LOCAL.size + name_length
    entry = Entry(name, crc, compressed, declared, data)
    if directory[position : position + _CENTRAL.size + name_length] != _central_header(entry):
        refuse(path, f"the central header of {_shown(name)} is malformed")
    return entry


def _shown(name: str) -> str:
    """A name from an untrusted archive, safe to print in one line."""
    return ascii(name if len(name) <= 80 else name[:77] + "...")


def check_name(path: Path, name: str) -> None:
    """Refuses a name that is not a plain relative path on every system."""
    components = name.split("/")
    if "\\" in name or ":" in name or ".." in components or name.startswith("/"):
        refuse(path, f"{_shown(name)} leaves the archive")
    valid = all(_COMPONENT.fullmatch(part) and not _RESERVED.fullmatch(part) for part in components)
    if not valid or len(name) > MAX_NAME or len(components) > MAX_DEPTH:
        refuse(path, f"{_shown(name)} is not an allowed file name")


def _check_names(path: Path, names: Sequence[str]) -> None:
    """Refuses names that are the same file, or file and directory at once, where case is not kept apart."""
    seen = {name.lower() for name in names}
    if len(seen) < len(names):
        refuse(path, "two of its files have the same name")
    for name in seen:
        if any(name[: slash.start()] in seen for slash in re.finditer("/", name)):
            refuse(path, f"{_shown(name)} lies inside another file")


def stream(archive: Archive, entry: Entry) -> Iterator[bytes]:
    """The file's decompressed chunks, never more than it declares; refuses data that contradict its header."""
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    crc = produced = 0
    try:
        with archive.path.open("rb") as file:
            file.seek(entry.offset)
            remaining = entry.compressed
            pending = b""
            while not inflate.eof:
                if not pending:
                    pending = file.read(min(CHUNK, remaining))
                    remaining -= len(pending)
                # one byte more than declared is enough to know that it lies
                chunk = inflate.decompress(pending, min(CHUNK, entry.bytes - produced + 1))
                if not (chunk or pending or inflate.eof):
                    refuse(archive.path, f"the data of {entry.name!r} is truncated")
                pending = inflate.unconsumed_tail
                produced += len(chunk)
                crc = zlib.crc32(chunk, crc)
                if produced > entry.bytes:
                    refuse(archive.path, f"{entry.name!r} holds more than the {entry.bytes:,} bytes it declares")
                yield chunk
    except (OSError, zlib.error) as error:
        refuse(archive.path, f"the data of {entry.name!r} cannot be read ({error})")
    if produced != entry.bytes or crc != entry.crc or inflate.unused_data or remaining:
        refuse(archive.path, f"the data of {entry.name!r} does not match its header")


def write(path: Path, files: Mapping[str, Path | bytes], first: str) -> None:
    """Write `files` by name, `first` leading, then sorted. Equal files give equal bytes (per zlib build)."""
    with path.open("w+b") as file:
        names = sorted(files, key=lambda name: (name != first, name))
        entries = [_write_entry(file, name, files[name]) for name in names]
        start = file.tell()
        directory = b"".join(_central_header(entry) for entry in entries)
        if start + len(directory) > 0xFFFFFFFF:
            raise EdgeError(f"{path} would be larger than 4 GB, the limit of the format", fix="bundle a smaller model")
        file.write(directory)
        file.write(_end_record(len(entries), len(directory), start, _DIGEST))
        file.write(_digest(file))


def sign(path: Path, key: PrivateKey) -> None:
    """Put a signature into the archive's comment, in place of one that it may have."""
    end_bytes = scan(path).end_bytes
    with path.open("r+b") as file:
        start = file.seek(-end_bytes, os.SEEK_END)
        end = file.read(_END.size)
        file.truncate(file.seek(start))
        file.write(end[:-2] + struct.pack("<H", _DIGEST + _SIGNATURE))
        digest = _digest(file)
        file.write(digest + key.sign(_SIGNED + digest).hex().encode())


def _digest(file: io.BufferedRandom) -> bytes:
    """The hex digits of all that was written; the file is at its end again."""
    file.flush()
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest().encode()


def _write_entry(file: BinaryIO, name: str, source: Path | bytes) -> Entry:
    start = file.tell()
    data = start + _LOCAL.size + len(name)
    file.seek(data)
    crc = size = 0

    def counted() -> Iterator[bytes]:
        nonlocal crc, size
        for block in _blocks(source):
            crc, size = zlib.crc32(block, crc), size + len(block)
            yield block

    file.writelines(deflate(counted()))
    end = file.tell()
    entry = Entry(name, crc, end - data, size, data)
    if max(size, end) > 0xFFFFFFFF:
        raise EdgeError(f"{name} is too large for a bundle", fix="bundle a smaller model")
    file.seek(start)
    file.write(_local_header(entry))
    file.seek(end)
    return entry


def _blocks(source: Path | bytes) -> Iterator[bytes]:
    with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as file:
        while block := file.read(BLOCK):
            yield block


def _local_header(entry: Entry) -> bytes:
    name = entry.name.encode("ascii")
    sizes = (entry.crc, entry.compressed, entry.bytes, len(name), 0)
    return _LOCAL.pack(b"PK\x03\x04", _VERSION, 0, _DEFLATE, _TIME, _DATE, *sizes) + name


def _central_header(entry: Entry) -> bytes:
    name = entry.name.encode("ascii")
    sizes = (entry.crc, entry.compressed, entry.bytes, len(name))
    where = (0, 0, 0, 0, _MODE, entry.offset - _LOCAL.size - len(name))
    versions = (_UNIX | _VERSION, _VERSION)
    return _CENTRAL.pack(b"PK\x01\x02", *versions, 0, _DEFLATE, _TIME, _DATE, *sizes, *where) + name


def _end_record(count: int, length: int, start: int, comment: int) -> bytes:
    return _END.pack(b"PK\x05\x06", 0, 0, count, count, length, start, comment)
