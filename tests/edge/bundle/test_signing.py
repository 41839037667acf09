"""A signed bundle opens like any other; with the public key, nothing opens that its owner did not sign."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from bundles import FILES, PLAIN, REQUEST, files_under, make, signed
from commands import edge

from edge.bundle import archive
from edge.bundle.bundle import open_bundle
from edge.bundle.install import install
from edge.bundle.keys import PrivateKey, read_private_key, read_public_key
from edge.bundle.signing import sign_bundle
from edge.bundle.sizes import sizes
from edge.conformance.verify import verify_bundle
from edge.errors import EdgeError
from edge.runtime.ranker import Ranker

KEY, OTHER = PrivateKey(bytes(range(32))), PrivateKey(bytes(32))
COMMENT = 64 + 128


def make_signed(path: Path, key: PrivateKey = KEY, **changes: Any) -> Path:
    return sign_bundle(make(path, **changes), key).path


def forged(body: bytes) -> bytes:
    """The body of a signed archive with its digest, and a signature that nobody made."""
    return signed(body) + b"ab" * 64


def openssl(*arguments: object) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


@pytest.fixture
def pems(tmp_path: Path) -> Path:
    """A folder with private.pem and public.pem, made as the help says."""
    folder = tmp_path / "keys"
    folder.mkdir()
    openssl("genpkey", "-algorithm", "ed25519", "-out", folder / "private.pem")
    openssl("pkey", "-in", folder / "private.pem", "-pubout", "-out", folder / "public.pem")
    return folder


def refused(path: Path, key: PrivateKey | None = KEY) -> str:
    """The one line that opening and installing both refuse `path` with, leaving nothing behind."""
    before = files_under(path.parent)
    public_key = key.public if key else None
    with pytest.raises(EdgeError) as opening:
        open_bundle(path, public_key=public_key)
    with pytest.raises(EdgeError) as installing:
        install(path, path.parent / "cache", public_key)
    assert str(opening.value) == str(installing.value) == f"{opening.value.problem}\nfix: {opening.value.fix}"
    assert "\n" not in opening.value.problem and opening.value.fix
    assert files_under(path.parent) == before
    return opening.value.problem


def refused_bytes(directory: Path, data: bytes, key: PrivateKey | None = KEY) -> str:
    path = directory / "bad.edge"
    path.write_bytes(data)
    return refused(path, key)


def test_a_signed_bundle_opens_with_its_key_and_without_one(tmp_path: Path) -> None:
    path = make_signed(tmp_path / "m.edge")
    for public_key in (KEY.public, None):
        bundle = open_bundle(path, public_key=public_key)
        assert {name: bundle.read(name) for name in FILES} == PLAIN
        assert bundle.archive.signed
        directory = install(path, tmp_path / "cache", public_key).directory
        assert directory.name == bundle.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert not open_bundle(make(tmp_path / "plain.edge")).archive.signed


def test_an_unsigned_bundle_is_refused_only_where_a_signed_one_is_wanted(tmp_path: Path) -> None:
    path = make(tmp_path / "m.edge")
    open_bundle(path)
    assert "it is not signed" in refused(path)


def test_another_key_is_refused(tmp_path: Path) -> None:
    assert "not signed with this key" in refused(make_signed(tmp_path / "m.edge", OTHER))


def test_every_flipped_byte_of_the_signature_is_refused(tmp_path: Path) -> None:
    good = make_signed(tmp_path / "m.edge").read_bytes()
    for position in range(len(good) - 128, len(good)):
        for digit in (b"0", b"f") if good[position : position + 1] not in b"0f" else (b"7",):
            assert "refused" in refused_bytes(tmp_path, good[:position] + digit + good[position + 1 :])
        bad = bytearray(good)
        bad[position] ^= 0x80
        for key in (KEY, None):
            assert "refused" in refused_bytes(tmp_path, bytes(bad), key)


def test_a_signature_is_written_in_one_way_only(tmp_path: Path) -> None:
    good = make_signed(tmp_path / "m.edge").read_bytes()
    for key in (KEY, None):
        assert "hex digits" in refused_bytes(tmp_path, good[:-128] + good[-128:].upper(), key)
    for bad in (good[:-1], good + b"0", good[:-128], good[:-2] + b"\n\n"):
        assert "refused" in refused_bytes(tmp_path, bad, None)


def test_an_attacker_who_computes_the_digest_anew_is_refused_under_a_key(tmp_path: Path) -> None:
    good = make_signed(tmp_path / "m.edge").read_bytes()
    body, signature = good[:-COMMENT], good[-128:]
    for position in range(0, len(body), 7):
        bad = bytearray(body)
        bad[position] ^= 1 << position % 8
        assert "refused" in refused_bytes(tmp_path, signed(bytes(bad)) + signature)
    assert "not signed with this key" in refused_bytes(tmp_path, forged(body))
    unsigned = body[:-2] + (64).to_bytes(2, "little")
    open_bundle(make(tmp_path / "plain.edge"))
    assert signed(unsigned) == (tmp_path / "plain.edge").read_bytes()
    assert "it is not signed" in refused_bytes(tmp_path, signed(unsigned))


def test_a_signature_of_another_bundle_is_refused(tmp_path: Path) -> None:
    first = make_signed(tmp_path / "a.edge").read_bytes()
    second = make_signed(tmp_path / "b.edge", name="books").read_bytes()
    assert "not signed with this key" in refused_bytes(tmp_path, first[:-128] + second[-128:])


def test_nothing_is_parsed_before_the_signature_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_signed(tmp_path / "m.edge", OTHER)
    monkeypatch.setattr(archive, "_read_directory", lambda *_: pytest.fail("parsed"))
    refused(path)


def test_signing_again_replaces_the_signature(tmp_path: Path) -> None:
    path = make_signed(tmp_path / "m.edge")
    first = path.read_bytes()
    sign_bundle(path, OTHER)
    assert "not signed with this key" in refused(path)
    info = sign_bundle(path, KEY)
    assert path.read_bytes() == first
    assert (info.bytes, info.sha256) == (len(first), hashlib.sha256(first).hexdigest())


def test_signing_elsewhere_leaves_the_bundle_as_it_was(tmp_path: Path) -> None:
    path = make(tmp_path / "m.edge")
    before = path.read_bytes()
    out = sign_bundle(path, KEY, tmp_path / "signed.edge").path
    assert path.read_bytes() == before
    assert files_under(tmp_path) == {"m.edge", "signed.edge"}
    assert out.read_bytes()[:-COMMENT][:-2] == before[:-64][:-2]


def test_what_does_not_open_is_not_signed(tmp_path: Path) -> None:
    path = make(tmp_path / "m.edge")
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    before = path.read_bytes()
    with pytest.raises(EdgeError, match="refused"):
        sign_bundle(path, KEY)
    with pytest.raises(EdgeError, match="cannot be written"):
        sign_bundle(make(tmp_path / "good.edge"), KEY, tmp_path / "absent" / "m.edge")
    assert path.read_bytes() == before
    assert files_under(tmp_path) == {"m.edge", "good.edge"}


def test_any_zip_tool_reads_a_signed_bundle(tmp_path: Path) -> None:
    with zipfile.ZipFile(make_signed(tmp_path / "m.edge")) as zipped:
        assert zipped.testzip() is None
        assert len(zipped.comment) == COMMENT


def test_the_download_counts_the_signature(tmp_path: Path) -> None:
    path = make(tmp_path / "m.edge")
    before = sizes(path)
    sign_bundle(path, KEY)
    assert sizes(path).download == before.download + 128 == path.stat().st_size
    assert sizes(path).installed == before.installed


def test_other_tools_can_check_the_signature(tmp_path: Path, pems: Path) -> None:
    data = sign_bundle(make(tmp_path / "m.edge"), read_private_key(pems / "private.pem")).path.read_bytes()
    (tmp_path / "message").write_bytes(b"edge-ranker/bundle\n" + data[-COMMENT:-128])
    (tmp_path / "signature").write_bytes(bytes.fromhex(data[-128:].decode()))
    arguments = ["-in", tmp_path / "message", "-sigfile", tmp_path / "signature", "-inkey", pems / "public.pem"]
    openssl("pkeyutl", "-verify", "-rawin", "-pubin", *arguments)


def test_the_runtime_refuses_what_the_key_did_not_sign(tmp_path: Path) -> None:
    path = make_signed(tmp_path / "m.edge", OTHER)
    with pytest.raises(EdgeError, match="not signed with this key"):
        Ranker.open(path, public_key=KEY.public)
    with pytest.raises(EdgeError, match="not signed with this key"):
        verify_bundle(path, public_key=KEY.public)


def test_keys_are_read_from_the_files_that_openssl_writes(pems: Path) -> None:
    private = read_private_key(pems / "private.pem")
    assert private.public == read_public_key(pems / "public.pem")
    assert private.public.accepts(b"message", private.sign(b"message"))
    assert not private.public.accepts(b"massage", private.sign(b"message"))
    assert repr(private) == "PrivateKey()"


@pytest.mark.parametrize(
    ("file", "public_reason", "private_reason"),
    [
        ("private.pem", "holds a private key", None),
        ("public.pem", None, "holds a public key"),
        ("rsa.pem", "holds a private key", "another kind (RSA)"),
        ("rsa.pub", "another kind (RSA)", "holds a public key"),
        ("x25519.pub", "another kind (X25519)", "holds a public key"),
        ("encrypted.pem", "holds a private key", "is encrypted"),
        ("noise.pem", "not a public key in PEM form", "not a private key in PEM form"),
        ("torn.pem", "not a public key in PEM form", "holds a public key"),
        ("empty.pem", "not a public key in PEM form", "not a private key in PEM form"),
        ("absent.pem", "cannot be read: No such file", "cannot be read: No such file"),
        (".", "cannot be read: Is a directory", "cannot be read: Is a directory"),
    ],
)
def test_a_bad_key_is_named(pems: Path, file: str, public_reason: str | None, private_reason: str | None) -> None:
    openssl("genpkey", "-algorithm", "rsa", "-pkeyopt", "rsa_keygen_bits:1024", "-out", pems / "rsa.pem")
    openssl("pkey", "-in", pems / "rsa.pem", "-pubout", "-out", pems / "rsa.pub")
    openssl("genpkey", "-algorithm", "x25519", "-out", pems / "x25519.pem")
    openssl("pkey", "-in", pems / "x25519.pem", "-pubout", "-out", pems / "x25519.pub")
    openssl("pkey", "-in", pems / "private.pem", "-aes256", "-passout", "pass:a", "-out", pems / "encrypted.pem")
    (pems / "noise.pem").write_bytes(bytes(range(256)))
    (pems / "torn.pem").write_bytes((pems / "public.pem").read_bytes()[:60])
    (pems / "empty.pem").write_bytes(b"")
    for read, reason in ((read_public_key, public_reason), (read_private_key, private_reason)):
        if reason is None:
            read(pems / file)
            continue
        with pytest.raises(EdgeError) as error:
            read(pems / file)
        assert reason in error.value.problem and str(pems / file) in error.value.problem


def test_without_the_package_the_extra_is_named(pems: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric", None)
    for use in (lambda: read_public_key(pems / "public.pem"), lambda: KEY.public, lambda: KEY.sign(b"")):
        with pytest.raises(EdgeError) as error:
            use()
        assert "pip install '.[sign]'" in error.value.fix


def test_the_command_signs_and_the_other_verbs_refuse_what_is_not(
    tmp_path: Path, pems: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out, public = make(tmp_path / "m.edge"), tmp_path / "signed.edge", pems / "public.pem"
    (tmp_path / "request.json").write_bytes(REQUEST)
    assert edge("sign", path, "--key", pems / "private.pem", "--out", out, "--json") == 0
    assert '"bytes": ' in capsys.readouterr().out
    assert edge("inspect", out, "--public-key", public) == 0
    request = ["--request", tmp_path / "request.json"]
    for command, *more in (("inspect",), ("verify",), ("rank", *request)):
        assert edge(command, path, *more, "--public-key", public) == 2
        assert capsys.readouterr().err.splitlines() == [
            f"error: {path} refused: it is not signed, and only a signed bundle is wanted",
            "fix: sign it: edge sign BUNDLE --key PRIVATE.pem",
        ]
    assert edge("sign", path, "--key", public) == 2
    assert "holds a public key" in capsys.readouterr().err
