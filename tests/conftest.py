"""Makes the modules beside it importable from every folder of tests; what several folders need once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from exports import Exported


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    from exports import export_small

    return export_small(tmp_path_factory.mktemp("exported"))
