"""What every stage that trains a model shares: its shape from the data, its figures, its report."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import Any

from torch import nn

from cloud.attention import PREFIX, Plan, segments_plan
from cloud.checkpoint import WEIGHTS, save_weights
from cloud.data.log import PARTS
from cloud.data.requests import load_requests
from cloud.device import best_device
from cloud.evaluate import evaluate
from cloud.model import Encoder, ModelConfig
from cloud.runs.directory import Run
from cloud.runs.target import Workspace
from cloud.torch_engine import TorchEngine
from edge.config import setting
from edge.errors import EdgeError
from edge.files import write_atomically
from edge.text.sequence import TextEncoder
from edge.text.spec import TextSpec, read_spec

MODEL_FILES = (WEIGHTS, "metrics.jsonl", "report.md")


def text_spec(prepared: Run) -> TextSpec:
    return read_spec(prepared.file("text.json"))


def text_encoder(prepared: Run) -> TextEncoder:
    """The text side that a prepared run trained its vocabulary for."""
    return TextEncoder.open(prepared.file("text.json"), prepared.file("vocab.txt"))


def sized_for(model: ModelConfig, prepared: Run) -> ModelConfig:
    """The shape with the vocabulary, segment embeddings and positions that the prepared text needs."""
    encoder = text_encoder(prepared)
    spec, vocabulary_size = encoder.spec, len(encoder.wordpiece)
    return replace(model, vocabulary_size=vocabulary_size, slots=spec.slots, positions=spec.max_segment_tokens)


def check_same_data(prepared: Run, *runs: Run) -> None:
    """Refuse models that were made from other data: their token ids mean something else."""
    for run in runs:
        if prepared.hash not in [made_from["hash"] for made_from in run.manifest["parents"]]:
            raise EdgeError(
                f"{run.path} ({run.stage}) was not made from {prepared.path}",
                fix="pass the prepared run that it was made from as --parent",
            )


def plans_of(config: ModelConfig) -> tuple[Plan, ...]:
    """The plans that a model of this shape is trained for and measured on."""
    return (PREFIX, segments_plan(config.handover)) if config.handover else (PREFIX,)


@dataclass(frozen=True)
class Measured:
    """What a stage's result is measured on, and under which plans."""

    splits: tuple[str, ...] = ("test",)
    plans: tuple[str, ...] = ("prefix", "segments")  # of those that the model is trained for

    def __post_init__(self) -> None:
        if set(self.plans) - {"prefix", "segments"} or "prefix" not in self.plans:
            raise EdgeError(f"{setting('plans')} is {list(self.plans)}", fix='use ["prefix"] or ["prefix", "segments"]')
        if not self.splits or set(self.splits) - set(PARTS):
            raise EdgeError(f"{setting('splits')} is {list(self.splits)}", fix=f"name some of {list(PARTS)}")


def measure(model: Encoder, prepared: Run, measured: Measured, name: str) -> dict[str, Any]:
    """Quality: split -> plan -> exit depth -> figures. The model goes to the best device."""
    engines, depths = [TorchEngine(model.to(best_device()))] * (os.cpu_count() or 1), model.config.exit_depths
    return {
        split: {
            plan.name: evaluate(engines, requests, plan, plan.exits(depths), name)
            for plan in plans_of(model.config)
            if plan.name in measured.plans
        }
        for split in measured.splits
        for requests in [load_requests(prepared, split)]
    }


def complete(workspace: Workspace, model: Encoder, prepared: Run, measured: Measured, title: str) -> None:
    """Save the weights, measure them, and write the figures and the report."""
    keep_model(workspace, model, prepared)
    workspace.summary["quality"] = measure(model, prepared, measured, title.lower())
    write_atomically(workspace.path / "report.md", stage_report(title, workspace.summary, workspace.protocol))


def keep_model(workspace: Workspace, model: nn.Module, prepared: Run) -> None:
    """Save the weights, and note how many there are and what they were made from."""
    tensors = model.state_dict()
    save_weights(workspace.path, tensors)
    parameters = [tensor for name, tensor in tensors.items() if not name.endswith(".scale")]
    workspace.dataset = dict(prepared.manifest["dataset"])
    workspace.protocol = str(prepared.manifest["protocol"])
    workspace.summary |= {
        "parameters": sum(parameter.numel() for parameter in parameters),
        "nonzero": sum(int(parameter.count_nonzero()) for parameter in parameters),
    }


def stage_report(title: str, summary: dict[str, Any], protocol: str) -> str:
    """Markdown: size, and quality per split, plan and exit."""
    lines = [
        f"# {title}",
        "",
        f"{summary['parameters']:,} parameters, {summary['nonzero']:,} not zero.",
        "",
        f"Protocol: {protocol}.",
        "",
        "| split | plan | exit | AUC | per-user AUC | NDCG@10 | log loss |",
        "|---|---|---|---|---|---|---|",
    ]
    for split, plans in summary["quality"].items():
        for plan, exits in plans.items():
            for depth, row in exits.items():
                figures = " | ".join(f"{row[key]:.4f}" for key in ("auc", "user_auc", "ndcg@10", "log_loss"))
                lines.append(f"| {split} | {plan} | {depth} | {figures} |")
    return "\n".join(lines) + "\n"
