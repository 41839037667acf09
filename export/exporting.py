"""A ranking model with everything that is needed to write and check its files."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cloud.data.rows import Prepared
from cloud.data.samples import load_samples
from cloud.ranking.measure import load_ranker
from cloud.ranking.model import RankingModel
from cloud.runs.directory import Run
from cloud.stage import text_encoder
from compress.graph import model_shape
from compress.integers import dequantise_ranker, load_quantised_ranker
from compress.windows import timelines_of, windows_of
from edge.conformance.golden import Golden
from edge.engines.opening import open_engine
from edge.runtime.user_timeline import Reading
from edge.text.segments import SegmentEncoder
from edge.text.types import Request
from export.bundle import precision_of, tolerance_of, value_of
from export.exam import Exam
from export.models import EVERYWHERE, write_models, write_plain_files
from export.parity import compare_engines, make_goldens
from export.plain_parity import compare_plain_files
from export.row_parity import RowParity, TorchAnswers, compare_rows
from export.screens import Screens
from export.settings import RankerExportConfig


@dataclass(frozen=True)
class Exporting:
    """`places`: of the longest timeline, the profile included; `tolerance`: of golden logits."""

    model: RankingModel
    precision: str
    reading: Reading
    requests: Sequence[tuple[str, Request]]  # by id
    rows: Prepared
    screens: Screens
    places: int
    config: RankerExportConfig
    tolerance: float

    @classmethod
    def of(cls, prepared: Run, source: Run, config: RankerExportConfig) -> Exporting:
        """Load what an export needs from its two parents."""
        model, places = load_model(source), places_of(source)
        encoder, rows = text_encoder(prepared), Prepared(prepared)
        reading = Reading(SegmentEncoder(encoder), encoder.spec.numbers, value_of(prepared))
        exam = Exam(encoder.spec, places, config.buckets.candidates[-1])
        requests = exam.requests(load_samples(prepared), config.golden_requests, config.golden_candidates)
        screens = Screens.of(rows, timelines_of(source, rows), places, config.parity.requests)
        precision, tolerance = precision_of(source), tolerance_of(config, source)
        return cls(model, precision, reading, requests, rows, screens, places, config, tolerance)

    @property
    def in_float(self) -> Exporting:
        """The same weights in float, where engines differ by the order of additions alone: a wrong graph shows."""
        model, tolerance = dequantise_ranker(self.model), self.config.float_tolerance
        return replace(self, model=model, precision="float32", tolerance=tolerance)

    def goldens(self) -> list[Golden]:
        """The golden requests, with the scores of the numpy reference at every exit."""
        return make_goldens(self.model, self.reading, self.requests, self.places)

    def write(self, models: Path, engines: Sequence[str] = EVERYWHERE) -> None:
        """Write the model files of the engines, replacing those that are there."""
        shutil.rmtree(models, ignore_errors=True)
        write_models(self.model, self.places, self.config.buckets, models, engines)

    def compare(
        self, models: Path, goldens: Sequence[Golden], engines: Sequence[str] = EVERYWHERE
    ) -> list[dict[str, Any]]:
        """Golden logits of each engine and of torch. Errors: one differs too much."""
        tolerances = dict.fromkeys(("torch", *engines), self.tolerance) | self._allowances(engines)
        return compare_engines(self.model, self.reading, models, goldens, self.places, tolerances)

    def compare_plain(self, directory: Path, goldens: Sequence[Golden]) -> list[dict[str, Any]]:
        """The plain files, compared with torch. Errors: one differs too much."""
        engines, sizes = self.config.engines, self.config.plain.within(self.places)
        write_plain_files(self.model, self.places, sizes, directory, engines)
        tolerances = dict.fromkeys(engines, self.tolerance) | self._allowances(engines)
        return compare_plain_files(directory, self.model, self.reading, goldens, sizes, tolerances)

    def compare_rows(self, models: Path, engines: Sequence[str] = EVERYWHERE) -> list[RowParity]:
        """Test rows on each engine, compared with torch."""
        limits, shape = self.config.parity, model_shape(self.model.shape, self.places)
        tolerance = limits.float_tolerance if self.precision == "float32" else limits.integer_tolerance
        torch, found = TorchAnswers.of(self.model, self.screens, f"torch {self.precision}"), list[RowParity]()
        for name in engines:
            beside, most = torch, tolerance
            if name == "coreml":
                beside, most = self._beside_coreml(), limits.integer_tolerance
            engine = open_engine(name, models, shape)
            found += compare_rows(name, engine, self.rows, beside, limits, most)
            engine.close()
        return found

    def _beside_coreml(self) -> TorchAnswers:
        """Core ML never rounds activations to 8 bits: it computes what the same weights do with float ones."""
        few = self.screens.few(self.config.parity.simulated)
        if self.precision == "float32":
            return TorchAnswers.of(self.model, few, "torch float32")
        return TorchAnswers.of(dequantise_ranker(self.model), few, "torch, float activations")

    def _allowances(self, engines: Sequence[str]) -> dict[str, float]:
        return {"coreml": self.config.coreml_tolerance} if "coreml" in engines else {}


def load_model(source: Run) -> RankingModel:
    """Of a run whose model becomes a bundle."""
    return load_quantised_ranker(source) if "bits" in source.config else load_ranker(source)


def places_of(source: Run) -> int:
    """Of the longest timeline that the model was made for, the profile included."""
    return windows_of(source)["history"] + 1
