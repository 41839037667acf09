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
from runnable_bundles import REQUEST, make_runnable

import edge
from edge import EdgeError, Ranker, parse_request


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_runnable(tmp_path_factory.mktemp("api") / "small.edge")


def opened(path: Path, **arguments: Any) -> Ranker:
    return Ranker.open(path, **{"engine": "reference"} | arguments)


def test_exactly_these_names_are_exported() -> None:
    assert edge.__all__ == [
        "EdgeError", "Event", "Explanation", "Handle", "Item", "PublicKey", "Ranked", "Ranker", "Request", "User",
        "UserState", "__version__", "parse_request", "read_public_key",
    ]  # fmt: skip
    assert set(edge.__all__) <= set(dir(edge))
    assert all(getattr(edge, name).__name__ == name for name in edge.__all__ if name != "__version__")
    assert edge.__version__ == version("edge-ranker")


def test_rankers_and_users_have_exactly_these_methods() -> None:
    public = {kind: {name for name in vars(kind) if name[0] != "_"} for kind in (Ranker, edge.UserState)}
    assert public == {
        Ranker: {"open", "exits", "user", "prepare", "receive", "rank", "log", "forget", "close"},
        edge.UserState: {"add", "prepare", "forget"},
    }


def test_a_name_that_is_not_exported_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'edge' has no attribute 'Rankr'"):
        edge.Rankr  # noqa: B018


def test_importing_edge_imports_no_numpy_and_no_engine() -> None:
    code = (
        "import sys, edge; print([name for name in ('numpy', 'onnxruntime', 'ai_edge_litert') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_ranker_is_closed_at_the_end_of_its_block(bundle: Path) -> None:
    with opened(bundle) as ranker:
        user = ranker.user(REQUEST.user, REQUEST.events)
        ranked = ranker.rank(user, REQUEST.candidates, budget_ms=1000)
        assert {item.id for item in ranked.items} == {item.id for item in REQUEST.candidates}
        assert ranked.explanation.met is True
    with pytest.raises(EdgeError, match="the ranker is closed"):
        ranker.rank(user, REQUEST.candidates)


def test_a_ranker_is_closed_when_its_block_fails(bundle: Path) -> None:
    with pytest.raises(EdgeError, match="not JSON"), opened(bundle) as ranker:
        parse_request("{")
    with pytest.raises(EdgeError, match="the ranker is closed"):
        ranker.rank(ranker.user(NEW), ())


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
        ("public_key", "public.pem", "public_key is not a PublicKey"),
        ("path", 5, "the path of the bundle is 5"),
        ("log_rows", -1, "log_rows is -1, it must be from 0 to 1,000,000"),
        ("log_rows", 10**7, "log_rows is 10000000, it must be from 0 to 1,000,000"),
        ("log_rows", "9", "log_rows must be a whole number"),
        ("keep", None, "keep is None"),
        ("keep", "", "keep is ''"),
        ("keep", 1, "keep is 1"),
        ("keep", "/absent/summaries", "keep: there is no directory /absent/summaries"),
    ],
)
def test_what_opening_cannot_mean_is_refused_with_its_name(
    bundle: Path, argument: str, value: Any, problem: str
) -> None:
    with pytest.raises(EdgeError, match=problem):
        opened(**{"path": bundle, argument: value})


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
import edge.engines.reference as module
original = module.ReferenceEngine.score
module.ReferenceEngine.score = lambda *given: seen.append(state()) or original(*given)
with edge.Ranker.open({str(bundle)!r}, "reference") as ranker:
    seen.clear()
    ranker.rank(ranker.user(edge.User({{"kind": "new"}})), [edge.Item("a", {{"title": "red"}})])
