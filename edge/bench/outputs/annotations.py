"""Failed checks as GitHub's workflow commands, which it shows beside the change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edge.bench.check import Verdict
from edge.bench.outputs.text import reasons
from edge.errors import EdgeError
from edge.inspect.describe import printable


def verdicts_annotations(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """One line per failed check."""
    for verdict in verdicts:
        for check in verdict.failed:
            message = "\n".join([printable(check.problem), *reasons(check)])
            yield annotation(f"edge-bench gate: {check.what}", message, str(verdict.bundle))


def error_annotation(error: EdgeError) -> str:
    """Of a gate that could not tell."""
    return annotation("edge-bench gate cannot tell", str(error))


def annotation(title: str, message: str, file: str | None = None) -> str:
    """A workflow command of GitHub that shows an error; line breaks and special characters are escaped."""
    properties = ({"file": file} if file else {}) | {"title": title}
    listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::error {listed}::{_data(message)}"


def _data(text: str) -> str:
    """A command ends with its line, and % opens an escape."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
