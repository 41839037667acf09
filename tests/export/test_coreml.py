"""Core ML packages hold the model's own integers, each once for all functions; a planted fault is refused."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import coreml_packages as faulty
import numpy as np
import pytest
import torch
from compress.integers import dequantise, quantise
from coreml_packages import PACKAGES, Altered, Fault, Packages, small_student, write_packages
from export.coreml.package import export_coreml, export_coreml_run
from exports import BUCKETS
from small_models import make_model, shape, teacher_shape

from edge.errors import EdgeError
from export.coreml.check import check_coreml, inspect_coreml
from export.coreml.forms import coreml_forms, is_sparse
from export.coreml.simulator.stored import MilPackage
from export.weights import weights_of


@pytest.fixture(scope="module", params=[8, 4])
def packages(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Packages:
    return write_packages(small_student(request.param), tmp_path_factory.mktemp("packages"))


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Packages:
    return write_packages(small_student(8), tmp_path_factory.mktemp("package"))


def bits_of(packages: Packages, name: str) -> int:
    return packages.model.get_submodule(name).bits  # type: ignore[return-value]


def test_all_functions_read_one_copy_of_the_models_integers(packages: Packages) -> None:
    weights = weights_of(packages.model)
    facts = check_coreml(packages.path("Model"), packages.model)
    layers = ["layer_24", "layer_48", "layer_64", "layer_candidate_24_4_16", "layer_candidate_48_4_16"]
    layers += ["layer_end_48_4_16", "layer_keys_24"]
    assert facts.functions == ("embed_24", "head_4", *layers, "place_24", "run")
    one = check_coreml(packages.path("Model-iOS16"), packages.model)
    assert one.functions == ("main",)
    assert facts.unique_ratio == one.unique_ratio == 1.0 and facts.float_weights == one.float_weights == ()
    assert sorted(facts.weights) == sorted(one.weights) and len(facts.weights) == len(weights) == 9


def test_zeros_take_a_bit_each_and_the_rest_its_own_bits(packages: Packages) -> None:
    stored = 0
    for name, weight in weights_of(packages.model).items():
        bits = bits_of(packages, name)
        assert is_sparse(weight, bits)
        stored += -(-weight.size // 8) + -(-int(np.count_nonzero(weight)) * bits // 8) + 2 * len(weight)
    vectors = sum(value.numel() for name, value in packages.model.state_dict().items() if name.endswith("bias"))
    held = sum(map(len, inspect_coreml(packages.path("Model")).blobs))
    assert stored - 100 < held < stored + 2 * vectors + 2 * BUCKETS.candidate_tokens**2  # and the causal mask


def test_a_weight_without_zeros_is_kept_in_full(tmp_path: Path) -> None:
    for bits in (8, 4):
        model = quantise(make_model(shape()), bits)
        for name, weight in weights_of(model).items():
            model.get_submodule(name).weight[torch.from_numpy(weight) == 0] = 1  # type: ignore[index, operator]
        export_coreml(model, BUCKETS, tmp_path / "Model.mlpackage")
        check_coreml(tmp_path / "Model.mlpackage", model)
        blobs = inspect_coreml(tmp_path / "Model.mlpackage").blobs
        for name, weight in weights_of(model).items():
            width = model.get_submodule(name).bits
            assert coreml_forms(weight, np.ones(1, np.float32), width)[-1] in blobs


def test_the_forms_of_a_weight_are_found_in_the_file_each_once(packages: Packages) -> None:
    file, dense = (MilPackage(packages.path(name)).data for name in PACKAGES)
    tensors = packages.model.state_dict()
    for name, weight in weights_of(packages.model).items():
        scale, full, mask, nonzero, *_ = coreml_forms(weight, tensors[f"{name}.scale"].numpy(), bits_of(packages, name))
        assert dense.count(full) == 1
        for form in (scale, mask, nonzero):
            assert file.count(form) == 1 or len(form) < 8  # the head has one scale, which is in the program


def test_equal_models_give_equal_bytes(packages: Packages, tmp_path: Path) -> None:
    again = write_packages(packages.model, tmp_path)
    for name in PACKAGES:
        assert digests(again.path(name)) == digests(packages.path(name))


def digests(package: Path) -> dict[str, str]:
    files = (path for path in sorted(package.rglob("*")) if path.is_file())
    return {str(path.relative_to(package)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_coremltools_own_reader_accepts_the_packages(packages: Packages) -> None:
    from coremltools.converters.mil.frontend.milproto.load import load
    from coremltools.proto import Model_pb2

    for name in PACKAGES:
        (program,) = packages.path(name).rglob("*.mlmodel")
        model = Model_pb2.Model.FromString(program.read_bytes())
        weights = next(packages.path(name).rglob("weight.bin")).parent
        loaded = load(model, model.specificationVersion, str(weights))
        assert sorted(loaded.functions) == list(inspect_coreml(packages.path(name)).functions)


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        (faulty.spoil, "the model's layers.0.feed_forward_"),
        (faulty.move_a_zero, "the model's layers.0.feed_forward_"),
        (faulty.rescale, "the model's layers.0.feed_forward_"),
        (faulty.duplicate, "bytes of weights are stored twice"),
        (faulty.orphan, "bytes of weights are stored twice"),
        (faulty.to_float, "float weights: "),
    ],
)
def test_a_planted_fault_is_refused(package: Packages, tmp_path: Path, fault: Fault, named: str) -> None:
    check_coreml(Altered(package.path("Model"), tmp_path / "same.mlpackage").write(), package.model)
    altered = Altered(package.path("Model"), tmp_path / "bad.mlpackage")
    fault(altered)
    with pytest.raises(EdgeError, match="not fit to ship") as refused:
        check_coreml(altered.write(), package.model)
    assert named in refused.value.evidence


def test_the_package_of_another_model_is_refused(package: Packages) -> None:
    for name in PACKAGES:
        with pytest.raises(EdgeError, match="not fit to ship") as refused:
            check_coreml(package.path(name), quantise(make_model(seed=4)))
        assert "the model's token, position, " in refused.value.evidence


@pytest.mark.parametrize(
    ("model", "named"),
    [(make_model(teacher_shape()), "3 layers of their own"), (dequantise(quantise(make_model())), "a float model")],
)
def test_what_has_no_edge_graph_of_integers_is_not_exported(model: Any, named: str, tmp_path: Path) -> None:
    for export in (export_coreml, export_coreml_run):
        with pytest.raises(EdgeError, match=named):
            export(model, BUCKETS, tmp_path / "Model.mlpackage")
    assert list(tmp_path.iterdir()) == []


def test_a_scale_beyond_float16_is_refused_and_a_tiny_one_is_rounded(tmp_path: Path) -> None:
    model = small_student(8)
    model.get_submodule("token").scale[3] = 2.0**-24 * 1.5  # type: ignore[index, operator]
    export_coreml(model, BUCKETS, tmp_path / "Model.mlpackage")
    check_coreml(tmp_path / "Model.mlpackage", model)
    model.get_submodule("token").scale[3] = 70_000.0  # type: ignore[index, operator]
    with pytest.raises(EdgeError, match="token is beyond float16"):
        export_coreml(model, BUCKETS, tmp_path / "Model.mlpackage")
