"""Where a bundle's download goes, as a treemap."""

from __future__ import annotations

from edge.bundle.bundle import Bundle
from edge.bundle.listing import MANIFEST, WEIGHTS
from edge.bundle.sizes import apportion
from edge.inspect.tensors import PackedTensor, packed_tensors
from edge.inspect.treemap import Tile, treemap


def picture(bundle: Bundle, tensors: tuple[PackedTensor, ...] | None = None) -> str:
    """An SVG in which every byte of the file is drawn: tensors within the weights, otherwise files."""
    tensors = packed_tensors(bundle) if tensors is None else tensors
    section_of = {file.path: file.section for file in bundle.files} | {MANIFEST: "manifest"}
    tiles = [Tile("manifest", "end record", bundle.archive.end_bytes)]
    for name, entry in bundle.archive.entries.items():
        download = entry.compressed + entry.overhead
        if name == WEIGHTS and tensors:
            shares = apportion(download, [tensor.coded_bits for tensor in tensors])
            tiles += [_tensor_tile(tensor, share) for tensor, share in zip(tensors, shares, strict=True)]
        else:
            tiles.append(Tile(section_of[name], name, download))
    return treemap(f"{bundle.name}: {bundle.archive.bytes:,} bytes to download", tiles)


def _tensor_tile(tensor: PackedTensor, download: int) -> Tile:
    shape = "x".join(map(str, tensor.shape))
    detail = f"{shape}, {tensor.bits} bits, {100 * tensor.sparsity:.1f} % zeros"
    return Tile("weights", tensor.name, download, detail)
