"""Writes edge/bundle/vectors: small bundles that every reader must accept or refuse, and index.json, which says which.

    PYTHONPATH=. python tests/edge/bundle_vectors.py

The bytes depend on nothing but this file and those beside it: files are stored, not compressed, in the deflated data.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from bundles import Raw, archive_of, raw
from runnable_bundles import TOKENS
from runnable_weights import reading

from edge.bundle.exits import Exit
from edge.bundle.keys import PrivateKey, PublicKey
from edge.bundle.listing import WEIGHTS, section_of
from edge.bundle.manifest import SCHEMA
from edge.bundle.weights.packed import pack
from edge.conformance.golden import read_request, to_line
from edge.text.types import Event, Item, Request, User

FOLDER = Path(__file__).parents[2] / "edge" / "bundle" / "vectors"
KEY, OTHER = PrivateKey(bytes(range(32))), PrivateKey(bytes(32))
READ, OPEN, REPLAY = "read", "open", "replay"  # at which step a refusal is due at the latest
ORDER = 2**252 + 27742317777372353535851937790883648493  # of Ed25519's base point
PRIME = 2**255 - 19
SPEC = {"profile": "{kind}", "item": "{title}", "event": "[[liked {liked}]]", "context": "[[{age} film]]",
        "numbers": [{"name": "year", "of": "item.year"}], "max_segment_tokens": 5, "max_user_tokens": 20}  # fmt: skip
MODEL = {"hidden": 8, "heads": 2, "encode_depths": [1], "interact_layers": 1, "positions": 5, "places": 7, "numbers": 1,
         "distances": 6, "match_size": 4, "match_heads": 2, "factors": 0, "vocabulary": len(TOKENS),
         "value": "liked"}  # fmt: skip
EXITS = [{"encode": 1, "interact": 0, "quality": {"auc": 0.75}}, {"encode": 1, "interact": 1, "quality": {}}]
WEIGHTS_OF = {
    "a.scale": np.array([0.5, 0.25], dtype=np.float32),
    "a.weight": np.array([[1, 0, -2, 0], [0, 3, 0, 0]], dtype=np.int8),
}


@dataclass(frozen=True)
class Vector:
    """`kind`: what is wrong, or what is worth accepting; `key`: the one that the reader is given."""

    name: str
    kind: str
    data: bytes
    accept: bool
    step: str = READ
    key: PublicKey | None = None


def golden(title: str = "blue film") -> bytes:
    """One request, with texts, ids and numbers as they must be and logits that no engine has to reach."""
    events = (Event(Item("", {"title": "red sea", "year": 1990}), {"liked": True}, 100.0),)
    request = Request(User({"kind": "new"}), events, (Item("1", {"title": title, "age": "old"}),), 200.0)
    logits = {Exit(1, interact): np.zeros(1, dtype=np.float32) for interact in (0, 1)}
    found = read_request(replace(reading(), numbers=reading().numbers[:1]), "one", request)
    return (to_line(replace(found, logits=logits)) + "\n").encode()


BASE = {
    "text.json": json.dumps(SPEC).encode(),
    "vocab.txt": "".join(f"{token}\n" for token in TOKENS).encode(),
    "golden.jsonl": golden(),
    "models/onnx/x": b"none",
}


def stored(content: bytes, block: int = 0xFFFF) -> bytes:
    """A deflate stream of stored blocks (RFC 1951, 3.2.4), the same from any library."""
    pieces = [content[start : start + block] for start in range(0, len(content), block)] or [b""]
    heads = [
        bytes([piece is pieces[-1]]) + len(piece).to_bytes(2, "little") + (len(piece) ^ 0xFFFF).to_bytes(2, "little")
        for piece in pieces
    ]
    return b"".join(head + piece for head, piece in zip(heads, pieces, strict=True))


def entry(name: str | bytes, content: bytes = b"", **changes: Any) -> Raw:
    return raw(name, content, **({"data": stored(content)} | changes))


def listing(name: str, content: bytes, **changes: Any) -> dict[str, Any]:
    digest = hashlib.sha256(content).hexdigest()
    return {"path": name, "bytes": len(content), "sha256": digest, "section": section_of(name)} | changes


def entries(contents: dict[str, bytes] | None = None, text: bytes | None = None, **changes: Any) -> list[Raw]:
    """Of a sound bundle with these contents, `changes` made to its manifest, or `text` in place of that."""
    contents = BASE if contents is None else contents
    files = [listing(name, content) for name, content in contents.items()]
    plain = {"schema": SCHEMA, "name": "small", "model": MODEL, "buckets": {}, "exits": EXITS}
    described = plain | {"golden": {"tolerance": 0.001}, "provenance": {}, "files": files} | changes
    manifest = json.dumps(described, separators=(",", ":")).encode() if text is None else text
    return [entry("manifest.json", manifest), *(entry(name, content) for name, content in contents.items())]


def bundle(contents: dict[str, bytes] | None = None, text: bytes | None = None, **changes: Any) -> bytes:
    return archive_of(entries(contents, text, **changes))


def with_entry(changed: Raw) -> bytes:
    """A sound bundle in which the entry of that name is another."""
    return archive_of([changed if one.name == changed.name else one for one in entries()])


def files_with(name: str, **changes: Any) -> list[dict[str, Any]]:
    """What the manifest lists of `BASE`, one file's entry changed."""
    return [listing(path, data, **(changes if path == name else {})) for path, data in BASE.items()]


