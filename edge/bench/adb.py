"""A real Android device by adb: LiteRT's own benchmark_model over the graphs of a bundle's model."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edge.bench.scenarios import SCENARIOS
from edge.bench.sized_request import Calls, SizedRequest
from edge.bundle.bundle import Bundle
from edge.bundle.exits import Exit
from edge.engines.opening import shape_in
from edge.errors import EdgeError

REMOTE = "/data/local/tmp/edge-bench"
BINARY_URL = "https://storage.googleapis.com/litert/binaries/latest/android_arm64/benchmark_model"
MODEL = "models/litert/model.tflite"
_NUMBER = r"([0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?)"
# as tflite/tools/benchmark/benchmark_model.cc of google-ai-edge/LiteRT prints it
_TIMINGS = re.compile(
    rf"Inference timings in us: Init: {_NUMBER}, First inference: {_NUMBER}, "
    rf"Warmup \(avg\): \S+, Inference \(avg\): {_NUMBER}"
)
_MEMORY = re.compile(r"Memory footprint delta from the start of the tool \(MB\): init=\S+ overall=" + _NUMBER)


@dataclass(frozen=True)
class StepTimes:
    """One signature of the model on the device: averages, as the tool gives no percentiles."""

    signature: str
    init_ms: float
    first_ms: float
    average_ms: float
    memory_mb: float | None


@dataclass(frozen=True)
class DeviceExit:
    """Sums of the graphs' averages for one request; text and look-ups are not in them."""

    exit: Exit
    scenario: str
    encode_ms: float
    append_ms: float
    score_ms: float

    @property
    def total_ms(self) -> float:
        """Milliseconds of the whole request: the sum of its three parts."""
        return self.encode_ms + self.append_ms + self.score_ms


@dataclass(frozen=True)
class DeviceTimes:
    device: str  # model and Android version, as it says itself
    asked: SizedRequest  # the largest there is, in every scenario
    steps: tuple[StepTimes, ...]
    exits: tuple[DeviceExit, ...]


class Adb:
    """One attached device."""

    def __init__(self, serial: str | None = None) -> None:
        if shutil.which("adb") is None:
            raise EdgeError(
                "adb is not on the path, no device can be driven",
                fix="install Android's platform-tools, or leave --adb out: --profile models a device",
            )
        attached = [line.split()[0] for line in self._run("devices").splitlines()[1:] if line.endswith("device")]
        if serial is not None and serial not in attached:
            raise EdgeError(
                f"no device {serial!r} is attached",
                evidence=f"attached: {', '.join(attached) or 'none'}",
                fix="attach it and allow debugging, or name another with --serial",
            )
        if serial is None and len(attached) != 1:
            problem = "no device is attached" if not attached else f"{len(attached)} devices are attached"
            raise EdgeError(
                problem, evidence="\n".join(attached), fix="attach one and allow debugging, or name it with --serial"
            )
        self._serial = serial or attached[0]

    def push(self, source: Path, target: str) -> None:
        """Copy a file to the device. Errors: adb fails, e.g. without a device."""
        self._run("-s", self._serial, "push", str(source), target)

    def shell(self, *words: str) -> str:
        """Standard output of a command on the device. Errors: it ends with another exit code than 0."""
        return self._run("-s", self._serial, "shell", *words)

    def _run(self, *arguments: str) -> str:
        done = subprocess.run(["adb", *arguments], capture_output=True, text=True, check=False)
        if done.returncode:
            said = "\n".join((done.stderr or done.stdout).splitlines()[-5:])
            raise EdgeError(
                f"adb {' '.join(arguments[:4])} failed (exit code {done.returncode})",
                evidence=said,
                fix="check that the device is attached and allows debugging, then run the command again",
            )
        return done.stdout + done.stderr


def measure_device(bundle: Bundle, exits: Sequence[Exit], threads: int, adb: Adb, tool: Path) -> DeviceTimes:
    """Push the bundle's LiteRT model and the tool, run every graph, take both away again."""
    names = graphs_of(bundle)
    try:
        adb.shell("mkdir", "-p", REMOTE)
        with tempfile.TemporaryDirectory() as folder:
            model = Path(folder) / "model.tflite"
            model.write_bytes(bundle.read(MODEL))
            adb.push(model, f"{REMOTE}/model.tflite")
        adb.push(tool, f"{REMOTE}/benchmark_model")
        adb.shell("chmod", "755", f"{REMOTE}/benchmark_model")
        steps = tuple(_step(adb, signature, threads) for signature in names)
        named = " ".join(
            adb.shell("getprop", name).strip() for name in ("ro.product.model", "ro.build.version.release")
        )
    finally:
        adb.shell("rm", "-rf", REMOTE)
    shape = shape_in(bundle.manifest)
    asked, calls = SizedRequest().within(shape), Calls(names, shape)
    prices = {step.signature: step.average_ms for step in steps}
    sums = [
        DeviceExit(exit, name, *calls.spent(prices, replace(asked, scenario=name), exit).values())
        for exit in exits
        for name in SCENARIOS
    ]
    return DeviceTimes(named, asked, steps, tuple(sums))


def device_tool(binary: Path | None) -> Path:
    """The benchmark_model to push; errors say where to get it."""
    if binary is None or not binary.is_file():
        problem = "--adb needs LiteRT's benchmark_model for the device" if binary is None else f"{binary} is not a file"
        raise EdgeError(problem, fix=f"download {BINARY_URL}, and give it as --device-binary benchmark_model")
    return binary


def graphs_of(bundle: Bundle) -> tuple[str, ...]:
    """The names of the LiteRT model's graphs."""
    names = bundle.manifest["buckets"].get("litert", ())
    if MODEL not in bundle.names or not names:
        raise EdgeError(
            f"{bundle.path} has no LiteRT model with buckets, which benchmark_model runs",
            fix="take the bundle that edge export wrote, before edge slim",
        )
    return tuple(names)


def _step(adb: Adb, signature: str, threads: int) -> StepTimes:
    words = (f"--graph={REMOTE}/model.tflite", f"--signature_to_run_for={signature}", f"--num_threads={threads}")
    return parse_benchmark(adb.shell(f"{REMOTE}/benchmark_model", *words), signature)


def parse_benchmark(said: str, signature: str) -> StepTimes:
    """What benchmark_model printed, its microseconds as milliseconds; errors show its last lines."""
    timings, memory = _TIMINGS.search(said), _MEMORY.search(said)
    if timings is None:
        last = "\n".join(said.splitlines()[-5:])
        raise EdgeError(
            f"benchmark_model gave no timings for {signature}",
            evidence=last,
            fix=f"take the benchmark_model of {BINARY_URL}",
        )
    init, first, average = (float(text) / 1000 for text in timings.groups())
    held = float(memory[1]) if memory else None
    return StepTimes(signature, init, first, average, held)
