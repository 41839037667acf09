"""The golden requests of a bundle examine every exit, bucket and peculiar request; parity over many requests."""

from __future__ import annotations

import zlib
from dataclasses import replace

import numpy as np
import pytest
from cloud.torch_engine import TorchEngine
from edge.conformance.coverage import coverage
from edge.conformance.golden import to_line
from edge.engines.reference import ReferenceEngine
from export.exam import exam
from export.parity import answers, parity_table
from exports import BUCKETS, SPEC, Exported, request, vocabulary
from small_models import make_model, make_requests, shape

from edge.errors import EdgeError
from edge.text.sequence import TextEncoder
from edge.text.types import Request

USERS = BUCKETS.user_tokens
ENCODER = TextEncoder(SPEC, vocabulary())
REAL = [request("alien", 4, 8), request("jaws", 2, 5), request("fargo", 9, 3)]
MODEL = make_model()


def chosen(
    requests: list[Request] = REAL, encoder: TextEncoder = ENCODER, buckets: tuple[int, ...] = USERS
) -> list[Request]:
    return exam(requests, encoder, buckets, real=2, candidates=4)


def test_real_requests_come_first_and_the_rest_is_made_from_them() -> None:
    found = chosen()
    assert [one.user for one in found[:2]] == [REAL[0].user, REAL[1].user]
    assert [len(one.candidates) for one in found[:2]] == [4, 4]
    assert 2 < len(found) < 12 and found == chosen()


def test_the_exam_leaves_nothing_out() -> None:
    goldens = answers(MODEL, chosen(), ENCODER, USERS)
    assert coverage(goldens, ENCODER, USERS, TorchEngine(MODEL).shape) == []
    briefs = [golden for golden in goldens if golden.digest]
    assert [len(golden.request.candidates) for golden in briefs] == [200]
    assert len({repr(item.attributes) for item in briefs[0].request.candidates}) > 40
    texts = "".join("".join(golden.texts) for golden in goldens)
    assert all(piece in texts for piece in ("ﬁlm", "千と千尋", "🎬", "e\u0301"))


@pytest.mark.parametrize("count", range(2, len(chosen())))
def test_each_made_request_examines_what_no_other_does(count: int) -> None:
    requests = chosen()
    with pytest.raises(EdgeError, match="do not examine all") as refused:
        answers(MODEL, requests[:count] + requests[count + 1 :], ENCODER, USERS)
    assert refused.value.evidence.startswith("missing: ")


def test_what_is_missing_is_named() -> None:
    goldens = answers(MODEL, chosen(), ENCODER, USERS)
    few = [
        replace(golden, scores={"prefix": {1: np.zeros(1), 3: np.zeros(1)}}) for golden in goldens if not golden.digest
    ]
    missing = coverage(few, ENCODER, (*USERS, 12), TorchEngine(MODEL).shape)
    assert missing == [
        "exit 2 (prefix)", "exit 4 (prefix)", *(f"exit {depth} (full)" for depth in range(1, 5)),
        "exit 3 (segments)", "exit 4 (segments)", "200 candidates"
    ]  # fmt: skip
    assert coverage(few[:1], ENCODER, (12, *USERS), TorchEngine(MODEL).shape)[8:10] == [
        "user tokens up to 12", "user tokens up to 48"
    ]  # fmt: skip


def test_only_what_can_happen_is_asked_for() -> None:
    """Without optional phrases, events or words there is nothing to leave empty, cut or spell."""
    spec = replace(SPEC, profile="{age}", item="{year}", event="{liked|choose:liked:disliked}")
    plain = TextEncoder(spec, vocabulary())
    years = [replace(item, attributes={"year": 1990}) for item in REAL[0].candidates]
    requests = [replace(one, events=(), candidates=tuple(years)) for one in REAL]
    goldens = answers(MODEL, chosen(requests, plain, (48,)), plain, (48, 96))
    assert coverage(goldens, plain, (48, 96), TorchEngine(MODEL).shape) == []


def test_the_exam_of_24_exits_is_a_small_download() -> None:
    deep = make_model(shape(layers=24, handover=21))
    lines = [to_line(golden) + "\n" for golden in answers(deep, chosen(), ENCODER, USERS)]
    assert len(zlib.compress("".join(lines).encode(), 9)) < 12_000


def test_parity_over_many_requests_has_a_row_per_engine_plan_and_exit(exported: Exported) -> None:
    model = exported.reference["int8"]
    torch_engine = TorchEngine(model)
    reference = ReferenceEngine({key: value.numpy() for key, value in model.state_dict().items()}, torch_engine.shape)
    engines = {"onnx": exported.engine("int8", "onnx"), "reference": reference, "torch": torch_engine}
    rows = parity_table(engines, torch_engine, make_requests(15), tolerance=0.05)
    assert [(row.engine, row.plan, row.exit) for row in rows] == [
        (engine, plan, depth) for engine in engines for plan, exits in
        (("full", (1, 2, 3, 4)), ("prefix", (1, 2, 3, 4)), ("segments", (3, 4))) for depth in exits
    ]  # fmt: skip
    for row in rows:
        assert row.passed and row.requests == 15 and row.top10 == 1.0  # of four candidates
        assert 0 <= row.mean_difference <= row.max_difference
        assert row.max_difference == 0 or row.engine != "torch"
