"""Driving an Android device, with an adb on the path that only pretends."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from bench_bundles import FILES, GRAPHS, make

from edge.bench.adb import Adb, DeviceTimes, device_tool, graphs_of, measure_device, parse_benchmark
from edge.bundle.bundle import Bundle, open_bundle
from edge.bundle.exits import Exit
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
  *signature_to_run_for=*) all="$*"; name=${{all#*run_for=}}; cat {folder}/${{name%% *}}.txt ;;
  *push*tflite*) cp "$4" {folder}/pushed.tflite ;;
esac
"""
AVERAGES = dict(zip(GRAPHS, (100, 200, 400, 50, 25, 10, 5000), strict=True))  # microseconds


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return open_bundle(make(tmp_path / "m.edge"))


def put_adb(folder: Path, monkeypatch: pytest.MonkeyPatch, attached: str = "emu\\tdevice\\n") -> None:
    script = folder / "adb"
    script.write_text(ADB.format(log=folder / "log.txt", folder=folder, attached=attached))
    script.chmod(0o755)
    for name, microseconds in AVERAGES.items():
        (folder / f"{name}.txt").write_text(SAID.format(us=microseconds))
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def drive(bundle: Bundle, folder: Path) -> DeviceTimes:
    binary = folder / "benchmark_model"
    binary.write_bytes(b"tool")
    return measure_device(bundle, (Exit(1, 0), Exit(2, 2)), 1, Adb(), binary)


def test_a_devices_graphs_are_timed_and_summed_per_exit_and_scenario(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bundle: Bundle
) -> None:
    put_adb(tmp_path, monkeypatch)
    found = drive(bundle, tmp_path)
    assert found.device == "Pixel 4a 13"
    assert (found.asked.candidates, found.asked.events, found.asked.item_tokens) == (50, 6, 4)
    assert [(step.signature, step.average_ms) for step in found.steps] == [
        (name, microseconds / 1000) for name, microseconds in AVERAGES.items()
    ]
    times = {(one.exit, one.scenario): one for one in found.exits}
    chunk = 0.1 + 0.4 + 0.05  # two texts of 4 tokens
    kept, new = times[Exit(1, 0), "kept"], times[Exit(1, 0), "new"]
    assert (kept.encode_ms, kept.append_ms, kept.score_ms) == pytest.approx((0, 0, 13 * 0.01))  # 50 in fours
    assert times[Exit(1, 0), "new_items"].encode_ms == pytest.approx(25 * chunk)
    assert new.encode_ms == pytest.approx(28 * chunk + 0.1 + 0.2 + 0.05)  # a profile, 6 and 50 items
    assert new.append_ms == pytest.approx(7 * 0.025)
    assert times[Exit(2, 2), "added"].total_ms == pytest.approx(0.025 + 13 * 5)
    assert times[Exit(2, 2), "new"].encode_ms == pytest.approx(28 * (chunk + 0.4) + 0.1 + 2 * 0.2 + 0.05)


def test_the_bundles_own_model_is_pushed_and_the_device_is_left_clean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bundle: Bundle
) -> None:
    put_adb(tmp_path, monkeypatch)
    drive(bundle, tmp_path)
    assert (tmp_path / "pushed.tflite").read_bytes() == bundle.read("models/litert/model.tflite")
    assert (tmp_path / "log.txt").read_text().splitlines()[-1] == "-s emu shell rm -rf /data/local/tmp/edge-bench"


def test_a_tool_that_fails_shows_its_last_lines_and_the_device_is_left_clean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bundle: Bundle
) -> None:
    put_adb(tmp_path, monkeypatch)
    (tmp_path / "encode_8.txt").write_text("ERROR: no such signature\n")
    with pytest.raises(EdgeError, match="no timings for encode_8") as failed:
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
    step = parse_benchmark(SAID.format(us=14575.2), "encode_64")
    assert (step.init_ms, step.first_ms, step.average_ms) == pytest.approx((5.685, 1.853, 14.5752))
    without = SAID.format(us=1).replace("Memory", "Other")
    assert parse_benchmark(without, "encode_64").memory_mb is None


def test_a_bundle_without_a_litert_model_cannot_be_driven(tmp_path: Path) -> None:
    files = {name: data for name, data in FILES.items() if "litert" not in name}
    with pytest.raises(EdgeError, match="no LiteRT model with buckets"):
        graphs_of(open_bundle(make(tmp_path / "m.edge", files, buckets={})))
