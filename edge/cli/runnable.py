"""The modules that `python -m` may run. Running any other would do nothing, and look like a check that passed."""

from __future__ import annotations

import re
import sys

PROGRAMS = (
    "edge",
    "edge.cli",
    "edge.cli.main",
    "edge.cli.bench",
    "edge.cli.bench.main",
    "edge.bench.probe",  # started by edge-bench, with a job on stdin
    "edge.bench.compare_probe",
)


def refuse_library(package: str) -> None:
    """Ends `python -m` of a module of `package` that is no program, with exit code 2; does nothing otherwise.

    Each package calls it when it is imported. While Python looks for the module that it was told to run, it imports
    the packages above it, and `sys.argv[0]` is "-m".
    """
    if sys.argv[:1] != ["-m"]:
        return
    module = re.sub(r"^-\w*?m", "", sys.orig_argv[-len(sys.argv)])  # the word before the module's arguments
    if module.partition(".")[0] == package and module.removesuffix(".__main__") not in PROGRAMS:
        fix = "edge --help and edge-bench --help list the commands"
        print(f"error: {module} is no command, python -m would do nothing\nfix: {fix}", file=sys.stderr)
        raise SystemExit(2)
