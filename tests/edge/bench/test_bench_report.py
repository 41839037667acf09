"""A report of measurements: what it chooses, what it says of measured and modelled, and that it is safe to open."""

from __future__ import annotations

import base64
import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from commands import edge_bench
from page_structure import check_structure

from edge.bench.host import Host
from edge.bench.instructions import CountedExits, ExitInstructions
from edge.bench.layer_rate import LayerRate
from edge.bench.measurement import Measurement, Subject, write_measurement
from edge.bench.modelled import Hosted, predict
from edge.bench.percentiles import percentiles
from edge.bench.profiles.read import read_profile
from edge.bench.report import Point, best_within, frontier, modelled_points, read_report
from edge.bench.scenarios import SCENARIOS
from edge.bench.sized_request import SizedRequest
from edge.bench.sustained import Sustained, Window
from edge.bench.timing import ExitTimes, PartTimes, Times
from edge.bundle.exits import Exit, MeasuredExit
from edge.runtime.costs import Costs

AUC = {Exit(1, 0): 0.71, Exit(1, 1): 0.75, Exit(1, 2): 0.74, Exit(2, 2): 0.73}
RATE = LayerRate(rows=16, macs=1000, ms=1.0, count=3, gmacs_s=25.5)  # half of mid-android's
COSTS = Costs(((16.0, 1.0),), ((16.0, 2.0),), ((1.0, 3.0),), (((4.0, 5.0),),) * 3)
SHARES = {"new": 1.0, "new_items": 0.8, "kept": 0.5, "added": 0.5}  # of a request of which nothing is kept


def measurement(name: str = "movies", ms: float = 8.0, profile: str | None = "mid-android") -> Measurement:
    """`ms` a layer for a request of which nothing is kept, half of it where all is."""
    exits = tuple(
        ExitTimes(exit, scenario, percentiles([ms * (exit.encode + exit.interact) * share] * 40), PartTimes(4, 3, 2, 1))
        for exit in AUC
        for scenario, share in SHARES.items()
    )
    quality = tuple(MeasuredExit(exit, {"auc": auc}) for exit, auc in AUC.items())
    windows = (Window(0.0, 5, ms * 3), Window(0.5, 0, None), Window(1.0, 4, ms * 3.9))
    times = Times(
        open_ms=5.0, first_ms=9.0, exits=exits, requests=8, repeats=5, resident=50_000_000, anonymous=None,
        process=80_000_000, first_open_ms=70.0, sustained=Sustained(1.5, 9, windows, 1.3),
    )  # fmt: skip
    hosted = Hosted(exits, COSTS, RATE, 1_000_000, times.resident)
    return Measurement(
        bundle=Subject(name, "0" * 64, 1_000_000, 2_000_000, 8, 101, quality),
        engine="litert",
        threads=1,
        host=Host("a processor", 2, "Linux", "3.11", 0.1),
        date="2030-01-02T03:04:05+00:00",
        times=times,
        costs=COSTS,
        prediction=predict(read_profile(profile), hosted) if profile else None,
    )


def written(folder: Path, found: Measurement, file: str = "m.json") -> Path:
    write_measurement(folder / file, found)
    return folder / file


def markdown(tmp_path: Path, *arguments: object) -> str:
    assert edge_bench("report", *arguments, "--markdown", tmp_path / "r.md") == 0
    return (tmp_path / "r.md").read_text()


def pictures(page: str) -> list[str]:
    return [base64.b64decode(found).decode() for found in re.findall(r"data:image/svg\+xml;base64,([^\"]+)", page)]


def test_the_frontier_leaves_out_exits_that_a_faster_one_matches() -> None:
    points = [
        Point(Exit(1, 3), 30.0, 0.76), Point(Exit(1, 1), 10.0, 0.72), Point(Exit(2, 3), 10.0, 0.71),
        Point(Exit(1, 2), 20.0, 0.76), Point(Exit(1, 0), 5.0, None), Point(Exit(2, 4), 15.0, 0.70),
    ]  # fmt: skip
    assert [point.exit for point in frontier(points)] == [Exit(1, 1), Exit(1, 2)]


def test_the_best_exit_has_the_highest_auc_that_keeps_the_target_to_the_millisecond() -> None:
    points = [Point(Exit(1, depth), 10.0 * depth, auc) for depth, auc in ((1, 0.72), (2, 0.76), (3, 0.75))]
    best = [best_within(points, ms) for ms in (9.9, 10.0, 19.9, 20.0, 99.0)]
    assert [one and one.exit.interact for one in best] == [None, 1, 1, 2, 2]


def test_the_deepest_exit_is_the_best_where_no_auc_is_known() -> None:
    points = [Point(Exit(1, 1), 5.0, None), Point(Exit(2, 0), 9.0, None), Point(Exit(1, 2), 8.0, None)]
    assert best_within(points, 9.5) == points[1]


