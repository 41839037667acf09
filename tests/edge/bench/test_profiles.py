"""Device profiles: every figure has its source, and a wrong file is refused by file and key."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import edge_bench

from edge.bench.layer_rate import LayerRate
from edge.bench.modelled import FORMULA, Hosted, Prediction, predict
from edge.bench.percentiles import percentiles
from edge.bench.profiles.profile import DeviceProfile
from edge.bench.profiles.read import FOLDER, figures, profile_names, read_profile
from edge.bench.timing import ExitTimes, PartTimes
from edge.bundle.exits import Exit
from edge.errors import EdgeError
from edge.runtime.costs import Costs


@pytest.mark.parametrize("name", profile_names())
def test_every_shipped_profile_can_be_read_and_names_its_sources(name: str) -> None:
    profile = read_profile(name)
    assert profile.name == name
    found = dict(figures(profile))
    assert len(found) == 10
    assert all("http" in figure.source or len(figure.source) > 20 for figure in found.values())


def test_low_mid_and_high_android_two_iphones_and_a_laptop_are_shipped() -> None:
    systems = [read_profile(name).system for name in profile_names()]
    assert sorted(systems) == ["android", "android", "android", "ios", "ios", "macos"]
    low, mid, high = (read_profile(f"{tier}-android").int8_rate.value for tier in ("low", "mid", "high"))
    assert low < mid < high


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("[budgets]", "[budget]", "own.toml: unknown key 'budget' | fix: did you mean 'budgets'"),
        ("kept =", "kpet =", "own.toml.budgets: unknown key 'kpet' | fix: did you mean 'kept'"),
        ("source =", "sauce =", "unknown key 'sauce' | fix: did you mean 'source'"),
        ('unit = "GHz"', 'unit = "MHz"', "own.toml.fast.clock.unit must be 'GHz', not 'MHz'"),
        ("value = 2.4", "value = -1", "own.toml.fast.clock.value must be above 0"),
        ("value = 2.4", "value = inf", "own.toml.fast.clock.value must be above 0"),
        ("value = 2.4", 'value = "fast"', "own.toml.fast.clock.value must be a number"),
        ('name = "mid-android"', "", "own.toml: missing name"),
        ("[fast]", "[fast", "own.toml is not a TOML file"),
    ],
)
def test_a_wrong_profile_is_refused_by_file_and_key(tmp_path: Path, before: str, after: str, said: str) -> None:
    text = (FOLDER / "mid-android.toml").read_text()
    assert before in text
    own = tmp_path / "own.toml"
    own.write_text(text.replace(before, after, 1))
    with pytest.raises(EdgeError) as refused:
        read_profile(own)
    assert said in " | ".join(str(refused.value).splitlines())


def test_a_figure_without_a_source_is_refused(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    text = (FOLDER / "laptop.toml").read_text()
    start = text.index('source = "', text.index("memory =")) + len('source = "')
    own.write_text(text[:start] + " " + text[text.index('"', start) :])
    with pytest.raises(EdgeError, match=r"own\.toml\.memory\.source must not be empty|memory has no source"):
        read_profile(own)


def test_an_unknown_profile_names_the_nearest() -> None:
    with pytest.raises(EdgeError, match="no device profile 'mid-androit'") as refused:
        read_profile("mid-androit")
    assert "did you mean 'mid-android'" in refused.value.fix
    with pytest.raises(EdgeError, match=r"absent\.toml cannot be read"):
        read_profile("absent.toml")


def test_profiles_are_listed_slowest_first_and_shown_with_sources(capsys: pytest.CaptureFixture[str]) -> None:
    assert edge_bench("profiles") == 0
    names = [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]]
    assert (names[0], set(names)) == ("low-android", set(profile_names()))
    assert edge_bench("profiles", "low-android") == 0
    shown = capsys.readouterr().out
    assert "int8_rate" in shown and "estimate: the same core at 1.8 GHz" in shown
    assert edge_bench("profiles", "low-android", "--json") == 0
    assert json.loads(capsys.readouterr().out)["int8_rate"]["unit"] == "GMAC/s"
    assert edge_bench("profiles", "high") == 2


COSTS = Costs(((16.0, 1.0),), ((16.0, 2.0), (64.0, 6.0)), ((1.0, 3.0),), (((4.0, 5.0),),))


def predicted(profile: DeviceProfile, gmacs_s: float, kept_ms: float, **sizes: int) -> Prediction:
    parts, exit = PartTimes(1.0, 2.0, 3.0, 4.0), Exit(1, 2)
    exits = (
        ExitTimes(exit, "new", percentiles([10.0, 20.0]), parts),
        ExitTimes(exit, "added", percentiles([kept_ms]), parts),
    )
    rate = LayerRate(100, 10**9, 1e3 / gmacs_s, 5, gmacs_s)
    return predict(profile, Hosted(exits, COSTS, rate, **({"download": 4_000_000, "resident": 40_000_000} | sizes)))


def test_a_device_twice_as_fast_as_the_host_takes_half_as_long() -> None:
    profile = read_profile("mid-android")  # 51 GMAC/s; targets 100 and 16.7 ms
    found = predicted(profile, gmacs_s=25.5, kept_ms=30.0)
    new, added = found.latencies
    assert (new.exit, new.scenario, new.p50, new.p90, new.target) == (Exit(1, 2), "new", 5.0, 10.0, 100.0)
    assert (added.scenario, added.p90, added.target, added.meets) == ("added", 15.0, 16.7, True)
    assert not predicted(profile, gmacs_s=25.5, kept_ms=33.5).latencies[1].meets
    assert predicted(profile, gmacs_s=102.0, kept_ms=5.0).latencies[1].p50 == pytest.approx(10.0)


def test_the_plans_costs_are_modelled_like_whole_requests() -> None:
    found = predicted(read_profile("mid-android"), gmacs_s=25.5, kept_ms=30.0).costs
    assert found.summaries((16, 64), depth=1) == pytest.approx((1 + 2 + 1 + 6) / 2)
    assert (found.appending(1), found.scoring(4, 0)) == pytest.approx((1.5, 2.5))


def test_bytes_are_held_against_the_profiles_budgets_to_the_byte() -> None:
    profile = read_profile("mid-android")  # 4 MB and 40 MB
    assert [allowance.meets for allowance in predicted(profile, 10.0, 1.0).allowances] == [True, True]
    over = predicted(profile, 10.0, 1.0, download=4_000_001, resident=40_000_001).allowances
    assert [allowance.meets for allowance in over] == [False, False]
    assert [allowance.what for allowance in over] == ["download", "resident"]


def test_a_prediction_states_its_formula_and_where_it_may_be_off() -> None:
    found = predicted(read_profile("iphone-12"), 10.0, 1.0)
    assert found.formula == FORMULA
    assert any("convolutional" in error for error in found.errors)
