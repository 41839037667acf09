"""How a parameter may stand in a model file, as bytes; all numbers little-endian."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from edge.errors import EdgeError

# Of int8 tensors, (rows, columns).
_INTEGER_FORMS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "rows": lambda values: values,
    "columns+128": lambda values: (values.T.astype(np.int16) + 128).astype(np.uint8),  # (columns, rows)
    "nibbles": lambda values: _nibbles(values.ravel()),
    "mask": lambda values: np.packbits(values.ravel() != 0, bitorder="little"),
    "nonzeros": lambda values: values[values != 0],
    "nonzero-nibbles": lambda values: _nibbles(values[values != 0]),
    "sums": lambda values: values.astype(np.float32).sum(1),  # exact: below 2**24
}
# Of float32 tensors.
_FLOAT_FORMS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "float32": lambda values: values.astype("<f4"),
    "float16": lambda values: _halves(values),
}
FORMS = (*_INTEGER_FORMS, *_FLOAT_FORMS)


def in_form(values: np.ndarray, form: str) -> bytes:
    """The bytes of a tensor in one of `FORMS`. Errors: the tensor has no such form."""
    convert = (_INTEGER_FORMS if values.dtype == np.int8 else _FLOAT_FORMS).get(form)
    if convert is None:
        raise EdgeError(f"no form {form!r} of a tensor of {values.dtype}")
    return np.ascontiguousarray(convert(values)).tobytes()


def forms_of(values: np.ndarray) -> Iterator[tuple[str, bytes]]:
    """Every form that loses nothing of the tensor, with its bytes."""
    narrow = values.dtype != np.int8 or np.abs(values).max() <= 7
    for form in _INTEGER_FORMS if values.dtype == np.int8 else _FLOAT_FORMS:
        if narrow or "nibbles" not in form:
            yield form, in_form(values, form)


def _halves(values: np.ndarray) -> np.ndarray:
    """To the nearest float16, ties to even; infinite beyond the greatest."""
    with np.errstate(over="ignore"):
        return values.astype("<f2")


def _nibbles(values: np.ndarray) -> np.ndarray:
    """Two 4-bit integers a byte, the first in the lower half; an odd one is followed by zero."""
    padded = np.append(values, np.zeros(len(values) % 2, dtype=np.int8)).astype(np.uint8) & 15
    return padded[::2] | padded[1::2] << 4
