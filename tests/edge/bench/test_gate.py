"""A build passes at its budget and fails one byte over it, saying by how much and what to edit."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from bench_bundles import FILES, make, make_packed
from commands import edge_bench
from student_weights import make_weights

from edge.bench import growth
from edge.bench.budget import Budget, Growth
from edge.bench.budget_file import parse_budget, read_budget
from edge.bench.check import Verdict, all_passed, verdicts_json
from edge.bench.facts import Facts
from edge.bench.gate import BETTER, FASTER, check_bundle
from edge.bench.hints import hint_for
from edge.bundle import archive
from edge.bundle.bundle import open_bundle
from edge.bundle.exits import Exit
from edge.bundle.install import install
from edge.bundle.sizes import apportion, parse_bytes, parts, sizes
from edge.errors import EdgeError

NAMED = (
    "token embedding", "shared layer", "other weights", "graph (litert)", "graph (onnx)", "model:litert",
    "vocabulary", "golden", "text", "manifest",
)  # fmt: skip


@pytest.mark.parametrize("limited", ["download", "installed"])
def test_gate_passes_at_the_budget_and_fails_one_byte_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], limited: str
) -> None:
    bundle = make(tmp_path / "m.edge")
    size = getattr(sizes(bundle, "litert"), limited)
    assert edge_bench("gate", bundle, f"--max-{limited}", size) == 0
    assert "pass" in capsys.readouterr().out
    assert edge_bench("gate", bundle, f"--max-{limited}", size - 1) == 1
    out = capsys.readouterr().out
    assert f"failed: {limited} is {size:,} bytes, 1 byte over its limit of {size - 1:,}" in out
    assert out.count("largest: ") == out.count("    fix: ") == 3


def test_gate_names_the_three_largest_parts_and_what_to_edit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = make_packed(tmp_path / "m.edge", make_weights(rows=800))
    assert edge_bench("gate", bundle, "--max-installed", "1 kB", "--json") == 1
    result = json.loads(capsys.readouterr().out)
    (found,) = result["bundles"]
    assert [part["name"] for part in found["largest"]] == ["token embedding", "shared layer", "manifest"]
    assert found["largest"][0]["installed"] == 800 * (24 + 4)  # int8 rows and their scales
    (check,) = found["checks"]
    assert check["fixes"][0].startswith("token embedding: ") and "--set vocabulary=" in check["fixes"][0]
    assert "--set sparsity=" in check["fixes"][1]
    assert not result["passed"] and not found["passed"]


def test_packed_weights_are_downloaded_once_and_installed_in_each_model(tmp_path: Path) -> None:
    bundle = open_bundle(make_packed(tmp_path / "m.edge"))
    found = {engine: {part.name: part for part in parts(bundle, engine)} for engine in ("litert", "onnx", None)}
    embedding = {engine: named["token embedding"] for engine, named in found.items()}
    assert [embedding[engine].installed for engine in ("litert", "onnx", None)] == [1120, 1120, 2240]
    assert len({part.download for part in embedding.values()}) == 1
    rest = bundle.archive.entries["models/litert/model.tflite"].bytes
    assert found["litert"]["graph (litert)"].installed == rest
    assert "graph (onnx)" not in found["litert"]


def test_every_setting_that_a_hint_names_exists() -> None:
    from cloud.data.prepare import PrepareConfig
    from cloud.ranking.shape import RankingShape
    from compress.pruned import RankerPruning
    from distill.student import RankingStudentConfig
    from edge.config import override
    from export.stage import RankerExportConfig

    stages = {
        "edge prepare": PrepareConfig(),
        "edge distill": RankingStudentConfig(RankingShape(1, 0)),
        "edge compress --to pruned": RankerPruning(),
        "edge export": RankerExportConfig(),
    }
    allowed = {"sparsity": 0.9, "shape.hidden_size": 64, "buckets.tokens": [112]}
    hints = [*map(hint_for, NAMED), BETTER, FASTER, growth.REGAIN, growth.FASTER]
    named = {match for hint in hints for match in re.findall(r"\((edge [^)]*?) --set ([a-z_.]+)=", hint)}
    assert {stage for stage, _ in named} == set(stages)
    for stage, key in named:
        override(stages[stage], [f"{key}={allowed.get(key, 1)}"])


@pytest.mark.parametrize("packed", [False, True])
def test_parts_add_up_to_the_sizes(tmp_path: Path, packed: bool) -> None:
    bundle = open_bundle((make_packed if packed else make)(tmp_path / "m.edge"))
    for engine in ("litert", "onnx", None):
        found, total = parts(bundle, engine), sizes(bundle.path, engine)
        assert {"token embedding", "shared layer"} <= {part.name for part in found} or not packed
        assert sum(part.installed for part in found) == total.installed
        assert sum(part.download for part in found) + 86 == total.download  # 86: end record and digest


def test_the_installed_size_is_that_of_the_files_on_the_device(tmp_path: Path) -> None:
    bundle = make_packed(tmp_path / "m.edge")
    installed = install(bundle, tmp_path / "cache").directory
    assert sum(file.stat().st_size for file in installed.rglob("*") if file.is_file()) == sizes(bundle).installed


def test_a_total_is_apportioned_without_remainder() -> None:
    assert apportion(10, [1, 1, 1]) == [3, 3, 4]
    assert apportion(7, [0.0, 0.0]) == [3, 4]
    assert apportion(1000, [5, 0, 1]) == [833, 0, 167]


def test_quality_is_held_at_every_exit(tmp_path: Path) -> None:
    bundle = open_bundle(make(tmp_path / "m.edge"))  # auc .71, .72 and .74 at exits 1/0, 1/2 and 2/2; log loss .6
    for table, passed in (
        ({"quality": {"auc": 0.74}}, True),
        ({"quality": {"auc": 0.7401}}, False),
        ({"quality": {"log_loss": 0.6}}, True),
        ({"quality": {"log_loss": 0.59}}, False),
        ({"exits": {"1/2": {"quality": {"auc": 0.72}}}}, True),
        ({"exits": {"1/2": {"quality": {"auc": 0.73}}}}, False),
        ({"exits": {"2/2": {"quality": {"auc": 0.75}}}, "quality": {"auc": 0.7}}, False),
    ):
        verdict = check_bundle(bundle, parse_budget(table, "test"), "litert")
        assert verdict.passed is passed
        assert len(verdict.checks) == 1


def test_a_gate_that_cannot_be_told_is_misuse_not_a_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = make(tmp_path / "m.edge")
    budget = tmp_path / "budget.toml"
    for text, reason in (
        ("[quality]\nhit_rate = 0.3", "there is no metric 'hit_rate'"),
        ("[quality]\nuser_acu = 0.3", "did you mean 'user_auc'? known: auc, user_auc, ndcg@10, log_loss"),
        ("[quality]\nuser_auc = 0.3", "no 'user_auc' for exit 2/2"),
        ('[exits."1/1".quality]\nauc = 0.3', "no figures for exit 1/1\nit has exits 1/0, 1/2, 2/2\nfix: "),
        ("", "no limit is given"),
        ("downlod = 3", "did you mean 'download'"),
        ("download = '2 potatoes'", "is not a size"),
        ("download = -1", "is not a size"),
        ("download = true", "is not a size"),
        ("[quality]\nauc = 'high'", "must be a number"),
        ("[quality]\nauc = nan", "auc is nan, it must be from 0 to 1"),
        ("[quality]\nauc = inf", "auc is inf, it must be from 0 to 1"),
        ("[quality]\nauc = -1", "auc is -1, it must be from 0 to 1"),
        ("[quality]\nauc = 75", "it is a share: did you mean 0.75?"),
        ("[quality]\nauc = true", "auc must be a number, not True (bool)"),
        ("[quality]\nlog_loss = -0.1", "log_loss is -0.1, it must be from 0 to 10"),
        ("[quality]\nlog_loss = inf", "log_loss is inf, it must be from 0 to 10"),
        ('[exits."2/2".quality]\nuser_auc = 71.5', "exits.2/2.quality.user_auc is 71.5, it must be from 0 to 1"),
        ('[exits."2/2".quality]\nacu = 0.7', "exits.2/2.quality.acu: there is no metric 'acu'"),
        ('[exits."1/99999999999".quality]\nauc = 0.7', "'1/99999999999', which is not an exit"),
        ("download = 0", "download is 0, it must be 1 or more"),
        ("installed = '0.5 B'", "installed is 0, it must be 1 or more"),
        ("resident = '-1 MB'", "is not a size"),
        ("download = nan", "is not a size"),
        ("download = inf", "is not a size"),
        ("quality = 3", "must be a table"),
        (
            "[exits.first.quality]\nauc = 1",
            "'first', which is not an exit\nfix: write encode depth and interact depth: ",
        ),
        ('exits = {"1/2" = 2}', "must be a table"),
        ("download = ", "not a TOML file"),
        ("parity = 1", "must be true or false"),
        ("unique_wieghts = true", "did you mean 'unique_weights'"),
        ("[growth]\ndownlod = 3", "did you mean 'download'"),
        ("[growth]\nacu = 0.1", "did you mean 'auc'"),
        ("[growth]\ntime = 0.9", "growth.time is 0.9, it must be from 1 to 2"),
        ("[growth]\ntime = 5", "did you mean 1.05?"),
        ("[growth]\ninstructions = 0.01", "did you mean 1.01?"),
        ("[growth]\ntime = nan", "growth.time is nan"),
        ("[growth]\ntime = inf", "growth.time is inf"),
        ("[growth]\ntime = '5%'", "growth.time must be a number, not '5%' (str)"),
        ("[growth]\nauc = -0.1", "growth.auc is -0.1, it must be from 0 to 1"),
        ("[growth]\nauc = 2", "it is a share: did you mean 0.02?"),
        ("[growth]\ndownload = -1", "is not a size"),
        ("[growth]\nauc = 0.1", "give --baseline"),
        ("[instructions]\nlimit = 1.5", "whole number"),
        ("[instructions]\ncandidate = 5", "did you mean 'candidates'"),
        ('[exits."2/2"]\ninstruction = 5', "did you mean 'instructions'"),
        ("[instructions]\nlimit = 5\nscenario = 'warm'", "there is no scenario 'warm'"),
        ("[instructions]\nlimit = 0", "instructions is 0, it must be 1 or more"),
        ("[instructions]\nlimit = true", "instructions must be a whole number, not True (bool)"),
        ('[exits."2/2"]\ninstructions = -5', "exits.2/2.instructions is -5, it must be 1 or more"),
        ("[instructions]\ncandidates = 50", "[instructions] describes a request but holds no limit"),
        ("download = '1 MB'\n[instructions]\ncandidates = 50", "[instructions] describes a request"),
        ("[quality]", "[quality] holds no limit"),
        ("[growth]", "[growth] holds no limit"),
        ('[exits."2/2"]', "[exits.2/2] holds no limit"),
        ('[exits."2/2".quality]', "[exits.2/2.quality] holds no limit"),
        ("download = '1 MB'\n[exits.\"2/2\".quality]", "[exits.2/2.quality] holds no limit"),
        ("parity = false", "no limit is given"),
    ):
        budget.write_text(text)
        assert edge_bench("gate", bundle, "--budget", budget) == 2
        assert reason in capsys.readouterr().err
    assert edge_bench("gate", bundle, "--budget", tmp_path / "absent.toml") == 2
    assert edge_bench("gate", tmp_path / "absent.edge", "--max-download", "1MB") == 2
    assert edge_bench("gate", bundle, "--max-download", "1MB", "--engine", "coreml") == 2
    assert edge_bench("compare") == 2


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--min-auc", 75), "quality.auc is 75.0, it must be from 0 to 1\nfix: it is a share: did you mean 0.75?"),
        (("--min-auc", 0), "quality.auc is 0.0, a limit that every bundle reaches"),
        (("--min-auc", -1), "quality.auc is -1.0"),
        (("--min-auc", "nan"), "quality.auc is nan"),
        (("--min-auc", "high"), "invalid value for '--min-auc': 'high'"),
        (("--max-download", 0), "download is 0, it must be 1 or more"),
        (("--max-download", -1), "'-1' is not a size"),
        (("--max-resident", "inf"), "'inf' is not a size"),
        ((), "no limit is given, so there is nothing to check"),
    ],
)
def test_limits_on_the_command_line_are_checked_as_those_of_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[object, ...], reason: str
) -> None:
    assert edge_bench("gate", make(tmp_path / "m.edge"), *options) == 2
    assert reason in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[quality]\nauc = 0", "quality.auc is 0, a limit that every bundle reaches"),
        ("[quality]\nuser_auc = 0.0", "quality.user_auc is 0.0, a limit that every bundle reaches"),
        ("[quality]\nauc = -0.0", "quality.auc is -0.0, a limit that every bundle reaches"),
        ('[quality]\n"ndcg@10" = 0', "quality.ndcg@10 is 0, a limit that every bundle reaches"),
        ('[exits."2/2".quality]\nauc = 0', "exits.2/2.quality.auc is 0, a limit that every bundle reaches"),
        ("[quality]\nlog_loss = 70", "quality.log_loss is 70, it must be from 0 to 10\nfix: a log loss is in nats"),
        ("[growth]\nauc = 1", "growth.auc is 1, a limit that cannot fail"),
        ("[growth]\nlog_loss = 10.0", "growth.log_loss is 10.0, a limit that cannot fail"),
        ("[growth]\nlog_loss = 70", "growth.log_loss is 70, it must be from 0 to 10"),
    ],
)
def test_a_limit_that_cannot_fail_is_no_limit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, reason: str
) -> None:
    (tmp_path / "budget.toml").write_text(text)
    assert edge_bench("gate", make(tmp_path / "m.edge"), "--budget", tmp_path / "budget.toml") == 2
    told = capsys.readouterr().err
    assert reason in told and "\nfix: " in told


def test_limits_at_the_end_of_their_range_that_can_fail_are_taken() -> None:
    assert Budget(quality={"auc": 1.0, "log_loss": 10}, growth=Growth(quality={"auc": 0.0, "log_loss": 0.0}))


@pytest.mark.parametrize(
    "make_budget",
    [
        lambda: Budget(quality={"auc": 75.0}),
        lambda: Budget(exits={Exit(1, 2): {"auc": -1.0}}),
        lambda: Budget(exits={Exit(1, 2): {}}),
        lambda: Budget(quality={"auc": 0}),
        lambda: Growth(quality={"auc": 1.0}),
        lambda: Budget(download=0),
        lambda: Budget(exit_instructions={Exit(1, 2): 0}),
        lambda: Budget(parity="yes"),  # type: ignore[arg-type]
        lambda: Growth(time=5.0),
        lambda: Growth(quality={"acu": 0.1}),
        lambda: Growth(sizes={"download": -1}),
    ],
)
def test_a_budget_that_cannot_be_meant_is_refused_from_python_as_well(make_budget: Callable[[], object]) -> None:
    with pytest.raises(EdgeError):
        make_budget()


def test_a_gate_that_has_checked_nothing_does_not_pass(tmp_path: Path) -> None:
    bundle = open_bundle(make(tmp_path / "m.edge"))
    with pytest.raises(EdgeError, match="nothing was checked"):
        check_bundle(bundle, Budget(), "litert")
    assert not Verdict(bundle.path, "litert", ()).passed
    assert not all_passed([]) and not verdicts_json([])["passed"]


def make_old(path: Path) -> Path:
    """A bundle of the model before this one."""
    sections = {"text.json": "text", "vocab.txt": "vocabulary", "golden.jsonl": "golden"}
    sections |= {"models/litert/model.tflite": "model:litert"}
    listed = [
        {"path": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(), "section": section}
        for name, section in sections.items()
        for data in (bytes(FILES[name]),)  # type: ignore[arg-type]
    ]
    described = {
        "schema": "edge-ranker/bundle/4", "name": "movies", "files": listed, "golden": {"tolerance": 0.001},
        "model": {"layers": 4, "hidden": 8, "heads": 2, "handover": 0}, "provenance": {},
        "exits": [{"depth": 4, "plan": "prefix", "quality": {"auc": 0.7}}],
    }  # fmt: skip
    files = {name: FILES[name] for name in sections}
    archive.write(path, {"manifest.json": json.dumps(described).encode()} | files, first="manifest.json")
    return path


@pytest.mark.parametrize("command", ["gate", "run", "compare"])
def test_a_bundle_of_an_earlier_model_is_refused_with_its_schema(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    old, request = make_old(tmp_path / "old.edge"), tmp_path / "requests.jsonl"
    request.write_text('{"user": {}, "events": [], "candidates": [{"id": "1"}]}\n')
    options = {"gate": ("--max-download", "9MB"), "compare": (old, "--requests", request)}
    assert edge_bench(command, old, *options.get(command, ("--requests", request))) == 2
    told = capsys.readouterr()
    assert "edge-ranker/bundle/4" in told.err and "edge-ranker/bundle/6" in told.err
    assert "\nfix: " in told.err and told.out == ""


def test_options_replace_the_values_of_a_budget_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle, budget = make(tmp_path / "m.edge"), tmp_path / "budget.toml"
    budget.write_text('download = 1\n[quality]\nauc = 0.9\n"log_loss" = 0.7\n')
    assert edge_bench("gate", bundle, "--budget", budget) == 1
    assert edge_bench("gate", bundle, "--budget", budget, "--max-download", "1MB", "--min-auc", 0.7) == 0
    assert capsys.readouterr().out.count("log_loss at exit 2/2") == 2  # one in each run


@pytest.mark.parametrize("name", ["quickstart"])
def test_the_budgets_that_are_shipped_can_be_read(name: str) -> None:
    budgets = Path(__file__).parents[3] / "benchmarks" / "budgets"
    assert not read_budget(budgets / f"{name}.toml").empty


def test_sizes_are_read_in_decimal_and_binary_units() -> None:
    assert [parse_bytes(text) for text in (5, "5", "5B", "2.8 MB", "2.8mb", "1 KiB", "0.5 MiB", "1GB")] == [
        5, 5, 5, 2_800_000, 2_800_000, 1024, 524_288, 1_000_000_000
    ]  # fmt: skip
    assert parse_bytes("1.0000019 MB") == 1_000_001
    for text in ("", "MB", "1,5 MB", "1e6", "-1", "1 TB", None, 1.5):
        with pytest.raises(EdgeError):
            parse_bytes(text)


def test_a_unit_that_may_mean_bits_or_thousandths_is_no_unit_of_bytes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for unit, meant in (
        ("Mb", "MB"), ("mB", "MB"), ("Kb", "kB"), ("Gb", "GB"), ("gB", "GB"), ("Mib", "MiB"), ("miB", "MiB")
    ):  # fmt: skip
        with pytest.raises(EdgeError, match=f"130 {unit}' is not a size in bytes") as refused:
            parse_bytes(f"130 {unit}")
        assert refused.value.fix == f'did you mean "130 {meant}"?'
    for unit in ("B", "b", "kB", "KB", "kb", "MB", "mb", "GB", "gb", "KiB", "kiB", "MiB", "mib", "GiB"):
        assert parse_bytes(f"130 {unit}") >= 130
    assert edge_bench("gate", make(tmp_path / "m.edge"), "--max-download", "130 Mb") == 2
    assert 'fix: did you mean "130 MB"?' in capsys.readouterr().err


def test_resident_memory_is_limited_like_the_sizes(tmp_path: Path) -> None:
    bundle = open_bundle(make(tmp_path / "m.edge"))
    budget = Budget(resident=100)
    assert check_bundle(bundle, budget, "litert", Facts(resident=100)).passed
    assert not check_bundle(bundle, budget, "litert", Facts(resident=101)).passed
    with pytest.raises(EdgeError, match="was not measured"):
        check_bundle(bundle, budget, "litert")


def test_a_bundle_that_cannot_be_measured_is_misuse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EDGE_CACHE", str(tmp_path / "cache"))
    bundle = make(tmp_path / "m.edge", FILES | {"models/litert/model.tflite": b"not a model"})
    assert edge_bench("gate", bundle, "--max-resident", "1GB") == 2
    assert "error: " in capsys.readouterr().err


def test_one_exit_written_in_two_ways_loses_no_limit(tmp_path: Path) -> None:
    table = {"exits": {"1/2": {"quality": {"auc": 0.99}}, "01/2": {"quality": {"auc": 0.1}}}}
    with pytest.raises(EdgeError, match="'01/2', which is not an exit"):
        parse_budget(table, "budget.toml")
