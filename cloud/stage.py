"""What every stage that trains a model shares: its shape from the data, its figures, its report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from torch import nn

from cloud.checkpoint import WEIGHTS, save_weights
from cloud.data.requests import load_requests
from cloud.device import best_device
from cloud.evaluate import evaluate
from cloud.model import Encoder, ModelConfig
from cloud.runs.directory import Run
from cloud.runs.target import Workspace
from edge.errors import EdgeError
from edge.files import write_atomically
from edge.text.sequence import TextEncoder
from edge.text.spec import TextSpec, read_spec

MODEL_FILES = (WEIGHTS, "metrics.jsonl", "report.md")


def text_spec(prepared: Run) -> TextSpec:
    """The text specification of a prepared run, with its fitted values."""
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


def complete(workspace: Workspace, model: Encoder, prepared: Run, splits: Sequence[str]) -> None:
    """Save the weights of the full model, measure it on the splits, and write the figures and the report."""
    keep_model(workspace, model, prepared)
    model.to(best_device())
    quality = {split: evaluate(model.eval(), load_requests(prepared, split), "teacher") for split in splits}
    workspace.summary["quality"] = quality
    rows: dict[tuple[str, ...], dict[str, float]] = {(split,): figures for split, figures in quality.items()}
    report = stage_report("Teacher", workspace.summary, workspace.protocol, ["split"], rows)
    write_atomically(workspace.path / "report.md", report)


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


def stage_report(
    title: str,
    summary: Mapping[str, Any],
    protocol: str,
    columns: Sequence[str],
    rows: Mapping[tuple[str, ...], Mapping[str, float]],
) -> str:
    """Markdown: size, and the quality of each row, which `columns` name."""
    lines = [
        f"# {title}",
        "",
        f"{summary['parameters']:,} parameters, {summary['nonzero']:,} not zero.",
        "",
        f"Protocol: {protocol}.",
        "",
        f"| {' | '.join(columns)} | AUC | per-user AUC | NDCG@10 | log loss |",
        "|" + "---|" * (len(columns) + 4),
    ]
    for names, row in rows.items():
        figures = " | ".join(f"{row[key]:.4f}" for key in ("auc", "user_auc", "ndcg@10", "log_loss"))
        lines.append(f"| {' | '.join(names)} | {figures} |")
    return "\n".join(lines) + "\n"
