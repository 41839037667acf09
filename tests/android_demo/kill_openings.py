"""Kills the first opening of a bundle at random moments: python kill_openings.py BUNDLE --kills 200 -- PROGRAM ...

After each kill the next opening must succeed and verify the bundle, and must leave in the directory what an opening
that nobody killed leaves; so must two processes that open it at once. What follows `--` starts a program that reads
directories, such as `edge.proof.OpeningsKt`; `android_demo/prove.sh` and `ios_demo/prove.sh` call this.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random


class Openings:
    """The program that opens a bundle with the directories that it is sent."""

    def __init__(self, command: Sequence[str], bundle: Path) -> None:
        arguments = [*command, str(bundle)]
        self._process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.expect("begin")

    def send(self, line: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def open(self, line: str) -> None:
        """Errors: it does not open."""
        self.send(line)
        self.expect("open")

    def expect(self, word: str) -> None:
        assert self._process.stdout
        if (found := self._process.stdout.readline().strip()) != word:
            raise SystemExit(f"error: the bundle was not opened: {found!r}")

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        self._process.communicate()


def listing(directory: Path) -> set[str]:
    return {str(path.relative_to(directory)) for path in directory.rglob("*")}


def kill_openings(command: Sequence[str], bundle: Path, kills: int, seed: int) -> str:
    """What became of them. Errors: something was left over, or the next opening failed."""
    random, states = Random(seed), set()
    with tempfile.TemporaryDirectory() as scratch:
        survivor = Openings(command, bundle)
        untouched = Path(scratch, "untouched")
        survivor.open(str(untouched))
        longest = _first_opening(command, bundle, Path(scratch, "timed"))
        for number in range(kills):
            directory = Path(scratch, str(number))
            victim = Openings(command, bundle)
            victim.send(str(directory))
            time.sleep(random.uniform(0, longest))
            victim.kill()
            states.add(frozenset(listing(directory)))
            survivor.open(f"{directory} verify")
            if left := listing(directory) ^ listing(untouched):
                raise SystemExit(f"error: kill {number} left {sorted(left)}")
        survivor.end()
    moments = f"within {longest * 1e3:.0f} ms, in {len(states)} states"
    return f"{kills} openings killed {moments}: the next one left nothing over"


def open_at_once(command: Sequence[str], bundle: Path, times: int) -> str:
    """Two processes, one directory. Errors: one of them does not open it, or something was left over."""
    with tempfile.TemporaryDirectory() as scratch:
        two = [Openings(command, bundle) for _ in range(2)]
        untouched = Path(scratch, "untouched")
        two[0].open(str(untouched))
        for number in range(times):
            directory = Path(scratch, str(number))
            for openings in two:
                openings.send(f"{directory} verify")
            for openings in two:
                openings.expect("open")
            if left := listing(directory) ^ listing(untouched):
                raise SystemExit(f"error: two openings at once left {sorted(left)}")
        for openings in two:
            openings.end()
    return f"two processes opened {times} directories at once: nothing was left over"


def _first_opening(command: Sequence[str], bundle: Path, directory: Path) -> float:
    """Seconds that one takes in a process that has just begun."""
    openings = Openings(command, bundle)
    started = time.perf_counter()
    openings.open(str(directory))
    took = time.perf_counter() - started
    openings.end()
    return took


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--pairs", type=int, default=0, help="how often two processes open one directory at once")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("command", nargs="+", help="after --")
    options = parser.parse_args()
    print(kill_openings(options.command, options.bundle, options.kills, options.seed))
    if options.pairs:
        print(open_at_once(options.command, options.bundle, options.pairs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
