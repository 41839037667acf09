"""A bundle is read whole and unaltered, or refused in one line with nothing left behind."""

from __future__ import annotations

import hashlib
import json
import os
import random
import tracemalloc
import zipfile
import zlib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from bundles import FILES, MODEL, PLAIN, Raw, archive_of, entries_for, files_under, make, manifest, raw, signed

from edge.bundle.archive import ArchiveLimits
from edge.bundle.bundle import manifest_bytes, open_bundle, write_bundle
from edge.bundle.deflate import BLOCK, deflate
from edge.bundle.install import LOCK, install
from edge.bundle.sizes import sizes
from edge.errors import EdgeError


def refused(path: Path) -> str:
    """The one line that `open_bundle` and `install` both refuse `path` with, leaving nothing behind."""
    before = files_under(path.parent)
    with pytest.raises(EdgeError) as opening:
        open_bundle(path)
    problem = opening.value.problem
    assert refused_installation(path) == problem
    assert "\n" not in problem and opening.value.fix
    assert str(opening.value) == f"{problem}\nfix: {opening.value.fix}"
    assert files_under(path.parent) == before
    with TemporaryDirectory() as cache:  # of somebody who has installed before
        (Path(cache) / LOCK).touch()
        assert refused_installation(path, Path(cache)) == problem
        assert files_under(Path(cache)) == {LOCK}
    return problem


def refused_installation(path: Path, cache: Path | None = None) -> str:
    with pytest.raises(EdgeError) as refusal:
        install(path, cache or path.parent / "cache")
    return refusal.value.problem


def refused_bytes(directory: Path, data: bytes) -> str:
    path = directory / "bad.edge"
    path.write_bytes(data)
    return refused(path)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    info = write_bundle(tmp_path / "m.edge", FILES, manifest())
    bundle = open_bundle(info.path)
    assert {name: bundle.read(name) for name in FILES} == PLAIN
    assert bundle.name == "movies"
    assert bundle.engines == ("litert", "onnx")
    assert bundle.sha256 == info.sha256 == hashlib.sha256(info.path.read_bytes()).hexdigest()
    assert info.bytes == info.path.stat().st_size
    assert files_under(tmp_path) == {"m.edge"}


def test_equal_content_gives_equal_bytes_from_paths_and_in_any_order(tmp_path: Path) -> None:
    model = tmp_path / "anywhere.tflite"
    model.write_bytes(PLAIN["models/litert.tflite"])
    reordered = dict(reversed(FILES.items())) | {"models/litert.tflite": model}
    first, second = make(tmp_path / "a.edge"), make(tmp_path / "b.edge", reordered)
    assert first.read_bytes() == second.read_bytes()


def test_any_zip_tool_reads_it(tmp_path: Path) -> None:
    with zipfile.ZipFile(make(tmp_path / "m.edge")) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in FILES} == PLAIN


def test_every_flipped_byte_is_refused(tmp_path: Path) -> None:
    good = make(tmp_path / "m.edge").read_bytes()
    bits = random.Random(0)
    for position in range(len(good)):
        bad = bytearray(good)
        bad[position] ^= 1 << bits.randrange(8)
        path = tmp_path / "bad.edge"
        path.write_bytes(bad)
        with pytest.raises(EdgeError):
            open_bundle(path)
    assert "SHA-256" in refused(path)


def test_every_truncation_and_every_addition_is_refused(tmp_path: Path) -> None:
    good = make(tmp_path / "m.edge").read_bytes()
    for length in (*range(0, 200), *range(200, len(good), 37), *range(len(good) - 100, len(good))):
        with pytest.raises(EdgeError):
            (tmp_path / "bad.edge").write_bytes(good[:length])
            open_bundle(tmp_path / "bad.edge")
    for bad in (good + b"\0", b"\0" + good, b"PK\3\4" + good, good[:64] + b"x" + good[64:], good + good):
        assert "refused" in refused_bytes(tmp_path, bad)


