"""A model that cannot fit the memory is refused by its shape, before anything is read, removed or trained."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cloud import memory
from cloud.memory import LARGE as LARGE_SETTINGS
from cloud.memory import check_memory, check_weights
from cloud.model import ModelConfig, count_parameters
from cloud.presets import PRESETS
from edge.config import settings_in
from edge.errors import EdgeError

SMALL = PRESETS["tokens"]
LARGE = replace(SMALL, hidden_size=16_384, layers=512, feed_forward=64)


def test_sixteen_bytes_a_weight_are_needed_and_one_less_is_too_few() -> None:
    """The weight, its gradient and two moments, four bytes each; a teacher is only read."""
    for read, needed in ((0, 16_000), (50, 16_200)):
        check_weights(1_000, read, "model", LARGE_SETTINGS, memory=needed)
        with pytest.raises(EdgeError, match="do not fit the memory"):
            check_weights(1_000, read, "model", LARGE_SETTINGS, memory=needed - 1)
    check_memory(SMALL, memory=16 * count_parameters(SMALL))


def test_the_estimate_the_memory_and_the_settings_are_named() -> None:
    with settings_in("teacher"), pytest.raises(EdgeError) as refused:
        check_memory(LARGE, memory=24 * 10**9)
    assert refused.value.problem.startswith("teacher.model cannot be trained here: 18,")
    assert refused.value.evidence.endswith(" GB or more, there are 24.0 GB")
    assert "lower teacher.model.hidden_size" in refused.value.fix


def test_a_shape_is_judged_without_being_allocated() -> None:
    assert count_parameters(LARGE) > 10**13


@pytest.mark.parametrize(("limit", "bound"), [("1000000", True), ("max", False)])
def test_a_containers_limit_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, bound: bool) -> None:
    monkeypatch.setattr(memory, "best_device", lambda: memory.torch.device("cpu"))
    monkeypatch.setattr(memory, "_CGROUP", tmp_path / "memory.max")
    model = replace(SMALL, hidden_size=256)  # 14 MB
    check_memory(model)
    (tmp_path / "memory.max").write_text(limit)
    if bound:
        with pytest.raises(EdgeError, match="do not fit"):
            check_memory(model)
    else:
        check_memory(model)


def test_the_named_shapes_fit_a_large_machine() -> None:
    for shape in PRESETS.values():
        assert isinstance(shape, ModelConfig)
        check_memory(shape, memory=16 * 10**9)
