"""A pretrained Hugging Face encoder, read from a directory: texts to token ids, token ids to one vector a text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from cloud.ranking.encoder_directory import EncoderDirectory, Pooling
from edge.errors import EdgeError, missing_extra

Ids = list[int]


class PretrainedEncoder:
    """`model` is in evaluation mode, in float32, and nothing in it requires a gradient."""

    def __init__(self, directory: EncoderDirectory) -> None:
        """Errors: not an encoder of text, weights that are missing or damaged, a tokenizer that cannot be read."""
        self.directory = directory
        check_kind(directory)
        self.model, self._tokenizer = _load(directory)
        self.model.eval().requires_grad_(False)
        self._padding = int(getattr(self.model.config, "pad_token_id", None) or 0)
        self.width = self._checked_width()

    @property
    def parameters(self) -> int:
        """How many weights the encoder has."""
        return sum(parameter.numel() for parameter in self.model.parameters())

    def tokens(self, texts: Sequence[str]) -> list[Ids]:
        """Cut at the directory's `most_tokens`; a text has at least one token."""
        read = self._tokenizer(list(texts), truncation=True, max_length=self.directory.most_tokens)["input_ids"]
        return [list(ids) or [self._padding] for ids in read]

    def vectors(self, texts: Sequence[Ids], call: Callable[..., Any] | None = None) -> Tensor:
        """(text, width). `call` stands in for the model, e.g. with other weights."""
        device, longest = next(self.model.parameters()).device, max(map(len, texts))
        ids = torch.tensor([text + [self._padding] * (longest - len(text)) for text in texts], device=device)
        lengths = torch.tensor([len(text) for text in texts], device=device)
        mask = (torch.arange(longest, device=device) < lengths[:, None]).long()
        hidden = (call or self.model)(input_ids=ids, attention_mask=mask).last_hidden_state  # (text, token, width)
        return pooled(hidden, mask, self.directory.pooling)

    def _checked_width(self) -> int:
        """Of its vectors. Errors: the model cannot read the longest text, or its vector is not of numbers."""
        text = self.tokens(["the " * self.directory.most_tokens])
        try:
            with torch.inference_mode():
                vector = self.vectors(text)
        except (RuntimeError, IndexError, ValueError, TypeError, AttributeError) as error:
            raise self._refused("cannot encode a text", str(error)) from error
        if not vector.isfinite().all():
            raise self._refused("makes vectors with values that are not numbers: its weights are damaged")
        return vector.shape[1]

    def _refused(self, reason: str, evidence: str = "") -> EdgeError:
        return EdgeError(f"{self.directory.path} {reason}", evidence=evidence[:300], fix="use another encoder")


def pooled(hidden: Tensor, mask: Tensor, pooling: Pooling) -> Tensor:
    """(text, token, width) -> (text, width): the first token's state, or the mean over real tokens."""
    if pooling == "cls":
        return hidden[:, 0]
    weights = mask[..., None].to(hidden.dtype)
    return (hidden * weights).sum(1) / weights.sum(1)


def check_kind(directory: EncoderDirectory) -> None:
    """Errors: transformers is not installed, or does not know the model as an encoder of text."""
    with _transformers() as library:
        from transformers.models.auto import modeling_auto as kinds

        kind = directory.config.get("model_type")
        fix = "use an encoder of text, such as BERT, MPNet, RoBERTa or ModernBERT"
        try:
            config = library.AutoConfig.from_pretrained(directory.path, **_LOCAL)
        except Exception as error:  # of many classes, which have no other in common
            problem = f"{directory.path}/config.json describes no model that transformers {library.__version__} knows"
            raise EdgeError(problem, evidence=str(error)[:300], fix=fix) from error
        if config.is_encoder_decoder:
            reason = "encoder and decoder"
        elif hasattr(config, "vision_config") or kind in kinds.MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES:
            reason = "a model of pictures"
        elif getattr(config, "is_decoder", False) or _decodes(kinds, str(kind)):
            reason = "a decoder: a token does not see those after it"
        elif kind not in kinds.MODEL_FOR_MASKED_LM_MAPPING_NAMES:
            reason = "no encoder of text"
        else:
            return
        raise EdgeError(f"{directory.path} holds {reason} ({kind})", fix=fix)


def _decodes(kinds: Any, kind: str) -> bool:
    return kind in kinds.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES and kind not in kinds.MODEL_FOR_MASKED_LM_MAPPING_NAMES


_LOCAL = {"local_files_only": True, "trust_remote_code": False}


def _load(directory: EncoderDirectory) -> tuple[nn.Module, Any]:
    with _transformers() as library:
        options = _LOCAL | {"use_safetensors": True, "output_loading_info": True, "dtype": torch.float32}
        try:
            tokenizer = library.AutoTokenizer.from_pretrained(directory.path, **_LOCAL)
            model, about = library.AutoModel.from_pretrained(directory.path, **options)
        except Exception as error:  # of many classes, which have no other in common
            evidence = f"{type(error).__name__}: {error}"[:300]
            raise EdgeError(
                f"{directory.path} cannot be read by transformers",
                evidence=evidence,
                fix="save the model and the tokenizer again with the installed version of transformers",
            ) from error
    missing = sorted(name for name in about["missing_keys"] if not name.startswith("pooler."))
    if missing or about["mismatched_keys"]:
        evidence = f"missing or of another shape: {', '.join(missing or map(str, about['mismatched_keys']))}"[:300]
        raise EdgeError(
            f"{directory.path}: its weights are not those of its config.json",
            evidence=evidence,
            fix="save both with save_pretrained(DIR)",
        )
    return model, tokenizer


@contextmanager
def _transformers() -> Iterator[Any]:
    """The library, offline and without its own messages in the block; afterwards as it was. Errors: not installed."""
    try:
        import transformers
        from huggingface_hub import constants
    except ImportError as error:
        raise missing_extra("pretrained", error) from error
    logs = transformers.utils.logging
    offline, level, bars = constants.HF_HUB_OFFLINE, logs.get_verbosity(), logs.is_progress_bar_enabled()
    constants.HF_HUB_OFFLINE = True
    logs.set_verbosity_error()
    logs.disable_progress_bar()
    try:
        yield transformers
    finally:
        constants.HF_HUB_OFFLINE = offline
        logs.set_verbosity(level)
        if bars:
            logs.enable_progress_bar()
