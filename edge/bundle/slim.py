"""A bundle for one engine: what an app of one platform ships."""

from __future__ import annotations

from pathlib import Path

from edge.bundle.bundle import BundleInfo, open_bundle, write_bundle
from edge.bundle.keys import PublicKey
from edge.bundle.sizes import shipped_files
from edge.files import check_apart


def slim_bundle(path: Path, engine: str, out: Path, public_key: PublicKey | None = None) -> BundleInfo:
    """Write `out` with the model of `engine` alone. It has as many bytes as `bundle_sizes` says; a signature is lost.

    Errors: the bundle has no such model, `out` is the bundle itself.
    """
    check_apart([out], [path])
    bundle = open_bundle(path, public_key=public_key)
    files = {file.path: bundle.read(file.path) for file in shipped_files(bundle, engine) if file.is_installed}
    manifest = {key: value for key, value in bundle.manifest.items() if key != "files"}
    return write_bundle(out, files, manifest, bundle.weights)
