"""Named shapes. Tests count their parameters."""

from __future__ import annotations

from cloud.model import ModelConfig

PRESETS = {
    "m6-base": ModelConfig(
        vocabulary_size=24_000, hidden_size=1024, heads=16, layers=24, embedding_size=1024,
        shared=False, exits="last", positions=64,
    ),
    "m6-edge": ModelConfig(
        vocabulary_size=24_000, hidden_size=768, heads=16, layers=24, embedding_size=128,
        shared=True, exits="every", handover=21, positions=64,
    ),
    "tokens-teacher": ModelConfig(
        vocabulary_size=2_000, hidden_size=128, heads=2, layers=2, embedding_size=128,
        shared=False, exits="last",
    ),
    "tokens-student": ModelConfig(
        vocabulary_size=2_000, hidden_size=128, heads=2, layers=4, embedding_size=64,
        shared=True, exits="every", handover=2,
    ),
}  # fmt: skip
