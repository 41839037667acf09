"""The commands `edge` and `edge-bench` in this process: their exit codes."""

from __future__ import annotations

from edge.cli.bench.main import edge_bench as bench_program
from edge.cli.main import edge as program
from edge.cli.program import run


def edge(*arguments: object) -> int:
    return run(program, list(map(str, arguments)))


def edge_bench(*arguments: object) -> int:
    return run(bench_program, list(map(str, arguments)))
