"""While torch's threads wait for each other they sleep, if a command trains."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

STOPPED_AT_TORCH = """
import os, sys
class Stop:
    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            print(os.environ.get("OMP_WAIT_POLICY"), file=sys.__stdout__, flush=True)
            os._exit(0)
sys.meta_path.insert(0, Stop())
from edge.cli.main import main
main()
"""


@pytest.mark.parametrize("given", [None, "ACTIVE"])
@pytest.mark.parametrize(
    "arguments",
    [
        "train --parent x --out y",
        "distill --parent x --out y",
        "compress --to int8 --parent x --out y",
        "export --parent x --out y",
        "run --out y",
    ],
)
def test_a_command_that_trains_lets_waiting_threads_sleep_before_torch_is_imported(
    arguments: str, given: str | None
) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    environment |= {"OMP_WAIT_POLICY": given} if given else {}
    command = [sys.executable, "-c", STOPPED_AT_TORCH, *arguments.split()]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == f"{given or 'PASSIVE'}\n"
