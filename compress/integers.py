"""The encoder over tokens with integer weights of 8 or 4 bits."""

from __future__ import annotations

import copy

import torch
from torch import nn

from cloud.checkpoint import WEIGHTS
from cloud.model import Encoder, Layer, ModelConfig
from cloud.runs.directory import Run
from compress.integer_layers import QuantisedEmbedding, QuantisedLinear, float_tensors, fold_norm, quantise_rows
from edge.config import from_dict

LOW_BIT = ("token", "widen", "layers")  # what 4 bits are for: nearly all weights, and none of the small tables


def quantised_encoder(config: ModelConfig, bits: int = 8) -> Encoder:
    """An encoder of that shape whose tables and linear layers are integers; its weights are still to be loaded."""
    encoder = Encoder(config)
    for name, module in list(encoder.named_modules()):
        width = bits if name.split(".")[0] in LOW_BIT else 8
        if isinstance(module, nn.Embedding):
            encoder.set_submodule(name, QuantisedEmbedding(module.num_embeddings, module.embedding_dim, width))
        elif isinstance(module, nn.Linear):
            encoder.set_submodule(name, QuantisedLinear(module.in_features, module.out_features, width))
    return encoder.eval()


@torch.no_grad()
def fold_norms(model: Encoder) -> Encoder:
    """The same function with every norm's gain and bias inside the linear layer that follows it.

    Converters do this by themselves: done here, before rounding, an exported file keeps these very integers.
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


def quantise(model: Encoder, bits: int = 8) -> Encoder:
    """The form of a float encoder with weights of 8 or 4 bits. Biases become float16 numbers, exact in every engine."""
    tensors = dict(fold_norms(model).state_dict())
    tensors |= {name: value.half().float() for name, value in tensors.items() if name.endswith(".bias")}
    encoder = quantised_encoder(model.config, bits)
    for name, module in encoder.named_modules():
        if isinstance(module, QuantisedEmbedding | QuantisedLinear):
            weight, scale = quantise_rows(tensors[f"{name}.weight"], module.bits)
            tensors |= {f"{name}.weight": weight, f"{name}.scale": scale}
    encoder.load_state_dict(tensors)
    return encoder


def dequantise(model: Encoder) -> Encoder:
    """The float encoder whose weights are exactly those of a quantised one."""
    encoder = Encoder(model.config)
    encoder.load_state_dict(float_tensors(model))
    return encoder.eval()


def load_quantised(run: Run) -> Encoder:
    """The encoder of a finished "int8" or "int4" run."""
    from safetensors.torch import load_file

    config = from_dict(ModelConfig, run.config["model"], f"{run.path}/config.json model")
    encoder = quantised_encoder(config, run.config["bits"])
    encoder.load_state_dict(load_file(run.file(WEIGHTS)))
    return encoder
