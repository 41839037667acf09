"""The named shapes have the sizes that they are named for, and no shape that cannot work is made."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from small_models import shape

from cloud.model import Encoder, count_parameters
from cloud.presets import PRESETS
from edge.errors import EdgeError


def test_m6_base_has_about_327_million_parameters() -> None:
    assert count_parameters(PRESETS["m6-base"]) == pytest.approx(327e6, rel=0.01)


def test_the_shape_for_trying_is_small() -> None:
    assert count_parameters(PRESETS["tokens"]) < 1e6


def test_counting_allocates_nothing() -> None:
    huge = replace(PRESETS["m6-base"], layers=100, hidden_size=16_384, embedding_size=16_384)
    assert count_parameters(huge) > 300e9


def test_every_preset_can_be_built() -> None:
    for config in PRESETS.values():
        with torch.device("meta"):
            model = Encoder(config)
        assert len(model.layers) == config.layers


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"heads": 5}, "heads=5"),
        ({"layers": 0, "handover": 0}, "layers is 0"),
        ({"handover": 3}, "handover=3"),
        ({"handover": -1}, "handover is -1"),
        ({"hidden_size": 0}, "hidden_size is 0"),
        ({"heads": 0}, "heads is 0"),
        ({"embedding_size": 0}, "embedding_size is 0"),
        ({"slots": 2}, "slots is 2"),
        ({"positions": 0}, "positions is 0"),
        ({"feed_forward": 0}, "feed_forward is 0"),
    ],
)
def test_a_shape_that_cannot_work_is_refused_by_the_setting_at_fault(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(EdgeError) as refused:
        shape(**changes)
    assert named in refused.value.problem