def test_a_forger_of_the_archives_digest_still_meets_the_layout(tmp_path: Path) -> None:
    """Flip every byte before the comment and sign again: no file but the manifest can be altered."""
    good = make(tmp_path / "m.edge").read_bytes()
    path = tmp_path / "bad.edge"
    for position in range(len(good) - 64):
        bad = bytearray(good[:-64])
        bad[position] ^= 1 << position % 8
        path.write_bytes(signed(bytes(bad)))
        try:
            bundle = open_bundle(path)
        except EdgeError:
            continue
        assert {name: bundle.read(name) for name in PLAIN} == PLAIN
        assert len(bundle.names) == len(PLAIN) + 1


@pytest.mark.parametrize("content", [b"", b"P", b"not a zip", b"PK\3\4", b"\0" * 500])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    assert ("empty" if not content else "not a bundle") in refused_bytes(tmp_path, content)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    assert "a directory" in refused(tmp_path)
    assert "No such file" in refused(tmp_path / "absent.edge")
    os.mkfifo(tmp_path / "pipe.edge")
    assert "not a regular file" in refused(tmp_path / "pipe.edge")
    with pytest.raises(EdgeError, match="not a usable file name"):
        open_bundle("nul\0.edge")


def test_a_foreign_zip_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "z.edge", "w") as archive:
        archive.writestr("manifest.json", "{}")
    assert "refused" in refused(tmp_path / "z.edge")


ESCAPES = ["../x", "a/../../x", "/etc/passwd", "models\\x", "C:/x", "c:x", "models/onnx/../../../x"]
BAD_NAMES = [
    "",
    ".",
    "a//b",
    "a/",
    "./a",
    "a\0b",
    "caf\xe9",
    "con",
    "models/NUL.txt",
    "a.",
    "a b",
    "-x",
    "x" * 201,
    "d/" * 20 + "x",
]


@pytest.mark.parametrize("name", ESCAPES)
def test_a_path_that_leaves_the_archive_is_refused(tmp_path: Path, name: str) -> None:
    assert "leaves the archive" in refused_bytes(tmp_path, archive_of([*entries_for(PLAIN), raw(name, b"x")]))


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_that_is_not_plain_is_refused(tmp_path: Path, name: str) -> None:
    assert "not an allowed" in refused_bytes(tmp_path, archive_of([*entries_for(PLAIN), raw(name, b"x")]))


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (raw("x", b"x", mode=0o120777), "symbolic link"),
        (raw("x", b"x", mode=0o100755), "malformed"),
        (raw("x", b"x", mode=0o40755), "malformed"),
        (raw("x", b"x", flags=1), "encrypted"),
        (raw("x", b"x", flags=8), "malformed"),
        (raw("x", b"x", method=0, data=b"x"), "compression method 0"),
        (raw("x", b"x", method=93), "compression method 93"),
        (raw("x", b"x", extra=b"\x75\x70\4\0abcd"), "malformed"),
        (raw("x", b"x", offset=0), "malformed"),
        (raw("x", b"x", local=b"PK\3\4" + bytes(27)), "contradicts"),
        (raw("text.json", b"x"), "same name"),
        (raw("TEXT.json", b"x"), "same name"),
        (raw("text.json/x", b"x"), "inside another file"),
        (raw("extra.bin", b"x"), "not listed"),
        (raw("x", b"x", declared=10 * 10**9, crc=0), "more than the limits allow"),
        (raw("x", b"x", declared=0xFFFFFFFF), "4 GB or more"),
        (raw("x", b"x", declared=900_000_000), "900,000,000 bytes, more than the limits allow"),
    ],
)
def test_an_entry_that_is_not_plain_is_refused(tmp_path: Path, entry: Raw, reason: str) -> None:
    assert reason in refused_bytes(tmp_path, archive_of([*entries_for(PLAIN), entry]))


