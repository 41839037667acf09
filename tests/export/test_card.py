"""The model card beside a bundle: its figures are those of the runs, and what was not measured is said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small_runs import make

from cloud.data.movielens import TERMS
from cloud.ranking.kept_scores import kept_scores
from cloud.rivals.held_out import HeldOut
from cloud.rivals.written import three
from cloud.runs.directory import Run
from cloud.runs.target import Target
from edge.errors import EdgeError
from edge.files import write_atomically, write_json
from edge.metrics import auc
from export.card import Card, card_markdown
from export.settings import ParityLimits, RankerExportConfig
from export.stage import CARD, export_ranker

RIVAL = "popularity"


@pytest.fixture(scope="module")
def exported(club: Run, integers: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    parity = ParityLimits(requests=5, simulated=2)
    config = RankerExportConfig(name="club", coreml=False, golden_requests=1, golden_candidates=2, parity=parity)
    return export_ranker(club, integers, tmp_path_factory.mktemp("card") / "export", config)


@pytest.fixture(scope="module")
def card(club: Run, integers: Run, exported: Run) -> Card:
    return Card(club, integers, None, exported.summary, 9)


def test_the_card_lies_beside_the_bundle_as_a_file_of_the_run(exported: Run) -> None:
    text = exported.file(CARD).read_text(encoding="utf-8")
    headings = [line for line in text.splitlines() if line.startswith(("# ", "## "))]
    assert headings == [
        "# Model card: club.edge", "## Intended use", "## Data and protocol", "## Quality", "## Sizes", "## Limits",
        "## Licences",
    ]  # fmt: skip
    assert exported.summary["bundle"]["sha256"] in text


def test_quality_by_exit_is_that_of_the_kept_scores(card: Card, club: Run, integers: Run) -> None:
    text, labels = card_markdown(card), HeldOut.of(club).labels
    for encode, interact in ((1, 0), (2, 1)):
        reached = auc(kept_scores(integers, "test", encode, interact).astype(np.float64), labels)
        (line,) = [line for line in text.splitlines() if line.startswith(f"| {encode}/{interact} | {three(reached)} (")]
        assert line.count(" to ") == 3


def test_sizes_and_limits_are_those_of_the_runs(card: Card, exported: Run, integers: Run) -> None:
    text = card_markdown(card)
    for name, size in exported.summary["sizes"].items():
        assert (
            f"| {name} | {exported.summary['runtimes'][name]} | {size['download']:,} | {size['installed']:,} |" in text
        )
    assert f"cut after {integers.config['shape']['positions']} tokens" in text
    assert "At most 8 past events" in text
    assert "Core ML" not in text


def test_a_group_of_few_rows_has_no_figures_and_is_named_with_its_size(card: Card) -> None:
    text = card_markdown(card)
    assert "| cold users |" not in text and "| unseen items |" not in text
    assert "Quality for cold users was not measured: the test split has 0 such rows." in text


def test_without_rivals_the_baselines_of_the_prepared_run_are_shown(card: Card, club: Run) -> None:
    text = card_markdown(card)
    reached = club.summary["baselines"]["test"][RIVAL]["auc"]
    assert f"| {RIVAL} | {reached:.4f} |" in text and "Other rivals were not measured" in text


def test_a_rival_with_the_same_scores_is_neither_above_nor_below(card: Card, club: Run, tmp_path: Path) -> None:
    from cloud.rivals.kept_scores import SCORES, scores_file
    from cloud.rivals.stage import FIGURES, STAGE

    same = {name: {"value": 0.6, "low": 0.5, "high": 0.7} for name in ("auc", "user_auc", "ndcg@10", "log_loss")}
    target = Target(tmp_path / "rivals", STAGE, [club], {})
    assert not target.finished()
    with target.writing() as workspace:
        listed = [{"name": "twin", "figures": {"all": same}, "model_bytes": None}]
        write_json(workspace.path / FIGURES, {"rivals": listed})
        write_atomically(workspace.path / SCORES, scores_file({"twin": card.best}))
    beside = replace(card, rivals=Run.open(tmp_path / "rivals"))
    assert "| twin | 0.6000 | 0.6000 | 0.6000 | .000 (.000 to .000) |" in card_markdown(beside)


def test_rivals_of_other_rows_are_refused(club: Run, integers: Run, tmp_path: Path) -> None:
    other = make(tmp_path / "rivals", "rivals")
    with pytest.raises(EdgeError, match="was not made from"):
        export_ranker(club, integers, tmp_path / "export", RankerExportConfig(), rivals=other)


def test_only_movielens_has_terms_and_any_other_log_says_that_none_are_known(card: Card) -> None:
    assert "The runs do not record the licence of the log" in card_markdown(card)
    manifest = dict(card.prepared.manifest)
    source = manifest["config"]["source"] | {"name": "ml-100k"}
    for path, known in (("ml-100k.inter", True), ("events.csv", False)):
        named = source | {"log": source["log"] | {"path": path}}
        config = manifest["config"] | {"source": named}
        prepared = Run(card.prepared.path, manifest | {"config": config})
        assert (TERMS in card_markdown(replace(card, prepared=prepared))) is known
