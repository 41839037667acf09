"""The file `weights.bin`: tensors by name, each as zeros' mask, magnitudes and signs, or as planes of bytes."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from edge.bundle.weights.adaptive import MAX_ALPHABET
from edge.bundle.weights.rans import StreamDecoder, StreamEncoder
from edge.config import from_dict
from edge.errors import EdgeError
from edge.files import unique_keys

MAGIC = b"EDGEWTS2"
LANES = (16, 32, 64, 128, 256)
PLANES = (3, 2, 1, 0)  # bytes of a little-endian float32, the sign and the exponent first
CLASSES = (1, 2, 4, 8, 16, 32, 64)
MAX_TENSORS = 200
MAX_ELEMENTS = 1 << 26
ELEMENTS_PER_BYTE = 32  # more is a decompression bomb: 80 % sparse int8 weights come to 4, 95 % sparse 4-bit ones to 18
_MASK_BITS = 4  # of the mask in a symbol
_WORTH_A_CLASS = 256  # non-zeros
_SYMBOLS_PER_LANE = 8192  # fewer lanes cost fewer bytes, more lanes fewer steps

_LARGEST_FLOAT = float(np.finfo(np.float32).max)

Weights = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Tensor:
    """What the header says of a tensor.

    `kind` is "integers", (rows, columns) int8; "floats", float32; or "constant", float32 that are all `value`.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    value: float = 0.0
    nonzero: int = 0  # integers only, like the next two
    largest: int = 0  # magnitude
    classes: int = 1  # of rows, by their scale: a model of the magnitudes each
    planes: int = 4  # floats only: bytes of a value that are coded, the highest first; the others are 0

    @property
    def elements(self) -> int:
        """How many values the tensor has, zeros included."""
        return math.prod(self.shape)

    @property
    def symbols(self) -> int:
        """Of all its streams."""
        counts = {"integers": -(-self.elements // _MASK_BITS) + self.nonzero, "floats": self.planes * self.elements}
        return counts.get(self.kind, 0)


_DEFAULTS = asdict(Tensor("", "", ()))


@dataclass(frozen=True)
class Stream:
    """A sequence of symbols below `alphabet`, each with the context that its frequencies are learned in."""

    contexts: np.ndarray
    context_count: int
    alphabet: int


def pack(weights: Weights) -> bytes:
    """The file that `unpack` reads. int8 tensors are (rows, columns) in -127..127 and have a `.scale` (rows,)."""
    tensors, parts = [], []
    for name in sorted(weights):
        tensor = _describe(name, weights)
        tensors.append(tensor)
        parts.append(list(_symbols(tensor, weights)))
    lanes = _lanes(tensors)
    encoder = StreamEncoder(lanes)
    for part in parts:
        for symbols, stream in part:
            encoder.add(symbols, stream.contexts, stream.context_count, stream.alphabet)
    values = [weights[tensor.name].ravel() for tensor in tensors if tensor.kind == "integers"]
    signs = np.concatenate([np.empty(0, bool), *(value[value != 0] < 0 for value in values)])
    described = {"lanes": lanes, "tensors": [_plain(tensor) for tensor in tensors]}
    header = json.dumps(described, separators=(",", ":")).encode()
    return MAGIC + struct.pack("<L", len(header)) + header + np.packbits(signs).tobytes() + encoder.finish()


def unpack(data: bytes) -> dict[str, np.ndarray]:
    """The tensors of a `weights.bin`. Takes memory and time in proportion to `data`; errors: it is damaged."""
    return unpack_counted(data)[0]


def unpack_counted(data: bytes) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """The tensors, and what each takes in bits, signs included; the header and the lanes' states are left out."""
    lanes, tensors, body = read_header(data)
    nonzero = sum(tensor.nonzero for tensor in tensors)
    sign_bytes = -(-nonzero // 8)
    if len(body) < sign_bytes:
        raise EdgeError("the packed weights are truncated")
    signs = np.unpackbits(np.frombuffer(body, np.uint8, sign_bytes))
    if signs[nonzero:].any():
        raise EdgeError("the packed weights are damaged")
    decoder = StreamDecoder(body[sign_bytes:], lanes)
    weights: dict[str, np.ndarray] = {}
    bits: dict[str, float] = {}
    used = 0
    for tensor in tensors:
        before = decoder.bits()
        if tensor.kind == "constant":
            weights[tensor.name] = np.full(tensor.shape, tensor.value, dtype=np.float32)
        elif tensor.kind == "floats":
            weights[tensor.name] = _take_floats(decoder, tensor)
        else:
            mine = signs[used : used + tensor.nonzero]
            used += tensor.nonzero
            weights[tensor.name] = _take_integers(decoder, tensor, weights, mine)
        bits[tensor.name] = decoder.bits() - before + tensor.nonzero
    decoder.close()
    return weights, bits


def read_header(data: bytes) -> tuple[int, list[Tensor], bytes]:
    """Lanes, tensors and the coded rest; refuses what declares more than such a file can hold."""
    start = len(MAGIC) + 4
    if data[: len(MAGIC)] != MAGIC or len(data) < start:
        raise EdgeError("these are not packed weights of this version", evidence=f"they begin with {data[:8]!r}")
    size = struct.unpack_from("<L", data, len(MAGIC))[0]
    try:
        described = json.loads(data[start : start + size].decode("ascii"), object_pairs_hook=unique_keys)
        if set(described) != {"lanes", "tensors"}:
            raise ValueError("other keys")
        lanes, listed = described["lanes"], described["tensors"]
        if len(listed) > MAX_TENSORS:  # before time is spent on them
            raise EdgeError(f"the packed weights declare {len(listed):,} tensors, the limit is {MAX_TENSORS}")
        tensors = [from_dict(Tensor, entry, "weights") for entry in listed]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise EdgeError("the header of the packed weights is damaged") from error
    _check(lanes, tensors, len(data))
    return lanes, tensors, data[start + size :]


def _check(lanes: Any, tensors: list[Tensor], size: int) -> None:
    known: dict[str, Tensor] = {}
    for tensor in tensors:
        scale = known.get(_scale_of(tensor.name))
        integers = tensor.kind == "integers"
        sound = (
            tensor.kind in ("integers", "floats", "constant")
            and abs(tensor.value) <= (_LARGEST_FLOAT if tensor.kind == "constant" else 0.0)
            and tensor.name not in known
            and 1 <= len(tensor.shape) <= 4
            and all(0 < extent <= MAX_ELEMENTS for extent in tensor.shape)
            and tensor.elements <= MAX_ELEMENTS
            and 0 <= tensor.nonzero <= (tensor.elements if integers else 0)
            and 0 <= tensor.largest <= (127 if integers else 0)
            and (tensor.nonzero > 0) == (tensor.largest > 0)
            and tensor.classes in (_possible_classes(tensor.nonzero) if integers else (1,))
            and tensor.planes in (range(1, 5) if tensor.kind == "floats" else (4,))
        )
        if integers and sound:
            sound = len(tensor.shape) == 2 and scale is not None and scale.shape == tensor.shape[:1]
        if not sound:
            raise EdgeError("the header of the packed weights is damaged", evidence=f"tensor {tensor.name!r:.60}")
        known[tensor.name] = tensor
    if lanes != _lanes(tensors):
        raise EdgeError("the header of the packed weights is damaged", evidence=f"{lanes!r:.20} lanes")
    declared = sum(tensor.elements for tensor in tensors)
    if declared > min(MAX_ELEMENTS, (1 << 16) + ELEMENTS_PER_BYTE * size):
        raise EdgeError(f"the packed weights declare {declared:,} values in {size:,} bytes, more than the limit allows")


def _lanes(tensors: Sequence[Tensor]) -> int:
    count = sum(tensor.symbols for tensor in tensors)
    return max((lanes for lanes in LANES if lanes * _SYMBOLS_PER_LANE <= count), default=LANES[0])


def _possible_classes(nonzero: int) -> tuple[int, ...]:
    """A class has `_WORTH_A_CLASS` non-zeros at least, on average."""
    return tuple(count for count in CLASSES if count == 1 or count * _WORTH_A_CLASS <= nonzero)


def _describe(name: str, weights: Weights) -> Tensor:
    values = weights[name]
    if values.dtype == np.float32:
        if not np.isfinite(values).all():
            raise EdgeError(f"{name} cannot be packed", evidence="it holds infinite or undefined values")
        first = float(values.flat[0])
        same = (
            not (first == 0 and np.signbit(values.flat[0]))
            and (values.view(np.uint32) == values.view(np.uint32).flat[0]).all()
        )
        if same:
            return Tensor(name, "constant", values.shape, first)
        used = np.flatnonzero(_planes_of(values).any(0))  # some: values differ
        return Tensor(name, "floats", values.shape, planes=4 - int(used[0]))
    if values.dtype != np.int8 or values.ndim != 2 or _scale_of(name) not in weights:
        raise EdgeError(
            f"{name} cannot be packed", evidence=f"{values.dtype} {values.shape}: want int8 rows with scales"
        )
    magnitudes = np.abs(values.astype(np.int16))
    nonzero, largest = int(np.count_nonzero(values)), int(magnitudes.max())
    if largest > 127:
        raise EdgeError(f"{name} cannot be packed", evidence="it holds -128; symmetric weights end at -127")
    classes = min(
        _possible_classes(nonzero),
        key=lambda count: _expected_bits(magnitudes, row_classes(weights[_scale_of(name)], count)),
    )
    return Tensor(name, "integers", values.shape, nonzero=nonzero, largest=largest, classes=classes)


def _expected_bits(magnitudes: np.ndarray, classes: np.ndarray) -> float:
    """Of the magnitudes coded by class, learning included (Krichevsky & Trofimov's estimator, in total)."""
    rows, columns = np.nonzero(magnitudes)
    counts = np.bincount(classes[rows] * 128 + magnitudes[rows, columns], minlength=(classes.max() + 1) * 128)
    by_class = counts.reshape(-1, 128)[:, 1 : magnitudes.max() + 1]
    totals = by_class.sum(1)
    used = by_class[by_class > 0].tolist()
    alphabet = max(by_class.shape[1], 1)
    cost = sum(math.lgamma(total + alphabet / 2) - math.lgamma(alphabet / 2) for total in totals.tolist())
    return (cost - sum(math.lgamma(count + 0.5) - math.lgamma(0.5) for count in used)) / math.log(2)


def row_classes(scales: np.ndarray, count: int) -> np.ndarray:
    """(rows,) the class of each row: rows ordered by scale, equal ones by place, cut into `count` parts.

    A row's largest weight sets its scale, and pruning cuts all rows at one magnitude: so the scale tells
    where a row's levels begin and how they thin out.
    """
    ranks = np.empty(len(scales), dtype=np.int64)
    ranks[np.argsort(scales, kind="stable")] = np.arange(len(scales))
    return ranks * count // len(scales)


def _symbols(tensor: Tensor, weights: Weights) -> Iterator[tuple[np.ndarray, Stream]]:
    """A tensor's streams in file order."""
    values = weights[tensor.name]
    if tensor.kind == "constant":
        return
    if tensor.kind == "floats":
        planes = _planes_of(values)
        for plane in PLANES[: tensor.planes]:
            yield planes[:, plane].astype(np.int64), _plane_stream(planes, plane)
        return
    mask = np.packbits(values.ravel() != 0)
    nibbles = np.stack([mask >> 4, mask & 15], 1).ravel()[: -(-tensor.elements // _MASK_BITS)]
    yield nibbles.astype(np.int64), _mask_stream(tensor)
    flat = values.ravel()
    levels = np.abs(flat[flat != 0].astype(np.int64)) - 1
    yield levels, _level_stream(tensor, values != 0, weights[_scale_of(tensor.name)])


def _planes_of(values: np.ndarray) -> np.ndarray:
    """(value, byte), the lowest first."""
    return np.ascontiguousarray(values, dtype="<f4").view(np.uint8).reshape(-1, 4)


def _plane_stream(planes: np.ndarray, plane: int) -> Stream:
    """Of each value's byte; the context is 1 where all its higher bytes are 0, as those of a weight that was pruned."""
    higher = planes[:, plane + 1 :]
    contexts = np.zeros(len(planes), dtype=np.int64) if plane == PLANES[0] else (higher == 0).all(1).astype(np.int64)
    return Stream(contexts, 2, MAX_ALPHABET)


def _mask_stream(tensor: Tensor) -> Stream:
    return Stream(np.zeros(-(-tensor.elements // _MASK_BITS), dtype=np.int64), 1, 1 << _MASK_BITS)


def _level_stream(tensor: Tensor, mask: np.ndarray, scales: np.ndarray) -> Stream:
    """Of each non-zero's magnitude less one; `mask` is (rows, columns)."""
    classes = row_classes(scales, tensor.classes)
    return Stream(np.repeat(classes, np.count_nonzero(mask, 1)), tensor.classes, max(tensor.largest, 1))


def _take_floats(decoder: StreamDecoder, tensor: Tensor) -> np.ndarray:
    planes = np.zeros((tensor.elements, 4), dtype=np.uint8)
    for plane in PLANES[: tensor.planes]:
        planes[:, plane] = _take(decoder, _plane_stream(planes, plane))
    values = planes.view("<f4").astype(np.float32).reshape(tensor.shape)
    if not np.isfinite(values).all():
        raise EdgeError("the packed weights are damaged", evidence=f"tensor {tensor.name!r:.60} is not finite")
    return values


def _take_integers(decoder: StreamDecoder, tensor: Tensor, weights: Weights, negative: np.ndarray) -> np.ndarray:
    nibbles = _take(decoder, _mask_stream(tensor)).astype(np.uint8)
    padded = np.append(nibbles, np.zeros(len(nibbles) % 2, dtype=np.uint8))
    bits = np.unpackbits(padded[::2] << 4 | padded[1::2]).astype(bool)
    mask = bits[: tensor.elements].reshape(tensor.shape)
    if np.count_nonzero(bits) != tensor.nonzero or np.count_nonzero(mask) != tensor.nonzero:
        raise EdgeError("the packed weights are damaged", evidence=f"tensor {tensor.name!r:.60}")
    levels = _take(decoder, _level_stream(tensor, mask, weights[_scale_of(tensor.name)])) + 1
    values = np.zeros(tensor.shape, dtype=np.int8)
    values[mask] = np.where(negative, -levels, levels)
    return values


def _take(decoder: StreamDecoder, stream: Stream) -> np.ndarray:
    return decoder.take(stream.contexts, stream.context_count, stream.alphabet)


def _scale_of(name: str) -> str:
    return name.removesuffix("weight") + "scale"


def _plain(tensor: Tensor) -> dict[str, Any]:
    """Without what stands at its default."""
    fields = asdict(tensor)
    return {key: value for key, value in fields.items() if key in ("name", "kind", "shape") or value != _DEFAULTS[key]}