def test_bytes_that_belong_to_no_file_are_refused(tmp_path: Path) -> None:
    entries = entries_for(PLAIN)
    assert archive_of(entries) == archive_of(entries, between=b"")
    (tmp_path / "m.edge").write_bytes(archive_of(entries))
    open_bundle(tmp_path / "m.edge")
    assert "no file" in refused_bytes(tmp_path, archive_of(entries, between=b"junk"))
    assert "malformed" in refused_bytes(tmp_path, archive_of(entries, before=b"PK\3\4"))


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (raw("vocab.txt", b"a" * 17, declared=16), "more than the 16 bytes"),
        (raw("vocab.txt", b"a" * 15, declared=16), "does not match its header"),
        (raw("vocab.txt", b"a" * 16, crc=1), "does not match its header"),
        (raw("vocab.txt", b"b" * 16), "does not match its SHA-256"),
        (raw("vocab.txt", b"a" * 16, data=b"\xff\xff\xff"), "cannot be read"),
        (raw("vocab.txt", b"a" * 16, data=b""), "truncated"),
        (raw("vocab.txt", b"a" * 16, data=raw("x", b"a" * 16).data + b"junk"), "does not match its header"),
        (raw("vocab.txt", b"a" * 16, data=raw("x", b"a" * 16).data[:-1]), "truncated"),
    ],
)
def test_data_that_belies_its_header_is_refused(tmp_path: Path, entry: Raw, reason: str) -> None:
    entries = entries_for(PLAIN | {"vocab.txt": b"a" * 16})
    changed = [entry if found.name == b"vocab.txt" else found for found in entries]
    assert reason in refused_bytes(tmp_path, archive_of(changed))


def test_a_bomb_is_refused_before_it_fills_memory(tmp_path: Path) -> None:
    bomb = raw("vocab.txt", bytes(64 << 20))
    declared_small = Raw(bomb.name, bomb.data, bomb.crc, declared=16)
    declared_true = Raw(bomb.name, bomb.data, bomb.crc, declared=64 << 20)
    del bomb
    for entry, reason in ((declared_small, "more than the 16 bytes"), (declared_true, "limits allow")):
        entries = entries_for(PLAIN | {"vocab.txt": b"a" * 16})
        data = archive_of([entry if found.name == b"vocab.txt" else found for found in entries])
        tracemalloc.start()
        assert reason in refused_bytes(tmp_path, data)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
        tracemalloc.stop()


def test_limits_hold_for_totals_counts_and_the_manifest(tmp_path: Path) -> None:
    path = make(tmp_path / "m.edge")
    for limits, reason in (
        (ArchiveLimits(total_bytes=2_000), "limit"),
        (ArchiveLimits(files=5), "6 files, more than the limit of 5"),
        (ArchiveLimits(manifest_bytes=100), "the limit is 100"),
    ):
        with pytest.raises(EdgeError, match=reason):
            open_bundle(path, limits)
    many = [raw(f"f{index}", b"") for index in range(1001)]
    assert "1,001 files" in refused_bytes(tmp_path, archive_of(many))


def changed_file(name: str = "vocab.txt", /, **changes: Any) -> dict[str, Any]:
    """Manifest changes that alter the entry of one file."""
    listed = json.loads(entries_manifest())["files"]
    return {"files": [file | changes if file["path"] == name else file for file in listed]}


def changed_model(**changes: Any) -> dict[str, Any]:
    return changed_file("models/litert.tflite", **changes)


def entries_manifest() -> bytes:
    return zlib.decompress(entries_for(PLAIN)[0].data, -15)


