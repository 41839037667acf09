"""The entry points over chunks of segments in Core ML: tokens in float16, summaries in float32."""

from __future__ import annotations

from collections.abc import Mapping

from coremltools.converters.mil.mil import Builder as Ops
from torch import nn

from export.coreml.layer import halved, tokens_step
from export.coreml.modules import linear, norm
from export.coreml.weights import Var, Weights


def embed(weights: Weights, given: Mapping[str, Var]) -> dict[str, Var]:
    """`hidden` (token, hidden)"""
    tokens, positions = (
        Ops.gather(x=weights.matrix(table), indices=given[ids], axis=0)
        for table, ids in (("token", "ids"), ("position", "positions"))
    )
    normed = norm(weights, "embedding_norm", Ops.add(x=tokens, y=positions))
    factorised = not isinstance(weights.model.widen, nn.Identity)
    return {"hidden": linear(weights, "widen", normed) if factorised else normed}


def encode(weights: Weights, given: Mapping[str, Var]) -> dict[str, Var]:
    """`stepped` (token, hidden)"""
    return {"stepped": tokens_step(weights, halved(given["hidden"]), halved(given["mask"]))}


def summarise(weights: Weights, given: Mapping[str, Var]) -> dict[str, Var]:
    """`summaries` (segment, hidden)"""
    means = Ops.matmul(x=given["weights"], y=given["hidden"])
    return {"summaries": norm(weights, "summary_norm", means)}
