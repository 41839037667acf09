"""Driving an Android device, with an adb on the path that only pretends."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from bundles import FILES, make

from edge.bench.adb import Adb, DeviceTimes, device_tool, measure_device, parse_benchmark, signatures
from edge.bundle.bundle import Bundle, open_bundle
from edge.errors import EdgeError

SAID = """INFO: Log parameter values verbosely: [0]
INFO: The input model file size (MB): 0.39
INFO: Inference timings in us: Init: 5685, First inference: 1853, Warmup (avg): 1446.3, Inference (avg): {us}
INFO: Memory footprint delta from the start of the tool (MB): init=1.5 overall=7.25
"""
ADB = """#!/bin/bash
echo "$*" >> {log}
case "$*" in
  devices) printf 'List of devices attached\\n{attached}' ;;
  *getprop*model*) echo 'Pixel 4a' ;;
  *getprop*) echo 13 ;;
  *signature_to_run_for=layer_candidate_112_8_24*) cat {folder}/candidate.txt ;;
  *signature_to_run_for=layer_end_112_8_24*) cat {folder}/end.txt ;;
  *signature_to_run_for=layer_keys_56*) cat {folder}/keys.txt ;;
  *signature_to_run_for=layer_112*) cat {folder}/user.txt ;;
  *push*tflite*) cp "$4" {folder}/pushed.tflite ;;
esac
"""
MODEL = {
    "layers": 4, "hidden": 8, "heads": 2, "handover": 1,
    "buckets": {"user_tokens": [56, 112], "candidates": 8, "candidate_tokens": 24},
}  # fmt: skip


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    files = {name: data for name, data in FILES.items() if "tflite" not in name}
    return open_bundle(make(tmp_path / "m.edge", files | {"models/litert/model.tflite": b"graph"}, model=MODEL))


def put_adb(folder: Path, monkeypatch: pytest.MonkeyPatch, attached: str = "emu\\tdevice\\n") -> None:
    script = folder / "adb"
    script.write_text(ADB.format(log=folder / "log.txt", folder=folder, attached=attached))
    script.chmod(0o755)
    (folder / "user.txt").write_text(SAID.format(us=2000))
    (folder / "candidate.txt").write_text(SAID.format(us="1.5e+03"))
    (folder / "end.txt").write_text(SAID.format(us=500))
    (folder / "keys.txt").write_text(SAID.format(us=250))
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def drive(bundle: Bundle, folder: Path) -> DeviceTimes:
    binary = folder / "benchmark_model"
    binary.write_bytes(b"tool")
    return measure_device(bundle, (1, 4), 1, Adb(), binary)


def test_a_devices_steps_are_timed_and_summed_per_exit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bundle: Bundle
) -> None:
    put_adb(tmp_path, monkeypatch)
    found = drive(bundle, tmp_path)
    assert (found.device, found.candidates) == ("Pixel 4a 13", 8)
    assert [(step.signature, step.average_ms, step.memory_mb) for step in found.steps] == [
        ("layer_112", 2.0, 7.25), ("layer_keys_56", 0.25, 7.25),
        ("layer_candidate_112_8_24", 1.5, 7.25), ("layer_end_112_8_24", 0.5, 7.25),
    ]  # fmt: skip
    assert [(exit.depth, exit.new_user_ms, exit.kept_user_ms) for exit in found.exits] == [
        (1, 1.0, 0.5),  # 112 tokens' keys come in two pieces
        (4, 11.5, 5.0),
    ]


def test_the_bundles_own_model_is_pushed_and_the_device_is_left_clean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bundle: Bundle
) -> None:
    put_adb(tmp_path, monkeypatch)
    drive(bundle, tmp_path)
    assert (tmp_path / "pushed.tflite").read_bytes() == b"graph"
    assert (tmp_path / "log.txt").read_text().splitlines()[-1] == "-s emu shell rm -rf /data/local/tmp/edge-bench"


def test_a_tool_that_fails_shows_its_last_lines_and_the_device_is_left_clean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bundle: Bundle
) -> None:
    put_adb(tmp_path, monkeypatch)
    (tmp_path / "user.txt").write_text("ERROR: no such signature\n")
    with pytest.raises(EdgeError, match="no timings for layer_112") as failed:
        drive(bundle, tmp_path)
    assert "no such signature" in failed.value.evidence
    assert (tmp_path / "log.txt").read_text().splitlines()[-1].endswith("rm -rf /data/local/tmp/edge-bench")


def test_without_the_tool_for_the_device_it_is_said_where_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(EdgeError) as refused:
        device_tool(None)
    assert "android_arm64/benchmark_model" in refused.value.fix
    with pytest.raises(EdgeError, match="is not a file"):
        device_tool(tmp_path / "absent")


@pytest.mark.parametrize(
    ("attached", "serial", "said"),
    [
        ("", None, "no device is attached"),
        ("a\\tunauthorized\\n", None, "no device is attached"),
        ("a\\tdevice\\nb\\tdevice\\n", None, "2 devices are attached"),
        ("a\\tdevice\\n", "b", "no device 'b' is attached"),
    ],
)
def test_which_device_is_never_guessed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, attached: str, serial: str | None, said: str
) -> None:
    put_adb(tmp_path, monkeypatch, attached)
    with pytest.raises(EdgeError, match=said):
        Adb(serial)


def test_one_of_several_devices_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_adb(tmp_path, monkeypatch, "a\\tdevice\\nb\\tdevice\\n")
    Adb("b").shell("ls")
    assert (tmp_path / "log.txt").read_text().splitlines()[-1] == "-s b shell ls"


def test_an_adb_that_fails_is_an_error_with_what_it_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_adb(tmp_path, monkeypatch)
    device = Adb()
    (tmp_path / "adb").write_text("#!/bin/bash\necho 'error: device offline' >&2\nexit 1\n")
    with pytest.raises(EdgeError, match="adb -s emu push") as failed:
        device.push(tmp_path / "adb", "/data")
    assert "device offline" in failed.value.evidence


def test_without_adb_the_error_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EdgeError, match="adb is not on the path"):
        Adb()


def test_the_tools_microseconds_become_milliseconds() -> None:
    step = parse_benchmark(SAID.format(us=14575.2), "layer_56")
    assert (step.init_ms, step.first_ms, step.average_ms) == pytest.approx((5.685, 1.853, 14.5752))
    without = SAID.format(us=1).replace("Memory", "Other")
    assert parse_benchmark(without, "layer_56").memory_mb is None


def test_a_bundle_without_a_litert_model_cannot_be_driven(tmp_path: Path) -> None:
    with pytest.raises(EdgeError, match="no LiteRT model with buckets"):
        signatures(open_bundle(make(tmp_path / "m.edge")))
