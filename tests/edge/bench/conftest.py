"""A small bundle that runs, made once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ranking_exports import ExportedRanking


@pytest.fixture(scope="session")
def exported_ranking(tmp_path_factory: pytest.TempPathFactory) -> ExportedRanking:
    from ranking_exports import export_ranking

    return export_ranking(tmp_path_factory.mktemp("ranking"))
