"""A bundle's cascade is fitted to the exits of the model that ships, on requests it was not trained on."""

from __future__ import annotations

from typing import Any

import export.cascade
import pytest
from edge.bundle.cascade import parse_cascade
from export.cascade import CascadeConfig, cascades
from exports import Exported
from small_models import make_requests

CONFIG = CascadeConfig(top=3, candidates=20, requests=24, agreement=0.9)


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The splits that were asked for."""
    asked: list[str] = []

    def load(prepared: Any, split: str) -> Any:
        asked.append(split)
        return make_requests(30, seed=3)

    monkeypatch.setattr(export.cascade, "load_requests", load)
    return asked


def fit(exported: Exported, config: CascadeConfig) -> list[dict[str, Any]]:
    prepared: Any = None
    return cascades(prepared, exported.reference["int8"], exported.models / "int8", config)


def test_it_has_a_margin_for_every_exit_but_the_last_and_says_what_it_keeps(
    exported: Exported, requests: list[str]
) -> None:
    (value,) = fit(exported, CONFIG)
    cascade = parse_cascade(value)
    assert requests == ["validation"] and cascade.top == 3 and sorted(cascade.margins) == [1, 2, 3]
    assert 0.7 <= cascade.agreement <= 1.0 and 0.25 < cascade.work <= 1.0
    assert fit(exported, CONFIG) == [value]  # the same again


def test_where_there_is_too_little_to_tell_from_there_is_none(exported: Exported, requests: list[str]) -> None:
    assert fit(exported, CascadeConfig(requests=0)) == fit(exported, CascadeConfig(top=500)) == []
