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


def test_m6_edge_has_about_10_million_parameters_though_it_is_as_deep() -> None:
    assert count_parameters(PRESETS["m6-edge"]) == pytest.approx(10e6, rel=0.05)
    assert PRESETS["m6-edge"].layers == PRESETS["m6-base"].layers == 24


def test_the_pair_of_the_tokens_preset_is_small_and_the_student_smaller() -> None:
    student, teacher = (count_parameters(PRESETS[f"tokens-{name}"]) for name in ("student", "teacher"))
    assert student < teacher < 5e6


def test_counting_allocates_nothing() -> None:
    huge = replace(PRESETS["m6-base"], layers=100, hidden_size=16_384, embedding_size=16_384)
    assert count_parameters(huge) > 300e9


def test_every_preset_can_be_built() -> None:
    for config in PRESETS.values():
        with torch.device("meta"):
            model = Encoder(config)
        assert len(model.layers) == (1 if config.shared else config.layers)


def test_an_exit_stands_at_every_depth_or_at_the_last() -> None:
    assert shape(layers=4, exits="every").exit_depths == (1, 2, 3, 4)
    assert shape(layers=4, exits="last").exit_depths == (4,)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"heads": 5}, "heads=5"),
        ({"layers": 0, "handover": 0}, "layers is 0"),
        ({"handover": 4}, "handover=4"),
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
