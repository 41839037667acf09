"""Whether a Core ML package is fit to ship as a ranking model's."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from cloud.ranking.model import RankingModel
from compress.integer_layers import QuantisedEmbedding, QuantisedLinear
from compress.parts import FLOAT, part_of
from export.coreml.facts import CoreMlFacts, inspect_coreml, refuse_unfit, stored
from export.coreml.forms import half
from export.coreml.layer import distances_of
from export.weights import faults

READ_OTHERWISE = "kind"  # by no product and no look-up: its rows are added
MODULES = (nn.Embedding, nn.Linear, QuantisedEmbedding, QuantisedLinear)
OPERATIONS = {
    *("abs", "add", "cast", "concat", "exp", "expand_dims", "gather", "gelu", "identity", "layer_norm", "linear"),
    *("log", "matmul", "maximum", "minimum", "mul", "real_div", "reduce_max", "reduce_sum", "reshape", "sigmoid"),
    *("softmax", "split", "sqrt", "squeeze", "sub", "tanh", "transpose"),
}


def check_coreml(package: Path, model: RankingModel) -> CoreMlFacts:
    """Refuse a package whose weights are not those of `model`, each once, in the precision of its part; or one with an
    operation that our graphs never have."""
    facts = inspect_coreml(package)
    wrong = faults(_wanted(model), (*facts.weights, *facts.floats))
    strange = sorted(facts.operations.keys() - OPERATIONS)
    refuse_unfit(facts, wrong + ([f"operations that no graph needs: {', '.join(strange)}"] if strange else []))
    return facts


def _wanted(model: RankingModel) -> dict[str, bytes]:
    """The bytes of every constant that a product or a look-up reads."""
    shape, left_out = model.shape, {READ_OTHERWISE}
    if not shape.encode_layers + shape.interact_layers:
        left_out |= {"layers"}
    if not shape.numbers + shape.factors:  # what they make of nothing is a constant
        left_out |= {"numbers", "wide", "deep"}
    named = ((name, module) for name, module in model.named_modules() if isinstance(module, MODULES))
    wanted = {
        name: stored(name, module, precise=part_of(name) in FLOAT)
        for name, module in named
        if part_of(name) not in left_out
    }
    for layer in range(shape.interact_layers):
        wanted[f"distance of layer {layer}"] = half("distance", distances_of(model, layer)).tobytes()
    return wanted
