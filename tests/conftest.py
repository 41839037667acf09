"""Makes the modules beside it importable from every folder of tests; what several folders need once."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from exports import Exported

# A shell that starts the tests in the background has its children ignore Ctrl-C, and theirs: tests that send it wait.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    from exports import export_small

    return export_small(tmp_path_factory.mktemp("exported"))
