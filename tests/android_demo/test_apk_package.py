"""Packing an app and checking the package, on entries of a few bytes."""

from __future__ import annotations

import importlib.util
import struct
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

FOLDER = Path(__file__).parents[2] / "android_demo"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


packing, checking = load("pack_apk"), load("check_apk")


def library(alignment: int = 16_384) -> bytes:
    """An ELF file with one segment that is mapped."""
    header = b"\x7fELF\x02\x01".ljust(32, b"\0") + struct.pack("<Q", 64) + bytes(14) + struct.pack("<HH", 56, 1)
    return header.ljust(64, b"\0") + struct.pack("<I", 1).ljust(48, b"\0") + struct.pack("<Q", alignment)


def dex(*names: str) -> bytes:
    """The tables of a dex file that define classes; one string, one type and one class for each name."""
    count, strings = len(names), 112
    types, classes = strings + 4 * count, strings + 8 * count
    texts = [f"L{name.replace('.', '/')};".encode() for name in names]
    begins = [classes + 32 * count + sum(len(text) + 2 for text in texts[:index]) for index in range(count)]
    header = bytearray(112)
    struct.pack_into("<I", header, 60, strings)
    struct.pack_into("<I", header, 68, types)
    struct.pack_into("<I", header, 88, 7)
    struct.pack_into("<II", header, 96, count, classes)
    defined = b"".join(struct.pack("<I", index).ljust(32, b"\0") for index in range(count))
    tables = struct.pack(f"<{count}I", *begins) + struct.pack(f"<{count}I", *range(count)) + defined
    return bytes(header) + tables + b"".join(bytes([len(text)]) + text + b"\0" for text in texts)


def entries(**others: bytes) -> dict[str, bytes]:
    found = dict.fromkeys(checking.RESOURCES, b"12345")
    found |= {"classes.dex": dex(*checking.CLASSES), "assets/movies.edge": b"123", "lib/arm64-v8a/libone.so": library()}
    return found | {"lib/arm64-v8a/libother.so": library()} | others


@pytest.fixture
def apk(tmp_path: Path) -> Path:
    return tmp_path / "app.apk"


def test_a_packed_app_has_nothing_wrong_and_its_libraries_begin_at_pages(apk: Path) -> None:
    packing.pack(apk, entries())
    assert checking.faults(apk) == []
    with zipfile.ZipFile(apk) as archive:
        assert archive.testzip() is None
        begins = [
            checking.data_offset(archive, entry) for entry in archive.infolist() if entry.filename.endswith(".so")
        ]
        deflated = {entry.filename for entry in archive.infolist() if entry.compress_type == zipfile.ZIP_DEFLATED}
    assert len(begins) == 2 and all(begin % 16_384 == 0 for begin in begins)
    assert deflated == {"AndroidManifest.xml", "edge/text/characters.json", "classes.dex"}
    assert checking.facts(apk)[-1] == f"  dex: {len(entries()['classes.dex'])} bytes, 4 classes, 7 methods"


def test_a_compressed_bundle_is_named(apk: Path) -> None:
    with zipfile.ZipFile(apk, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries().items():
            archive.writestr(name, content)
    assert "assets/movies.edge is compressed: it cannot be mapped" in checking.faults(apk)


def test_a_library_one_byte_off_is_named(apk: Path) -> None:
    packing.pack(apk, entries())
    moved = apk.with_name("moved.apk")
    moved.write_bytes(b"-" + apk.read_bytes())
    assert [fault for fault in checking.faults(moved) if "begins at 16385" in fault]


def test_a_library_for_pages_of_4_kb_is_named(apk: Path) -> None:
    packing.pack(apk, entries() | {"lib/arm64-v8a/libone.so": library(4_096)})
    wrong = "lib/arm64-v8a/libone.so has segments aligned to 4096 bytes, less than a page of 16384"
    assert checking.faults(apk) == [wrong]


def test_what_is_missing_or_belongs_to_the_device_is_named(apk: Path) -> None:
    left = entries() | {"classes.dex": dex(*checking.CLASSES[1:], "android.os.Looper")}
    del left["assets/movies.edge"]
    packing.pack(apk, left)
    assert checking.faults(apk) == [
        "its dex files have no class edge.app.MainActivity",
        "its dex files hold android.os.Looper, which the device has",
        "it has no bundle",
    ]
