"""What `import edge` exports: a change here is a change of the public API."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from exports import Exported, bundle_of, request

import edge
from edge import EdgeError, Ranker, parse_request


@pytest.fixture(scope="module")
def bundle(exported: Exported, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundle_of(exported, tmp_path_factory.mktemp("api") / "small.edge")


def test_exactly_these_names_are_exported() -> None:
    assert edge.__all__ == [
        "EdgeError", "Event", "Explanation", "Item", "PublicKey", "Ranked", "Ranker", "Request", "User", "UserState",
        "__version__", "parse_request", "read_public_key",
    ]  # fmt: skip
    assert set(edge.__all__) <= set(dir(edge))
    assert all(getattr(edge, name).__name__ == name for name in edge.__all__ if name != "__version__")
    assert edge.__version__ == version("edge-ranker")


def test_a_name_that_is_not_exported_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'edge' has no attribute 'Rankr'"):
        edge.Rankr  # noqa: B018


def test_importing_edge_imports_no_numpy_and_no_engine() -> None:
    code = (
        "import sys, edge; print([name for name in ('numpy', 'onnxruntime', 'ai_edge_litert') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_ranker_is_closed_at_the_end_of_its_block(bundle: Path) -> None:
    asked = request()
    with Ranker.open(bundle) as ranker:
        user = ranker.user(asked.user, asked.events)
        ranked = ranker.rank(user, asked.candidates, budget_ms=1000)
        assert {item.id for item in ranked.items} == {item.id for item in asked.candidates}
        assert ranked.explanation.met is True
    with pytest.raises(EdgeError, match="the ranker was closed"):
        ranker.rank(user, asked.candidates)


def test_a_ranker_is_closed_when_its_block_fails(bundle: Path) -> None:
    with pytest.raises(EdgeError, match="not JSON"), Ranker.open(bundle) as ranker:
        parse_request("{")
    with pytest.raises(EdgeError, match="the ranker was closed"):
        ranker.rank(ranker.user(edge.User()), ())


@pytest.mark.parametrize(
    ("argument", "value", "problem"),
    [
        ("threads", 0, "threads is 0, it must be from 1 to 256"),
        ("threads", -1, "threads is -1"),
        ("threads", 10**9, "threads is 1000000000"),
        ("threads", "2", r"threads must be a whole number, not '2' \(str\)"),
        ("threads", 1.0, "threads must be a whole number"),
        ("threads", True, "threads must be a whole number"),
        ("memory_mb", "64", r"memory_mb must be a number, not '64' \(str\)"),
        ("memory_mb", -1, "memory_mb is -1, it must be 0 or more"),
        ("memory_mb", float("nan"), "memory_mb is nan"),
        ("memory_mb", float("inf"), "memory_mb is inf"),
        ("memory_mb", None, "memory_mb must be a number"),
        ("engine", "litr", "there is no engine 'litr'"),
        ("engine", None, "there is no engine None"),
        ("public_key", "public.pem", "public_key is no key"),
        ("path", 5, "the bundle's path is 5"),
    ],
)
def test_what_opening_cannot_mean_is_refused_with_its_name(
    bundle: Path, argument: str, value: Any, problem: str
) -> None:
    with pytest.raises(EdgeError, match=problem):
        Ranker.open(**{"path": bundle, argument: value})


def test_opening_and_ranking_leave_the_process_as_it_was(bundle: Path) -> None:
    """Descriptors, environment, working directory, signal handlers and standard streams belong to the app."""
    code = f"""
import os, signal, sys
import edge
def state():
    descriptors = {{name: os.readlink(f"/proc/self/fd/{{name}}") for name in ("0", "1", "2")}}
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    return descriptors, dict(os.environ), os.getcwd(), handlers, sys.stdout, sys.stderr
before = state()
seen = []
import ai_edge_litert.compiled_model as module
original = module.CompiledModel.from_file
module.CompiledModel.from_file = lambda *given, **named: seen.append(state()) or original(*given, **named)
with edge.Ranker.open({str(bundle)!r}) as ranker:
    ranker.rank(ranker.user(edge.User({{"age": 30}})), [edge.Item("a", {{"title": "heat"}})])
assert seen == [before] and state() == before
"""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
