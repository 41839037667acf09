"""What `import edge` exports: a change here is a change of the public API."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from importlib.metadata import version
from pathlib import Path
from threading import Event
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


HEAT = edge.Item("1", {"title": "heat"})
LIKED = edge.Event(edge.Item("", {"title": "heat"}), {"liked": True}, 5.0)


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (lambda r, u: r.user({"age": 3}), r"user must be a User, not \{'age': 3\} \(dict\)"),
        (lambda r, u: r.user(u), "user must be a User, not <edge.runtime.ranker.UserState"),
        (lambda r, u: r.user(None), "user must be a User, not None"),
        (lambda r, u: r.user(edge.User({"age": float("nan")})), "user.age is nan"),
        (lambda r, u: r.user(edge.User(), None), "events must be a list or a tuple of Events, not None"),
        (lambda r, u: r.user(edge.User(), [LIKED, edge.Event(LIKED.item, {}, 4)]), r"events\[1\].time is before"),
        (lambda r, u: r.user(edge.User(), (LIKED for _ in range(2))), "events must be a list or a tuple of Events"),
        (lambda r, u: r.rank(u, (HEAT for _ in range(2))), "candidates must be a list or a tuple of Items"),
        (lambda r, u: r.rank(u, None), "candidates must be a list or a tuple of Items, not None"),
        (lambda r, u: r.rank(u, [HEAT, HEAT]), r"candidates\[1\].id repeats candidates\[0\].id: '1'"),
        (lambda r, u: r.rank(u, [edge.Item("1", None)]), r"candidates\[0\].attributes must be a dict, not None"),
        (lambda r, u: r.rank(u, [edge.Item("1", {"title": "\ud800"})]), r"candidates\[0\].title is not valid Unicode"),
        (lambda r, u: r.rank(u, [edge.Item("1", {"title": b"x"})]), r"candidates\[0\].title must be a string"),
        (lambda r, u: r.rank(edge.User(), [HEAT]), r"user must be what ranker.user\(...\) gives, not User"),
        (lambda r, u: r.rank(None, [HEAT]), r"user must be what ranker.user\(...\) gives, not NoneType"),
        (lambda r, u: r.rank(u, [HEAT], min_auc=2), "min_auc is 2, it must be from 0 to 1"),
        (lambda r, u: u.add({"title": "heat"}), "the event must be an Event, not {'title': 'heat'}"),
        (lambda r, u: u.add(edge.Event(LIKED.item, {}, "now")), "the event.time must be a number, not 'now'"),
        (lambda r, u: u.add(edge.Event(LIKED.item, {}, 4)), "the event is older than one that the user has"),
        (lambda r, u: edge.read_public_key(None), "the key's path is None, which is no path"),
        (lambda r, u: edge.read_public_key("a\0b"), "is not a usable file name"),
        (lambda r, u: edge.PublicKey("abc"), "a public key has 32 raw bytes"),
        (lambda r, u: parse_request(Path("request.json")), "the request must be JSON text, not PosixPath"),
    ],
)  # fmt: skip
def test_what_a_call_cannot_mean_is_refused_in_words(bundle: Path, call: Callable[..., object], problem: str) -> None:
    with Ranker.open(bundle) as ranker:
        user = ranker.user(edge.User({"age": 30}), [LIKED])
        with pytest.raises(EdgeError, match=problem):
            call(ranker, user)
        assert ranker.rank(user, [HEAT]).items == (HEAT,)


def test_a_share_is_taken_for_per_cent_only_where_that_would_be_usual(bundle: Path) -> None:
    with Ranker.open(bundle) as ranker:
        for value, fix in ((2, "leave it out for no limit"), (75, "it is a share: did you mean 0.75?")):
            with pytest.raises(EdgeError) as refused:
                ranker.rank(ranker.user(edge.User()), [HEAT], min_auc=value)
            assert refused.value.fix == fix


def test_an_event_that_was_refused_is_not_added(bundle: Path) -> None:
    with Ranker.open(bundle) as ranker:
        user = ranker.user(edge.User(), [LIKED])
        before = user.segments
        with pytest.raises(EdgeError):
            user.add(edge.Event(LIKED.item, {"liked": 3}, 9.0))  # the template asks for true or false
        assert user.segments == before
        user.add(edge.Event(LIKED.item, {"liked": False}, 5.0))  # its time was not kept
        assert len(user.segments) == len(before) + 1


def test_whatever_is_asked_of_a_closed_ranker_is_refused(bundle: Path) -> None:
    ranker = Ranker.open(bundle)
    user = ranker.user(edge.User(), [LIKED])
    ranker.close()
    ranker.close()  # once more is no error
    calls: list[Callable[[], object]] = [
        lambda: ranker.rank(user, [HEAT]),
        lambda: ranker.user(edge.User()),
        lambda: user.add(LIKED),
        lambda: user.prepare(),
        lambda: ranker.__enter__(),
    ]
    for call in calls:
        with pytest.raises(EdgeError, match="the ranker was closed"):
            call()


def test_closing_waits_for_the_requests_of_other_threads_and_refuses_those_that_come_later(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ranker = Ranker.open(bundle)
    user = ranker.user(edge.User(), [LIKED])
    head, inside, going_on = ranker._engine.head, Event(), Event()

    def slow_head(hidden: Any) -> Any:
        inside.set()
        assert going_on.wait(30)
        return head(hidden)

    monkeypatch.setattr(ranker._engine, "head", slow_head)
    with ThreadPoolExecutor() as pool:
        ranking = pool.submit(ranker.rank, user, [HEAT])
        assert inside.wait(30)
        closing = pool.submit(ranker.close)
        assert wait([closing], timeout=0.2).not_done
        with pytest.raises(EdgeError, match="the ranker was closed"):
            ranker.rank(user, [HEAT])
        going_on.set()
        assert ranking.result(30).items == (HEAT,)
        closing.result(30)


def test_closing_within_a_request_of_the_same_thread_is_refused_instead_of_waiting_for_ever(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Ranker.open(bundle) as ranker:
        user = ranker.user(edge.User())
        monkeypatch.setattr(ranker._engine, "head", lambda hidden: ranker.close())
        with pytest.raises(EdgeError, match="the ranker cannot be closed within a request"):
            ranker.rank(user, [HEAT])
        monkeypatch.undo()
        assert ranker.rank(user, [HEAT]).items == (HEAT,)
