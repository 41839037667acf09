"""The torch engine of a bundle: the encoder from its packed weights, for `edge verify --engine torch`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from cloud.model import ModelConfig
from cloud.torch_engine import TorchEngine
from compress.integers import quantised_encoder
from edge.bundle.manifest import WEIGHTS
from edge.bundle.shape import Shape
from edge.bundle.weights.packed import unpack
from edge.engines.protocol import Engine
from edge.errors import EdgeError


def open_torch(directory: Path, shape: Shape, threads: int = 1) -> Engine:
    """The engine over the `weights.bin` in `directory`."""
    weights = unpack((directory / WEIGHTS).read_bytes())
    try:
        encoder = quantised_encoder(config_of(weights, shape))
        encoder.load_state_dict({name: torch.from_numpy(values) for name, values in weights.items()})
    except (KeyError, RuntimeError) as error:
        evidence = str(error).splitlines()[0]
        raise EdgeError(
            "the bundle's weights are not those of an encoder",
            evidence=evidence,
            fix="take a bundle that edge export wrote",
        ) from error
    return TorchEngine(encoder, threads)


def config_of(weights: Mapping[str, np.ndarray], shape: Shape) -> ModelConfig:
    """The shape of the student whose parameters these are. Errors: KeyError, one is missing."""
    rows, embedding = weights["token.weight"].shape
    return ModelConfig(
        vocabulary_size=rows,
        hidden_size=shape.hidden,
        heads=shape.heads,
        layers=shape.layers,
        embedding_size=embedding,
        shared=True,
        exits="every",
        handover=shape.handover,
        slots=len(weights["slot.weight"]),
        positions=len(weights["position.weight"]),
        feed_forward=len(weights["layers.0.feed_forward_in.weight"]) // shape.hidden,
    )
