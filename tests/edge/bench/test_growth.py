"""A pull request that adds, loses or un-shares too much fails the gate, and its author learns why and what to do."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bench_bundles import make, make_packed, manifest
from commands import edge_bench
from exported_students import ExportedModel
from packed_bundles import model_of
from student_weights import make_weights

from edge.bench.budget import Budget, Growth
from edge.bench.budget_file import parse_budget
from edge.bench.check import Check
from edge.bench.compare import Ratio, Speed
from edge.bench.facts import Facts, Source, measure_facts
from edge.bench.gate import check_bundle
from edge.bench.sized_request import SizedRequest
from edge.bundle.bundle import open_bundle
from edge.bundle.exits import Exit
from edge.bundle.sizes import sizes
from edge.conformance.golden import Golden
from edge.conformance.verify import Agreement, Verification
from edge.errors import EdgeError

BUDGET = """
unique_weights = true
[growth]
download = "1 kB"
auc = 0.002
"""
DEEPEST = Exit(2, 2)  # of `manifest`
SPEED = Speed(Ratio(1.1, 1.06, 1.14), Ratio(1.2, 0.9, 1.5), 10.0, 11.0, 12.0, 13.0, (DEEPEST, DEEPEST), 8, 6, 2, 0.99)
Build = Callable[..., Path]


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Writes a bundle: with other weights, more golden bytes, a lower AUC, another model file, other figures."""

    def written(
        name: str,
        weights: dict[str, np.ndarray] | None = None,
        golden: bytes = b"",
        lost: float = 0.0,
        model: Callable[[dict[str, np.ndarray]], bytes] = model_of,
        **changes: Any,
    ) -> Path:
        weights = make_weights(rows=200) if weights is None else weights
        described = manifest(**changes)
        for exit in described["exits"]:
            exit["quality"]["auc"] -= lost
        return make_packed(tmp_path / name, weights, model, golden, **described)

    return written


