"""The ablations: a variant lacks what its name says and nothing else, and is trained once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import ablations
import numpy as np
import pytest
import torch
from ablation_models import LastToken, MeanMatchOnly, TwoSets, WithoutMatch

from cloud.data.rows import Prepared
from cloud.ranking.model import RankingModel
from cloud.ranking.shape import RankingShape
from cloud.ranking.timelines import Timelines
from cloud.runs.directory import Run
from cloud.stage import text_encoder
from edge.config import override
from edge.errors import EdgeError

SHAPE = RankingShape(vocabulary_size=20, numbers=2, hidden_size=8, embedding_size=8, positions=6, match_size=4)


@pytest.fixture(scope="module")
def prepared(prepared_club: Callable[[int], Run]) -> Run:
    return prepared_club(24)


def hidden(prepared: Run, name: str) -> tuple[Timelines, Timelines]:
    """As they are, and as the variant reads them."""
    plain, changed = (Timelines(Prepared(prepared), 10, 10, 24) for _ in range(2))
    hide = ablations.VARIANTS[name].hide
    assert hide
    hide(changed, prepared)
    return plain, changed


@pytest.mark.parametrize("name", [name for name in ablations.VARIANTS if name != "base"])
def test_each_variant_changes_the_settings_the_model_or_what_it_reads(name: str) -> None:
    variant = ablations.VARIANTS[name]
    changed = override(ablations.BASE, variant.settings) != ablations.BASE
    assert changed == bool(variant.settings)
    assert changed or variant.hide or variant.model is not RankingModel


def test_hidden_numbers_are_missing_and_the_others_are_kept(prepared: Run) -> None:
    plain, changed = hidden(prepared, "without pace")
    names = [number.name for number in text_encoder(prepared).spec.numbers]
    pace = np.isin(names, ["events", "seconds since the last event"])
    assert pace.sum() == 2
    assert np.isnan(changed.numbers[:, pace]).all()
    np.testing.assert_array_equal(changed.numbers[:, ~pace], plain.numbers[:, ~pace])


@pytest.mark.parametrize(
    ("name", "column", "other"),
    [("without what events say", "phrase", "context"), ("without contexts", "context", "phrase")],
)
def test_hidden_phrases_are_one_unknown_token_and_the_others_are_kept(
    prepared: Run, name: str, column: str, other: str
) -> None:
    plain, changed = hidden(prepared, name)
    said = changed.phrases.numpy()[changed.columns[column]]
    assert (said[:, 0] == ablations.UNKNOWN).all()
    assert not said[:, 1:].any()
    kept = plain.phrases.numpy()[plain.columns[other]]
    np.testing.assert_array_equal(changed.phrases.numpy()[changed.columns[other]], kept)


def test_hidden_profiles_leave_the_texts_of_items(prepared: Run) -> None:
    plain, changed = hidden(prepared, "without the profile's text")
    items = len(Prepared(prepared).items.names)
    np.testing.assert_array_equal(changed.texts.tokens[:items], plain.texts.tokens[:items])
    assert (changed.texts.tokens[items:].sum(1) == ablations.UNKNOWN).all()


def test_a_summary_by_the_last_token_reads_no_token_before_it_and_no_padding() -> None:
    model = LastToken(SHAPE).eval()
    one, other, ending = model.summaries(torch.tensor([[5, 6, 7, 0], [8, 9, 7, 0], [5, 6, 9, 0]]), 0)
    assert torch.equal(one, other)
    assert not torch.equal(one, ending)


def test_two_sets_of_weights_are_one_a_stage() -> None:
    model = TwoSets(replace(SHAPE, shared=False, encode_layers=2, interact_layers=2))
    used = [model.layer(depth) for depth in range(4)]
    assert used[0] is used[1] is not used[2] is used[3]
    assert len(model.layers) == 2


@pytest.mark.parametrize(("kind", "left"), [(WithoutMatch, []), (MeanMatchOnly, [8, 9, 10, 11])])
def test_a_part_of_match_is_the_same_features_with_the_others_0(kind: type[RankingModel], left: list[int]) -> None:
    torch.manual_seed(0)
    whole, part = RankingModel(SHAPE), kind(SHAPE)
    part.match.load_state_dict(whole.match.state_dict(), strict=False)
    sees = torch.ones(1, 3, 4, dtype=torch.bool)
    table: Any = SimpleNamespace(
        offered=torch.tensor([[4, 5, 6]]), item=torch.arange(4)[None], phrase=torch.tensor([[0, 1, 1, 0]]), sees=sees
    )
    vectors = whole.match.vectors(torch.randn(7, 8), torch.randn(2, 8))
    features, kept = whole.match(vectors, table), part.match(vectors, table)
    assert torch.equal(kept[..., left], features[..., left])
    assert sorted(set(kept[..., :-1].nonzero()[:, -1].tolist())) == left


def test_a_finished_variant_is_not_trained_again(
    prepared: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny = override(ablations.BASE, ["passes=1", "shape.hidden_size=8", "shape.embedding_size=8"])
    monkeypatch.setattr(ablations, "BASE", tiny)
    first = ablations.results(prepared, tmp_path, ["base"])
    assert list(first) == ["base"]
    assert set(first["base"]["test"]) == {"0", "1", "2"}

    def refuse(*_: object) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr(ablations, "fit", refuse)
    assert ablations.results(prepared, tmp_path, ["base"]) == first
    with pytest.raises(AssertionError, match="trained again"):
        ablations.results(prepared, tmp_path, ["dropout=.1"])


def test_an_unknown_variant_names_the_nearest(prepared: Run, tmp_path: Path) -> None:
    with pytest.raises(EdgeError) as error:
        ablations.results(prepared, tmp_path, ["without contxts"])
    assert "without contexts" in str(error.value)
