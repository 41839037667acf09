"""Whether a LiteRT file is fit to ship as a ranking model's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from torch import nn

from cloud.ranking.model import RankingModel
from compress.integer_layers import QuantisedEmbedding, QuantisedLinear
from compress.parts import part_of
from export.litert.facts import LiteRtFacts, inspect_litert, refuse_unfit, stored
from export.litert.interact import distances_of
from export.litert.modules import array_of

FOLDED = ("kind", "matched")  # into biases: the table of kinds, and one weight of the layer that weighs the match
MODULES = (nn.Embedding, nn.Linear, QuantisedEmbedding, QuantisedLinear)


def check_litert(path: Path, model: RankingModel) -> LiteRtFacts:
    """Refuse a file whose weights are not those of `model`, each once, dense, and of the model's own types."""
    facts = inspect_litert(path)
    refuse_unfit(facts, _wanted(model), integers=False)  # a product in float is wanted, or its bytes are no weight's
    return facts


def _wanted(model: RankingModel) -> dict[str, bytes]:
    """The bytes of every constant that a product or a look-up reads."""
    shape, left_out = model.shape, set(FOLDED)
    if not shape.encode_layers + shape.interact_layers:
        left_out |= {"layers"}
    if not shape.numbers + shape.factors:  # what they make of nothing is a constant
        left_out |= {"numbers", "wide", "deep"}
    named = ((name, module) for name, module in model.named_modules() if isinstance(module, MODULES))
    wanted = {name: stored(module) for name, module in named if part_of(name) not in left_out}
    wanted["matched"] = np.ascontiguousarray(array_of(model.matched.weight)[:, :-1]).tobytes()
    for entry, layers in (("score", shape.interact_layers), ("append", shape.interact_layers - 1)):
        if layers > 0:
            wanted[f"distance of {entry}"] = distances_of(model, layers).tobytes()
    return wanted
