"""Summaries on disk, so that an app that starts again does not encode its items again."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Container, Sequence
from contextlib import suppress
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from edge.files import appearing
from edge.runtime.summaries import Key, Summaries
from edge.text.segments import Segment

FORMAT = 1
HASH = 32  # bytes before the arrays: their SHA-256


def save_summaries(path: Path, summaries: Summaries, weights: str, but: Container[Segment] = ()) -> None:
    """All that are kept `but` those of some segments, those used longest ago first. `weights` names the weights that
    they were computed from.
    """
    entries = [(key, summary) for key, summary in summaries.entries() if key[1] not in but]
    segments = [segment for (_, segment), _ in entries]
    content = io.BytesIO()
    np.savez(
        content,
        format=np.array(FORMAT),
        weights=np.array(weights),
        depths=np.array([depth for (depth, _), _ in entries], dtype=np.int32),
        lengths=np.array([len(segment) for segment in segments], dtype=np.int32),
        tokens=np.array([token for segment in segments for token in segment], dtype=np.int32),
        summaries=np.array([summary for _, summary in entries], dtype=np.float16),
    )
    body = content.getvalue()
    _write(path, hashlib.sha256(body).digest() + body)


def load_summaries(path: Path, summaries: Summaries, weights: str, hidden: int) -> int:
    """Keep what a file of the same weights has; returns how many. A damaged file, or one of other weights, gives 0."""
    with suppress(OSError, ValueError, KeyError, TypeError, BadZipFile):  # absent, damaged, or of another version
        content = path.read_bytes()
        if hashlib.sha256(content[HASH:]).digest() != content[:HASH]:
            return 0
        with np.load(io.BytesIO(content[HASH:]), allow_pickle=False) as arrays:
            if int(arrays["format"]) != FORMAT or str(arrays["weights"]) != weights:
                return 0
            keys, rows = _keys(arrays["depths"], arrays["lengths"], arrays["tokens"]), arrays["summaries"]
        if rows.dtype != np.float16 or rows.shape != (len(keys), hidden) or not np.isfinite(rows).all():
            return 0
        for (depth, segment), row in zip(keys, rows, strict=True):
            summaries.keep(segment, depth, row)
        return len(keys)
    return 0


def _write(path: Path, content: bytes) -> None:
    """Replaced atomically and readable by its owner only, because it reveals which items a user has seen."""
    with appearing(path) as temporary:
        opened = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(opened, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())


def _keys(depths: np.ndarray, lengths: np.ndarray, tokens: np.ndarray) -> Sequence[Key]:
    """Errors: ValueError, the parts do not fit each other."""
    if len(depths) != len(lengths) or (lengths < 0).any() or lengths.sum() != len(tokens):
        raise ValueError("the lengths are not those of the tokens")
    parts = np.split(tokens, np.cumsum(lengths)[:-1]) if len(lengths) else []
    return [(depth, tuple(part.tolist())) for depth, part in zip(depths.tolist(), parts, strict=True)]
