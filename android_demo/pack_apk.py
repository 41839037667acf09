"""Puts an app together so that a device can map it: libraries and bundles are stored, at offsets of pages and words.

python android_demo/pack_apk.py --resources base.apk --add classes.dex=build/classes.dex ... --out unsigned.apk
"""

from __future__ import annotations

import argparse
import struct
import zipfile
from pathlib import Path

PAGE = 16_384  # of devices from Android 15 on; those with pages of 4 KB are served, too
WORD = 4
STORED = {".so": PAGE, ".edge": WORD, ".arsc": WORD}  # by the end of the name: where the data begin
ALIGNMENT_FIELD = 0xD935  # of an entry, by which a signer keeps the offset
LOCAL_HEADER = 30
DATE = (1980, 1, 1, 0, 0, 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--resources", type=Path, required=True, help="manifest and resources, as aapt2 links them")
    parser.add_argument("--add", action="append", default=[], metavar="NAME=FILE", help="one more entry")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    with zipfile.ZipFile(arguments.resources) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    for each in arguments.add:
        name, _, file = each.partition("=")
        entries[name] = Path(file).read_bytes()
    pack(arguments.out, entries)


def pack(path: Path, entries: dict[str, bytes]) -> None:
    """Write the entries in their order, those of STORED uncompressed and aligned, the others deflated."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            entry = zipfile.ZipInfo(name, DATE)
            entry.external_attr = 0o644 << 16
            alignment = STORED.get(Path(name).suffix)
            entry.compress_type = zipfile.ZIP_DEFLATED if alignment is None else zipfile.ZIP_STORED
            if alignment is not None:
                entry.extra = _padding(archive.fp.tell() + LOCAL_HEADER + len(name.encode()), alignment)  # type: ignore[union-attr]
            archive.writestr(entry, content)


def _padding(begin: int, alignment: int) -> bytes:
    """A field that ends where the next multiple of the alignment does: its header, the alignment, zeros."""
    fixed = 6
    zeros = -(begin + fixed) % alignment
    return struct.pack("<HHH", ALIGNMENT_FIELD, 2 + zeros, alignment) + bytes(zeros)


if __name__ == "__main__":
    main()
