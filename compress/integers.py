"""The ranking model with integer weights of 8 or 4 bits in its tables and layers."""

from __future__ import annotations

import copy

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from cloud.checkpoint import WEIGHTS
from cloud.ranking.layers import Layer
from cloud.ranking.measure import shape_of
from cloud.ranking.model import RankingModel
from cloud.ranking.shape import RankingShape
from cloud.runs.directory import Run
from compress.integer_layers import QuantisedEmbedding, QuantisedLinear, float_tensors, fold_norm, quantise_rows
from compress.parts import LOW_BIT, compressed_layers, part_of


def quantised_ranker(shape: RankingShape, bits: int = 8) -> RankingModel:
    """A ranking model of that shape whose tables and layers are integers; its weights are still to be loaded."""
    model = RankingModel(shape)
    for name, module in list(compressed_layers(model)):
        width = bits if part_of(name) in LOW_BIT else 8
        if isinstance(module, nn.Embedding):
            model.set_submodule(name, QuantisedEmbedding(module.num_embeddings, module.embedding_dim, width))
        else:
            model.set_submodule(name, QuantisedLinear(module.in_features, module.out_features, width))
    return model.eval()


@torch.no_grad()
def fold_norms(model: RankingModel) -> RankingModel:
    """The same function with a norm's gain and bias inside the linear layer that follows it.

    The norm of summaries keeps its own: several layers follow it, as does that of tokens that nothing widens.
    """
    folded = copy.deepcopy(model)
    pairs = [(folded.head_norm, folded.head)]
    for layer in folded.layers:
        assert isinstance(layer, Layer)
        pairs += [(layer.attention_norm, layer.attention_in), (layer.feed_forward_norm, layer.feed_forward_in)]
    if isinstance(folded.widen, nn.Linear):
        pairs.append((folded.embedding_norm, folded.widen))
    for norm, linear in pairs:
        fold_norm(norm, linear)
    return folded


def quantise_ranker(model: RankingModel, bits: int = 8) -> RankingModel:
    """The form of a float ranking model with weights of 8 or 4 bits; what stays in float is `shortened`."""
    folded = fold_norms(model).state_dict()
    tensors = {name: shortened(value) for name, value in folded.items()}
    quantised = quantised_ranker(model.shape, bits)
    for name, module in quantised.named_modules():
        if isinstance(module, QuantisedEmbedding | QuantisedLinear):
            weight, scale = quantise_rows(folded[f"{name}.weight"], module.bits)
            tensors |= {f"{name}.weight": weight, f"{name}.scale": scale}
    quantised.load_state_dict(tensors)
    return quantised


def shortened(value: Tensor) -> Tensor:
    """Numbers that float16 holds, too; of a matrix of several rows bfloat16 numbers, 11 bits each in a download.

    Its rows' errors average out, as those of int8 weights do, which are greater. The errors of a single
    row go into the logit directly.
    """
    half = value.half()
    short = half.bfloat16() if value.dim() > 1 and len(value) > 1 else half
    return short.float() + 0.0  # -0, which pruning leaves behind, becomes 0: a sign takes a bit


def dequantise_ranker(model: RankingModel) -> RankingModel:
    """The float ranking model whose weights are exactly those of a quantised one."""
    floats = RankingModel(model.shape)
    floats.load_state_dict(float_tensors(model))
    return floats.eval()


def load_quantised_ranker(run: Run) -> RankingModel:
    """The ranking model of a finished "ranker-int8" or "ranker-int4" run."""
    model = quantised_ranker(shape_of(run), run.config["bits"])
    model.load_state_dict(load_file(run.file(WEIGHTS)))
    return model
