"""Bundles that somebody made wrong, on purpose or not, at any level; mostly with every digest above it in order.

A digest of the whole archive refuses nearly all random damage at the door. So each level is damaged in turn, and what
lies outside it is computed again.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from random import Random
from typing import Any

import numpy as np
from bundles import PLAIN, Raw, archive_of, manifest, raw
from fuzz_bytes import NESTED, NUMBERS, chance, edit_json, edited
from fuzz_weights import mutated_weights, packed_weights, some_weights

from edge.bundle.archive import ArchiveLimits
from edge.bundle.listing import WEIGHTS, section_of
from edge.bundle.manifest import SCHEMA
from edge.bundle.weights.forms import FORMS, in_form
from edge.bundle.weights.holes import cut

DIGEST, SIGNATURE = 64, 128
NAMES = (
    b"", b".", b"..", b"../x", b"/x", b"a\\b", b"c:x", b"a//b", b"con", b"A" * 201, b"a/" * 20 + b"x", b"caf\xe9",
    b"\xff\0", b"text.json", b"TEXT.JSON", b"text.json/x", b"manifest.json", b"models", b"models/litert.tflite/x",
    b"models/litert/x", b"models/onnx/" + b"d/" * 17 + b"x", b"models/coreml.x", b"weights.bin",
)  # fmt: skip
MARKS = (b"PK\1\2", b"PK\3\4", b"PK\5\6", b"PK\6\6", b"PK\7\x08", b"\0" * 4, b"\xff" * 4, b"\0", b"x" * 30)
JSON_PIECES = (
    b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b"NaN", b"-Infinity", b"1e999", b"9" * 5000, b"null", b"\\ud800",
    b"\xff", b"\xef\xbb\xbf", b"\0", b'"name": "again",', b'"files": [],', NESTED.encode(), b"[" * 100_000,
)  # fmt: skip


MODEL = b"TFL3" + b"".join(in_form(values, "float32") for values in some_weights().values() if values.dtype != np.int8)
WITH_WEIGHTS = PLAIN | {
    "models/litert.tflite": MODEL + b"and" + in_form(some_weights()["layer.weight"], "rows") + b"end",
    "models/onnx/layer.onnx": in_form(some_weights()["layer.weight"], "columns+128") + MODEL,
}


@dataclass
class Draft:
    """A bundle in the making: each level is made from the one before it, unless it was damaged."""

    files: dict[str, bytes]  # as they will be installed
    packed: bool  # whether the weights are cut out of the models
    described: dict[str, Any] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)  # of the archive
    text: bytes = b""  # of manifest.json
    entries: tuple[Raw, ...] = ()
    body: bytes = b""  # all before the comment
    comment: bytes = b""


def mutated_bundle(random: Random) -> bytes:
    """A bundle damaged at one level or more."""
    damaged = {random.randrange(len(_DAMAGE))}
    while chance(random, 3):
        damaged.add(random.randrange(len(_DAMAGE)))
    packed = chance(random, 4)
    draft = Draft(dict(WITH_WEIGHTS if packed else PLAIN), packed)
    for level, (damage, make) in enumerate(_DAMAGE):
        if level in damaged:
            damage(random, draft)
        make(random, draft)
    return draft.body + draft.comment


@lru_cache(maxsize=8)
def described(files: tuple[tuple[str, bytes], ...], packed: bool) -> tuple[str, dict[str, bytes]]:
    """The manifest that fits the files, as JSON, and what stands in the archive."""
    listed, contents = [], {}
    for name, data in files:
        section = section_of(name)
        contents[name], holes = cut(data, some_weights()) if packed and name.startswith("models/") else (data, ())
        listed.append(_listing(name, data) | {"section": section})
        if holes:
            listed[-1]["holes"] = [[hole.offset, hole.tensor, hole.form] for hole in holes]
    if packed:
        contents[WEIGHTS] = packed_weights()
        listed.append(_listing(WEIGHTS, contents[WEIGHTS]) | {"section": "weights"})
    return json.dumps(manifest(schema=SCHEMA, files=listed)), contents


def _listing(name: str, data: bytes) -> dict[str, Any]:
    return {"path": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


@lru_cache(maxsize=500)
def _packed(name: str, content: bytes) -> Raw:
    return raw(name, content)


def _damage_files(random: Random, draft: Draft) -> None:
    name = _one_of(random, draft.files)
    change = random.randrange(6)
    if change == 0:
        draft.files[name] = edited(random, draft.files[name])
    elif change == 1:
        draft.files[name] = b""
    elif change == 2:
        del draft.files[name]
    elif change == 3:
        draft.files[NAMES[random.randrange(len(NAMES))].decode("latin-1")] = b"more"
    elif change == 4 and chance(random, 50):  # repetitive, and large or many
        size, count = ((1 << 20, 12), (1 << 20, 20), (1 << 21, 1), (10, 190), (10, 1100))[random.randrange(5)]
        draft.files |= {f"models/litert/{index}": bytes(size) for index in range(count)}
    else:
        draft.files["models/coreml/x"] = random.randbytes(random.randrange(400))


def _cut_files(random: Random, draft: Draft) -> None:
    files = draft.files if not chance(random, 20) else WITH_WEIGHTS if draft.packed else PLAIN
    text, contents = described(tuple(files.items()), draft.packed)
    draft.described, draft.contents = json.loads(text), dict(contents)


def _damage_packing(random: Random, draft: Draft) -> None:
    """The weights, the models without them, and the holes; what is listed fits again, as far as it can."""
    files = draft.described["files"]
    change = random.randrange(4)
    if change == 0 and draft.packed:
        draft.contents[WEIGHTS] = mutated_weights(random)
        files[-1] |= _listing(WEIGHTS, draft.contents[WEIGHTS])
    elif change == 1 and draft.packed:
        edit_json(random, [file.get("holes", []) for file in files])
    elif change == 2 and draft.packed and chance(random, 10):
        _repeat_holes(random, draft)
    else:
        at = random.randrange(len(files))
        name = files[at]["path"]
        draft.contents[name] = edited(random, draft.contents[name])
        if chance(random, 2):
            files[at] |= _listing(name, draft.contents[name])


def _repeat_holes(random: Random, draft: Draft) -> None:
    """A model of one parameter again and again, in a file or in many."""
    tensor = _one_of(random, some_weights())
    form = FORMS[random.randrange(len(FORMS))]
    width = (1, 4, 64, 128, 192, 384)[random.randrange(6)]
    count, copies = ((40, 1), (1000, 1), (40, 100), (8000, 1))[random.randrange(4)]
    holes = [[index * width, tensor, form] for index in range(count)]
    for index in range(copies):
        name = f"models/onnx/{index}"
        draft.contents[name] = b""
        listed = _listing(name, b"") | {"section": "model:onnx", "holes": holes, "bytes": count * width}
        draft.described["files"].append(listed)


def _one_of(random: Random, names: Iterable[str]) -> str:
    choices = list(names)
    return choices[random.randrange(len(choices))]


def _damage_manifest(random: Random, draft: Draft) -> None:
    edit_json(random, draft.described)
    while chance(random, 3) and draft.described:
        edit_json(random, draft.described)


def _write_manifest(random: Random, draft: Draft) -> None:
    draft.text = json.dumps(draft.described).encode()


def _damage_text(random: Random, draft: Draft) -> None:
    if chance(random, 500):
        draft.text = _dense(random, draft.text)
    else:
        draft.text = edited(random, draft.text, JSON_PIECES)


def _dense(random: Random, text: bytes) -> bytes:
    """A manifest just below its limit whose values take the most memory."""
    item = (b"[],", b"{},", b'{"a":1},', b'"ab",', b"1e5,", b'{"":{}},')[random.randrange(6)]
    room = ArchiveLimits().manifest_bytes - len(text) - 20
    return text[:-1] + b', "more": [' + item * (room // len(item)) + b"0]}"


def _pack_files(random: Random, draft: Draft) -> None:
    packed = [_packed(name, data) for name, data in draft.contents.items()]
    draft.entries = (raw("manifest.json", draft.text), *packed)


def _damage_entries(random: Random, draft: Draft) -> None:
    entries = list(draft.entries)
    at = random.randrange(len(entries))
    change = random.randrange(5)
    if change == 0:
        entries[at] = _damaged_entry(random, entries[at])
    elif change == 1:
        del entries[at]
    elif change == 2:
        entries.insert(random.randrange(len(entries) + 1), entries[at])
    elif change == 3:
        entries.append(raw(NAMES[random.randrange(len(NAMES))], b"more"))
    else:
        other = random.randrange(len(entries))
        entries[at], entries[other] = entries[other], entries[at]
    draft.entries = tuple(entries)


def _damaged_entry(random: Random, entry: Raw) -> Raw:
    number = NUMBERS[random.randrange(len(NUMBERS))]
    content = zlib.decompress(entry.data, -15)
    change = random.randrange(12)
    if change == 0:
        return replace(entry, data=edited(random, entry.data))
    if change == 1:
        return raw(entry.name, edited(random, content))
    if change == 2:
        return replace(entry, data=_other_deflate(random, content))
    if change == 3:
        return replace(entry, data=b"")
    if change == 4:
        return replace(entry, local=edited(random, b"PK\3\4" + bytes(26) + entry.name))
    if change == 5:  # grows beyond what it declares
        return replace(entry, data=raw("", content + bytes(1 << random.randrange(24))).data)
    if change == 6:
        return replace(entry, name=NAMES[random.randrange(len(NAMES))])
    field = ("crc", "declared", "offset", "flags", "method", "mode")[change % 6]
    wide = field in ("crc", "declared", "offset")
    value: dict[str, Any] = {field: number if wide else number & 0xFFFF}
    return replace(entry, **value)


def _other_deflate(random: Random, content: bytes) -> bytes:
    """Another stream with the same content: stored, flushed on the way, or with something behind it."""
    packer = zlib.compressobj(random.randrange(10), zlib.DEFLATED, -15, strategy=random.randrange(5))
    half = len(content) // 2
    data = packer.compress(content[:half]) + packer.flush(zlib.Z_SYNC_FLUSH)
    for _ in range(random.randrange(1, 2000) if chance(random, 20) else 0):  # empty blocks
        data += b"\0\0\0\xff\xff"
    data += packer.compress(content[half:]) + packer.flush()
    return data + bytes(random.randrange(2))


def _lay_out(random: Random, draft: Draft) -> None:
    draft.body = archive_of(draft.entries)[:-DIGEST]


def _damage_layout(random: Random, draft: Draft) -> None:
    if chance(random, 4):
        draft.body = archive_of(draft.entries, between=MARKS[random.randrange(len(MARKS))])[:-DIGEST]
    elif chance(random, 3):
        draft.body = draft.body[:-22] + edited(random, draft.body[-22:])
    else:
        draft.body = edited(random, draft.body, MARKS)


def _keep(random: Random, draft: Draft) -> None:
    """Nothing more follows from this level."""


def _damage_comment(random: Random, draft: Draft) -> None:
    change = random.randrange(4)
    if change == 0:  # a signature that nobody made
        draft.body = draft.body[:-2] + (DIGEST + SIGNATURE).to_bytes(2, "little")
        draft.comment = _digest(draft.body) + random.randbytes(SIGNATURE // 2).hex().encode()
        if chance(random, 2):
            draft.comment = edited(random, draft.comment)
    elif change == 1:
        draft.comment = edited(random, _digest(draft.body))
    elif change == 2:
        draft.comment = _digest(draft.body) + MARKS[random.randrange(len(MARKS))]
    else:
        draft.comment = _digest(draft.body)
        draft.body = edited(random, draft.body, MARKS)


def _comment(random: Random, draft: Draft) -> None:
    draft.comment = draft.comment or _digest(draft.body)


def _digest(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest().encode()


# Level by level: what damages it, and what makes the next one of it.
_DAMAGE: tuple[tuple[Callable[[Random, Draft], None], Callable[[Random, Draft], None]], ...] = (
    (_damage_files, _cut_files),
    (_damage_packing, _keep),
    (_damage_manifest, _write_manifest),
    (_damage_text, _pack_files),
    (_damage_entries, _lay_out),
    (_damage_layout, _keep),
    (_damage_comment, _comment),
)
