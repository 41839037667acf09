"""The one training loop. A stage differs by the loss and the batches it passes."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn
from tqdm import tqdm

from cloud.checkpoint import load_checkpoint, save_checkpoint
from cloud.device import Batch, best_device, has_bf16, on_device
from cloud.limits import MOST_DECAY, MOST_NORM, MOST_RATE, MOST_SEED, MOST_STEPS, SECONDS_A_DAY
from edge.config import check_counts, check_numbers, setting
from edge.errors import EdgeError
from edge.files import lines_of, write_atomically

Loss = Callable[[nn.Module, Batch, int], tuple[Tensor, dict[str, float]]]  # (model, batch, step) -> loss, figures


@dataclass(frozen=True)
class FitConfig:
    """How to train. A step is one update of the weights, over `accumulate` batches."""

    steps: int
    learning_rate: float = 1e-3
    warmup_steps: int = 20
    final_rate: float = 0.05  # of learning_rate, at the last step
    weight_decay: float = 0.01
    clip: float = 1.0  # largest gradient norm
    accumulate: int = 1
    precision: Literal["auto", "fp32", "bf16"] = "auto"  # auto: bf16 where the device multiplies it natively
    checkpoint_seconds: float = 30.0  # kept at least that often, to the next line of the metrics
    seed: int = 0

    def __post_init__(self) -> None:
        check_numbers(self, above=True, learning_rate=(0, MOST_RATE), clip=(0, MOST_NORM))
        check_numbers(self, final_rate=(0, 1), weight_decay=(0, MOST_DECAY), checkpoint_seconds=(0, SECONDS_A_DAY))
        check_counts(self, steps=(0, MOST_STEPS), warmup_steps=(0, MOST_STEPS), accumulate=(1, 10_000))
        check_counts(self, seed=(0, MOST_SEED))


def fit(
    model: nn.Module,
    batches: Callable[[int], Batch],
    loss: Loss[Batch],
    config: FitConfig,
    directory: Path,
    name: str,
) -> None:
    """Train `model` in place, on the best device, where it stays.

    `batches(i)` gives batch i, always the same one, so a killed run resumes exactly. A figure "targets" of the
    loss, how many the batch has, is shown as a rate.

    Checkpoints go to `directory`, one line per 10 steps to `directory`/metrics.jsonl. If `loss` is a module,
    its parameters are trained beside the model's, and its buffers are part of the checkpoint.
    """
    trained = nn.ModuleDict({"model": model} | ({"loss": loss} if isinstance(loss, nn.Module) else {}))
    device = best_device()
    trained.to(device)
    optimizer = _optimizer(trained, config)
    directory.mkdir(parents=True, exist_ok=True)
    step = load_checkpoint(directory, trained, optimizer, config.steps)
    log = _MetricsLog(directory / "metrics.jsonl", step)
    saved_at = started = time.monotonic()
    targets = 0.0
    model.train()
    with tqdm(total=config.steps, initial=step, desc=name, unit="step", mininterval=1.0) as progress:
        while step < config.steps:
            torch.manual_seed(config.seed * 1_000_003 + step)
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(config, step)
            figures = _update(trained, batches, loss, config, optimizer, step, name, device)
            step += 1
            log.add(step, figures)
            progress.update()
            targets += figures.get("targets", 0.0) * config.accumulate
            rate = {"targets/s": f"{targets / (time.monotonic() - started):,.0f}"} if targets else {}
            progress.set_postfix({"loss": f"{log.recent_loss:.4f}"} | rate, refresh=False)
            due = log.complete and time.monotonic() - saved_at >= config.checkpoint_seconds
            if due or step == config.steps:
                log.flush()
                save_checkpoint(directory, step, trained, optimizer)
                saved_at = time.monotonic()
    model.eval()


def _update(
    trained: nn.ModuleDict,
    batches: Callable[[int], Batch],
    loss: Loss[Batch],
    config: FitConfig,
    optimizer: torch.optim.Optimizer,
    step: int,
    name: str,
    device: torch.device,
) -> dict[str, float]:
    """One step: gradients over `accumulate` batches, clipped, applied. The figures are those of the last batch.

    Errors: the loss or its gradient is not finite; the weights are as they were.
    """
    total, figures = 0.0, dict[str, float]()
    use_bf16 = has_bf16(device) if config.precision == "auto" else config.precision == "bf16"
    for part in range(config.accumulate):
        batch = on_device(batches(step * config.accumulate + part), device)
        with torch.autocast(device.type, torch.bfloat16, enabled=use_bf16):
            part_loss, figures = loss(trained["model"], batch, step)
        torch.autograd.backward(part_loss / config.accumulate)
        total += float(part_loss.detach()) / config.accumulate
    norm = float(nn.utils.clip_grad_norm_(trained.parameters(), config.clip))
    if not math.isfinite(total + norm):
        what = "loss" if not math.isfinite(total) else "norm of the gradient"
        value = total if what == "loss" else norm
        raise EdgeError(f"{name}: the {what} is {value} at step {step}", fix=f"lower {setting('learning_rate')}")
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return {"loss": total, "gradient_norm": norm, "learning_rate": learning_rate(config, step)} | figures


def _optimizer(trained: nn.Module, config: FitConfig) -> torch.optim.Optimizer:
    groups = _weight_groups(trained, config.weight_decay)
    return torch.optim.AdamW(groups, lr=config.learning_rate, betas=(0.9, 0.98))


def learning_rate(config: FitConfig, step: int) -> float:
    """Linear warm-up, then a cosine down to `final_rate` (Loshchilov & Hutter, 2017)."""
    warm = min(1.0, (step + 1) / max(config.warmup_steps, 1))
    done = max(0, step - config.warmup_steps) / max(config.steps - config.warmup_steps, 1)
    cosine = 0.5 * (1.0 + math.cos(math.pi * min(done, 1.0)))
    return config.learning_rate * warm * (config.final_rate + (1.0 - config.final_rate) * cosine)


def _weight_groups(trained: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Matrices decay; biases, norms and embeddings' vectors of one dimension do not."""
    parameters = [parameter for parameter in trained.parameters() if parameter.requires_grad]
    return [
        {"params": [p for p in parameters if p.ndim >= 2], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
    ]


class _MetricsLog:
    """The mean of every 10 steps as a line of a JSONL file; lines of steps to be done again are cut off.

    No times in it: a run that was interrupted ends with the very file of one that was not.
    """

    EVERY = 10

    def __init__(self, path: Path, step: int) -> None:
        self.path = path
        self.lines = self._kept(step)
        self.pending: list[dict[str, float]] = []
        self.recent_loss = math.nan

    @property
    def complete(self) -> bool:
        """True if every step so far is in a line: a checkpoint made now loses none."""
        return not self.pending

    def add(self, step: int, figures: dict[str, float]) -> None:
        self.pending.append(figures)
        loss = figures["loss"]
        self.recent_loss = loss if math.isnan(self.recent_loss) else 0.95 * self.recent_loss + 0.05 * loss
        if step % self.EVERY == 0:
            means = {key: sum(row[key] for row in self.pending) / len(self.pending) for key in figures}
            self.lines.append(json.dumps({"step": step} | means))
            self.pending = []

    def flush(self) -> None:
        write_atomically(self.path, "".join(line + "\n" for line in self.lines))

    def _kept(self, step: int) -> list[str]:
        """The lines up to a checkpoint's step. Errors: the file is damaged, it has not all of them."""
        try:
            lines = lines_of(self.path.read_text(encoding="utf-8")) if self.path.exists() else []
            kept = [line for line in lines if int(json.loads(line)["step"]) <= step]
            if len(kept) != step // self.EVERY:
                raise ValueError(f"{len(kept)} lines up to step {step}, the step of the checkpoint")
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            fix = f"delete {self.path.parent} to train this phase from its start"
            raise EdgeError(f"{self.path} is damaged", evidence=str(error), fix=fix) from error
        return kept
