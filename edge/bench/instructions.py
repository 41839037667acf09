"""Speed without noise: ARM64 instructions of each LiteRT entry point, and of a request by the prefix plan.

An emulated Cortex-A76 counts them (edge/bench/arm), so a count repeats exactly, whatever else the machine does.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from edge.bench.arm.tools import CPU, LIBRARY, Programs, Tools, compiled
from edge.bench.arm.tools import find_tools as find_tools  # whoever counts needs it
from edge.bundle.install import install
from edge.engines.buckets import Bucket, read_buckets
from edge.engines.opening import absent
from edge.errors import EdgeError

WARM_UPS = 2  # the first run prepares, the second still settles by some 140 instructions; then runs are alike
NO_SIGNATURE = -1  # labels the marks that tell what a mark costs
LAST_LINES = 5  # of what a program that failed has said
_TOOLS_AGAIN = "fill the tools' directory again: benchmarks/arm_tools.sh DIR"


@dataclass(frozen=True)
class Instructions:
    """Of one run of each signature, by its name, e.g. "layer_64"; one thread."""

    signatures: Mapping[str, int]

    @cached_property
    def buckets(self) -> dict[str, list[Bucket]]:
        return read_buckets(self.signatures, Path("model.tflite"), "signature")

    @property
    def user_tokens(self) -> int:
        """The most that a request may have under the prefix plan."""
        return max(bucket[0] for bucket in self.buckets["layer_candidate"])

    @property
    def candidate_tokens(self) -> int:
        """The most that a candidate may have."""
        return max(bucket[2] for bucket in self.buckets["layer_candidate"])

    def request(
        self, user_tokens: int, candidates: int, depth: int, kept_user: bool, candidate_tokens: int | None = None
    ) -> int:
        """Of one request to exit `depth` by the prefix plan; a kept user's side has been computed as deep before.

        Every candidate has `candidate_tokens`, the most there may be if not given, and shares none with another.
        """
        seq = candidate_tokens or self.candidate_tokens
        bucket = self._smallest("layer_candidate", user_tokens, 0, seq)
        chunks = -(-candidates // bucket[1])
        total = self._rows("embed", candidates * seq)
        total += (depth - 1) * chunks * self._of("layer_candidate", bucket)
        total += chunks * self._of("layer_end", self._smallest("layer_end", user_tokens, 0, seq))
        total += self._rows("head", candidates)
        if not kept_user:
            total += self._rows("embed", user_tokens)
            total += (depth - 1) * self._of("layer", self._smallest("layer", user_tokens))
            total += self._rows("layer_keys", user_tokens)
        return total

    def _rows(self, entry: str, rows: int) -> int:
        """As edge/engines/litert.py covers rows: the largest bucket again and again, then one that fits."""
        (largest,) = self.buckets[entry][-1]
        whole, rest = divmod(rows, largest)
        remainder = self._of(entry, self._smallest(entry, rest)) if rest else 0
        return whole * self._of(entry, (largest,)) + remainder

    def _smallest(self, entry: str, *sizes: int) -> Bucket:
        for bucket in self.buckets[entry]:
            if all(held >= size for held, size in zip(bucket, sizes, strict=True)):
                return bucket
        asked = " x ".join(map(str, (size for size in sizes if size)))
        listed = ", ".join(" x ".join(map(str, bucket)) for bucket in self.buckets[entry])
        raise EdgeError(
            f"no {entry} bucket holds {asked} tokens",
            evidence=f"the model's buckets: {listed}",
            fix="choose sizes that a bucket holds",
        )

    def _of(self, entry: str, bucket: Bucket) -> int:
        return self.signatures["_".join([entry, *map(str, bucket)])]


def count_instructions(bundle: Path, tools: Tools) -> Instructions:
    """Install the bundle and count every signature of its LiteRT model. Errors: it has none, or does not run."""
    files = install(bundle)
    models = files.directory / "models"
    if reason := absent("litert", models):
        raise EdgeError(f"{bundle}: {reason}", fix="take the bundle that edge export wrote, before edge slim")
    return count_model(models / "litert" / "model.tflite", tools)


def count_model(model: Path, tools: Tools) -> Instructions:
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


def parse_marks(lines: Iterable[str], names: Sequence[str]) -> Instructions:
    """Instructions between the two marks of each signature, less what a mark itself costs."""
    marks: dict[int, list[int]] = {}
    for line in lines:
        label, instructions, *threads = line.split()
        if threads:
            raise EdgeError(
                "the model ran on more than one thread, so its instructions cannot be told apart", fix=_TOOLS_AGAIN
            )
        marks.setdefault(int(label), []).append(int(instructions))
    spent = {label: reached[-1] - reached[0] for label, reached in marks.items() if len(reached) > 1}
    if set(spent) != {NO_SIGNATURE, *range(len(names))}:
        counted = len(spent.keys() - {NO_SIGNATURE})
        raise EdgeError(f"the count ended early: {counted} of {len(names)} signatures were counted", fix=_TOOLS_AGAIN)
    return Instructions({name: spent[place] - spent[NO_SIGNATURE] for place, name in enumerate(names)})
