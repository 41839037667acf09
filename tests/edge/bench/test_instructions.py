"""A request's instructions add up as the engine runs it; absent tools are named at once; counts repeat exactly."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from commands import edge_bench
from exports import Exported, bundle_of
from small_models import make_model, shape

from cloud.torch_engine import TorchEngine
from compress.integers import quantise
from edge.bench.arm import tools
from edge.bench.instructions import Instructions, count_instructions, count_model, find_tools, parse_marks
from edge.engines.litert import LiteRtEngine
from edge.errors import EdgeError
from edge.runtime.scoring import Stepped, UserSide, logits_at
from edge.runtime.segment_cache import SegmentCache
from export.buckets import Buckets
from export.litert.entry_points import export_litert

COUNTED = Instructions(
    {
        "embed_10": 3, "place_10": 5, "layer_10": 100, "layer_20": 210, "layer_26": 400,
        "layer_keys_10": 40, "layer_candidate_10_4_6": 1000, "layer_candidate_20_4_6": 1100, "layer_end_20_4_6": 300,
        "head_4": 7,
    }
)  # fmt: skip
NAMES = ["embed_10", "head_4"]


def test_a_request_is_the_candidates_steps_and_a_new_users_beside_them() -> None:
    candidates = 3 * 3 + 2 * (1000 + 300) + 2 * 7  # 5 x 6 tokens in tens; chunks of 4; heads of 4
    user = 3 + 100 + 40
    assert COUNTED.request(10, 5, depth=2, kept_user=True) == candidates
    assert COUNTED.request(10, 5, depth=2, kept_user=False) == candidates + user


def test_a_user_is_padded_to_the_next_bucket_and_a_candidate_embedded_as_long_as_it_is() -> None:
    candidates, user = 2 * 3 + 300 + 7, 2 * 3 + 2 * 40
    assert COUNTED.request(11, 4, 1, kept_user=True, candidate_tokens=5) == candidates
    assert COUNTED.request(11, 4, 1, kept_user=False, candidate_tokens=5) == candidates + user
    assert COUNTED.request(11, 4, 2, kept_user=False, candidate_tokens=5) == candidates + user + 1100 + 210


def test_the_largest_request_is_read_off_the_buckets_for_candidates() -> None:
    assert (COUNTED.user_tokens, COUNTED.candidate_tokens) == (20, 6)  # layer_26 serves the full plan alone


def test_a_request_that_no_bucket_holds_is_refused_with_those_there_are() -> None:
    with pytest.raises(EdgeError, match="no layer_candidate bucket holds 21 x 6 tokens") as refused:
        COUNTED.request(21, 1, 1, kept_user=True)
    assert refused.value.evidence == "the model's buckets: 10 x 4 x 6, 20 x 4 x 6"


class Recording(LiteRtEngine):
    """Keeps which signatures were run."""

    def __init__(self, directory: Path, shape: object) -> None:
        super().__init__(directory, shape)  # type: ignore[arg-type]
        self.ran: Counter[str] = Counter()

    def _run(self, entry, bucket, inputs, **outputs):  # type: ignore[no-untyped-def]
        self.ran["_".join([entry, *map(str, bucket)])] += 1
        return super()._run(entry, bucket, inputs, **outputs)


@pytest.mark.parametrize(("user_tokens", "candidates", "tokens"), [(20, 4, 16), (25, 9, 7), (48, 1, 1)])
def test_a_request_counts_exactly_the_signatures_that_the_engine_runs(
    exported: Exported, user_tokens: int, candidates: int, tokens: int
) -> None:
    engine = Recording(exported.models / "int8" / "litert", TorchEngine(exported.reference["int8"]).shape)
    prices = {name: 1000**place for place, name in enumerate(engine._signatures)}  # sums tell every number of runs
    segments = [(1,) * 5] * (user_tokens // 5) + [(2,) * (user_tokens % 5 or 1)] * (user_tokens % 5 > 0)
    cache = SegmentCache()
    used = UserSide(engine, segments, 0, cache)
    logits_at(engine, Stepped(engine, used, [(3,)], cache), [1])  # reads the segment embeddings, once for all requests
    user = UserSide(engine, segments, 0, cache)
    for kept_user in (False, True):
        engine.ran.clear()
        logits_at(engine, Stepped(engine, user, [(10 + place,) * tokens for place in range(candidates)], cache), [3])
        spent = sum(prices[name] * times for name, times in engine.ran.items())
        assert Instructions(prices).request(user_tokens, candidates, 3, kept_user, tokens) == spent


def test_what_a_mark_costs_is_no_part_of_a_count() -> None:
    marks = ["-1 1000", "-1 1028", "0 5000", "0 6028", "1 9000", "1 9029"]
    assert parse_marks(marks, NAMES).signatures == {"embed_10": 1000, "head_4": 1}


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


@pytest.mark.parametrize("option", ["--user-tokens", "--candidates", "--candidate-tokens"])
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
    exported: Exported, tmp_path: Path, arm: tools.Tools,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    bundle = bundle_of(exported, tmp_path / "small.edge")
    counted = count_instructions(bundle, arm)
    monkeypatch.setenv("ANOTHER", "environment" * 500)
    assert edge_bench("instructions", bundle, "--candidates", 6, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["signatures"] == counted.signatures
    assert (told["user_tokens"], told["candidate_tokens"], told["runtime"]) == (48, 16, arm.runtime)
    first, *_, last = told["exits"]
    assert first == {
        "depth": 1,
        "new_user": counted.request(48, 6, 1, kept_user=False),
        "kept_user": counted.request(48, 6, 1, kept_user=True),
    }
    assert last["new_user"] > last["kept_user"] > first["kept_user"] > 10_000


def test_weights_do_not_change_a_count_and_a_token_more_does(tmp_path: Path, arm: tools.Tools) -> None:
    counts = []
    for seed, tokens in ((0, 40), (1, 40), (1, 41)):
        path = tmp_path / f"{seed}-{tokens}.tflite"
        export_litert(quantise(make_model(shape(), seed)), Buckets((tokens,), 4, 16), path)
        counts.append(count_model(path, arm))
    same, other_weights, longer = counts
    assert other_weights.signatures == same.signatures
    assert longer.signatures["layer_41"] > same.signatures["layer_40"]


def test_a_model_that_does_not_run_is_refused_with_what_was_said(tmp_path: Path, arm: tools.Tools) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(np.arange(1000, dtype=np.int32).tobytes())
    with pytest.raises(EdgeError, match="does not run under QEMU") as refused:
        count_model(path, arm)
    assert "entry_points: model: LiteRT status" in refused.value.evidence
