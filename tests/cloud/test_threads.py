"""Torch's threads are the process's: measuring and engines leave their number as they found it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from cloud.torch_engine import TorchEngine
from compress.bundle_engine import open_torch
from compress.integers import quantise
from edge.engines.protocol import Engine
from small_models import make_model, make_requests

from cloud.attention import PREFIX
from cloud.evaluate import score_requests
from edge.bundle.manifest import WEIGHTS
from edge.bundle.weights.packed import pack
from export.weights import parameters_of

MODEL = make_model()
THREADS = 3


@pytest.fixture(autouse=True)
def three_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    yield
    torch.set_num_threads(before)


def threads_of_a_new_thread() -> int:
    found = []
    thread = threading.Thread(target=lambda: found.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    return found[0]


class Watched(TorchEngine):
    """Notes how many threads its calls compute with."""

    def __init__(self) -> None:
        super().__init__(MODEL)
        self.seen = set[int]()

    def head(self, hidden: np.ndarray) -> np.ndarray:
        self.seen.add(torch.get_num_threads())
        return super().head(hidden)


def test_measuring_computes_each_request_by_one_thread_and_leaves_the_process_its_own() -> None:
    engines = [Watched(), Watched()]
    score_requests(engines, make_requests(4), PREFIX, (2, 4), "test")
    assert [engine.seen for engine in engines] == [{1}, {1}]
    assert torch.get_num_threads() == threads_of_a_new_thread() == THREADS


def test_measuring_that_fails_leaves_the_process_its_threads() -> None:
    with pytest.raises(AttributeError):
        score_requests([None], make_requests(1), PREFIX, (4,), "test")  # type: ignore[list-item]
    assert torch.get_num_threads() == threads_of_a_new_thread() == THREADS


def test_an_engine_of_so_many_threads_computes_by_them_and_leaves_the_process_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / WEIGHTS).write_bytes(pack(parameters_of(quantise(MODEL))))
    seen, score = [], type(MODEL).score
    monkeypatch.setattr(
        "cloud.model.Encoder.score", lambda *given: (seen.append(torch.get_num_threads()), score(*given))[1]
    )
    hidden = np.ones((2, MODEL.config.hidden_size), dtype=np.float32)
    for threads in (1, 2):
        engine: Engine = open_torch(tmp_path, TorchEngine(MODEL).shape, threads)
        assert torch.get_num_threads() == THREADS
        engine.head(hidden)
        assert seen.pop() == threads
        assert torch.get_num_threads() == threads_of_a_new_thread() == THREADS


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
