"""A request on a device has the logits that torch measured of its row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from cloud.data.examples import request_of
from cloud.data.number_columns import Known, known_at
from cloud.data.prepare import config_for, fingerprint, open_source, read_checked
from cloud.data.rows import Prepared
from cloud.ranking.measure import scores_of as torch_scores
from cloud.ranking.measure import sized_ranking
from cloud.ranking.model import RankingModel
from cloud.ranking.shape import RankingShape
from cloud.ranking.timelines import Timelines
from cloud.runs.directory import Run
from cloud.stage import text_encoder
from compress.graph import model_shape
from compress.integers import quantise_ranker
from edge.engines.reference import ReferenceEngine
from edge.runtime.scoring import handles_of, scores_of
from edge.runtime.summaries import Summaries
from edge.runtime.user_timeline import Reading, UserTimeline
from edge.runtime.window import first_event
from edge.text.segments import SegmentEncoder

SHAPE = RankingShape(vocabulary_size=1, numbers=0, hidden_size=16, embedding_size=8, heads=2, factors=4, early_encode=0)
HISTORY = 100
USERS = 24


@pytest.fixture(scope="module")
def known(club_toml: Path) -> Known:
    source = open_source(str(club_toml))
    config = replace(config_for(source), max_users=USERS)
    return known_at(read_checked(source, config, fingerprint(source)).log)


@pytest.fixture(scope="module")
def model(club: Run) -> RankingModel:
    torch.manual_seed(0)
    found = RankingModel(sized_ranking(SHAPE, club))
    for parameter in found.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return found.eval()


@pytest.fixture(scope="module")
def reading(club: Run) -> Reading:
    encoder = text_encoder(club)
    return Reading(SegmentEncoder(encoder), encoder.spec.numbers, "rating")


@pytest.mark.parametrize("integers", [False, True])
def test_every_test_row_as_a_request_has_the_logit_that_torch_measured(
    integers: bool, club: Run, known: Known, model: RankingModel, reading: Reading
) -> None:
    model = quantise_ranker(model) if integers else model
    rows = Prepared(club)
    test = rows.part("test")[::7]
    timelines = Timelines(rows, HISTORY, 64, model.shape.positions)
    wanted = torch_scores(model, timelines, test)
    engine = engine_of(model)
    for place, logits in enumerate(requests(known, test, engine, reading)):
        np.testing.assert_allclose(logits[:, 0], wanted[:, place], atol=0.02 if integers else 2e-3)


def test_a_user_who_grew_scores_as_one_computed_whole_also_when_the_timeline_is_full(
    known: Known, model: RankingModel, reading: Reading
) -> None:
    engine = engine_of(model, places=9)
    request = request_of(known, [int(np.flatnonzero(known.targets.part == 2)[0])], 10_000)
    assert len(request.events) > 20
    grown, summaries = UserTimeline(reading, request.user), Summaries(engine, 10**6)
    handles = handles_of(reading, request.candidates)
    for count, event in enumerate(request.events, 1):
        grown.add(event)
        whole = UserTimeline(reading, request.user, request.events[:count])
        found, expected = (scores_of(engine, summaries, user, handles, request.time, (1, 2)) for user in (grown, whole))
        np.testing.assert_allclose(found, expected, atol=1e-4)


def test_the_oldest_quarter_leaves_a_full_timeline() -> None:
    assert [first_event(count, 8) for count in range(0, 15)] == [0] * 9 + [2, 2, 4, 4, 6, 6]
    assert [first_event(count, 0) for count in range(3)] == [0, 1, 2]
    assert all(1 <= count - first_event(count, 3) <= 3 for count in range(1, 50))


def test_summaries_beyond_the_budget_are_computed_again_and_are_the_same(model: RankingModel) -> None:
    engine = engine_of(model)
    texts = [tuple(range(2, 2 + length)) for length in (3, 5, 1, 4, 0)]
    roomy, tight = Summaries(engine, 10**6), Summaries(engine, 100)
    expected = roomy.of(texts, 1)
    assert roomy.look(texts, 1).missing == [] and roomy.look(texts, 0).missing == texts
    np.testing.assert_array_equal(tight.of([*texts, *texts], 1), np.concatenate([expected, expected]))
    assert tight.bytes <= 100 < roomy.bytes
    assert roomy.of([], 1).shape == (0, SHAPE.hidden_size)


def engine_of(model: RankingModel, places: int = HISTORY + 1) -> ReferenceEngine:
    weights = {name: value.numpy() for name, value in model.state_dict().items()}
    return ReferenceEngine(weights, model_shape(model.shape, places))


def requests(known: Known, rows: np.ndarray, engine: ReferenceEngine, reading: Reading) -> Iterator[np.ndarray]:
    """(interact depth, candidate) logits of each row as a request of its own."""
    summaries = Summaries(engine, 10**7)
    for row in rows.tolist():
        request = request_of(known, [row], 10_000)
        user = UserTimeline(reading, request.user, request.events)
        yield scores_of(engine, summaries, user, handles_of(reading, request.candidates), request.time, (1, 2))
