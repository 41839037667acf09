"""A request's instructions add up as the engine runs it; absent tools are named at once; counts repeat exactly."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice, product
from pathlib import Path

import numpy as np
import pytest
from commands import edge_bench
from exported_students import BUCKETS, WORDS, ExportedModel
from measured_exits import measured
from random_rankers import PLACES, SHAPE, model_of

from compress.integers import quantise_ranker
from edge.bench.arm import tools
from edge.bench.instructions import Instructions, count_instructions, count_model, find_tools, parse_marks
from edge.bench.scenarios import SCENARIOS
from edge.bench.sized_request import Calls, SizedRequest
from edge.bundle.exits import Exit
from edge.engines.litert import LiteRtEngine
from edge.engines.litert_graphs import Array, Graph
from edge.engines.shape import ModelShape
from edge.errors import EdgeError
from edge.runtime.costs import Costs
from edge.runtime.model import Model
from edge.runtime.ranker import Ranker
from edge.text.types import Event, Item, User
from export.litert.entry_points import export_litert

GRAPH = ModelShape(
    hidden=8, heads=2, encode_depths=(1, 3), interact_layers=2, positions=6, places=21, numbers=2, distances=6,
    match_size=4, match_heads=2, factors=3,
)  # fmt: skip
COUNTED = Instructions(
    {
        "embed_20": 3, "encode_10": 100, "encode_20": 210, "summarise_4_20": 7, "append_1": 40, "append_8": 90,
        "score_0_4": 10, "score_0_16": 30, "score_2_4": 1000, "score_2_16": 3000,
    },
    GRAPH,
    (Exit(1, 0), Exit(3, 2)),
)  # fmt: skip
NAMES = ["embed_10", "head_4"]


def test_a_request_is_what_is_missing_of_its_items_and_its_user() -> None:
    asked = SizedRequest(candidates=18, events=9, item_tokens=5, scenario="kept")
    kept = COUNTED.request(asked, Exit(1, 0))
    assert (kept.encode, kept.append, kept.score) == (0, 0, 30 + 10)  # 16 and 2 candidates
    added = COUNTED.request(replace(asked, scenario="added"), Exit(1, 0))
    assert (added.encode, added.append, added.score) == (0, 40, 40)
    items = COUNTED.request(replace(asked, scenario="new_items"), Exit(1, 0))
    assert (items.encode, items.append) == (4 * (3 + 210 + 7) + 3 + 100 + 7, 0)  # chunks of 4 texts; 2 are left
    new = COUNTED.request(replace(asked, scenario="new"), Exit(1, 0))
    assert new.encode == 7 * (3 + 210 + 7)  # the profile, 9 and 18 items together
    assert (new.append, new.score) == (40 + 90 + 40, 40)  # the profile alone, then 8 events and one
    assert new.total == new.encode + new.append + new.score


def test_a_deeper_exit_applies_the_layer_more_often_and_scores_all_depths() -> None:
    asked = SizedRequest(candidates=4, events=0, item_tokens=5, scenario="new_items")
    assert COUNTED.request(asked, Exit(1, 2)).score == COUNTED.request(asked, Exit(1, 1)).score == 1000
    assert COUNTED.request(asked, Exit(3, 2)).encode == COUNTED.request(asked, Exit(1, 2)).encode + 2 * 210


def test_the_largest_request_is_what_the_model_holds() -> None:
    sized = SizedRequest().within(GRAPH)
    assert (sized.events, sized.item_tokens) == (20, 6)
    more = SizedRequest(events=500, item_tokens=500)
    assert COUNTED.request(more, Exit(1, 0)) == COUNTED.request(SizedRequest(), Exit(1, 0))


def test_a_table_has_every_exit_in_every_scenario() -> None:
    found = COUNTED.table(SizedRequest(events=3), "litert-1")
    assert [(row.exit, row.scenario) for row in found.exits] == [
        (exit, name) for exit in (Exit(1, 0), Exit(3, 2)) for name in SCENARIOS
    ]
    assert (found.runtime, found.asked.events, found.asked.item_tokens) == ("litert-1", 3, 6)


def titles(count: int, tokens: int) -> Iterator[str]:
    """As many words as tokens, no title twice."""
    return (" ".join(words) for words in islice(product(WORDS, repeat=tokens), count))


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize(("events", "candidates", "tokens"), [(6, 4, 6), (4, 8, 2), (4, 4, 3)])
def test_a_request_counts_exactly_the_graphs_that_the_engine_runs(
    exported_model: ExportedModel,
    monkeypatch: pytest.MonkeyPatch,
    scenario: str,
    events: int,
    candidates: int,
    tokens: int,
) -> None:
    """With as many texts as fill the same chunks, be those of user and candidates apart or together."""
    engine, ran, run = (
        LiteRtEngine(exported_model.models / "litert", exported_model.shape),
        Counter[str](),
        Graph.run,
    )

    def counted(graph: Graph, **others: Array) -> None:
        ran[engine.signatures[graph.index]] += 1
        run(graph, **others)

    monkeypatch.setattr(Graph, "run", counted)
    costs = Costs(*[((1.0, 1.0),)] * 3, (((1.0, 1.0),),) * 3)
    ranker = Ranker(Model(engine, exported_model.reading, costs, measured({Exit(2, 1): None})))
    named = titles(1 + 1 + events + candidates, tokens)
    other, profile = User({"kind": "other"}), User({"kind": next(named)})
    ranker.rank(ranker.user(other, [liked(Item("", {"title": "not"}))]), [Item("0", {"title": "not"})])  # keeps phrases
    items = [Item(f"{number}", {"title": title}) for number, title in enumerate(islice(named, candidates))]
    user = ranker.user(profile, [liked(Item("", {"title": title})) for title in islice(named, events)])
    if scenario != "new":
        ranker.rank(user, [] if scenario == "new_items" else items)
    if scenario == "added":
        user.add(liked(items[0]))
    ran.clear()
    ranker.rank(user, items)
    calls = Calls(engine.signatures, engine.shape).of(SizedRequest(candidates, events, tokens, scenario), Exit(2, 1))
    assert sum(calls.values(), Counter()) == ran


def liked(item: Item) -> Event:
    return Event(item, {"liked": True})


def test_what_a_mark_costs_is_no_part_of_a_count() -> None:
    marks = ["-1 1000", "-1 1028", "0 5000", "0 6028", "1 9000", "1 9029"]
    assert parse_marks(marks, NAMES) == {"embed_10": 1000, "head_4": 1}


def test_a_count_over_more_than_one_thread_is_refused() -> None:
    with pytest.raises(EdgeError, match="more than one thread"):
        parse_marks(["-1 1000", "-1 1028 threads"], NAMES)


@pytest.mark.parametrize("marks", [[], ["-1 1", "-1 2"], ["-1 1", "-1 2", "0 3", "0 4", "1 5"]])
def test_a_count_that_ended_early_is_refused(marks: list[str]) -> None:
    with pytest.raises(EdgeError, match=r"ended early: \d of 2 signatures"):
        parse_marks(marks, NAMES)


def test_absent_tools_are_named_all_at_once_with_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(tools.VARIABLE, raising=False)
    monkeypatch.setattr(tools, "SYSROOT", tmp_path / "sysroot")
    assert edge_bench("instructions", "movies.edge") == 2
    said = capsys.readouterr().err
    for package in (*tools.PROGRAMS.values(), *tools.LIBRARIES.values()):
        assert f"apt-get install {package}\n" in said
    assert "libLiteRt.so for ARM64, as neither --tools nor EDGE_ARM_TOOLS names a directory" in said
    assert "fix: on Debian 12, or in a container of it, run benchmarks/arm_tools.sh" in said


def test_an_emulator_that_takes_no_plugins_is_as_good_as_absent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator = tmp_path / "qemu-aarch64"
    emulator.write_text("#!/bin/sh\necho '-cpu model  select CPU'\n")
    emulator.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(EdgeError) as refused:
        find_tools(tmp_path)
    assert f"{emulator} is built without -plugin" in refused.value.evidence


def test_an_empty_tools_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(EdgeError) as refused:
        find_tools(tmp_path)
    assert f"libLiteRt.so for ARM64, in {tmp_path}" in refused.value.evidence


@pytest.mark.parametrize("option", ["--candidates", "--item-tokens"])
def test_a_request_of_nothing_or_too_much_is_refused(capsys: pytest.CaptureFixture[str], option: str) -> None:
    name = option.removeprefix("--").replace("-", "_")
    for size in (0, 10**11):
        assert edge_bench("instructions", "movies.edge", option, size) == 2
        assert f"{name} is {size}, it must be from 1 to " in capsys.readouterr().err


@pytest.fixture
def arm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tools.Tools:
    """The tools of this machine."""
    monkeypatch.setenv("EDGE_CACHE", str(tmp_path / "cache"))
    try:
        return find_tools()
    except EdgeError as error:
        pytest.skip(f"{error.problem}; set EDGE_ARM_TOOLS (docs/instructions.md)")


def test_counts_repeat_exactly_and_the_command_tells_them_per_exit(
    exported_model: ExportedModel, arm: tools.Tools,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    counted = count_instructions(exported_model.bundle, arm)
    monkeypatch.setenv("ANOTHER", "environment" * 500)
    assert edge_bench("instructions", exported_model.bundle, "--candidates", 6, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["signatures"] == counted.signatures
    assert (told["events"], told["item_tokens"], told["runtime"]) == (PLACES - 1, 6, arm.runtime)
    table = counted.table(SizedRequest(6), arm.runtime)
    assert [row["total"] for row in told["exits"]] == [row.total for row in table.exits]
    first, *_, last = told["exits"]
    assert (first["exit"], first["scenario"]) == ({"encode": 1, "interact": 0}, "new")
    assert first["encode"] > last["append"] > 0 == last["encode"] and last["score"] > 10_000


def test_weights_do_not_change_a_count_and_a_candidate_more_does(tmp_path: Path, arm: tools.Tools) -> None:
    counts = []
    for change, candidates in ((1.0, 4), (2.0, 4), (2.0, 5)):
        path, model = tmp_path / f"{change}-{candidates}.tflite", model_of(SHAPE)
        model.token.weight.data *= change
        export_litert(quantise_ranker(model), PLACES, replace(BUCKETS, candidates=(candidates,)), path)
        counts.append(count_model(path, arm))
    same, other_weights, more = counts
    assert other_weights == same
    assert more["score_2_5"] > same["score_2_4"]


def test_a_model_that_does_not_run_is_refused_with_what_was_said(tmp_path: Path, arm: tools.Tools) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(np.arange(1000, dtype=np.int32).tobytes())
    with pytest.raises(EdgeError, match="does not run under QEMU") as refused:
        count_model(path, arm)
    assert "entry_points: model: LiteRT status" in refused.value.evidence
