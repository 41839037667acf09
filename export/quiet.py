"""Silence for converters that report every pass."""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
import warnings
from collections.abc import Iterator


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """The converters report every pass, also from C++; shown only if the conversion fails."""
    with tempfile.TemporaryFile() as captured, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        saved = [os.dup(descriptor) for descriptor in (1, 2)]
        for descriptor in (1, 2):
            os.dup2(captured.fileno(), descriptor)
        try:
            yield
        except Exception as error:
            captured.seek(0)
            error.add_note(captured.read().decode(errors="replace")[-2000:])
            raise
        finally:
            for descriptor, original in zip((1, 2), saved, strict=True):
                os.dup2(original, descriptor)
                os.close(original)
            logging.disable(logging.NOTSET)
