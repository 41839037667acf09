"""Rivals see what a model may see and no more, and reach what is known of them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from commands import edge
from page_structure import check_structure, command_of
from safetensors.numpy import load_file

from cloud.data.bad_rows import BadRows
from cloud.data.baselines import baseline_scores
from cloud.data.default_numbers import default_numbers
from cloud.data.log import TEST, TRAIN, Log
from cloud.data.moments import screens
from cloud.data.movielens import movielens
from cloud.data.prepare import config_for, open_source, prepare
from cloud.data.read_log import read_log
from cloud.data.rows import Prepared
from cloud.data.schema import Split
from cloud.rivals.draws import Ordered
from cloud.rivals.figures import figures, groups, user_means
from cloud.rivals.kept_scores import rival_scores, rivals_kept
from cloud.rivals.learned import boosted_trees
from cloud.rivals.lexical import lexical
from cloud.rivals.measure import collaborative_scores, measure_rivals
from cloud.rivals.numbers import numbers
from cloud.rivals.stage import figures_of, measure_beside
from edge.errors import EdgeError
from edge.metrics import auc

NUMBERS = default_numbers(same=["genres"], item=["year"], user=["age"])
FIGURES = {"auc", "user_auc", "screen_auc", "ndcg@10", "log_loss"}


def read(split: Split) -> Log:
    try:
        return read_log(replace(movielens("ml-100k"), split=split), BadRows())
    except EdgeError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def movies() -> Log:
    return read(Split())


@pytest.fixture(scope="module")
def by_time() -> Log:
    """One time for all: every row after it is a test row, whose labels nothing is fitted on."""
    return read(Split(by="time"))


def spoiled(log: Log, time: float) -> Log:
    """From `time` on every label is turned around, and so is every value."""
    events = log.events
    later = events.time >= time
    value = np.where(later, 6 - events.value, events.value)
    return replace(log, events=replace(events, liked=events.liked ^ later, value=value))


def scores_of(log: Log) -> dict[str, np.ndarray]:
    """All that a rival scores or learns from."""
    return numbers(log, NUMBERS) | lexical(log) | baseline_scores(log.events) | {"CF": collaborative_scores(log.events)}


def test_no_score_knows_a_label_of_its_own_moment_or_of_a_later_one(by_time: Log) -> None:
    """Not of the same second, of the same screen, its own, or of the future: turned around, each would show."""
    events = by_time.events
    fitted = float(events.time[events.part != TEST].max())
    moments = np.unique(events.time[events.time > fitted])
    assert len(moments) > 100
    honest = scores_of(by_time)
    for time in (float(moments[0]), float(moments[len(moments) // 2])):
        shown = events.time <= time
        for name, score in scores_of(spoiled(by_time, time)).items():
            assert np.array_equal(score[shown], honest[name][shown], equal_nan=True), name


def test_a_planted_leak_shows(movies: Log) -> None:
    """A share that counts the rows of its own second."""
    events = movies.events
    time = float(events.time.max())

    def leaking(log: Log) -> np.ndarray:
        total = np.zeros(len(log.items))
        np.add.at(total, log.events.item[log.events.time <= time], log.events.liked[log.events.time <= time])
        return total[log.events.item]

    shown = events.time <= time
    assert not np.array_equal(leaking(movies)[shown], leaking(spoiled(movies, time))[shown])


def test_a_training_rows_own_user_is_not_among_those_whose_likenesses_score_it(movies: Log) -> None:
    """With the labels of one user turned around, another's scores change and its own likenesses do not."""
    events = movies.events
    own = events.user == 5
    turned = replace(events, value=np.where(own, 6 - events.value, events.value))
    before, after = collaborative_scores(events), collaborative_scores(turned)
    train = own & (events.part == TRAIN)
    # All of the user's centred values change sign with its mean, so a score made of others' likenesses does, too.
    kept = np.corrcoef(before[train], after[train])[0, 1]
    assert kept < -0.95
    others = (events.user != 5) & np.isin(events.item, events.item[own])
    assert not np.array_equal(before[others], after[others])


def test_where_clocks_are_the_users_own_no_baseline_is_of_the_population(movies: Log) -> None:
    assert set(baseline_scores(movies.events, shared_clock=False)) == {"user mean"}


def test_the_same_data_give_the_same_trees(movies: Log) -> None:
    few = replace(movies, events=movies.events.select(movies.events.user < 120))
    made = [boosted_trees(list(numbers(few, NUMBERS).values()), few.events) for _ in range(2)]
    assert np.array_equal(made[0].logits, made[1].logits) and made[0].search == made[1].search


def test_intervals_hold_the_figure_and_narrow_with_more_users(movies: Log) -> None:
    events = movies.events
    score = baseline_scores(events)["item mean"]
    every, few = (figures(score, events, (events.part == TEST) & (events.user < users)) for users in (943, 100))
    for found in (*every.values(), *few.values()):
        assert found.low <= found.value <= found.high
    assert every["auc"].high - every["auc"].low < few["auc"].high - few["auc"].low
    assert set(every) == FIGURES


