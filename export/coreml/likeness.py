"""The number that stands for collaborative filtering in Core ML, in float32."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from coremltools.converters.mil.mil import Builder as Ops

from edge.engines.shape import NO_LIKENESS, OVERALL
from edge.text.number import CLIP
from export.coreml.modules import linear
from export.coreml.weights import Var, Weights


def likeness_number(weights: Weights, items: Var, timeline: Mapping[str, Var]) -> Var:
    """(candidate, 1), standardised; finite without events. The unit of the factors is left to the divisor."""
    buffers = (weights.model.likeness.get_buffer(name) for name in ("overall", "mean", "spread", "unit"))
    overall, mean, spread, size = map(float, buffers)
    events, liked = timeline["events"], timeline["liked"]  # (place,)
    total = Ops.add(x=_sum(liked), y=np.float32(OVERALL * overall))
    level = Ops.real_div(x=total, y=Ops.add(x=_sum(events), y=np.float32(OVERALL)))  # (1,)
    centred = Ops.mul(x=Ops.sub(x=liked, y=level), y=events)
    factors = linear(weights, "likeness.factors", items)
    alike = Ops.matmul(x=factors, y=timeline["factors"], transpose_y=True)  # (candidate, place)
    weighted, divisor = (
        Ops.matmul(x=of, y=Ops.expand_dims(x=by, axes=[1]))  # (candidate, 1)
        for of, by in ((alike, centred), (Ops.abs(x=alike), events))
    )
    found = Ops.real_div(x=weighted, y=Ops.add(x=divisor, y=np.float32(NO_LIKENESS / size**2)))
    standard = Ops.mul(x=Ops.sub(x=found, y=np.float32(mean)), y=np.float32(1 / spread))
    return Ops.minimum(x=Ops.maximum(x=standard, y=np.float32(-CLIP)), y=np.float32(CLIP))


def _sum(values: Var) -> Var:
    """(place,) -> (1,)"""
    return Ops.reduce_sum(x=values, axes=[0], keep_dims=True)
