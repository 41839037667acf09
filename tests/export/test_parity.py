"""Every engine gives torch's scores, at every exit, under both plans, whatever the request's shape."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from cloud.torch_engine import TorchEngine
from edge.conformance.golden import FEW
from edge.engines.protocol import Context, Engine
from exports import BUCKETS, TOLERANCE, Exported, scores
from small_models import VOCABULARY, Segment, make_candidates, make_user

from edge.engines.opening import RUNNABLE
from edge.errors import EdgeError
from edge.text.wordpiece import BOS, BOS_USER, EOS, EOS_USER

PRECISIONS = ("float", "int8")
Request = tuple[tuple[Segment, ...], tuple[Segment, ...]]


def requests() -> dict[str, Request]:
    random = np.random.default_rng(3)

    def words(count: int) -> Segment:
        return tuple(random.integers(7, VOCABULARY, count).tolist())

    largest = ((BOS_USER, *words(15)), words(16), words(15), (EOS_USER,))
    assert sum(map(len, largest)) == max(BUCKETS.user_tokens)
    return {
        "plain": (make_user(random, 4), make_candidates(random, 4)),
        "new user, one candidate": (((BOS_USER,), (EOS_USER,)), ((BOS, 20, EOS),)),
        "fills the largest bucket": (largest, tuple((BOS, *words(14), EOS) for _ in range(4))),
        "more candidates than a bucket": (make_user(random, 5, 3), make_candidates(random, 11, 14)),
        "the same twice": (make_user(random, 2), ((BOS, 9, EOS),) * 3),
        "a row of zeros": (((BOS_USER, 50, 50), (50,), (EOS_USER,)), ((BOS, 50, EOS), (BOS, 50, 50, EOS))),
    }


@pytest.fixture(scope="module", params=[(p, b) for p in PRECISIONS for b in RUNNABLE], ids="-".join)
def opened(request: pytest.FixtureRequest, exported: Exported) -> Iterator[tuple[str, Engine, TorchEngine]]:
    precision, name = request.param
    engine = exported.engine(precision, name)
    yield precision, engine, TorchEngine(exported.reference[precision])
    engine.close()


@pytest.mark.parametrize("name", requests())
def test_an_engine_gives_torchs_scores_at_every_exit(opened: tuple[str, Engine, TorchEngine], name: str) -> None:
    precision, engine, torch_engine = opened
    wanted, found = (scores(one, *requests()[name]) for one in (torch_engine, engine))
    in_full = {"full": 4} if len(requests()[name][1]) <= FEW else {}
    assert {plan: len(exits) for plan, exits in found.items()} == {"prefix": 4, "segments": 2} | in_full
    for plan, exits in wanted.items():
        np.testing.assert_allclose(found[plan], exits, rtol=0, atol=TOLERANCE[precision], err_msg=plan)


def test_a_score_does_not_depend_on_what_else_is_asked(opened: tuple[str, Engine, TorchEngine]) -> None:
    precision, engine, _ = opened
    user, candidates = requests()["more candidates than a bucket"]
    together = scores(engine, user, candidates)
    for place, one in enumerate(candidates):
        for plan, exits in scores(engine, user, (one,)).items():
            among_others = together["prefix" if plan == "full" else plan]
            gap = np.abs(exits[:, 0] - among_others[:, place]).max()
            assert gap < (1e-5 if precision == "float" else TOLERANCE["int8"] / 5), (plan, place)


def test_a_large_neighbour_does_not_coarsen_a_score(opened: tuple[str, Engine, TorchEngine]) -> None:
    """Activations have a scale per token: with one per tensor an outlier would take the others' levels."""
    _, engine, _ = opened
    random = np.random.default_rng(0)
    hidden = random.normal(size=(4, 32)).astype(np.float32)
    loud = np.concatenate([hidden[:3], 1e4 * np.sign(hidden[3:])])
    np.testing.assert_allclose(engine.head(loud)[:3], engine.head(hidden)[:3], rtol=0, atol=1e-5)
    sequences = random.normal(size=(4, 5, 32)).astype(np.float32)
    outlier = sequences.copy()
    outlier[3] *= 1e4
    nobody = Context.nobody(engine.shape)
    plain, beside = (engine.layer_candidate(one, nobody, 1)[:3] for one in (sequences, outlier))
    np.testing.assert_allclose(beside, plain, rtol=0, atol=2e-3)


def test_a_last_layer_gives_what_a_whole_one_gives_where_it_is_read(opened: tuple[str, Engine, TorchEngine]) -> None:
    random = np.random.default_rng(5)
    user = random.normal(size=(27, 32)).astype(np.float32)  # more than the shortest bucket
    candidates = random.normal(size=(7, 9, 32)).astype(np.float32)
    ends = np.array([8, 0, 3, 8, 5, 1, 7], dtype=np.int32)
    everything = np.zeros((27, 27), dtype=np.float32)
    for engine in opened[1:]:
        assert not isinstance(engine, str)
        _, *keys_values = engine.layer(user, everything, 1)
        for alone, whole in zip(engine.layer_keys(user, 1), keys_values, strict=True):
            np.testing.assert_allclose(alone, whole, rtol=0, atol=1e-5)
        context = Context(*keys_values, everything[0])
        whole = engine.layer_candidate(candidates, context, 1)[np.arange(7), ends]
        behind = candidates.copy()
        behind[np.arange(9) > ends[:, None]] = 1e3  # padding, which nobody looks at
        np.testing.assert_allclose(engine.layer_end(behind, ends, context, 1), whole, rtol=0, atol=1e-4)


def test_a_request_beyond_every_bucket_is_an_error_that_names_it(exported: Exported) -> None:
    engine = exported.engine("int8", "litert")
    with pytest.raises(EdgeError, match="65 tokens, the bundle's largest bucket is 64"):
        engine.layer(np.zeros((65, 32), dtype=np.float32), np.zeros((65, 65), dtype=np.float32), 1)
    candidate, nobody = np.zeros((1, 17, 32), dtype=np.float32), Context.nobody(engine.shape)
    with pytest.raises(EdgeError, match="candidates of 17 tokens"):
        engine.layer_candidate(candidate, nobody, 1)
    with pytest.raises(EdgeError, match="candidates of 17 tokens"):
        engine.layer_end(candidate, np.zeros(1, dtype=np.int32), nobody, 1)


def test_int8_and_float_rank_alike(exported: Exported) -> None:
    user, candidates = requests()["more candidates than a bucket"]
    exact, coarse = (scores(exported.engine(p, "litert"), user, candidates)["prefix"][-1] for p in PRECISIONS)
    assert np.corrcoef(exact, coarse)[0, 1] > 0.99
