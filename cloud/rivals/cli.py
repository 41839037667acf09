"""`edge rivals`: what a model has to beat on a log."""

from __future__ import annotations

from pathlib import Path

import click

from edge.cli.arguments import NAME_OR_PATH, OUTPUT, as_json, changes
from edge.cli.command import command


@command(
    examples="""edge rivals --data ml-100k
                edge rivals --data edge.toml --page rivals.html
                edge rivals --data ml-1m --set split.by=time --out benchmarks/results/rivals-ml-1m.json"""
)
@click.option("--data", type=NAME_OR_PATH, required=True, help="ml-100k, ml-1m, or an edge.toml (see edge init)")
@click.option("--out", type=OUTPUT, metavar="FILE", help="write the figures as JSON")
@click.option("--page", type=OUTPUT, metavar="FILE", help="write a page with a plot")
@click.option("--scores", type=OUTPUT, metavar="FILE", help="write each rival's test logits as safetensors")
@changes("e.g. split.by=time")
@click.option("--skip-bad-rows", is_flag=True, help="leave bad rows out")
@as_json
def rivals(
    data: str,
    out: Path | None,
    page: Path | None,
    scores: Path | None,
    changes: tuple[str, ...],
    skip_bad_rows: bool,
    as_json: bool,
) -> None:
    """Measure the rivals of a log: what other methods reach on the same rows.

    The rivals are means, item-item CF, TF-IDF, logistic regression and LightGBM.
    """
    import json
    from datetime import UTC, datetime

    from cloud.data.prepare import config_for, open_source, read_checked
    from cloud.data.read_log import fingerprint
    from cloud.rivals.kept_scores import scores_file
    from cloud.rivals.measure import measure_rivals, rivals_json
    from cloud.rivals.numbers import wanted_numbers
    from cloud.rivals.page import rivals_html, rivals_text
    from edge.config import override
    from edge.files import check_apart, write_output

    source = open_source(data)
    tables = (source.log, source.items, source.users)
    check_apart([file for file in (out, page, scores) if file], [Path(table.path) for table in tables if table.path])
    config = override(config_for(source), changes)
    checked = read_checked(source, config, fingerprint(source), skip_bad_rows)
    found = measure_rivals(checked.log, wanted_numbers(checked.log, config, source))
    result = rivals_json(found, checked.dataset, checked.protocol)
    text = json.dumps(result, indent=2)
    if out:
        write_output(out, text + "\n")
    if page:
        write_output(page, rivals_html(found, checked, datetime.now(UTC)))
    if scores:
        write_output(scores, scores_file({rival.name: rival.logits for rival in found}))
    click.echo(text if as_json else rivals_text(found, checked.protocol))