assert seen == [before] and state() == before
"""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


NEW = edge.User({"kind": "new"})
HEAT = edge.Item("1", {"title": "red film"})
LIKED = edge.Event(edge.Item("", {"title": "red film"}), {"liked": True}, 5.0)


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (lambda r, u: r.user({"age": 3}), r"user must be a User, not \{'age': 3\} \(dict\)"),
        (lambda r, u: r.user(u), "user must be a User, not <edge.runtime.user_state.UserState"),
        (lambda r, u: r.user(None), "user must be a User, not None"),
        (lambda r, u: r.user(edge.User({"age": float("nan")})), "user.age is nan"),
        (lambda r, u: r.user(NEW, None), "events must be a list or a tuple of Events, not None"),
        (lambda r, u: r.user(NEW, [LIKED, edge.Event(LIKED.item, {}, 4)]), r"events\[1\].time is before"),
        (lambda r, u: r.user(NEW, (LIKED for _ in range(2))), "events must be a list or a tuple of Events"),
        (lambda r, u: r.rank(u, (HEAT for _ in range(2))), "candidates must be a list or a tuple of Items"),
        (lambda r, u: r.rank(u, None), "candidates must be a list or a tuple of Items, not None"),
        (lambda r, u: r.rank(u, [HEAT, HEAT]), r"candidates\[1\].id repeats candidates\[0\].id: '1'"),
        (lambda r, u: r.rank(u, [edge.Item("1", None)]), r"candidates\[0\].attributes must be a dict, not None"),
        (lambda r, u: r.rank(u, [edge.Item("1", {"title": "\ud800"})]), r"candidates\[0\].title is not valid Unicode"),
        (lambda r, u: r.rank(u, [edge.Item("1", {"title": b"x"})]), r"candidates\[0\].title must be a string"),
        (lambda r, u: r.rank(NEW, [HEAT]), r"user must be a UserState, which ranker.user\(...\) returns, not User"),
        (lambda r, u: r.rank(None, [HEAT]), r"user must be a UserState, which ranker.user\(...\) returns, not None"),
        (lambda r, u: r.rank(u, [HEAT], time_s="now"), "time_s must be a number, not 'now'"),
        (lambda r, u: r.rank(u, [HEAT], time_s=float("nan")), "time_s is nan"),
        (lambda r, u: r.rank(u, [HEAT], exit="deep"), "exit is 'deep'"),
        (lambda r, u: r.rank(u, [HEAT, *r.prepare([HEAT])]), r"candidates\[1\].id repeats candidates\[0\].id: '1'"),
        (lambda r, u: r.prepare(HEAT), "candidates must be a list or a tuple of Items, not Item"),
        (lambda r, u: r.prepare([HEAT], encode=7), "no exit has encode depth 7"),
        (lambda r, u: r.prepare([HEAT], encode="1"), "encode must be a whole number"),
        (lambda r, u: u.prepare(encode=0), "no exit has encode depth 0"),
        (lambda r, u: r.user(NEW, id=7), "the user's id must be a string, not 7"),
        (lambda r, u: r.user(NEW, id="\ud800"), "the user's id is not valid Unicode"),
        (lambda r, u: r.rank(u, [HEAT], min_auc=2), "min_auc is 2, it must be from 0 to 1"),
        (lambda r, u: u.add({"title": "heat"}), "the event must be an Event, not {'title': 'heat'}"),
        (lambda r, u: u.add(edge.Event(LIKED.item, {}, "now")), "the event.time must be a number, not 'now'"),
        (lambda r, u: u.add(edge.Event(LIKED.item, {}, 4)), "the event is older than one that the user has"),
        (lambda r, u: edge.read_public_key(None), "the path of the key is None, which is not a path"),
        (lambda r, u: edge.read_public_key("a\0b"), "is not a usable file name"),
        (lambda r, u: edge.PublicKey("abc"), "raw must be 32 bytes"),
        (lambda r, u: parse_request(Path("request.json")), "the request must be JSON text, not PosixPath"),
    ],
)  # fmt: skip
def test_what_a_call_cannot_mean_is_refused_in_words(bundle: Path, call: Callable[..., object], problem: str) -> None:
    with opened(bundle) as ranker:
        user = ranker.user(NEW, [LIKED])
        with pytest.raises(EdgeError, match=problem):
            call(ranker, user)
        assert ranker.rank(user, [HEAT]).items == (HEAT,)


def test_a_share_is_taken_for_per_cent_only_where_that_would_be_usual(bundle: Path) -> None:
    with opened(bundle) as ranker:
        for value, fix in ((2, "leave it out for no limit"), (75, "it is a share: did you mean 0.75?")):
            with pytest.raises(EdgeError) as refused:
                ranker.rank(ranker.user(NEW), [HEAT], min_auc=value)
            assert refused.value.fix == fix


def test_an_event_that_was_refused_is_not_added(bundle: Path) -> None:
    with opened(bundle) as ranker:
        user = ranker.user(NEW, [LIKED])
        before = ranker.rank(user, [HEAT])
        for wrong in ({"liked": "yes"}, {"liked": ("yes",)}):  # the model reads it as a number
            with pytest.raises(EdgeError):
                user.add(edge.Event(LIKED.item, wrong, 9.0))
        again = ranker.rank(user, [HEAT])
        assert again.scores == before.scores and again.explanation.kept_events == 1
        user.add(edge.Event(LIKED.item, {"liked": False}, 5.0))  # its time was not kept
        assert ranker.rank(user, [HEAT]).explanation.new_events == 1


def test_handles_of_another_ranker_are_refused_as_its_tokens_may_mean_other_words(bundle: Path) -> None:
    with opened(bundle) as ranker, opened(bundle) as other:
        handles = ranker.prepare([HEAT])
        assert ranker.rank(ranker.user(NEW), handles).items == (HEAT,)
        with pytest.raises(EdgeError, match="a candidate was prepared by another ranker"):
            other.rank(other.user(NEW), handles)


def test_items_and_handles_may_be_ranked_together(bundle: Path) -> None:
    more = edge.Item("2", {"title": "blue sea"})
    with opened(bundle) as ranker:
        user = ranker.user(NEW, [LIKED])
        mixed = ranker.rank(user, [*ranker.prepare([HEAT]), more])
        assert mixed.scores == ranker.rank(user, [HEAT, more]).scores


def test_whatever_is_asked_of_a_closed_ranker_is_refused(bundle: Path) -> None:
    ranker = opened(bundle)
    user = ranker.user(NEW, [LIKED])
    ranker.close()
    ranker.close()  # once more is no error
    calls: list[Callable[[], object]] = [
        lambda: ranker.rank(user, [HEAT]),
        lambda: ranker.user(NEW),
        lambda: user.add(LIKED),
        lambda: user.prepare(),
        lambda: ranker.prepare([HEAT]),
        lambda: ranker.receive(""),
        lambda: ranker.log(),
        lambda: ranker.forget(),
        lambda: ranker.__enter__(),
    ]
    for call in calls:
        with pytest.raises(EdgeError, match="the ranker is closed"):
            call()


def test_closing_waits_for_the_requests_of_other_threads_and_refuses_those_that_come_later(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ranker = opened(bundle)
    user = ranker.user(NEW, [LIKED])
    engine = ranker._model.engine
    score, inside, going_on = engine.score, Event(), Event()

    def slow_score(*given: Any) -> Any:
        inside.set()
        assert going_on.wait(30)
        return score(*given)

    monkeypatch.setattr(engine, "score", slow_score)
    with ThreadPoolExecutor() as pool:
        ranking = pool.submit(ranker.rank, user, [HEAT])
        assert inside.wait(30)
        closing = pool.submit(ranker.close)
        assert wait([closing], timeout=0.2).not_done
        with pytest.raises(EdgeError, match="the ranker is closed"):
            ranker.rank(user, [HEAT])
        going_on.set()
        assert ranking.result(30).items == (HEAT,)
        closing.result(30)


def test_closing_within_a_request_of_the_same_thread_is_refused_instead_of_waiting_for_ever(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(bundle) as ranker:
        user = ranker.user(NEW)
        monkeypatch.setattr(ranker._model.engine, "score", lambda *given: ranker.close())
        with pytest.raises(EdgeError, match="the ranker cannot be closed during a request"):
            ranker.rank(user, [HEAT])
        monkeypatch.undo()
        assert ranker.rank(user, [HEAT]).items == (HEAT,)
