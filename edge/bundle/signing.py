"""Signing a bundle: opening it with the public key proves who made it."""

from __future__ import annotations

import shutil
from pathlib import Path

from edge.bundle import archive
from edge.bundle.bundle import BundleInfo, open_bundle
from edge.bundle.keys import PrivateKey
from edge.files import output


def sign_bundle(path: Path | str, key: PrivateKey, out: Path | str | None = None) -> BundleInfo:
    """Check a bundle and write it, signed, to `out` or in its own place. A signature that it has is replaced.

    It appears whole or not at all. Ed25519 is deterministic: equal bundles and keys give equal bytes.
    """
    path, out = Path(path), Path(out or path)
    open_bundle(path)
    with output(out) as temporary:
        shutil.copyfile(path, temporary)
        archive.sign(temporary, key)
        bundle = open_bundle(temporary, public_key=key.public)
    return BundleInfo(out, bundle.sha256, bundle.archive.bytes)
