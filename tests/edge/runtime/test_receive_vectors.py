"""The published texts of summaries: Python keeps what they say, or refuses them and keeps nothing."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from receive_vectors import FILE, write

from edge.errors import EdgeError
from edge.runtime.sent_summaries import head_line, read_sent
from edge.runtime.summaries import Summaries

LINES = [json.loads(line) for line in FILE.read_text().splitlines()]


def received(line: dict[str, Any], summaries: Summaries) -> int:
    model = line["model"]
    shape: Any = SimpleNamespace(**{key: model[key] for key in ("hidden", "positions", "encode_depths")})
    text = line["text"] if "text" in line else bytes.fromhex(line["bytes"])
    sent = read_sent(text, model["weights"], shape, model["vocabulary"])
    for one in sent:
        summaries.keep(one.segment, one.depth, one.summary)
    return len(sent)


@pytest.mark.parametrize("line", LINES, ids=[line["kind"] for line in LINES])
def test_each_text_is_kept_or_refused_as_it_must_be(line: dict[str, Any]) -> None:
    engine: Any = None  # nothing is computed
    summaries = Summaries(engine, line.get("budget_bytes", 1_000_000))
    if line["verdict"] == "refuse":
        with pytest.raises(EdgeError) as refused:
            received(line, summaries)
        assert refused.value.fix and "\n" not in refused.value.problem
        assert summaries.entries() == []
    else:
        assert received(line, summaries) == line["expected"]["received"]
        found = summaries.entries()
        kept = [[depth, [*segment], row.view(np.uint16).tolist()] for (depth, segment), row in found]
        assert kept == line["expected"]["kept"]


def test_the_texts_are_those_that_the_script_writes(tmp_path: Path) -> None:
    write(tmp_path / "again.jsonl")
    assert FILE.read_text() == (tmp_path / "again.jsonl").read_text()
    assert len({line["kind"] for line in LINES}) == len(LINES) >= 70


def test_a_bundle_without_weights_accepts_no_text() -> None:
    shape: Any = SimpleNamespace(hidden=4, positions=5, encode_depths=(1,))
    with pytest.raises(EdgeError, match="other weights"):
        read_sent(head_line("", 4), "", shape, 17)
