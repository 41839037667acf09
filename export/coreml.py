"""The edge graph for Core ML: one package whose functions share one weight file (iOS 18)."""

from __future__ import annotations

import json
import shutil
import tempfile
import uuid
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from cloud.model import Encoder
from export.litert import Buckets, signatures
from export.quiet import quiet
from export.weights import require_shared


class _Outputs(nn.Module):
    """Core ML traces want positional inputs and a tuple of outputs."""

    def __init__(self, module: nn.Module, inputs: list[str]) -> None:
        super().__init__()
        self.module = module
        self.inputs = inputs

    def forward(self, *values: torch.Tensor) -> Any:
        outputs = tuple(self.module(**dict(zip(self.inputs, values, strict=True))).values())
        return outputs if len(outputs) > 1 else outputs[0]


def export_coreml(model: Encoder, buckets: Buckets, package: Path) -> None:
    """Write `package` (.mlpackage), int8 weights per channel, float16 arithmetic; replaces one that is there."""
    require_shared(model.config)
    with quiet():
        import coremltools as ct
        from coremltools.models.utils import MultiFunctionDescriptor, save_multifunction

        with tempfile.TemporaryDirectory() as scratch:
            functions = MultiFunctionDescriptor()
            for name, module, sample in signatures(model, buckets):
                path = Path(scratch) / f"{name}.mlpackage"
                _convert(ct, module, sample).save(str(path))
                functions.add_function(str(path), "main", name)
                functions.default_function_name = name
            shutil.rmtree(package, ignore_errors=True)
            save_multifunction(functions, str(package))
            _name_steadily(package / "Manifest.json")


def _name_steadily(manifest: Path) -> None:
    """Core ML names a package's parts by random UUIDs; ours follow from the parts' names, as equal runs must."""
    text = manifest.read_text()
    for random, entry in json.loads(text)["itemInfoEntries"].items():
        text = text.replace(random, str(uuid.uuid5(uuid.NAMESPACE_URL, entry["name"])))
    manifest.write_text(json.dumps(json.loads(text), indent=4, sort_keys=True) + "\n")  # the UUIDs gave the order


def _convert(ct: Any, module: nn.Module, sample: dict[str, torch.Tensor]) -> Any:
    names = list(sample)
    outputs = list(module.eval()(**sample))
    with torch.no_grad():
        traced = torch.jit.trace(_Outputs(module, names).eval(), tuple(sample.values()))
    kinds = {torch.int32: np.int32, torch.float32: np.float32}
    inputs = [ct.TensorType(name, tuple(sample[name].shape), kinds[sample[name].dtype]) for name in names]
    converted = ct.convert(
        traced,
        inputs=inputs,
        outputs=[ct.TensorType(f"{name}_out" if name in names else name) for name in outputs],
        minimum_deployment_target=ct.target.iOS18,
        convert_to="mlprogram",
        skip_model_load=True,
    )
    plain = ct.optimize.coreml.OpLinearQuantizerConfig(mode="linear_symmetric", weight_threshold=1024)
    config = ct.optimize.coreml.OptimizationConfig(global_config=plain)
    return ct.optimize.coreml.linear_quantize_weights(converted, config)


@dataclass(frozen=True)
class CoreMlFacts:
    """What a package holds, read back from its program."""

    weight_bytes: int
    functions: tuple[str, ...]
    repeated_reads: int  # weights that two functions read from one place in the file


def inspect_coreml(package: Path) -> CoreMlFacts:
    """Where each function's weights lie in the one weight file; nothing is run."""
    from coremltools.proto import Model_pb2

    (program,) = package.rglob("*.mlmodel")
    specification = Model_pb2.Model.FromString(program.read_bytes())
    offsets: Counter[int] = Counter()
    for function in specification.mlProgram.functions.values():
        mine = set()
        for block in function.block_specializations.values():
            for operation in block.operations:
                for value in [*operation.attributes.values(), *_bound_values(operation)]:
                    if value.WhichOneof("value") == "blobFileValue":
                        mine.add(value.blobFileValue.offset)
        offsets.update(mine)
    weights = sum(path.stat().st_size for path in package.rglob("weight.bin"))
    names = tuple(sorted(specification.mlProgram.functions))
    return CoreMlFacts(weights, names, sum(count > 1 for count in offsets.values()))


def _bound_values(operation: Any) -> list[Any]:
    return [
        argument.value
        for binding in operation.inputs.values()
        for argument in binding.arguments
        if argument.WhichOneof("binding") == "value"
    ]
