"""Checks an app's package: what a device maps lies where it can be mapped, and what must be in it is there.

python android_demo/check_apk.py app.apk
"""

from __future__ import annotations

import argparse
import struct
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

PAGE = 16_384
LOCAL_HEADER = 30
LOADED = 1  # a segment of an ELF file that is mapped
CLASSES = (
    "edge.app.MainActivity",
    "ai.onnxruntime.OrtSession",
    "ai.onnxruntime.TensorInfo",
    "ai.onnxruntime.OrtException",
)
RESOURCES = ("AndroidManifest.xml", "resources.arsc", "edge/text/characters.json")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("apk", type=Path)
    arguments = parser.parse_args()
    wrong = faults(arguments.apk)
    print("\n".join(f"error: {fault}" for fault in wrong) or "\n".join(facts(arguments.apk)))
    return 1 if wrong else 0


def faults(apk: Path) -> list[str]:
    """What is wrong with the package, a line each."""
    with zipfile.ZipFile(apk) as archive:
        names = set(archive.namelist())
        wrong = [f"it has no {name}" for name in RESOURCES if name not in names]
        wrong += [fault for entry in archive.infolist() for fault in _entry_faults(archive, entry)]
        classes = {name for dex in _dex(archive) for name in class_names(dex)}
        wrong += [f"its dex files have no class {name}" for name in CLASSES if name not in classes]
        wrong += [
            f"its dex files hold {name}, which the device has"
            for name in sorted(classes)
            if name.startswith("android.")
        ]
    if not any(name.endswith(".edge") for name in names):
        wrong.append("it has no bundle")
    if not abis(names):
        wrong.append("it has no native library")
    return wrong


def _entry_faults(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> list[str]:
    stored, suffix = entry.compress_type == zipfile.ZIP_STORED, Path(entry.filename).suffix
    if suffix not in (".so", ".edge", ".arsc"):
        return []
    if not stored:
        return [f"{entry.filename} is compressed: it cannot be mapped"]
    begin, alignment = data_offset(archive, entry), PAGE if suffix == ".so" else 4
    wrong = [f"{entry.filename} begins at {begin}, no multiple of {alignment}"] if begin % alignment else []
    if suffix == ".so" and (least := least_alignment(archive.read(entry))) < PAGE:
        wrong.append(f"{entry.filename} has segments aligned to {least} bytes, less than a page of {PAGE}")
    return wrong


def facts(apk: Path) -> list[str]:
    """Sizes by kind, and how much is code."""
    with zipfile.ZipFile(apk) as archive:
        libraries = {e.filename: e.file_size for e in archive.infolist() if e.filename.endswith(".so")}
        dex = list(_dex(archive))
        lines = [f"{apk.name}: {apk.stat().st_size} bytes, ABIs: {', '.join(abis(set(archive.namelist())))}"]
        lines += [f"  {name}: {size} bytes" for name, size in libraries.items()]
    classes = sum(len(class_names(each)) for each in dex)
    return [*lines, f"  dex: {sum(map(len, dex))} bytes, {classes} classes, {sum(map(method_count, dex))} methods"]


def abis(names: set[str]) -> list[str]:
    """Those with native libraries."""
    return sorted({name.split("/")[1] for name in names if name.startswith("lib/") and name.endswith(".so")})


def data_offset(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> int:
    """Where an entry's data begin, by its local header."""
    assert archive.fp
    archive.fp.seek(entry.header_offset)
    header = archive.fp.read(LOCAL_HEADER)
    name, extra = struct.unpack("<HH", header[26:30])
    return int(entry.header_offset + LOCAL_HEADER + name + extra)


def least_alignment(elf: bytes) -> int:
    """Of the segments of a 64-bit little-endian ELF file that are mapped; 32-bit devices have pages of 4 KB alone."""
    if elf[:6] != b"\x7fELF\x02\x01":
        return PAGE
    (table,), (size, count) = struct.unpack_from("<Q", elf, 32), struct.unpack_from("<HH", elf, 54)
    segments = [
        (struct.unpack_from("<I", elf, at)[0], struct.unpack_from("<Q", elf, at + 48)[0])
        for at in range(table, table + size * count, size)
    ]
    return min((alignment for kind, alignment in segments if kind == LOADED), default=PAGE)


def _dex(archive: zipfile.ZipFile) -> Iterator[bytes]:
    return (archive.read(name) for name in archive.namelist() if name.startswith("classes") and name.endswith(".dex"))


def method_count(dex: bytes) -> int:
    """Methods that a dex file refers to: of these 65,536 fit into one."""
    return int(struct.unpack_from("<I", dex, 88)[0])


def class_names(dex: bytes) -> list[str]:
    """The classes that a dex file defines, e.g. "edge.ranker.Ranker"."""
    strings, types, (count, classes) = _word(dex, 60), _word(dex, 68), struct.unpack_from("<II", dex, 96)
    found = []
    for index in range(count):
        descriptor = _word(dex, types + 4 * _word(dex, classes + 32 * index))
        at = _word(dex, strings + 4 * descriptor) + 1
        while dex[at - 1] & 0x80:  # the length before the text, of one byte or more
            at += 1
        found.append(dex[at : dex.index(0, at)].decode().strip("L;").replace("/", "."))
    return found


def _word(data: bytes, offset: int) -> int:
    return int(struct.unpack_from("<I", data, offset)[0])


if __name__ == "__main__":
    sys.exit(main())
