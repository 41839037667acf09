"""Ed25519 keys in PEM files: who may sign a bundle, and whose signature an app trusts."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from edge.errors import EdgeError, file_fix, missing_extra

NEW_KEY = "openssl genpkey -algorithm ed25519 -out private.pem"
NEW_PUBLIC_KEY = "openssl pkey -in private.pem -pubout -out public.pem"
_MAX_PEM = 1 << 16


@dataclass(frozen=True)
class PublicKey:
    """An Ed25519 public key; `raw` has the 32 bytes of RFC 8032, section 5.1.5. Errors: another length."""

    raw: bytes

    def __post_init__(self) -> None:
        if not isinstance(self.raw, bytes) or len(self.raw) != 32:
            raise EdgeError("raw must be 32 bytes", fix="read the key with read_public_key(path)")

    def accepts(self, message: bytes, signature: bytes) -> bool:
        """True if `signature` (64 bytes) is one of exactly this message by the matching private key.

        Errors: the package `cryptography` is not installed.
        """
        key = _ed25519().Ed25519PublicKey.from_public_bytes(self.raw)
        from cryptography.exceptions import InvalidSignature

        try:
            key.verify(signature, message)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True)
class PrivateKey:
    """`raw`: the 32 bytes of RFC 8032; kept out of anything that is printed."""

    raw: bytes = field(repr=False)

    @property
    def public(self) -> PublicKey:
        """The public key that belongs to it."""
        return PublicKey(_ed25519().Ed25519PrivateKey.from_private_bytes(self.raw).public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        """64 bytes, the same for equal messages."""
        signature: bytes = _ed25519().Ed25519PrivateKey.from_private_bytes(self.raw).sign(message)
        return signature


def read_public_key(path: Path | str) -> PublicKey:
    """Read an Ed25519 public key from a PEM file (SubjectPublicKeyInfo, RFC 8410).

    Errors: the file cannot be read or holds something else; the package `cryptography` is not installed.
    """
    ed25519, data = _ed25519(), _read(path)
    if b"PRIVATE KEY-----" in data:
        raise EdgeError(f"{path} holds a private key, but the public key is needed", fix=NEW_PUBLIC_KEY)
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    key = _load(path, "public", lambda: load_pem_public_key(data), ed25519.Ed25519PublicKey)
    return PublicKey(key.public_bytes_raw())


def read_private_key(path: Path | str) -> PrivateKey:
    """The Ed25519 private key (PEM, PKCS 8, not encrypted) in a file."""
    ed25519, data = _ed25519(), _read(path)
    if b"PUBLIC KEY-----" in data and b"PRIVATE KEY-----" not in data:
        raise EdgeError(f"{path} holds a public key, but the private key is needed", fix=NEW_KEY)
    if b"ENCRYPTED" in data:
        raise EdgeError(f"{path} is encrypted", fix=f"decrypt it first: openssl pkey -in {path} -out private.pem")
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key = _load(path, "private", lambda: load_pem_private_key(data, password=None), ed25519.Ed25519PrivateKey)
    return PrivateKey(key.private_bytes_raw())


def _ed25519() -> ModuleType:
    try:
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError as error:
        raise missing_extra("sign", error) from error
    return ed25519


def _read(path: Path | str) -> bytes:
    if not isinstance(path, str | os.PathLike):
        raise EdgeError(
            f"the path of the key is {path!r:.60}, which is not a path", fix='pass a path, such as "public.pem"'
        )
    try:
        with Path(path).open("rb") as file:
            return file.read(_MAX_PEM)
    except OSError as error:
        raise EdgeError(f"{path} cannot be read: {error.strerror}", fix=file_fix(error)) from error
    except ValueError as error:  # a NUL in it
        raise EdgeError(f"{str(path)!r} is not a usable file name", fix="give the path of a PEM file") from error


def _load(path: Path | str, kind: str, load: Callable[[], Any], wanted: type) -> Any:
    """What `load` returns if it is a `wanted` key."""
    from cryptography.exceptions import UnsupportedAlgorithm

    fix = NEW_KEY if kind == "private" else f"{NEW_KEY} && {NEW_PUBLIC_KEY}"
    try:
        key = load()
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise EdgeError(f"{path} is not a {kind} key in PEM form", fix=fix) from error
    if not isinstance(key, wanted):
        found = type(key).__name__.strip("_").removesuffix("Key").removesuffix(kind.capitalize())
        raise EdgeError(f"{path} holds a key of another kind ({found}), but an Ed25519 key is needed", fix=fix)
    return key
