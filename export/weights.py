"""What an exported file must hold: each table and each product's weights of the model, bit for bit, once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np
from torch import nn

from compress.integer_layers import QuantisedEmbedding, QuantisedLinear

REPEATABLE = 1024  # bytes; a smaller constant may stand twice


def weights_of(model: nn.Module) -> dict[str, np.ndarray]:
    """The (rows, columns) weight of every embedding table and linear layer, int8 or float32."""
    kinds = (nn.Embedding, nn.Linear, QuantisedEmbedding, QuantisedLinear)
    names = [name for name, module in model.named_modules() if isinstance(module, kinds)]
    tensors = model.state_dict()
    return {name: np.asarray(tensors[f"{name}.weight"].cpu().numpy()) for name in names}


def faults(wanted: Mapping[str, bytes], found: Iterable[bytes]) -> list[str]:
    """What is wrong with the weights `found` in a file: absent, not the model's, or stored twice."""
    times = Counter(found)
    known = set(wanted.values())
    absent = [name for name, content in wanted.items() if content not in times]
    foreign = sum(len(content) * count for content, count in times.items() if content not in known)
    twice = sum(len(content) * (count - 1) for content, count in times.items() if len(content) >= REPEATABLE)
    wrong = [f"the model's {', '.join(absent)} are not in it"] if absent else []
    wrong += [f"{foreign} bytes of weights are not the model's"] if foreign else []
    return wrong + ([f"{twice} bytes of weights are stored twice"] if twice else [])