def test_the_best_exits_are_told_as_measured_and_as_modelled(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, file = tmp_path / "r.html", written(tmp_path, measurement(ms=16.0))
    assert edge_bench("report", file, "--out", page, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["written"] == [str(page)] and told["target"]["kept_ms"] == 16.7
    (document,) = told["documents"]
    assert document["label"] == "movies/litert"
    best = {(one["scenario"], one["modelled"]): one["exit"] for one in document["best"]}
    found = {key: (Exit(**one["exit"]), one["p90"]) for key, one in best.items()}
    # exit 1/1 takes 32 ms here where nothing is kept, 16 ms where all is, and half of that on the device
    assert found["new", False] == (Exit(1, 1), 32.0) and found["kept", False] == (Exit(1, 1), 16.0)
    assert found["new", True] == (Exit(1, 1), 16.0) and found["added", True] == (Exit(1, 1), 8.0)
    assert len(found) == 2 * len(SCENARIOS)


def test_quality_milliseconds_and_instructions_of_an_exit_stand_side_by_side(tmp_path: Path) -> None:
    rows = tuple(ExitInstructions(exit, name, 3_000_000, 200_000, 10_000) for exit in AUC for name in SCENARIOS)
    counted = CountedExits("cortex-a76", "litert-1", SizedRequest(50, 100, 24), rows)
    text = markdown(tmp_path, written(tmp_path, replace(measurement(), instructions=counted)))
    assert "| 1/1 | 0.7500 | 16.00 | 12.80 | 8.00 | 8.00 | 3.21 | 3.21 | 3.21 | 3.21 |" in text
    assert "M: millions of ARM64 instructions (litert-1, cortex-a76) with 50 candidates and 100 events" in text
    assert "| 1/1 | 0.7500 | 16.00 | 12.80 | 8.00 | 8.00 |" in markdown(tmp_path, written(tmp_path, measurement()))


def test_the_parts_of_a_request_have_a_table_and_a_picture(tmp_path: Path) -> None:
    file, page = written(tmp_path, measurement()), tmp_path / "r.html"
    text = markdown(tmp_path, file, "--out", page)
    assert "| movies/litert | 1/1 | added | 4.00 | 3.00 | 2.00 | 1.00 |" in text
    picture = pictures(page.read_text())[2]
    assert all(f"<!-- {part} -->" in picture for part in ("text", "encode", "append", "score"))


def test_equal_measurements_make_equal_pages(tmp_path: Path) -> None:
    file = written(tmp_path, measurement())
    pages = [tmp_path / "one.html", tmp_path / "two.html"]
    for page in pages:
        assert edge_bench("report", file, "--out", page) == 0
    assert pages[0].read_bytes() == pages[1].read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.json", "one.html", "two.html"]
    assert set(re.findall(r"20\d\d-\d\d-\d\d", "".join([pages[0].read_text(), *pictures(pages[0].read_text())]))) == {
        "2030-01-02"
    }


def test_a_page_loads_nothing_and_shows_a_name_as_it_is(tmp_path: Path) -> None:
    name = '_<script src="//x">$\\frac{$</script>'
    page = tmp_path / "r.html"
    assert edge_bench("report", written(tmp_path, measurement(name)), "--out", page) == 0
    text = page.read_text()
    check_structure(text)
    drawn = pictures(text)
    assert len(drawn) == 4
    assert "<script" not in text and "&lt;script" in text
    assert not re.search(r"""(src|href)=["'](?!data:)""", text)
    for picture in drawn:
        assert "<script" not in picture and not re.search(r"""href=["'](?!#)""", picture)
        assert "_&lt;script" in picture  # the legend has it, underscore, dollar and all


def test_what_is_modelled_is_labelled_in_words_picture_and_tables(tmp_path: Path) -> None:
    file, page = written(tmp_path, measurement()), tmp_path / "r.html"
    text = markdown(tmp_path, file, "--out", page)
    assert "MODELLED, dashed in the picture: times on Samsung Galaxy A54 5G (Exynos 1380), not measured there" in text
    assert "device ms = host ms x host int8 rate / device int8 rate" in text
    assert "#### MODELLED milliseconds per request for Samsung Galaxy A54 5G (Exynos 1380)" in text
    assert "AUC was not measured here" in text
    assert "MODELLED for mid-android" in pictures(page.read_text())[0]


def test_the_verdict_names_a_budget_that_is_missed(tmp_path: Path) -> None:
    text = markdown(tmp_path, written(tmp_path, measurement()), "--out", tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text().replace("\N{NO-BREAK SPACE}", " ")
    for said in (text, page):
        assert "movies/litert: misses 1 of 2 budgets of mid-android." in said
        assert "resident: 50,000,000 of 40,000,000 bytes, MISSED." in said


def test_without_a_profile_nothing_is_modelled_and_no_budget_shown(tmp_path: Path) -> None:
    file, page = written(tmp_path, measurement(profile=None)), tmp_path / "r.html"
    text = markdown(tmp_path, file, "--out", page)
    assert "Nothing is modelled" in text
    assert "MODELLED" not in text and "budget of" not in text
    assert "target" not in pictures(page.read_text())[0]


def test_a_profile_given_replaces_targets_and_model(tmp_path: Path) -> None:
    low = read_profile("low-android")
    report = read_report([written(tmp_path, measurement(ms=10.0))], "low-android")
    assert report.target and report.target.kept_ms == low.budgets.kept.value
    modelled = modelled_points(report.entries[0], "new")
    assert modelled[0].p90 == pytest.approx(10.0 * RATE.gmacs_s / low.int8_rate.value)


def test_a_profile_given_to_a_measurement_without_one_sets_targets_alone(tmp_path: Path) -> None:
    text = markdown(tmp_path, written(tmp_path, measurement(profile=None)), "--profile", "mid-android")
    assert "Nothing is modelled: none of the measurements holds the host's int8 rate" in text
    assert "| resident, bytes | 50,000,000 MISSES | 40,000,000 |" in text
    assert "| download, bytes | 1,000,000 meets | 4,000,000 |" in text


def test_documents_of_one_bundle_stay_apart(tmp_path: Path) -> None:
    one, two = written(tmp_path, measurement()), written(tmp_path, measurement(ms=9.0), "two.json")
    other = written(tmp_path, replace(measurement(), engine="onnx"), "other.json")
    text = markdown(tmp_path, one, two, other)
    assert "### Cost of movies/litert (1) and movies/litert (2) and movies/onnx" in text
    assert "| what | movies/litert (1) | movies/litert (2) | movies/onnx | budget of mid-android |" in text


def test_a_baseline_shows_bytes_gained_auc_lost_and_time_ratios(tmp_path: Path) -> None:
    grown = measurement(ms=10.0)
    quality = tuple(replace(exit, quality={"auc": exit.quality["auc"] - 0.003}) for exit in grown.bundle.exits)
    bundle = replace(grown.bundle, download=1_001_024, exits=quality)
    old, new = written(tmp_path, measurement(), "old.json"), written(tmp_path, replace(grown, bundle=bundle))
    text = markdown(tmp_path, new, "--baseline", old)
    assert "#### movies/litert against the baseline" in text
    assert "| download, bytes | 1,000,000 | 1,001,024 | +1,024 (+0.10 %) |" in text
    assert "| exit 1/1: AUC | 0.7500 | 0.7470 | -0.0030 |" in text
    assert "| exit 1/0, new: p50, ms | 8.00 | 10.00 | 1.25 times, intervals apart |" in text


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"host": Host("another", 2, "Linux", "3.11", 0.1)}, "another processor"),
        ({"engine": "onnx"}, "another engine"),
        ({"threads": 2}, "another number of threads"),
    ],
)
def test_times_of_another_setting_are_not_held_against_each_other(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    old, new = written(tmp_path, replace(measurement(), **changes), "old.json"), written(tmp_path, measurement())
    text = markdown(tmp_path, new, "--baseline", old)
    assert f"Times cannot be held against each other: {reason}." in text
    assert "times, intervals" not in text and "| download, bytes | 1,000,000 | 1,000,000 |" in text


def test_without_matplotlib_the_extra_is_named_and_markdown_still_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    file = written(tmp_path, measurement())
    assert edge_bench("report", file, "--out", tmp_path / "r.html") == 2
    assert "pip install '.[report]'" in capsys.readouterr().err
    assert not (tmp_path / "r.html").exists()
    assert "movies/litert" in markdown(tmp_path, file)


def test_what_cannot_be_reported_is_misuse(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page, file = tmp_path / "r.html", written(tmp_path, measurement())
    other = written(tmp_path, measurement(profile="low-android"), "low.json")
    empty = written(tmp_path, replace(measurement(), times=replace(measurement().times, exits=())), "empty.json")
    negative = written(tmp_path, measurement(ms=-1.0), "negative.json")
    times = measurement().times
    warm = tuple(replace(each, scenario="warm") for each in times.exits)
    strange = written(tmp_path, replace(measurement(), times=replace(times, exits=warm)), "strange.json")
    (tmp_path / "text.json").write_text("{")
    (tmp_path / "next.json").write_text('{"schema": "edge-bench/measurement/1"}')
    for arguments, reason in (
        ((file,), "no output is named"),
        ((tmp_path / "none.json", "--out", page), "none.json cannot be read"),
        ((tmp_path / "text.json", "--out", page), "text.json is not a JSON file"),
        ((tmp_path / "next.json", "--out", page), "this version reads 'edge-bench/measurement/2'"),
        ((file, "--out", page, "--baseline", tmp_path / "text.json"), "text.json is not a JSON file"),
        ((file, file, "--out", page), "m.json is given twice"),
        ((file, "--out", file), "m.json is an input and would be overwritten"),
        ((file, "--out", page, "--markdown", page), "r.html would be written twice"),
        ((file, "--out", tmp_path / "no" / "r.html"), "r.html cannot be written"),
        ((file, "--out", page, "--profile", "mid"), "did you mean 'mid-android'"),
        ((file, other, "--out", page), "devices with other targets: low-android, mid-android"),
        ((empty, "--out", page), "empty.json has no times for any exit"),
        ((negative, "--out", page), "negative.json holds a time of -1.0 ms"),
        ((strange, "--out", page), "strange.json holds times of warm, which is no scenario"),
    ):
        assert edge_bench("report", *arguments) == 2, arguments
        assert reason in capsys.readouterr().err
        assert not page.exists()
