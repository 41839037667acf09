"""A picture of a report: a file beside Markdown, a data URI within a page."""

from __future__ import annotations

import base64
from dataclasses import dataclass


@dataclass(frozen=True)
class Picture:
    """`title` is the question that it answers; `kind` is the second half of its media type: "svg+xml" or "png"."""

    name: str
    title: str
    caption: str
    kind: str
    data: bytes

    @property
    def file(self) -> str:
        """Its name in a folder."""
        return f"{self.name}.{self.kind.partition('+')[0]}"

    @property
    def source(self) -> str:
        """As a data URI: what is within an image cannot act on the page."""
        return f"data:image/{self.kind};base64,{base64.b64encode(self.data).decode()}"
