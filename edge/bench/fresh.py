"""Measuring in a process of its own: a job on its stdin, what it found on stdout's last line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any, TextIO

from edge.errors import EdgeError, missing_package

REFUSED = 2  # exit code of a process that printed an EdgeError in place of a result


def in_fresh_process(module: str, job: Mapping[str, Any], cache: str) -> Any:
    """The JSON value that `python -m module` answers the job with; bundles are installed in `cache`.

    Its errors are raised here.
    """
    done = subprocess.run(
        [sys.executable, "-m", module],
        input=json.dumps(job),
        env=os.environ | {"EDGE_CACHE": cache},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return json.loads(done.stdout.splitlines()[-1])
    if done.returncode == REFUSED:
        said, _, fix = done.stdout.strip().partition("\nfix: ")
        problem, _, rest = said.partition("\n")
        raise EdgeError(problem or "the measuring process failed", evidence=rest, fix=fix)
    ending = f"signal {-done.returncode}" if done.returncode < 0 else f"exit code {done.returncode}"
    fix = "see that enough memory is free, then run it again"
    last = "\n".join(done.stderr.splitlines()[-5:])
    raise EdgeError(f"the measuring process died ({ending})", evidence=last, fix=fix)


def answer(measure: Callable[[Any], Any]) -> int:
    """The other end: read the job, print what `measure` makes of it or why it cannot, return the exit code."""
    job = _job(sys.stdin)
    if job is None:
        print("error: there is no job on stdin: edge-bench starts this module itself", file=sys.stderr)
        print("fix: edge-bench --help lists the commands", file=sys.stderr)
        return REFUSED
    try:
        found = measure(job)
    except (EdgeError, ImportError) as error:
        print(missing_package(error) if isinstance(error, ImportError) else error)
        return REFUSED
    print(json.dumps(found))
    return 0


def _job(stdin: TextIO | None) -> dict[str, Any] | None:
    """None if a person started this process, or anything but `in_fresh_process`."""
    if stdin is None or stdin.isatty():
        return None
    try:
        job = json.load(stdin)
    except ValueError:
        return None
    return job if isinstance(job, dict) and job.keys() == {"job", "requests"} else None
