"""What a LiteRT file holds, read back from its flatbuffer, and whether that is fit to ship."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ai_edge_litert import schema_py_generated as schema
from torch import nn

from edge.errors import EdgeError
from export.litert.file import nibbles
from export.litert.modules import array_of
from export.weights import REPEATABLE, faults

INTEGERS = {"INT8", "INT4"}


@dataclass(frozen=True)
class LiteRtFacts:
    """What a file holds."""

    file_bytes: int
    weight_bytes: int  # of distinct constant buffers
    duplicate_bytes: int  # of buffers whose content another buffer of 1 KB or more has too
    sparse_tensors: int
    empty_tensors: int  # without an element
    matmuls: dict[str, int]  # weight type of the products with weights -> how many
    tables: dict[str, int]  # type of the tables that are looked up in -> how many
    weights: tuple[bytes, ...] = field(repr=False)  # content of each buffer that one of these reads


def inspect_litert(path: Path) -> LiteRtFacts:
    """Read the flatbuffer; nothing is run."""
    data = path.read_bytes()
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(data, 0))
    contents = [
        bytes(memoryview(buffer.data)) if buffer.data is not None else data[buffer.offset : buffer.offset + buffer.size]
        for buffer in model.buffers
    ]
    large = Counter(content for content in contents if len(content) >= REPEATABLE)
    uses = list(_weight_tensors(model, contents))
    types = {value: name for name, value in vars(schema.TensorType).items() if isinstance(value, int)}
    return LiteRtFacts(
        file_bytes=len(data),
        weight_bytes=sum(map(len, contents)),
        duplicate_bytes=sum(len(content) * (times - 1) for content, times in large.items()),
        sparse_tensors=sum(tensor.sparsity is not None for graph in model.subgraphs for tensor in graph.tensors),
        empty_tensors=sum(0 in list(tensor.shape) for graph in model.subgraphs for tensor in graph.tensors),
        matmuls=dict(Counter(types[tensor.type] for is_product, tensor in uses if is_product)),
        tables=dict(Counter(types[tensor.type] for is_product, tensor in uses if not is_product)),
        weights=tuple(contents[index] for index in sorted({tensor.buffer for _, tensor in uses})),
    )


def _weight_tensors(model: Any, contents: list[bytes]) -> Iterator[tuple[bool, Any]]:
    """Whether it is a product, and the constant tensor, of every product with weights and every look-up.

    A table of one column holds the scales of another.
    """
    kinds = schema.BuiltinOperator
    products, lookups = (kinds.FULLY_CONNECTED, kinds.BATCH_MATMUL), (kinds.EMBEDDING_LOOKUP, kinds.GATHER)
    for graph in model.subgraphs:
        for operator in graph.operators:
            kind = model.operatorCodes[operator.opcodeIndex].builtinCode
            if kind in products or kind in lookups:
                tensor = graph.tensors[operator.inputs[0 if kind == kinds.GATHER else 1]]
                if contents[tensor.buffer] and (kind in products or tensor.shape[-1] > 1):
                    yield kind in products, tensor


def refuse_unfit(facts: LiteRtFacts, wanted: Mapping[str, bytes], integers: bool) -> None:
    """Errors: other weights than those `wanted`, by name; or one twice, sparse or, if `integers`, in float."""
    wrong = faults(wanted, facts.weights)
    if facts.duplicate_bytes and not any("twice" in fault for fault in wrong):
        wrong.append(f"{facts.duplicate_bytes} bytes of constants are stored twice")
    if facts.sparse_tensors:
        wrong.append(f"{facts.sparse_tensors} tensors carry LiteRT sparsity, which XNNPACK computes wrongly")
    if facts.empty_tensors:
        wrong.append(f"{facts.empty_tensors} tensors have no element, which some engines refuse")
    if integers and not (set(facts.matmuls) | set(facts.tables)) <= INTEGERS:
        wrong.append(f"by weight type, products {facts.matmuls}, tables {facts.tables}: integers alone are wanted")
    if wrong:
        raise EdgeError("the LiteRT file failed a check", evidence="; ".join(wrong))


def stored(module: nn.Module) -> bytes:
    """A weight's bytes as the file holds them."""
    weight = array_of(module.weight)
    return nibbles(weight) if getattr(module, "bits", 8) == 4 else weight.tobytes()
