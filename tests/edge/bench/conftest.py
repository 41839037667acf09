"""A small bundle that runs, made once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from exported_students import ExportedModel


@pytest.fixture(scope="session")
def exported_model(tmp_path_factory: pytest.TempPathFactory) -> ExportedModel:
    from exported_students import export_student

    return export_student(tmp_path_factory.mktemp("ranking"))
