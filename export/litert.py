"""The edge graph for LiteRT: all entry points and shape buckets in one file, each weight in it once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from cloud.model import Encoder
from edge.config import check_least
from edge.errors import EdgeError
from edge.text.spec import TextSpec
from export.entry_points import CandidateLayer, Embed, Head, Place, UserLayer
from export.quiet import quiet
from export.weights import REPEATABLE, faults, is_int8, require_shared, weights_of


@dataclass(frozen=True)
class Buckets:
    """The static shapes. Requests are padded up to the next one."""

    user_tokens: tuple[int, ...] = ()  # none: half of what the text spec allows, and all of it
    candidates: int = 8  # scored together; more are scored in turn
    candidate_tokens: int = 0  # 0: the longest segment that the text spec allows

    def __post_init__(self) -> None:
        check_least(self, "buckets.", candidates=1, candidate_tokens=0)
        if self.user_tokens and min(self.user_tokens) < 1:
            raise EdgeError(f"buckets.user_tokens is {list(self.user_tokens)}", fix="name sizes like [56, 112]")

    def holding(self, spec: TextSpec) -> Buckets:
        """Every shape named. Errors: a request that the spec allows would not fit the largest."""
        half = -(-spec.max_user_tokens // 2)
        users = self.user_tokens or tuple(sorted({half, spec.max_user_tokens}))
        named = replace(self, user_tokens=users, candidate_tokens=self.candidate_tokens or spec.max_segment_tokens)
        for name, largest, needed in (
            ("user_tokens", max(users), spec.max_user_tokens),
            ("candidate_tokens", named.candidate_tokens, spec.max_segment_tokens),
        ):
            if largest < needed:
                raise EdgeError(
                    f"buckets.{name} holds {largest} tokens, the text spec allows {needed}",
                    fix=f"raise buckets.{name}, or lower the limit when preparing",
                )
        return named


def signatures(model: Encoder, buckets: Buckets) -> Iterator[tuple[str, nn.Module, dict[str, Tensor]]]:
    """Name, module and sample inputs of every entry point and bucket."""
    require_shared(model.config)
    hidden, heads = model.config.hidden_size, model.config.heads
    count, seq = buckets.candidates, buckets.candidate_tokens

    def ids(*shape: int) -> Tensor:
        return torch.zeros(shape, dtype=torch.int32)

    piece = min(buckets.user_tokens)  # one bucket is enough for look-ups: longer inputs come in pieces
    yield f"embed_{piece}", Embed(model), {"ids": ids(1, piece), "positions": ids(1, piece)}
    yield f"place_{piece}", Place(model), {"hidden": torch.zeros(1, piece, hidden), "slots": ids(1, piece)}
    for tokens in sorted(set(buckets.user_tokens)):
        own_mask = torch.zeros(1, 1, tokens, tokens)
        yield (
            f"layer_{tokens}",
            UserLayer(model),
            {"hidden": torch.zeros(1, tokens, hidden), "mask": own_mask},
        )
        user = torch.zeros(1, heads, tokens, hidden // heads)
        yield (
            f"layer_candidate_{tokens}_{count}_{seq}",
            CandidateLayer(model),
            {
                "hidden": torch.zeros(count, seq, hidden),
                "keys": user,
                "values": user.clone(),
                "mask": torch.zeros(1, 1, 1, tokens),
            },
        )
    yield f"head_{count}", Head(model), {"hidden": torch.zeros(count, hidden)}


def export_litert(model: Encoder, buckets: Buckets, path: Path) -> None:
    """Write the float model to `path`."""
    with quiet():
        import litert_torch

        converter = litert_torch
        for name, module, sample in signatures(model, buckets):
            converter = converter.signature(name, module.eval(), sample_kwargs=sample)
        converter.convert().export(str(path))


def quantise_litert(source: Path, path: Path) -> None:
    """Write the int8 form: weights per channel, activations on the fly; attention stays float."""
    with quiet():
        from ai_edge_quantizer import quantizer, recipe

        job = quantizer.Quantizer(str(source))
        job.load_quantization_recipe(recipe.dynamic_wi8_afp32())
        path.write_bytes(job.quantize().quantized_model)


@dataclass(frozen=True)
class LiteRtFacts:
    """What a file holds, read back from its flatbuffer."""

    file_bytes: int
    weight_bytes: int  # of distinct constant buffers
    duplicate_bytes: int  # of buffers whose content another buffer of 1 KB or more has too
    sparse_tensors: int
    matmuls: dict[str, int]  # weight type of the products with weights -> how many
    tables: dict[str, int]  # type of the tables that are looked up in -> how many
    weights: tuple[bytes, ...] = field(repr=False)  # content of each buffer that one of these reads


def inspect_litert(path: Path) -> LiteRtFacts:
    """Read the flatbuffer; nothing is run."""
    from ai_edge_litert import schema_py_generated as schema

    data = path.read_bytes()
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(data, 0))
    contents = [
        bytes(memoryview(buffer.data)) if buffer.data is not None else data[buffer.offset : buffer.offset + buffer.size]
        for buffer in model.buffers
    ]
    large = Counter(content for content in contents if len(content) >= REPEATABLE)
    uses = list(_weight_tensors(schema, model, contents))
    types = {value: name for name, value in vars(schema.TensorType).items() if isinstance(value, int)}
    return LiteRtFacts(
        file_bytes=len(data),
        weight_bytes=sum(map(len, contents)),
        duplicate_bytes=sum(len(content) * (times - 1) for content, times in large.items()),
        sparse_tensors=sum(tensor.sparsity is not None for graph in model.subgraphs for tensor in graph.tensors),
        matmuls=dict(Counter(types[tensor.type] for is_product, tensor in uses if is_product)),
        tables=dict(Counter(types[tensor.type] for is_product, tensor in uses if not is_product)),
        weights=tuple(contents[index] for index in sorted({tensor.buffer for _, tensor in uses})),
    )


def _weight_tensors(schema: Any, model: Any, contents: list[bytes]) -> Iterator[tuple[bool, Any]]:
    """Whether it is a product, and the constant tensor, of every product with weights and every look-up."""
    kinds = schema.BuiltinOperator
    products, lookups = (kinds.FULLY_CONNECTED, kinds.BATCH_MATMUL), (kinds.EMBEDDING_LOOKUP, kinds.GATHER)
    for graph in model.subgraphs:
        for operator in graph.operators:
            kind = model.operatorCodes[operator.opcodeIndex].builtinCode
            if kind in products or kind in lookups:
                tensor = graph.tensors[operator.inputs[0 if kind == kinds.GATHER else 1]]
                if contents[tensor.buffer]:
                    yield kind in products, tensor


def check_litert(path: Path, model: Encoder) -> LiteRtFacts:
    """Refuse a file whose weights are not those of `model`, each once, dense, and int8 wherever the model's are."""
    facts = inspect_litert(path)
    wrong = faults({name: weight.tobytes() for name, weight in weights_of(model).items()}, facts.weights)
    if facts.duplicate_bytes and not any("twice" in fault for fault in wrong):
        wrong.append(f"{facts.duplicate_bytes} bytes of constants are stored twice")
    if facts.sparse_tensors:
        wrong.append(f"{facts.sparse_tensors} tensors carry LiteRT sparsity, which XNNPACK computes wrongly")
    if is_int8(model) and (set(facts.matmuls) | set(facts.tables)) != {"INT8"}:
        wrong.append(f"by weight type, products {facts.matmuls}, tables {facts.tables}: INT8 alone is wanted")
    if wrong:
        raise EdgeError("the LiteRT file is not fit to ship", evidence="; ".join(wrong))
    return facts
