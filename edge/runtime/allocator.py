"""Memory that was freed, back to the system."""

from __future__ import annotations

import ctypes


def return_freed() -> None:
    """glibc keeps what is freed for later; other allocators, on phones too, give it back by themselves."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
