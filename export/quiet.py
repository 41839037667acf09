"""Silence for converters that report every pass."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """The converters report every pass, also from C++; shown only if the conversion fails.

    For the block this is so for the whole process; afterwards everything is as it was.
    """
    with tempfile.TemporaryFile() as captured, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        silenced = logging.root.manager.disable
        logging.disable(max(silenced, logging.WARNING))
        _flush()  # what others have printed so far
        descriptors = _descriptors()
        saved = [os.dup(descriptor) for descriptor in descriptors]
        for descriptor in descriptors:
            os.dup2(captured.fileno(), descriptor)
        try:
            yield
        except Exception as error:
            _flush()
            captured.seek(0)
            error.add_note(captured.read().decode(errors="replace")[-2000:])
            raise
        finally:
            _flush()
            for descriptor, original in zip(descriptors, saved, strict=True):
                os.dup2(original, descriptor)
                os.close(original)
            logging.disable(silenced)


def _descriptors() -> list[int]:
    """Those of the process, and those that Python's streams write to where they are others: in the `edge` command."""
    found = {1, 2}
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, OSError, ValueError):  # none, or not a file
            found.add(stream.fileno())
    return sorted(found)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