def sealed(data: bytes, key: PrivateKey = KEY) -> bytes:
    """The archive, signed."""
    body = data[:-64]
    body = body[:-2] + (64 + 128).to_bytes(2, "little")
    digest = hashlib.sha256(body).hexdigest().encode()
    return body + digest + key.sign(b"edge-ranker/bundle\n" + digest).hex().encode()


def resealed(data: bytes, signature: bytes) -> bytes:
    return data[:-128] + signature.hex().encode()


def with_order_added(data: bytes) -> bytes:
    """S + L in place of S: the same equation holds, but it is no second way to write a signature."""
    signature = bytes.fromhex(data[-128:].decode())
    return resealed(data, signature[:32] + (int.from_bytes(signature[32:], "little") + ORDER).to_bytes(32, "little"))


def cofactored(data: bytes) -> bytes:
    """R and a point of order 2 added: [8][S]B = [8]R + [8][k]A holds, [S]B = R + [k]A does not."""
    message = b"edge-ranker/bundle\n" + data[-192:-128]
    secret, nonce = (scalar(key) for key in (KEY, OTHER))
    r = with_point_of_order_2(OTHER.public.raw)
    k = int.from_bytes(hashlib.sha512(r + KEY.public.raw + message).digest(), "little")
    return resealed(data, r + ((nonce + k * secret) % ORDER).to_bytes(32, "little"))


def with_point_of_order_2(encoded: bytes) -> bytes:
    """The sum of a point and (0, -1), which negates both coordinates."""
    point = int.from_bytes(encoded, "little")
    sign, y = point >> 255, point & (2**255 - 1)
    return (PRIME - y | (1 - sign) << 255).to_bytes(32, "little")


def mixed_order(remainder: int) -> bytes:
    """Signed for A and a point of order 2, where k modulo 2 is not `remainder`, and k modulo ORDER modulo 2 is.

    [S]B = R + [k]A holds for an even multiple alone: only a reader that reduces k modulo ORDER gets both verdicts.
    """
    secret, nonce, r = scalar(KEY), scalar(OTHER), OTHER.public.raw
    for number in itertools.count():
        data = sealed(bundle(name=f"small {number}"))
        message = b"edge-ranker/bundle\n" + data[-192:-128]
        k = int.from_bytes(hashlib.sha512(r + with_point_of_order_2(KEY.public.raw) + message).digest(), "little")
        if k % 2 != remainder and k % ORDER % 2 == remainder:
            return resealed(data, r + ((nonce + k * secret) % ORDER).to_bytes(32, "little"))
    raise AssertionError


def scalar(key: PrivateKey) -> int:
    """RFC 8032, 5.1.5."""
    half = int.from_bytes(hashlib.sha512(key.raw).digest()[:32], "little")
    return (half & ((1 << 254) - 8)) | 1 << 254


def packed(holes: list[list[Any]], whole: bytes, rest: bytes, weights: bytes | None = None) -> bytes:
    """A bundle whose model is stored as `rest`, and `whole` once its holes are filled."""
    weights = pack(WEIGHTS_OF) if weights is None else weights
    contents = BASE | {"models/onnx/x": rest, WEIGHTS: weights}
    files = [listing(name, data) for name, data in contents.items()]
    files[3] |= listing("models/onnx/x", whole) | {"holes": holes}
    return bundle(contents, files=files)


def text_with(old: str, new: str) -> bytes:
    """The manifest with one piece of its text replaced."""
    whole = entries()[0].data[5:].decode()
    assert old in whole
    return whole.replace(old, new, 1).encode("utf-8", "surrogatepass")


def vectors() -> list[Vector]:
    from bundle_vector_cases import accepted, refused

    return [*accepted(), *refused()]


def write(folder: Path) -> None:
    """All vectors and their index."""
    folder.mkdir(exist_ok=True)
    index = []
    for vector in vectors():
        name = f"{vector.name}.edge"
        (folder / name).write_bytes(vector.data)
        verdict = {"file": name, "verdict": "accept" if vector.accept else "refuse", "kind": vector.kind}
        key = {"public_key": vector.key.raw.hex()} if vector.key else {}
        index.append(verdict | ({} if vector.accept else {"step": vector.step}) | key)
    lines = ",\n ".join(json.dumps(one) for one in index)
    (folder / "index.json").write_text(f"[{lines}]\n")


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
