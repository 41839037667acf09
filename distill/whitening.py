"""Targets of mean 0 and unit covariance, so that no direction of a teacher's summaries counts more than another."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

LEAST_SHRINKAGE = 1e-4  # a norm leaves one direction without variance


@dataclass(frozen=True)
class Whitening:
    """`(values - mean) @ factor`, the symmetric (ZCA) one: it has no signs of eigenvectors to choose."""

    mean: Tensor  # (width,)
    factor: Tensor  # (width, width)

    def __call__(self, values: Tensor) -> Tensor:
        """(value, width) in float32."""
        return ((values.double() - self.mean) @ self.factor).float()


def whitening_of(values: Tensor) -> Whitening:
    """Whitens the distribution that (value, width) are a sample of."""
    exact = values.double()
    mean = exact.mean(0)
    centred = exact - mean
    covariance = centred.T @ centred / max(len(values), 1)
    share, scale = shrinkage(covariance, len(values)), covariance.diagonal().mean().clamp(min=1e-12)
    shrunk = (1 - share) * covariance + share * scale * torch.eye(len(covariance), dtype=covariance.dtype)
    variances, directions = torch.linalg.eigh(shrunk)
    return Whitening(mean, (directions * variances.rsqrt()) @ directions.T)


def shrinkage(covariance: Tensor, count: int) -> float:
    """The share of a multiple of the identity in the estimate: 1 where samples are few, towards 0 with many.

    Oracle approximating shrinkage (Chen et al., 2010, eq. 23).
    """
    width = len(covariance)
    squares, trace = float(covariance.square().sum()), float(covariance.trace())
    over = (1 - 2 / width) * squares + trace**2
    under = (count + 1 - 2 / width) * (squares - trace**2 / width)
    return max(LEAST_SHRINKAGE, min(1.0, over / under)) if under > 0 else 1.0
