"""What the bundle's vectors are: each a small archive with one thing that is wrong, or worth accepting."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from bundle_vectors import (
    BASE,
    EXITS,
    KEY,
    MODEL,
    OPEN,
    OTHER,
    REPLAY,
    SPEC,
    WEIGHTS_OF,
    Vector,
    bundle,
    cofactored,
    entries,
    entry,
    files_with,
    golden,
    listing,
    mixed_order,
    packed,
    resealed,
    sealed,
    stored,
    text_with,
    with_entry,
    with_order_added,
    with_point_of_order_2,
)
from bundles import archive_of, signed
from deflate_blocks import Repeat, block, distance_code

from edge.bundle.keys import PublicKey
from edge.bundle.weights.forms import in_form
from edge.bundle.weights.packed import pack

MIXED = PublicKey(with_point_of_order_2(KEY.public.raw))  # a key whose order is twice that of the base point
VOCABULARY, GOLDEN = BASE["vocab.txt"], BASE["golden.jsonl"]
# VOCABULARY as zlib 1.2.13 deflates it at level 9
DEFLATED = bytes.fromhex(
    "8b0e707489e58a0ef5f30692be8ec120cac93f581d48b94228200fc289e52a4a4de14a2f4a4dcde34aca294de52a4e4de44a"
    "cbccc9e5ca4fe3cac9cc064ae6e59770e5e700e9d4722e00"
)


def accepted() -> Iterator[Vector]:
    buckets = {"litert": ["embed_8", "encode_8", "summarise_2_8", "append_1", "score_0_4", "score_1_4"]}
    rows = in_form(WEIGHTS_OF["a.weight"], "rows")
    fitted = [EXITS[1] | {"calibration": {"temperature": 0.5, "offset": -1.5}}, EXITS[0] | {"calibration": None}]
    deflated = zlib.decompressobj(-15)
    assert deflated.decompress(DEFLATED) == VOCABULARY
    for name, kind, data in (
        ("plain", "smallest", bundle()),
        ("two-engines", "buckets", bundle(BASE | {"models/litert/model.tflite": b"lite"}, buckets=buckets)),
        ("buckets-without-a-model", "buckets of an engine that was left out", bundle(buckets=buckets)),
        ("empty-file", "a file of no bytes", bundle(BASE | {"models/onnx/empty": b""})),
        ("more-keys", "unknown keys", bundle(later=[1, {"a": None}], provenance={"run": "ab", "more": 1.5})),
        ("calibrated", "exits in any order, calibration or null", bundle(exits=fitted)),
        ("deflated", "fixed Huffman codes", with_entry(entry("vocab.txt", VOCABULARY, data=DEFLATED))),
        (
            "stored-blocks",
            "several stored blocks",
            with_entry(entry("vocab.txt", VOCABULARY, data=stored(VOCABULARY, 5))),
        ),
        (
            "one-code-word",
            "a code of one word",
            with_entry(entry("vocab.txt", VOCABULARY, data=block(_repeated(), distances=_one(1)))),
        ),
        ("no-code-word", "a code of no word", with_entry(entry("vocab.txt", VOCABULARY, data=block(VOCABULARY)))),
        ("holes", "a weight filled in", packed([[2, "a.weight", "rows"]], b"<<" + rows + b">>", b"<<>>")),
        ("golden-separator", "only U+000A ends a line", bundle(BASE | {"golden.jsonl": golden("blue\u2028film\x85")})),
        ("signed-without-key", "a signature is not asked for", sealed(bundle())),
    ):
        yield Vector(name, kind, data, accept=True)
    yield Vector("signed", "signature", sealed(bundle()), accept=True, key=KEY.public)
    yield Vector("signed-by-mixed-order", "k modulo the order", mixed_order(0), accept=True, key=MIXED)


def refused() -> Iterator[Vector]:
    for kind, step, cases in (
        ("archive", "read", _archives()),
        ("layout", "read", _layouts()),
        ("name", "read", _names()),
        ("data", "read", _data()),
        ("manifest", "read", _manifests()),
        ("listing", "read", _listings()),
        ("holes", "read", _holes()),
        ("text", OPEN, _texts()),
        ("golden", REPLAY, _goldens()),
    ):
        yield from (Vector(name, kind, data, accept=False, step=step) for name, data in cases)
    for name, data in _signatures():
        yield Vector(name, "signature", data, accept=False, key=KEY.public)
    yield Vector("signature-by-mixed-order", "signature", mixed_order(1), accept=False, key=MIXED)
    upper = sealed(bundle())
    yield Vector("signature-upper-case", "signature", upper[:-128] + upper[-128:].upper(), accept=False)


def _archives() -> Iterator[tuple[str, bytes]]:
    good = bundle()
    yield "nothing", b""
    yield "truncated", good[:-1]
    yield "more-behind", good + b"\n"
    yield "flipped-bit", good[:60] + bytes([good[60] ^ 1]) + good[61:]
    yield "digest-upper-case", good[:-64] + good[-64:].upper()


def _layouts() -> Iterator[tuple[str, bytes]]:
    good = entries()
    yield "gap", archive_of(good, between=b"gap!")
    yield "bytes-before", archive_of(good, before=b"PK\3\4")
    yield "other-comment", signed(archive_of(good)[:-66] + b"\x41\0") + b"x"
    for name, changes in (
        ("method-stored", {"method": 0, "data": VOCABULARY}),
        ("data-descriptor", {"flags": 8}),
        ("encrypted", {"flags": 1}),
        ("extra-field", {"extra": b"\x75\x70\0\0"}),
        ("executable", {"mode": 0o100755}),
        ("symbolic-link", {"mode": 0o120777}),
        ("local-header-differs", {"local": b"PK\3\4" + bytes(26) + b"vocab.txt"}),
    ):
        yield name, with_entry(entry("vocab.txt", VOCABULARY, **changes))


def _names() -> Iterator[tuple[str, bytes]]:
    for name, path in (
        ("leaves-the-archive", "models/onnx/../../x"),
        ("absolute-path", "/models/onnx/x"),
        ("backslash", "models\\onnx\\x"),
        ("same-but-for-case", "models/onnx/X"),
        ("reserved-name", "models/onnx/nul.bin"),
        ("ends-with-a-dot", "models/onnx/y."),
        ("file-and-directory", "models/onnx/x/y"),
        ("not-ascii", "models/onnx/\xe9"),
    ):
        yield name, bundle(BASE | {path: b"y"}, files=[listing(one, data) for one, data in BASE.items()])


def _data() -> Iterator[tuple[str, bytes]]:
    yield "wrong-crc", with_entry(entry("vocab.txt", VOCABULARY, crc=1))
    yield "more-than-declared", with_entry(entry("vocab.txt", VOCABULARY, data=stored(VOCABULARY + b"x")))
    yield "less-than-declared", with_entry(entry("vocab.txt", VOCABULARY, data=stored(VOCABULARY[:-1])))
    yield "deflate-ends-early", with_entry(entry("vocab.txt", VOCABULARY, data=stored(VOCABULARY) + b"\0"))
    yield "deflate-does-not-end", with_entry(entry("vocab.txt", VOCABULARY, data=b"\0" + stored(VOCABULARY)[1:]))
    for name, data in _codes():
        yield name, with_entry(entry("vocab.txt", VOCABULARY, data=data))
    yield "declares-a-bomb", with_entry(entry("vocab.txt", VOCABULARY, declared=1 << 26))
    yield "manifest-too-large", archive_of([replace(entries()[0], declared=(1 << 18) + 1), *entries()[1:]])


def _codes() -> Iterator[tuple[str, bytes]]:
    """Codes of which readers differ in what they accept: the data would be right."""
    yield "too-many-code-words", block(VOCABULARY, [8] * 255 + [9] * 3)
    yield "too-few-code-words", block(VOCABULARY, [8] * 254 + [9] * 3)
    yield "one-code-word-of-two-bits", block(_repeated(), distances=_one(2))
    yield "no-end-of-a-block", block(VOCABULARY, [8] * 256 + [0])
    yield "distance-before-the-beginning", block([Repeat(1), *VOCABULARY[3:]], distances=[1])


def _repeated() -> list[int | Repeat]:
    """The bytes of VOCABULARY, the first three that occurred before as a repeat."""
    for at in range(len(VOCABULARY) - 3):
        before = VOCABULARY.rfind(VOCABULARY[at : at + 3], 0, at + 2)
        if before >= 0:
            return [*VOCABULARY[:at], Repeat(at - before), *VOCABULARY[at + 3 :]]
    raise AssertionError


def _one(length: int) -> list[int]:
    """The code of distances with one code word, that of the repeat."""
    (repeat,) = (symbol for symbol in _repeated() if isinstance(symbol, Repeat))
    return [0] * distance_code(repeat.distance)[0] + [length]


def _manifests() -> Iterator[tuple[str, bytes]]:
    for name, old, new in (
        ("key-twice", '"name":"small"', '"name":"small","name":"small"'),
        ("nan", "0.001", "NaN"),
        ("larger-than-a-double", "0.001", "1e999"),
        ("lone-surrogate", '"small"', '"\\ud800"'),
        ("byte-order-mark", "{", "\ufeff{"),
    ):
        yield name, bundle(text=text_with(old, new))
    for name, changes in _fields():
        yield name, bundle(**changes)


def _fields() -> Iterator[tuple[str, dict[str, Any]]]:
    yield "schema-5", {"schema": "edge-ranker/bundle/5"}
    yield "schema-7", {"schema": "edge-ranker/bundle/7"}
    yield "name-with-escape", {"name": "a\x1b[2J"}
    for name, changes in (
        ("count-as-a-float", {"places": 7.0}),
        ("count-as-true", {"match_heads": True}),
        ("optional-null", {"precision": None}),
        ("heads-do-not-divide", {"heads": 3}),
        ("encode-depths-fall", {"encode_depths": [1, 0]}),
        ("no-such-value", {"value": "clicked"}),
        ("timeline-too-large", {"hidden": 65_536, "places": 16_384}),
    ):
        yield name, {"model": MODEL | changes}
    yield "tolerance-11", {"golden": {"tolerance": 11}}
    yield "no-deepest-exit", {"exits": EXITS[:1]}
    yield "exit-twice", {"exits": [*EXITS, EXITS[0]]}
    for metric in ("auc", "validation_auc"):
        yield f"{metric.replace('_', '-')}-above-1", {"exits": [EXITS[0] | {"quality": {metric: 1.01}}, EXITS[1]]}
    yield "temperature-0", {"exits": [EXITS[0], EXITS[1] | {"calibration": {"temperature": 0, "offset": 0}}]}
    yield "bucket-with-leading-zero", {"buckets": {"litert": ["encode_08"]}}
    yield "buckets-of-onnx", {"buckets": {"onnx": ["encode_8"]}}


def _listings() -> Iterator[tuple[str, bytes]]:
    litert = BASE | {"models/litert/model.tflite": b"lite"}
    yield "no-buckets", bundle(litert)
    yield "missing-file", archive_of(entries()[:-1])
    yield "unlisted-file", archive_of([*entries(), entry("models/onnx/y", b"y")])
    yield "wrong-size", bundle(files=files_with("vocab.txt", bytes=len(VOCABULARY) - 1))
    yield "wrong-sha256", bundle(files=files_with("vocab.txt", sha256="0" * 64))
    yield "wrong-section", bundle(files=files_with("vocab.txt", section="text"))
    yield "no-model", bundle({name: data for name, data in BASE.items() if "models" not in name})
    yield "no-place-for-a-file", bundle(BASE | {"run.sh": b"x"}, files=[*files_with(""), listing("run.sh", b"x")])
    yield "no-manifest", archive_of(entries()[1:])


def _holes() -> Iterator[tuple[str, bytes]]:
    rows, weights = in_form(WEIGHTS_OF["a.weight"], "rows"), pack(WEIGHTS_OF)
    whole = rows + b"<>" + rows
    first, second = [0, "a.weight", "rows"], [len(rows) + 2, "a.weight", "rows"]
    for name, holes in (
        ("holes-out-of-order", [second, first]),
        ("hole-beyond-the-file", [first, [99, "a.weight", "rows"]]),
        ("hole-of-no-tensor", [first, [len(rows) + 2, "b.weight", "rows"]]),
        ("no-such-form", [first, [len(rows) + 2, "a.weight", "runs"]]),
        ("form-of-another-type", [first, [len(rows) + 2, "a.weight", "float32"]]),
        ("filled-otherwise", [first, [len(rows) + 2, "a.scale", "float32"]]),
    ):
        yield name, packed(holes, whole, b"<>")
    yield "holes-without-weights", bundle(files=files_with("models/onnx/x", holes=[[0, "a.weight", "rows"]]))
    yield "weights-truncated", packed([first, second], whole, b"<>", weights[:-4])
    yield "weights-of-another-version", packed([first, second], whole, b"<>", b"EDGEWTS1" + weights[8:])


def _texts() -> Iterator[tuple[str, bytes]]:
    for name, changes in (
        ("longer-than-positions", {"max_segment_tokens": 6}),
        ("a-number-too-few", {"numbers": []}),
        ("template-does-not-end", {"item": "[[{title}"}),
    ):
        yield name, bundle(BASE | {"text.json": json.dumps(SPEC | changes).encode()})
    yield "a-token-too-many", bundle(BASE | {"vocab.txt": VOCABULARY + b"more\n"})
    yield "a-token-twice", bundle(BASE | {"vocab.txt": VOCABULARY.replace(b"green", b"red")})


def _goldens() -> Iterator[tuple[str, bytes]]:
    for name, old, new in (
        ("no-golden-request", GOLDEN, b""),
        ("golden-without-an-exit", b',"1/1":[0.0]', b""),
        ("golden-with-another-exit", b'"1/1"', b'"1/2"'),
        ("golden-logit-nan", b'"1/1":[0.0]', b'"1/1":[NaN]'),
        ("golden-logits-too-many", b'"1/1":[0.0]', b'"1/1":[0.0,0.0]'),
        ("golden-other-text", b'"phrases":["liked yes"]', b'"phrases":["liked no"]'),
        ("golden-other-ids", b'"profile":[[', b'"profile":[[8,'),
        ("golden-number-present", b'"numbers":[[null]]', b'"numbers":[[0.0]]'),
    ):
        assert old in GOLDEN, old
        yield name, bundle(BASE | {"golden.jsonl": GOLDEN.replace(old, new, 1)})


def _signatures() -> Iterator[tuple[str, bytes]]:
    good = sealed(bundle())
    yield "not-signed", bundle()
    yield "signed-by-another", sealed(bundle(), OTHER)
    yield "signature-of-another-bundle", good[:-128] + sealed(bundle(name="other"))[-128:]
    yield "signature-s-above-the-order", with_order_added(good)
    yield "signature-cofactored", cofactored(good)
    yield "signature-of-zeros", resealed(good, bytes(64))
