"""The shape of the student in a bundle."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Shape:
    """As the manifest's `model` lists it."""

    layers: int
    hidden: int
    heads: int
    handover: int  # depth at which the segments plan's segments meet
