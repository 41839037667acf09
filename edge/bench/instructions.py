"""Speed without noise: ARM64 instructions of each LiteRT entry point, and of a request at every exit.

An emulated Cortex-A76 counts them (edge/bench/arm), so a count repeats exactly, whatever else the machine does.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edge.bench.arm.tools import CPU, LIBRARY, Programs, Tools, compiled
from edge.bench.arm.tools import find_tools as find_tools  # whoever counts needs it
from edge.bench.scenarios import SCENARIOS
from edge.bench.sized_request import Calls, SizedRequest
from edge.bundle.bundle import read_manifest
from edge.bundle.exits import Exit
from edge.bundle.install import install
from edge.engines.opening import absent, shape_in
from edge.engines.shape import ModelShape
from edge.errors import EdgeError

WARM_UPS = 2  # the first run prepares, the second still settles by some 140 instructions; then runs are alike
NO_SIGNATURE = -1  # labels the marks that tell what a mark costs
LAST_LINES = 5  # of what a program that failed has said
_TOOLS_AGAIN = "fill the tools' directory again: benchmarks/arm_tools.sh DIR"


@dataclass(frozen=True)
class ExitInstructions:
    """Of one request at one exit, by part."""

    exit: Exit
    scenario: str
    encode: int
    append: int
    score: int

    @property
    def total(self) -> int:
        """Instructions of the whole request: the sum of its three parts."""
        return self.encode + self.append + self.score


@dataclass(frozen=True)
class CountedExits:
    """Of a request of these sizes in every scenario at every exit, whatever the scenario of `asked`."""

    cpu: str
    runtime: str
    asked: SizedRequest  # no size left open
    exits: tuple[ExitInstructions, ...]


@dataclass(frozen=True)
class Instructions:
    """Of one run of each signature, by its name, e.g. "encode_64"; one thread."""

    signatures: Mapping[str, int]
    shape: ModelShape
    exits: tuple[Exit, ...]

    def request(self, asked: SizedRequest, exit: Exit) -> ExitInstructions:
        """Reading text, making tokens and copying arrays are not counted."""
        parts = Calls(tuple(self.signatures), self.shape).spent(self.signatures, asked, exit)
        return ExitInstructions(exit, asked.scenario, **{part: int(count) for part, count in parts.items()})

    def table(self, asked: SizedRequest, runtime: str) -> CountedExits:
        """The counts of a request at every exit in every scenario."""
        rows = [self.request(replace(asked, scenario=name), exit) for exit in self.exits for name in SCENARIOS]
        return CountedExits(CPU, runtime, asked.within(self.shape), tuple(rows))


def count_instructions(path: Path, tools: Tools) -> Instructions:
    """Install the bundle and count every signature of its LiteRT model. Errors: it has none, or does not run."""
    bundle = read_manifest(path)
    exits = tuple(one.exit for one in bundle.exits)
    models = install(path).directory / "models"
    if reason := absent("litert", models):
        raise EdgeError(f"{path}: {reason}", fix="take the bundle that edge export wrote, before edge slim")
    counted = count_model(models / "litert" / "model.tflite", tools)
    return Instructions(counted, shape_in(bundle.manifest), exits)


def count_model(model: Path, tools: Tools) -> Mapping[str, int]:
    """Of each signature, one run after it has warmed up."""
    programs = compiled(tools)
    with tempfile.TemporaryDirectory(prefix="edge-bench-") as folder:
        for name, target in _seen(model, tools, programs).items():
            (Path(folder) / name).symlink_to(target.resolve())
        done = subprocess.run(
            _command(tools, programs), cwd=folder, env={}, capture_output=True, text=True, check=False
        )
        marks = Path(folder) / "marks"
        if done.returncode or not marks.is_file():
            said = "\n".join(done.stderr.splitlines()[-LAST_LINES:])
            raise EdgeError(
                f"{model} does not run under QEMU (exit code {done.returncode})", evidence=said, fix=_TOOLS_AGAIN
            )
        return parse_marks(marks.read_text().splitlines(), done.stdout.split())


def _seen(model: Path, tools: Tools, programs: Programs) -> dict[str, Path]:
    """Short names in an empty folder: lengths of paths move the stack, and instructions with it."""
    library = {LIBRARY: tools.library}
    return library | {"model": model, "root": programs.root, "plugin": programs.plugin, "run": programs.entry_points}


def _command(tools: Tools, programs: Programs) -> Sequence[str]:
    settings = ["-cpu", CPU, "-seed", "1", "-L", "root", "-E", "LD_LIBRARY_PATH=.", "-plugin", "./plugin,out=marks"]
    return [str(tools.qemu), *settings, "./run", "model", str(WARM_UPS), "1"]


def parse_marks(lines: Iterable[str], names: Sequence[str]) -> dict[str, int]:
    """Instructions between the two marks of each signature, less what a mark itself costs."""
    marks: dict[int, list[int]] = {}
    for line in lines:
        label, instructions, *threads = line.split()
        if threads:
            raise EdgeError("the model ran on more than one thread, so the count would vary", fix=_TOOLS_AGAIN)
        marks.setdefault(int(label), []).append(int(instructions))
    spent = {label: reached[-1] - reached[0] for label, reached in marks.items() if len(reached) > 1}
    if set(spent) != {NO_SIGNATURE, *range(len(names))}:
        counted = len(spent.keys() - {NO_SIGNATURE})
        raise EdgeError(f"the count ended early: {counted} of {len(names)} signatures were counted", fix=_TOOLS_AGAIN)
    return {name: spent[place] - spent[NO_SIGNATURE] for place, name in enumerate(names)}