def test_a_draw_of_every_user_once_gives_the_figure_itself(movies: Log) -> None:
    """The sums that draws reweight are those of the metrics."""
    events = movies.events
    rows = (events.part == TEST) & (events.user < 200)
    score = np.round(baseline_scores(events)["item mean"], 2)  # with ties
    place = np.unique(events.user[rows], return_inverse=True)[1]
    once = np.ones(place.max() + 1, dtype=np.int64)
    scores, liked = score[rows], events.liked[rows]
    whole = {name: figure.value for name, figure in figures(score, events, rows).items()}
    assert Ordered(scores, liked, place).auc(once) == pytest.approx(whole["auc"])
    for name, mean in user_means(scores, liked, place, screens(events.user, events.time)[rows]).items():
        assert mean.of(once) == pytest.approx(whole[name]), name


def test_cold_users_and_unseen_items_are_those_that_training_never_met() -> None:
    events = read(Split(by="time", unseen_items=0.1)).events
    told = groups(events, events.part == TEST)
    train = events.part == TRAIN
    users, items = set(events.user[train].tolist()), set(events.item[train].tolist())
    assert told["cold users"].sum() > 1000 and not users & set(events.user[told["cold users"]].tolist())
    assert told["unseen items"].sum() > 300 and not items & set(events.item[told["unseen items"]].tolist())
    rest = told["all"] & ~told["cold users"] & ~told["unseen items"]
    assert set(events.user[rest].tolist()) <= users and set(events.item[rest].tolist()) <= items


def test_the_command_writes_figures_and_a_page_and_prints_a_table(
    club_toml: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, page, scores = tmp_path / "rivals.json", tmp_path / "rivals.html", tmp_path / "rivals.safetensors"
    written = ("--out", out, "--page", page, "--scores", scores)
    assert edge("rivals", "--data", club_toml, "--set", "split.test=0.2", *written) == 0
    printed = capsys.readouterr()
    assert "LightGBM with CF and TF-IDF" in printed.out and "protocol: my-log; liked: rating >= 4" in printed.out
    assert "rivals: item-item CF:" in printed.err
    found = json.loads(out.read_text())
    by_name = {rival["name"]: rival for rival in found["rivals"]}
    assert set(by_name["LightGBM"]["figures"]["all"]) == FIGURES
    assert (
        by_name["popularity"]["figures"]["all"]["auc"]["value"] < by_name["LightGBM"]["figures"]["all"]["auc"]["value"]
    )
    assert "by AUC on validation" in by_name["logistic regression"]["search"]
    assert by_name["LightGBM"]["model_bytes"] > 10_000
    assert {name: len(column) for name, column in load_file(scores).items()} == {
        name: rival["rows"]["all"] for name, rival in by_name.items()
    }
    html = page.read_text()
    check_structure(html)
    assert "95 % intervals, from resampling users" in html
    assert command_of(html) == "edge rivals --data edge.toml --set split.test=0.2 --page rivals.html"


def test_a_place_that_cannot_be_written_is_refused_before_anything_is_measured(
    club_toml: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert edge("rivals", "--data", club_toml, "--out", tmp_path / "absent" / "r.json") == 2
    printed = capsys.readouterr()
    assert "there is no directory" in printed.err and "rivals:" not in printed.err.replace("rivals.json", "")


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_rivals_of_movielens_100k_reach_what_is_known_of_them(movies: Log) -> None:
    """Independently measured where a screen may be divided: bias .783, LightGBM .805, with honest CF about .813."""
    reached = {rival.name: rival.figures["all"]["auc"].value for rival in measure_rivals(movies, NUMBERS)}
    assert reached["item+user bias"] == pytest.approx(0.788, abs=0.003)
    assert reached["LightGBM"] == pytest.approx(0.806, abs=0.003)
    assert reached["LightGBM with CF and TF-IDF"] == pytest.approx(0.816, abs=0.004)


def test_a_pipeline_compares_with_rivals_on_the_rows_it_prepared(club_toml: Path, tmp_path: Path) -> None:
    source = open_source(str(club_toml))
    config = replace(config_for(source), max_users=60)
    prepared = prepare(source, tmp_path / "data", config)
    run = measure_beside(prepared, source, tmp_path / "rivals", config)
    assert run.manifest["parents"] and run.manifest["protocol"] == prepared.manifest["protocol"]
    found = figures_of(run)
    assert found["item mean"]["bytes"] is None and found["LightGBM"]["bytes"] > 1_000
    baselines = json.loads(prepared.file("baselines.json").read_text())["test"]
    assert found["item mean"]["auc"] == pytest.approx(baselines["item mean"]["auc"], abs=1e-6)
    assert measure_beside(prepared, source, tmp_path / "rivals", config).hash == run.hash  # not measured again
    rows, kept = Prepared(prepared), rivals_kept(run)
    chosen = rows.part("test")
    assert set(kept) == set(found)
    for name in kept:
        reached = auc(rival_scores(run, name), rows.column("label")[chosen])
        assert reached == pytest.approx(found[name]["auc"], abs=1e-5), name
    with pytest.raises(EdgeError, match="keeps no scores of 'LightGMB'") as refused:
        rival_scores(run, "LightGMB")
    assert "LightGBM" in refused.value.fix


def test_rivals_on_another_log_than_the_prepared_one_are_refused(club_toml: Path, tmp_path: Path) -> None:
    source = open_source(str(club_toml))
    config = replace(config_for(source), max_users=24)
    prepared = prepare(source, tmp_path / "data", config)
    with pytest.raises(EdgeError, match="the rows have another"):
        measure_beside(prepared, source, tmp_path / "rivals", replace(config, max_users=25))
