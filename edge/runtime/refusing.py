"""What an engine says of a model that it cannot compute, as the refusal of a bundle."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.bundle.archive import refuse
from edge.bundle.bundle import in_one_line
from edge.errors import EdgeError


@contextmanager
def refusing_what_cannot_run(path: Path, engine: str) -> Iterator[None]:
    """In the block an engine computes: whatever it raises is reported as a fault of the bundle's model."""
    try:
        yield
    except MemoryError:
        raise
    except EdgeError as error:
        refuse(path, in_one_line(error))
    except Exception as error:
        first = (str(error).splitlines() or [repr(error)])[0]
        refuse(path, f"its {engine} model cannot be run: {first}")
