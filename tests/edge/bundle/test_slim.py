"""A bundle for one engine has that engine's model, all weights, and the bytes that were promised."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from bundles import FILES, manifest
from commands import edge
from student_weights import make_weights

from edge.bundle.bundle import open_bundle, write_bundle
from edge.bundle.install import install
from edge.bundle.keys import PrivateKey
from edge.bundle.signing import sign_bundle
from edge.bundle.sizes import sizes
from edge.bundle.slim import slim_bundle
from edge.bundle.weights.forms import in_form
from edge.errors import EdgeError

WEIGHTS = make_weights()
LITERT = b"litert" + in_form(WEIGHTS["token.weight"], "rows") + b"end"
ONNX = b"onnx" + in_form(WEIGHTS["token.weight"], "columns+128")


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    files = {**FILES, "models/litert.tflite": LITERT, "models/onnx/layer.onnx": ONNX}
    write_bundle(tmp_path / "movies.edge", files, manifest(), WEIGHTS)
    return tmp_path / "movies.edge"


@pytest.mark.parametrize(("engine", "file", "content"), [
    ("litert", "models/litert.tflite", LITERT), ("onnx", "models/onnx/layer.onnx", ONNX)
])  # fmt: skip
def test_a_slim_bundle_installs_its_engines_model_alone(
    bundle: Path, tmp_path: Path, engine: str, file: str, content: bytes
) -> None:
    slim_bundle(bundle, engine, tmp_path / "slim.edge")
    installed = install(tmp_path / "slim.edge", tmp_path / "cache").directory
    models = [path for path in (installed / "models").rglob("*") if path.is_file()]
    assert models == [installed / file] and models[0].read_bytes() == content


def test_a_slim_bundle_has_the_bytes_that_its_source_promised(bundle: Path, tmp_path: Path) -> None:
    for engine in ("litert", "onnx"):
        info = slim_bundle(bundle, engine, tmp_path / f"{engine}.edge")
        assert info.bytes == sizes(bundle, engine).download == info.path.stat().st_size < bundle.stat().st_size


def test_a_slim_bundle_keeps_every_weight(bundle: Path, tmp_path: Path) -> None:
    slim_bundle(bundle, "onnx", tmp_path / "slim.edge")
    assert open_bundle(tmp_path / "slim.edge").read("weights.bin") == open_bundle(bundle).read("weights.bin")


def test_an_engine_that_the_bundle_lacks_is_named(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(EdgeError, match="no model for engine 'coreml'"):
        slim_bundle(bundle, "coreml", tmp_path / "slim.edge")
    assert not (tmp_path / "slim.edge").exists()


def test_the_command_says_what_it_wrote(bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "android.edge"
    assert edge("slim", bundle, "--engine", "litert", "--out", out) == 0
    assert capsys.readouterr().out == f"{out}  {out.stat().st_size:,} bytes\n"


def test_a_signature_that_is_lost_is_said_with_the_command_that_signs_again(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "an app.edge"
    assert edge("slim", bundle, "--engine", "litert", "--out", out) == 0
    assert capsys.readouterr().err == ""
    sign_bundle(bundle, PrivateKey(bytes(32)))
    assert edge("slim", bundle, "--engine", "litert", "--out", out, "--json") == 0
    printed = capsys.readouterr()
    command = f"edge sign '{out}' --key PRIVATE.pem"
    assert printed.err == f"slim: {bundle} is signed, {out} is not: sign it with {command}\n"
    assert json.loads(printed.out)["bundle"] == str(out)
