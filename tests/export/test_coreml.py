"""The Core ML package's functions read one copy of the weights. Nothing of it runs here: that takes an Apple system."""

from __future__ import annotations

from pathlib import Path

import pytest
from exports import BUCKETS, Exported
from small_models import make_model, teacher_shape

from edge.errors import EdgeError
from export.coreml import export_coreml, inspect_coreml
from export.litert import signatures
from export.weights import weights_of


def test_a_model_with_layers_of_their_own_is_not_exported(tmp_path: Path) -> None:
    with pytest.raises(EdgeError, match="3 layers of their own"):
        export_coreml(make_model(teacher_shape()), BUCKETS, tmp_path / "Model.mlpackage")


@pytest.mark.slow
def test_all_functions_share_one_weight_file_of_int8_size_and_equal_runs_name_it_alike(
    exported: Exported, tmp_path: Path
) -> None:
    model = exported.reference["float"]
    packages = [tmp_path / name / "Model.mlpackage" for name in ("one", "two")]
    for package in packages:
        export_coreml(model, BUCKETS, package)
    facts = inspect_coreml(packages[0])
    assert facts.functions == tuple(sorted(name for name, _, _ in signatures(model, BUCKETS)))
    weights = {name: weight.size for name, weight in weights_of(model).items()}
    large = {name: size for name, size in weights.items() if size >= 1024}
    assert facts.repeated_reads >= sum(name.startswith("layers.") for name in large) == 4
    floats = sum(weights.values()) - sum(large.values())
    others = sum(p.numel() for p in model.parameters()) - sum(weights.values())
    assert sum(large.values()) < facts.weight_bytes < sum(large.values()) + 4 * (floats + others) + 16_000
    manifests = [(package / "Manifest.json").read_bytes() for package in packages]
    assert manifests[0] == manifests[1]
    one, two = (next(package.rglob("weight.bin")).read_bytes() for package in packages)
    assert one == two