@pytest.fixture
def gate(build: Build, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """The checks of a bundle against BUDGET and an unchanged baseline, by name, and the exit code."""

    def gated(bundle: Path) -> tuple[int, dict[str, dict[str, Any]]]:
        budget = bundle.parent / "budget.toml"
        budget.write_text(BUDGET)
        arguments = ("--budget", budget, "--baseline", build("old.edge"), "--json")
        code = edge_bench("gate", bundle, *arguments)
        (found,) = json.loads(capsys.readouterr().out)["bundles"]
        return code, {check["what"]: check for check in found["checks"]}

    return gated


def test_an_unchanged_bundle_passes(build: Build, gate: Callable[..., Any]) -> None:
    code, checks = gate(build("same.edge"))
    assert code == 0
    assert [(name, check["measured"]) for name, check in checks.items()] == [
        ("layers with weights of their own", 1),
        ("bytes of weights stored again", 0),
        ("growth of download", 0),
        ("loss of auc", 0.0),
    ]


def test_a_pull_request_that_adds_a_kilobyte_fails_and_names_where_it_went(
    build: Build, gate: Callable[..., Any]
) -> None:
    noise = np.random.default_rng(0).bytes(1100).hex().encode()  # two digits a byte: deflate halves it
    code, checks = gate(build("grown.edge", golden=noise))
    failed = checks["growth of download"]
    before, after = (sizes(build(name, golden=extra), "litert").download for name, extra in (("a", b""), ("b", noise)))
    assert code == 1 and [check["what"] for check in checks.values() if not check["passed"]] == ["growth of download"]
    assert 1000 < failed["measured"] == after - before < 1300
    assert f"download grew by {after - before:,} bytes, {after - before - 1000:,} bytes more" in failed["problem"]
    assert "golden.jsonl, whose content changed" in failed["evidence"][1]
    assert failed["fixes"] == [
        "export fewer golden requests (edge export --set golden_requests=...)",
        "if it is worth it, raise download under [growth] in the budget",
    ]


def test_a_pull_request_that_loses_three_thousandths_of_auc_fails_and_names_what_changed_with_it(
    build: Build, gate: Callable[..., Any]
) -> None:
    code, checks = gate(build("worse.edge", lost=0.003, provenance={"run": "ab", "sparsity": 0.95}))
    failed = checks["loss of auc"]
    assert code == 1 and failed["measured"] == pytest.approx(0.003)
    assert failed["problem"].startswith("auc fell by 0.0030 at exit ")
    assert failed["problem"].endswith(", 0.0010 more than the 0.0020 allowed")
    assert "exit 2/2: from 0.7400 to 0.7370" in failed["evidence"]
    assert "changed with it: provenance.sparsity from nothing to 0.95" in failed["evidence"]
    assert "--set sparsity=" in failed["fixes"][0]


def test_a_loss_of_exactly_what_is_allowed_passes(build: Build, gate: Callable[..., Any]) -> None:
    code, checks = gate(build("worse.edge", lost=0.002))
    assert code == 0 and checks["loss of auc"]["measured"] == pytest.approx(0.002)


def test_a_pull_request_that_unshares_the_layer_fails_and_is_told_so(build: Build, gate: Callable[..., Any]) -> None:
    shared, other = make_weights(rows=200), make_weights(seed=1, rows=200)
    own = {name.replace("layers.0.", "layers.1."): other[name] for name in other if name.startswith("layers.0.")}
    code, checks = gate(build("unshared.edge", shared | own))
    failed = checks["layers with weights of their own"]
    assert code == 1 and failed["measured"] == 2
    assert failed["problem"] == "layers.1.* are new: the layer is no longer shared"
    assert failed["evidence"][0].startswith("they add 2,304 bytes to the installed litert model")
    assert "one shared layer" in failed["fixes"][0]


def test_a_layer_that_is_written_once_per_depth_is_found_in_the_model(build: Build, gate: Callable[..., Any]) -> None:
    weights = make_weights(rows=200)
    layer = model_of({name: weights[name] for name in weights if name.startswith("layers.")})
    code, checks = gate(build("unrolled.edge", weights, model=lambda all: model_of(all) + 3 * layer))
    failed = checks["bytes of weights stored again"]
    assert code == 1 and failed["measured"] == 3 * (72 * 24 + 2 * 72 * 4)  # int8 weights, scales, biases
    assert "layers.0.attention_in.weight stands 4 times in it (rows)" in failed["evidence"]


def test_weights_in_an_unknown_form_cannot_pass_for_stored_once(build: Build, gate: Callable[..., Any]) -> None:
    code, checks = gate(build("float.edge", model=lambda weights: weights["token.weight"].astype("<f8").tobytes()))
    failed = checks["bytes of weights stored again"]
    assert code == 1 and "token.weight: not in the installed litert model in any known form" in failed["problem"]


def test_without_packed_weights_sharing_cannot_be_told(tmp_path: Path) -> None:
    bundle = open_bundle(make(tmp_path / "m.edge"))
    with pytest.raises(EdgeError, match=r"has no weights\.bin"):
        check_bundle(bundle, Budget(unique_weights=True), "litert")


def test_an_exit_that_is_gone_has_lost_its_quality(build: Build) -> None:
    before = open_bundle(build("old.edge"))
    after = open_bundle(build("new.edge", exits=manifest()["exits"][2:]))
    verdict = check_bundle(after, Budget(growth=Growth(quality={"auc": 0.5})), "litert", baseline=before)
    assert [check.problem for check in verdict.checks] == [
        "auc is no longer measured at exit 1/0, 1/2",
    ]


def test_a_loss_that_rises_is_worse(build: Build) -> None:
    exits = manifest()["exits"]
    for exit in exits:
        exit["quality"]["log_loss"] = 0.65
    before, after = open_bundle(build("old.edge")), open_bundle(build("new.edge", exits=exits))
    for allowed, passed in ((0.05, True), (0.04, False)):
        budget = Budget(growth=Growth(quality={"log_loss": allowed}))
        assert check_bundle(after, budget, "litert", baseline=before).passed is passed
        assert check_bundle(before, budget, "litert", baseline=after).passed


def test_growth_and_a_baseline_come_together_or_not_at_all(build: Build) -> None:
    bundle = open_bundle(build("m.edge"))
    with pytest.raises(EdgeError, match="no baseline is given"):
        check_bundle(bundle, Budget(growth=Growth(time=1.05)), "litert")
    with pytest.raises(EdgeError, match="limits no growth"):
        check_bundle(bundle, Budget(download=1), "litert", baseline=bundle)


def only(budget: Budget, bundle: Path, facts: Facts, baseline: Path | None = None) -> Check:
    old = open_bundle(baseline) if baseline else None
    (check,) = check_bundle(open_bundle(bundle), budget, "litert", facts, old).checks
    return check


def test_time_fails_only_where_the_whole_interval_is_above_the_limit(build: Build) -> None:
    path, budget = build("m.edge"), Budget(growth=Growth(time=1.05))
    failed = only(budget, path, Facts(speed=SPEED), path)
    assert not failed.passed and "1.1000 times the baseline's CPU time" in failed.problem
    assert "with 99% confidence 1.0600 to 1.1400 times" in failed.evidence[0]
    assert only(budget, path, Facts(speed=replace(SPEED, cpu=Ratio(1.1, 1.04, 1.16))), path).passed


def test_instructions_are_limited_at_an_exit_and_in_growth(build: Build) -> None:
    path = build("m.edge")
    for counted, passed in ((1000, True), (1001, False)):
        facts = Facts(instructions={Exit(1, 2): 500, DEEPEST: counted}, instructions_before=1000)
        assert only(Budget(instructions=1000), path, facts).passed is passed
        assert only(Budget(growth=Growth(instructions=1.0)), path, facts, path).passed is passed
        assert only(Budget(exit_instructions={Exit(1, 2): 500}), path, facts).passed
    failed = only(Budget(exit_instructions={Exit(1, 2): 499}), path, facts)
    assert failed.problem == "a request to exit 1/2 takes 500 ARM64 instructions, 1 over its limit of 499"
    with pytest.raises(EdgeError, match="no figures for exit 1/1"):
        only(Budget(exit_instructions={Exit(1, 1): 500}), path, facts)


@pytest.mark.parametrize(
    ("budget", "reason"),
    [
        (Budget(parity=True), "requires parity"),
        (Budget(instructions=1), "were not counted"),
        (Budget(growth=Growth(time=1.0)), "limits the growth of time"),
        (Budget(growth=Growth(instructions=1.0)), "they were not counted"),
        (Budget(growth=Growth(sizes={"resident": 1})), "limits the growth of resident"),
    ],
)
def test_what_was_not_measured_never_passes(build: Build, budget: Budget, reason: str) -> None:
    path = build("m.edge")
    with pytest.raises(EdgeError, match=reason):
        only(budget, path, Facts(), None if budget.growth.empty else path)


def test_absent_tools_are_told_with_what_to_install(
    build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EdgeError, match="apt-get install qemu-user"):
        measure_facts(Source(open_bundle(build("m.edge")), "litert", tools=tmp_path), Budget(instructions=1))


def test_instructions_are_counted_for_litert_alone(build: Build) -> None:
    with pytest.raises(EdgeError, match="of onnx cannot be counted"):
        measure_facts(Source(open_bundle(build("m.edge")), "onnx"), Budget(instructions=1))


def test_parity_fails_where_scores_or_texts_are_not_reproduced(build: Build) -> None:
    text = Agreement("text", "-", 5, 0.0, 0.0, 1.0, 0.0, True)
    row = Agreement("litert", "2/2", 5, 0.02, 0.01, 1.0, 0.1, True)
    path, budget = build("m.edge"), Budget(parity=True)

    def parity(*results: Agreement, unexamined: tuple[str, ...] = ()) -> Check:
        return only(budget, path, Facts(verification=Verification(list(results), {}, list(unexamined))))

    assert parity(text, row).measured == 0.02
    off = parity(text, replace(row, max_difference=0.3, passed=False))
    assert off.problem == "litert differs from the golden scores by up to 0.3, 0.1 is allowed"
    assert off.evidence == ("exit 2/2: up to 0.3, mean 0.01",)
    worded = parity(replace(text, max_difference=2.0, passed=False), row)
    assert worded.problem == "2 of 5 golden requests are worded or tokenised differently"
    partial = parity(text, row, unexamined=("a full timeline", "emoji"))
    assert not partial.passed and partial.problem == "the golden requests leave 2 cases untested"
    assert partial.evidence == ("not tested: a full timeline, emoji",)


def test_a_real_bundle_has_parity_and_one_with_other_scores_has_not(
    exported_model: ExportedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGE_CACHE", str(tmp_path / "cache"))
    first, *others = whole = exported_model.golden
    wrong = {exit: logits + 1 for exit, logits in first.logits.items()}
    for records, passed in ((whole, True), ([replace(first, logits=wrong), *others], False)):
        parity, *shared = checked_parity(exported_model, tmp_path, records)
        assert parity.passed is passed
        assert all(check.passed for check in shared)


def test_golden_requests_that_leave_a_case_untested_are_no_parity(
    exported_model: ExportedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGE_CACHE", str(tmp_path / "cache"))
    kept = [one for one in exported_model.golden if len(one.request.candidates) != 1]
    parity, *_ = checked_parity(exported_model, tmp_path, kept)
    assert not parity.passed and parity.problem == "the golden requests leave 1 case untested"


def checked_parity(exported: ExportedModel, folder: Path, records: list[Golden]) -> tuple[Check, ...]:
    path = exported.with_golden(folder / "m.edge", records)
    budget = Budget(parity=True, unique_weights=True)
    facts = measure_facts(Source(open_bundle(path), "litert"), budget)
    return check_bundle(open_bundle(path), budget, "litert", facts).checks


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize(("option", "problem"), [("--requests", "requests are given"), ("--tools", "tools to count")])
def test_what_no_limit_needs_is_refused_and_not_ignored(
    build: Build, tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str, problem: str, there: bool
) -> None:
    if there:
        (tmp_path / "given").write_text("")
    assert edge_bench("gate", build("m.edge"), "--max-download", "9MB", option, tmp_path / "given") == 2
    told = capsys.readouterr()
    assert told.err.startswith(f"error: {problem}") and f"leave {option} out" in told.err and told.out == ""


def test_a_budget_says_what_is_counted_and_what_may_grow() -> None:
    table = {
        "instructions": {"limit": 900, "candidates": 20, "events": 56, "scenario": "kept"},
        "exits": {"1/2": {"instructions": 500, "quality": {"auc": 0.7}}},
        "growth": {"installed": "2 kB", "auc": 0.002, "time": 1.05, "instructions": 1.01},
    }
    budget = parse_budget(table, "test")
    assert budget.counted == SizedRequest(20, 56, scenario="kept")
    assert (budget.instructions, budget.exit_instructions) == (900, {Exit(1, 2): 500})
    assert budget.growth == Growth({"installed": 2000}, {"auc": 0.002}, 1.05, 1.01)
    assert budget.tightened(parse_budget({"download": 5}, "options")).growth == budget.growth
