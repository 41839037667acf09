"""The quality of a ranking model at every exit, and the files that every stage writes with one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from tqdm import tqdm

from cloud.checkpoint import WEIGHTS
from cloud.data.log import PARTS
from cloud.data.rows import Prepared
from cloud.device import best_device, on_device
from cloud.ranking.calibration import Calibration, Fits, calibration_figures, fit_calibrations
from cloud.ranking.kept_scores import RELIABILITY, Exit, Scores, keep_scores
from cloud.ranking.model import RankingModel
from cloud.ranking.pretrained import TUNED, load_segments
from cloud.ranking.reliability import reliability
from cloud.ranking.report import ranking_report
from cloud.ranking.shape import RankingShape
from cloud.ranking.timelines import Timelines, Window
from cloud.runs.directory import Run
from cloud.runs.target import Workspace
from cloud.stage import keep_model, text_encoder
from edge.config import from_dict
from edge.files import write_atomically
from edge.metrics import log_loss, summarise

MEASURED = PARTS[1:]
TOGETHER = 64  # windows that are measured together


def scores_of(
    model: RankingModel,
    timelines: Timelines,
    rows: NDArray[np.int64],
    encode_depth: int | None = None,
    name: str = "measuring",
    windows: Sequence[Window] | None = None,
) -> NDArray[np.float32]:
    """(interact depth, row) logits of the rows, in their order; `windows` of all of them replace the usual ones."""
    windows = timelines.windows(rows) if windows is None else windows
    device, found = next(model.parameters()).device, np.empty((len(model.shape.interact_depths), len(rows)), np.float32)
    model.eval()
    with torch.inference_mode(), tqdm(total=len(rows), desc=name, unit=" rows", leave=False, disable=None) as progress:
        for first in range(0, len(windows), TOGETHER):
            batch = on_device(timelines.batch(windows[first : first + TOGETHER]), device)
            scores = batch.targets(model(batch, encode_depth)).cpu().numpy()
            found[:, np.searchsorted(rows, batch.rows.cpu().numpy())] = scores
            progress.update(scores.shape[1])
    return found


def exit_scores(
    model: RankingModel, prepared: Run, timelines: Timelines, of_training: bool = False
) -> dict[Exit, Scores]:
    """Logits of validation and test rows at every exit; `of_training`, also of training rows at the deepest."""
    rows, found = Prepared(prepared), dict[Exit, Scores]()
    model.to(best_device())
    for part in MEASURED:
        for encode in model.shape.encode_depths:
            scores = scores_of(model, timelines, rows.part(part), encode, f"measuring {part}")
            found |= {(part, encode, depth): scores[depth] for depth in model.shape.interact_depths}
    if of_training:
        encode, depth = model.shape.encode_depths[-1], model.shape.interact_depths[-1]
        found["train", encode, depth] = scores_of(model, timelines, rows.part("train"), encode, "scoring train")[depth]
    return found


def measure(scores: Mapping[Exit, Scores], fits: Fits, prepared: Run) -> dict[str, Any]:
    """Split -> encode depth -> interact depth -> figures; the log loss is of calibrated scores where there are fits."""
    rows, found = Prepared(prepared), dict[str, Any]()
    for (part, encode, depth), logits in scores.items():
        if part in MEASURED:
            chosen = rows.part(part)
            labels, fit = rows.column("label")[chosen], fits.get((encode, depth), Calibration())
            figures = summarise(logits, labels, rows.column("user")[chosen]) | {
                "log_loss": log_loss(fit(logits), labels)
            }
            found.setdefault(part, {}).setdefault(f"encode {encode}", {})[str(depth)] = figures
    return found


def complete_ranker(
    workspace: Workspace,
    model: RankingModel,
    prepared: Run,
    timelines: Timelines,
    title: str,
    of_training: bool = False,
) -> None:
    """Save the weights and the scores, calibrate them, and write the figures and the report.

    `of_training`: the scores of training rows at the deepest exit are kept too, for students to learn from.
    """
    keep_model(workspace, model, prepared)
    scores = exit_scores(model, prepared, timelines, of_training)
    keep_scores(workspace.path, scores)
    fits = fit_calibrations(scores, prepared)
    workspace.summary |= {
        "quality": measure(scores, fits, prepared),
        "calibration": calibration_figures(scores, fits, prepared),
    }
    if fits:
        write_atomically(workspace.path / RELIABILITY, _reliability_plot(scores, fits, prepared))
    write_atomically(workspace.path / "report.md", ranking_report(title, workspace.summary, workspace.protocol))


def _reliability_plot(scores: Mapping[Exit, Scores], fits: Fits, prepared: Run) -> bytes:
    """Of test rows at the deepest exit."""
    from cloud.ranking.reliability_plot import reliability_plot  # loads matplotlib, which scoring does not need

    rows, deepest = Prepared(prepared), max(fits)
    logits, labels = scores["test", *deepest], rows.column("label")[rows.part("test")]
    return reliability_plot(reliability(logits, labels), reliability(fits[deepest](logits), labels))


def sized_ranking(shape: RankingShape, prepared: Run, beside: int = 0) -> RankingShape:
    """The shape with the vocabulary, positions and numbers that the prepared text needs; `beside`: further numbers."""
    encoder = text_encoder(prepared)
    spec, vocabulary_size = encoder.spec, len(encoder.wordpiece)
    return replace(
        shape, vocabulary_size=vocabulary_size, numbers=len(spec.numbers) + beside, positions=spec.max_segment_tokens
    )


def shape_of(run: Run) -> RankingShape:
    """The shape of the ranking model that a finished run holds."""
    return from_dict(RankingShape, run.config["shape"], f"{run.path}/config.json shape")


def load_ranker(run: Run) -> RankingModel:
    """The float ranking model of a finished run, for inference; with a pretrained encoder, on the run's own texts."""
    shape = shape_of(run)
    model = RankingModel(shape, pretrained=load_segments(run, shape.hidden_size))
    tensors = load_file(run.file(WEIGHTS))
    model.load_state_dict({name: value for name, value in tensors.items() if not name.startswith(TUNED)})
    return model.eval()
