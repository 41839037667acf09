"""Gradual magnitude pruning with the cubic schedule of Zhu & Gupta (2017, arXiv 1710.01878)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cloud.limits import MOST_STEPS
from edge.config import check_counts, check_least, setting
from edge.errors import EdgeError

Weights = Callable[[nn.Module], Iterator[tuple[str, Tensor]]]  # of a model, those that are pruned, by name


@dataclass(frozen=True)
class PruneSchedule:
    """Sparsity rises from 0 at step `begin` to `sparsity` at step `end`, renewed each `every` steps."""

    sparsity: float = 0.8
    begin: int = 0
    end: int = 100
    every: int = 5

    def __post_init__(self) -> None:
        check_least(self, sparsity=0)
        check_counts(self, begin=(0, MOST_STEPS), end=(0, MOST_STEPS), every=(1, MOST_STEPS))
        if self.sparsity >= 1.0:
            fix = "it must be below 1: something has to stay"
            raise EdgeError(f"{setting('sparsity')} is {self.sparsity}", fix=fix)
        if self.end <= self.begin:
            raise EdgeError(
                f"{setting('end')}={self.end} is not after {setting('begin')}={self.begin}",
                fix=f"set {setting('end')} to {self.begin + 1} or more",
            )

    def at(self, step: int) -> float:
        """s_t = s_f - s_f (1 - (t - t_0) / (t_1 - t_0))^3, equation 1 with an initial sparsity of 0."""
        done = (step - self.begin) / (self.end - self.begin)
        return self.sparsity * (1.0 - (1.0 - min(max(done, 0.0), 1.0)) ** 3)


def prunable_weights(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """The weight of every embedding table and every linear layer; biases and norms stay dense."""
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear | nn.Embedding):
            yield f"{name}.weight", module.weight


class MagnitudePruner(nn.Module):
    """One mask for each of the model's `weights`; the masks are buffers, so checkpoints carry them."""

    def __init__(self, model: nn.Module, schedule: PruneSchedule, weights: Weights = prunable_weights) -> None:
        super().__init__()
        self.schedule, self.weights = schedule, weights
        for name, weight in weights(model):
            self.register_buffer(_buffer(name), torch.ones_like(weight, dtype=torch.bool))

    @torch.no_grad()
    def apply_at(self, model: nn.Module, step: int) -> None:
        """Zero what the masks remove; before that renew the masks, if the schedule says so at `step`."""
        renew = step >= self.schedule.end or (step - self.schedule.begin) % self.schedule.every == 0
        growing = self.schedule.begin <= step <= self.schedule.end
        for name, weight in self.weights(model):
            mask = self.get_buffer(_buffer(name))
            if renew and growing:
                mask.copy_(largest_mask(weight * mask, self.schedule.at(step)))
            weight.mul_(mask)


def largest_mask(weight: Tensor, sparsity: float) -> Tensor:
    """True for all but the `sparsity` share of smallest magnitude, to the nearest weight."""
    removed = round(sparsity * weight.numel())
    mask = torch.ones(weight.numel(), dtype=torch.bool, device=weight.device)
    mask[weight.abs().flatten().argsort(stable=True)[:removed]] = False
    return mask.view_as(weight)


def sparsity_by_tensor(model: nn.Module, weights: Weights = prunable_weights) -> dict[str, float]:
    """Share of zeros of every one of the weights."""
    return {name: 1.0 - float(weight.count_nonzero()) / weight.numel() for name, weight in weights(model)}


def _buffer(name: str) -> str:
    return name.replace(".", "/")
