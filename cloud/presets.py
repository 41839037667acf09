"""Named shapes of the full model. A test counts their parameters."""

from __future__ import annotations

from cloud.model import ModelConfig

PRESETS = {
    "m6-base": ModelConfig(
        vocabulary_size=24_000, hidden_size=1024, heads=16, layers=24, embedding_size=1024, positions=64
    ),
    "tokens": ModelConfig(vocabulary_size=2_000, hidden_size=128, heads=2, layers=2, embedding_size=128),
}
