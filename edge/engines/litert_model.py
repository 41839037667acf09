"""LiteRT files as they are opened, whatever model is in them."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from edge.engines.opening import unreadable

SHARED_WEIGHTS = ":memory"  # XNNPACK packs weights once for all signatures, in memory: no file can go stale


def open_tflite(path: Path, threads: int) -> Any:
    """A compiled model. Errors: the file is absent, or none."""
    from ai_edge_litert.compiled_model import CompiledModel
    from ai_edge_litert.options import CpuOptions, Options

    if not path.is_file():
        raise unreadable(path, FileNotFoundError("there is no such file"))
    cpu = CpuOptions(num_threads=threads, xnnpack_weight_cache_path=SHARED_WEIGHTS)
    try:
        return CompiledModel.from_file(str(path), environment=_environment(), options=Options(cpu_options=cpu))
    except (ValueError, RuntimeError) as error:
        raise unreadable(path, error) from error


def check_file(path: Path) -> None:
    """Refuse a file with references beyond its end: `open_tflite` does not look through it, and would crash."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    try:
        Interpreter(model_path=str(path), experimental_op_resolver_type=plain)
    except (ValueError, RuntimeError) as error:
        raise unreadable(path, error) from error


@cache
def _environment() -> Any:
    """One per process, for the processor alone. LiteRT makes another when a buffer is first used: made here, too."""
    from ai_edge_litert.environment import Environment
    from ai_edge_litert.tensor_buffer import TensorBuffer

    with tempfile.TemporaryDirectory() as empty:  # where no library of an accelerator is found and loaded
        environment = Environment.create(runtime_path=empty)
    number = np.zeros(1, dtype=np.float32)
    TensorBuffer.create_from_host_memory(number).write(number)
    return environment