def exits(last: dict[str, Any]) -> list[dict[str, Any]]:
    """The usual exits, the deepest changed."""
    *others, deepest = manifest()["exits"]
    return [*others, deepest | last]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"schema": "edge-ranker/bundle/4"}, "its schema is 'edge-ranker/bundle/4', this version reads"),
        ({"schema": None}, "unknown schema None"),
        ({"name": "a\x1b[31m"}, "the name must be"),
        ({"model": []}, "no 'model'"),
        ({"model": MODEL | {"heads": 2.0}}, "model.heads must be an integer"),
        ({"model": MODEL | {"interact_layers": 1}}, "an exit 1/2, which the model does not have"),
        ({"model": MODEL | {"interact_layers": 3}}, "does not list the deepest exit, 1/3"),
        ({"model": MODEL | {"hidden": 10**8}}, "model.hidden must be an integer from 1 to 65,536"),
        ({"model": MODEL | {"heads": 3}}, "3 heads do not divide a hidden size of 8"),
        ({"model": MODEL | {"parameters": 10, "nonzero": 11}}, "model.nonzero is more than model.parameters"),
        ({"golden": {}}, "golden.tolerance"),
        ({"golden": {"tolerance": -1}}, "golden.tolerance must be a finite number from 0"),
        ({"golden": {"tolerance": 1e6}}, "golden.tolerance must be a finite number from 0 to 10"),
        ({"golden": {"tolerance": 0.1, "tolerances": {"onnx": -0.1}}}, "golden.tolerances must map"),
        ({"golden": {"tolerance": 0.1, "tolerances": {"coreml": "small"}}}, "golden.tolerances must map"),
        ({"exits": exits({"quality": {"auc": -7}})}, "'auc' must be from 0 to 1, it is -7"),
        ({"exits": exits({"quality": {"ndcg@10": 1.5}})}, "'ndcg@10' must be from 0 to 1"),
        ({"exits": exits({"quality": {"log_loss": -0.1}})}, "'log_loss' must be from 0"),
        ({"exits": exits({"quality": {"auc": "high"}})}, "finite numbers"),
        ({"exits": exits({"quality": {"auc": 10**400}})}, "finite numbers"),
        ({"exits": exits({"interact": 0})}, "lists an exit twice"),
        ({"exits": exits({"encode": True})}, "exits[2] needs two depths"),
        ({"exits": []}, "does not list the deepest exit"),
        ({"exits": [{"depth": 4, "plan": "prefix", "quality": {}}]}, "exits[0] needs two depths"),
        ({"exits": exits({"calibration": {"temperature": 0, "offset": 0}})}, "must be a number above 0"),
        ({"buckets": {}}, "lists a model of litert, but no buckets of it"),
        ({"files": []}, "lists no text file"),
        (changed_file(holes=[[0, "token.weight", "rows"]]), "only a model's file has holes"),
        (changed_model(holes=[[0, "token.weight", "rows"]]), "lists holes, but no weights.bin"),
        (changed_model(holes=[[-1, "token.weight", "rows"]]), "a hole is [offset, tensor, form]"),
        (changed_model(holes=[[0, "token.weight", "rot13"]]), "one of the forms rows"),
        (changed_file(bytes=10 * 10**9), "needs a size"),
        (changed_file(bytes=12), "has 17 bytes, manifest.json lists 12"),
        (changed_file(bytes=-1), "needs a size"),
        (changed_file(sha256="0" * 64), "does not match its SHA-256"),
        (changed_file(sha256=None), "SHA-256"),
        (changed_file(section="golden"), "does not belong to section"),
        (changed_file(path="../vocab.txt"), "does not belong to section"),
        (changed_file(path="models/onnx/absent.onnx", section="model:onnx"), "lists no vocabulary file"),
        (changed_file(path="text.json", section="text"), "lists a file twice"),
    ],
)
def test_a_manifest_that_is_not_of_the_schema_is_refused(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    assert reason in refused_bytes(tmp_path, archive_of(entries_for(PLAIN, **changes)))


@pytest.mark.parametrize(
    "text",
    [
        *(b"", b"[]", b"{", b"[" * 100_000, b"\xff", b"1" * 5000, b'"\\ud800"', b'{"schema": "\\ud800"}'),
        *(b'{"schema": NaN}', b'{"schema": 1, "schema": 1}'),
    ],
)
def test_a_manifest_that_is_not_json_is_refused(tmp_path: Path, text: bytes) -> None:
    entries = [raw("manifest.json", text), *entries_for(PLAIN)[1:]]
    assert "manifest.json" in refused_bytes(tmp_path, archive_of(entries))


def test_a_number_beyond_every_float_is_refused_wherever_it_stands(tmp_path: Path) -> None:
    written = manifest_bytes(manifest(provenance={"steps": 12345})).replace(b"12345", b"1e999")
    entries = [raw("manifest.json", written), *entries_for(PLAIN)[1:]]
    assert "manifest.json is not valid JSON" in refused_bytes(tmp_path, archive_of(entries))


def test_a_missing_file_or_manifest_is_refused(tmp_path: Path) -> None:
    entries = entries_for(PLAIN)
    assert "it has no manifest.json" in refused_bytes(tmp_path, archive_of(entries[1:]))
    assert "vocab.txt is listed but missing" in refused_bytes(
        tmp_path, archive_of([entry for entry in entries if entry.name != b"vocab.txt"])
    )
    assert "it has no manifest.json" in refused_bytes(tmp_path, archive_of([raw("a", b"")]))


def test_a_bundle_swapped_after_it_was_opened_is_noticed(tmp_path: Path) -> None:
    bundle = open_bundle(make(tmp_path / "m.edge"))
    make(tmp_path / "m.edge", FILES | {"vocab.txt": b"[PAD]\n[UNK]\nheap\n"})
    with pytest.raises(EdgeError, match="refused"):
        bundle.read("vocab.txt")


def test_what_could_not_be_read_is_not_written(tmp_path: Path) -> None:
    for files, changes, reason in (
        (FILES | {"run.sh": b""}, {}, "a bundle may not contain"),
        (FILES | {"../x": b""}, {}, "leaves the archive"),
        (FILES | {"models/onnx/x": tmp_path / "absent"}, {}, "is not a file"),
        ({"text.json": b""}, {}, "cannot be written: manifest.json lists no vocabulary"),
        (FILES, {"exits": []}, "cannot be written: manifest.json does not list the deepest exit"),
        (
            FILES,
            {"exits": exits({"quality": {"auc": float("nan")}})},
            "not valid JSON",
        ),
    ):
        with pytest.raises(EdgeError, match=reason):
            make(tmp_path / "m.edge", files, **changes)
        assert files_under(tmp_path) == set()
    with pytest.raises(EdgeError, match="there is no directory"):
        make(tmp_path / "absent" / "m.edge")


def test_large_files_pass_through_in_blocks(tmp_path: Path) -> None:
    noise = random.Random(1).randbytes(1 << 20)
    sparse = bytes(byte if byte < 64 else 0 for byte in noise)
    for content in (noise, sparse, bytes(3 << 18), b"ab" * BLOCK + b"c", b""):
        path = make(tmp_path / "m.edge", FILES | {"models/litert.tflite": content})
        assert open_bundle(path).read("models/litert.tflite") == content


def test_weights_take_less_than_zips_usual_deflate() -> None:
    normal = random.Random(2)
    draw = (int(normal.gauss(0, 30)) & 255 if normal.random() < 0.2 else 0 for _ in range(200_000))
    weights = bytes(draw)
    blocks = [weights[start : start + BLOCK] for start in range(0, len(weights), BLOCK)]
    packed = b"".join(deflate(blocks))
    assert zlib.decompress(packed, -15) == weights
    assert len(packed) < 0.95 * len(zlib.compress(weights, 9))


def test_the_download_of_a_engine_is_that_of_a_bundle_with_it_alone(tmp_path: Path) -> None:
    both = make(tmp_path / "both.edge")
    alone = make(tmp_path / "alone.edge", {name: FILES[name] for name in FILES if "onnx" not in name})
    found = sizes(both, "litert")
    assert found.download == alone.stat().st_size
    assert sizes(both).download == both.stat().st_size
    directory = install(alone, tmp_path / "cache").directory
    assert found.installed == sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())
    with pytest.raises(EdgeError, match="no model for engine 'coreml'"):
        sizes(both, "coreml")


def test_a_refusal_says_what_to_do_about_a_damaged_bundle_and_about_a_path_that_is_none(tmp_path: Path) -> None:
    path = make(tmp_path / "m.edge")
    path.write_bytes(path.read_bytes()[:-1])
    for bad, fix in (
        (path, "make it again with edge export, or copy it again from where it was made"),
        (tmp_path, "give the path of an .edge file that can be read"),
        (tmp_path / "absent.edge", "give the path of an .edge file that can be read"),
    ):
        with pytest.raises(EdgeError, match="refused: ") as refusal:
            open_bundle(bad)
        assert refusal.value.fix == fix and str(refusal.value).count("fix: ") == 1
