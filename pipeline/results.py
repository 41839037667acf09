"""The results of a road: a row per rival and model, groups of test rows, and the verdict."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from cloud.checkpoint import WEIGHTS
from cloud.data.rows import Prepared
from cloud.ranking.best_exit import best_exit, best_figures
from cloud.ranking.calibration import Calibration, calibration_of
from cloud.ranking.kept_scores import kept_scores
from cloud.ranking.measure import shape_of
from cloud.rivals.draws import Figure
from cloud.rivals.held_out import HeldOut, Logits, length_bins
from cloud.rivals.kept_scores import rival_scores
from cloud.rivals.stage import figures_of
from compress.road import Step, road
from compress.weight_bytes import weight_bytes
from edge.files import strict_json
from edge.table import render
from export.report import parity_failures, sizes_sentence
from pipeline.road import Runs
from pipeline.verdict import Verdict, judge
from pipeline.wording import sentences, warnings

MODELS = {"teacher": "teacher", "student": "student", "pruned": "pruned student", "int8": "int8 student"}
JUDGED = ("teacher", "int8")
METRICS = ("auc", "user_auc", "ndcg@10", "log_loss")


@dataclass(frozen=True)
class Results:
    """Everything is of the test rows, and of a model's best exit on validation rows."""

    runs: Runs

    @cached_property
    def held_out(self) -> HeldOut:
        return HeldOut.of(self.runs["data"])

    @cached_property
    def rivals(self) -> dict[str, dict[str, Any]]:
        """Name -> figures: all that were measured, or else what preparation has."""
        if "rivals" in self.runs:
            return figures_of(self.runs["rivals"])
        found: dict[str, dict[str, Any]] = json.loads(self.runs["data"].file("baselines.json").read_text())["test"]
        return found

    @cached_property
    def best_rival(self) -> str:
        """By AUC; "" if there is none."""
        known = {name: figures["auc"] for name, figures in self.rivals.items() if figures["auc"] is not None}
        return max(known, key=lambda name: known[name], default="")

    @cached_property
    def logits(self) -> dict[str, Logits]:
        """Of the models, by the name of their step."""
        best = {step: best_exit(self.runs[step].summary["quality"]) for step in MODELS}
        return {step: kept_scores(self.runs[step], "test", *exit) for step, exit in best.items()}

    @cached_property
    def rival_logits(self) -> dict[str, Logits]:
        """Of all rivals; none where they were not measured."""
        if "rivals" not in self.runs:
            return {}
        return {name: rival_scores(self.runs["rivals"], name) for name in self.rivals}

    @cached_property
    def verdict(self) -> Verdict:
        models = {MODELS[step]: self.logits[step] for step in JUDGED}
        return judge(self.held_out, models, self.rival_logits, None if self.rival_logits else self.rivals)

    @cached_property
    def compared(self) -> dict[str, Logits]:
        """Teacher, student, int8 and the best rival, by name."""
        found = {MODELS[step]: self.logits[step] for step in ("teacher", "student", "int8")}
        return found | {name: scores for name, scores in self.rival_logits.items() if name == self.best_rival}

    @cached_property
    def groups(self) -> dict[str, dict[str, dict[str, Figure]]]:
        """Group of rows -> name -> metric -> figure, of those `compared`."""
        return self.held_out.of_groups(self.compared)

    @cached_property
    def by_history(self) -> dict[str, dict[str, Figure]]:
        """Bin of history lengths -> name -> AUC, of the int8 student and the best rival."""
        names = [MODELS["int8"], *([self.best_rival] if self.rival_logits else [])]
        return {
            label: {name: self.held_out.figures(self.compared[name], at)["auc"] for name in names}
            for label, at in self.held_out.by_history().items()
        }

    @property
    def history_rows(self) -> dict[str, int]:
        """Bin of `by_history` -> test rows."""
        return {label: int(at.sum()) for label, at in self.held_out.by_history().items()}

    @cached_property
    def history_shares(self) -> dict[str, tuple[float, float]]:
        """Bin of history lengths -> the shares of training rows and of test rows in it; those that have any."""
        rows = Prepared(self.runs["data"])
        lengths = [rows.column("earlier")[rows.part(name)] for name in ("train", "test")]
        shares = {label: tuple(float(np.mean(of_bin(each))) for each in lengths) for label, of_bin in length_bins()}
        return {label: (both[0], both[1]) for label, both in shares.items() if any(both)}

    @cached_property
    def calibration(self) -> Calibration:
        """Of the int8 student; as it is where none was fitted."""
        run = self.runs["int8"]
        return calibration_of(run, *best_exit(run.summary["quality"])) or Calibration()

    @property
    def probabilities(self) -> dict[str, Logits]:
        """Calibrated logits of the int8 student, then those of the best rival if it was measured, by name."""
        ours = {MODELS["int8"]: self.calibration(self.logits["int8"]).astype(np.float32)}
        return ours | {name: logits for name, logits in self.rival_logits.items() if name == self.best_rival}

    @cached_property
    def steps(self) -> list[Step]:
        """The models in turn, each with its sizes and its quality at every exit."""
        made = road([self.runs[step] for step in MODELS])
        return [replace(step, name=name) for step, name in zip(made, MODELS.values(), strict=True)]

    @property
    def sentences(self) -> list[str]:
        learned = bool(shape_of(self.runs["student"]).factors)
        knows_more = bool(self.runs["teacher"].config["collaborative"]) and not learned
        found = sentences(self.verdict, bool(self.rival_logits), knows_more)
        return [*found, sizes_sentence(self.runs["export"].summary)]

    @property
    def warnings(self) -> list[str]:
        apart = parity_failures(self.runs["export"].summary)
        return [*warnings(self.verdict), *(f"The bundle is not near torch on {line}." for line in apart)]

    @property
    def bundle(self) -> dict[str, Any]:
        """As JSON values: the file, what each engine takes of it, its parts, and how near torch it is."""
        summary = self.runs["export"].summary
        keys = ("bundle", "sizes", "runtimes", "parts", "exits", "rows", "verified")
        return {key: summary[key] for key in keys}

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """A row per rival and model."""
        found: list[dict[str, Any]] = [
            {"name": name, "download": figures.get("bytes"), **{metric: figures[metric] for metric in METRICS}}
            for name, figures in self.rivals.items()
        ]
        for step in MODELS:
            run = self.runs[step]
            row = {"name": step, "parameters": run.summary["parameters"], "nonzero": run.summary["nonzero"]}
            quality = run.summary["quality"]
            encode, interact = best_exit(quality)
            best = best_figures(quality)
            figures = {metric: best[metric] for metric in METRICS}
            found.append(row | weight_bytes(run.file(WEIGHTS)) | {"exit": f"{encode}/{interact}"} | figures)
        return found

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        about = {"dataset": self.runs["data"].manifest["dataset"], "protocol": self.runs["data"].manifest["protocol"]}
        said = {"warnings": self.warnings, "sentences": self.sentences}
        found = {
            "rows": self.rows,
            "verdict": said | self.verdict.plain(),
            "groups": self.groups,
            "bundle": self.bundle,
        }
        return about | strict_json(found)  # type: ignore[no-any-return]

    def text(self) -> str:
        """For the terminal: the verdict, then the table."""
        headings = ("", "parameters", "non-zero", "download", "exit", "AUC", "user AUC", "NDCG@10", "log loss")
        keys = ("parameters", "nonzero", "download", "exit", *METRICS)
        lines = [(row["name"], *(row.get(key) for key in keys)) for row in self.rows]
        said = [
            *(f"warning: {line}" for line in self.warnings),
            *(line.replace("; ", "\n  ") for line in self.sentences),
        ]
        return f"{render(headings, lines)}\n\n" + "\n".join(said)
