"""Small bundles, and archives that an attacker might send."""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.bundle.bundle import manifest_bytes, write_bundle
from edge.bundle.manifest import SCHEMA

REQUEST = b'{"user": {}, "events": [], "candidates": [{"id": "1", "title": "Heat"}]}'
FILES: dict[str, Path | bytes] = {
    "text.json": b'{"profile": "{age}"}',
    "vocab.txt": b"[PAD]\n[UNK]\nheat\n",
    "golden.jsonl": b'{"request": ' + REQUEST + b"}\n",
    "models/litert.tflite": bytes(range(256)) * 8,
    "models/onnx/layer.onnx": b"onnx" * 100,
}


MODEL: dict[str, Any] = {
    "hidden": 8, "heads": 2, "encode_depths": [1], "interact_layers": 2, "positions": 5, "places": 7, "numbers": 0,
    "distances": 6, "match_size": 4, "match_heads": 2, "factors": 0, "vocabulary": 3, "value": "liked",
}  # fmt: skip


def manifest(**changes: Any) -> dict[str, Any]:
    exits = [
        {"encode": 1, "interact": interact, "quality": {"auc": auc, "log_loss": 0.6}}
        for interact, auc in ((0, 0.71), (1, 0.72), (2, 0.74))
    ]
    plain = {
        "name": "movies",
        "model": MODEL,
        "buckets": {"litert": ["embed_8", "score_2_64"]},
        "exits": exits,
        "golden": {"tolerance": 0.001},
        "provenance": {"run": "ab"},
    }
    return plain | changes


def make(path: Path, files: dict[str, Path | bytes] | None = None, **changes: Any) -> Path:
    write_bundle(path, FILES if files is None else files, manifest(**changes))
    return path


@dataclass
class Raw:
    """One entry with every field free; `data` is what stands in the archive."""

    name: bytes
    data: bytes
    crc: int = 0
    declared: int = 0
    flags: int = 0
    method: int = 8
    mode: int = 0o100644
    extra: bytes = b""
    local: bytes | None = None  # instead of the local header
    offset: int | None = None  # instead of the true one


def raw(name: str | bytes, content: bytes = b"", **changes: Any) -> Raw:
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    data = packer.compress(content) + packer.flush()
    name = name.encode("latin-1") if isinstance(name, str) else name
    return Raw(**({"name": name, "data": data, "crc": zlib.crc32(content), "declared": len(content)} | changes))


def archive_of(entries: Sequence[Raw], between: bytes = b"", before: bytes = b"") -> bytes:
    """A signed archive: an attacker can compute digests too."""
    body, directory = before, b""
    for entry in entries:
        sizes = (entry.crc, len(entry.data), entry.declared & 0xFFFFFFFF, len(entry.name), len(entry.extra))
        offset = len(body) if entry.offset is None else entry.offset
        common = (entry.flags, entry.method, 0, 0x21, *sizes)
        local = struct.pack("<4s5H3L2H", b"PK\3\4", 20, *common) + entry.name + entry.extra
        body += (local if entry.local is None else entry.local) + entry.data
        attributes = (0, 0, 0, entry.mode << 16, offset)
        directory += struct.pack("<4s6H3L5H2L", b"PK\1\2", 0x314, 20, *common, *attributes)
        directory += entry.name + entry.extra
    body += between
    count = len(entries)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(directory), len(body), 64)
    return signed(body + directory + end)


def signed(body: bytes) -> bytes:
    return body + hashlib.sha256(body).hexdigest().encode()


def files_under(directory: Path) -> set[str]:
    return {str(path.relative_to(directory)) for path in directory.rglob("*")}


def entries_for(contents: dict[str, bytes], /, **changes: Any) -> list[Raw]:
    """Raw entries of a valid bundle with `changes` to its manifest."""
    listed = [
        {"path": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(), "section": section}
        for (name, data), section in zip(
            contents.items(), ("text", "vocabulary", "golden", "model:litert", "model:onnx"), strict=False
        )
    ]
    described = manifest(schema=SCHEMA, files=listed) | changes
    return [
        raw("manifest.json", manifest_bytes(described)),
        *(raw(name, data) for name, data in contents.items()),
    ]


PLAIN = {name: data for name, data in FILES.items() if isinstance(data, bytes)}
