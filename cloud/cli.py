"""`edge train`: the teacher, from prepared data."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from cloud.threads import let_waiting_threads_sleep
from edge.cli.arguments import DIRECTORY, PATH, changes
from edge.cli.command import command

DEFAULT_PRESET = "quickstart"
restart = click.option("--restart", is_flag=True, help="start over: remove what this stage wrote at --out")
OPTIONS = (
    click.option(
        "--parent", "parents", multiple=True, type=PATH, required=True, help="a finished run to read; repeatable"
    ),
    click.option("--out", type=DIRECTORY, required=True, metavar="DIR", help="the run directory to write"),
    click.option("--preset", "preset_name", default=DEFAULT_PRESET, metavar="NAME", help="a named set of settings"),
    changes("repeatable"),
    restart,
)


def stage(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options of every stage that reads runs and writes one; its process is set up for training."""

    @wraps(function)
    def set_up(*arguments: Any, **options: Any) -> Any:
        let_waiting_threads_sleep()
        return function(*arguments, **options)

    stage: Callable[..., Any] = set_up
    for option in reversed(OPTIONS):
        stage = option(stage)
    return stage


@command(
    examples="""edge train --parent runs/data --out runs/teacher
                edge train --parent runs/data --out runs/teacher --preset lunch --set passes=8
                edge train --parent runs/data --out runs/teacher --encoder models/all-MiniLM-L6-v2
                edge train --parent runs/data --out runs/full --preset m6-base --set click.steps=800"""
)
@stage
@click.option("--encoder", type=PATH, metavar="DIR", help="encode the texts with this pretrained Hugging Face encoder")
def train(
    parents: tuple[Path, ...],
    out: Path,
    preset_name: str,
    changes: tuple[str, ...],
    restart: bool,
    encoder: Path | None,
) -> None:
    """Train a teacher on a prepared log.

    Presets of the ranking model, from which students are distilled: quickstart, lunch, m6-edge. Presets of the full
    model over tokens, which learns text infilling and then click prediction: m6-base, and tokens, a small one.
    """
    from cloud.data.prepare import STAGE as PREPARED
    from cloud.ranking.train import RANKERS, RankerConfig, train_ranker
    from cloud.runs.directory import Run, parent
    from cloud.teacher import TEACHERS, TeacherConfig, train_teacher
    from edge.config import override, preset
    from edge.errors import EdgeError

    prepared = parent([Run.open(path) for path in parents], PREPARED)
    presets: dict[str, TeacherConfig | RankerConfig] = {**RANKERS, **TEACHERS}
    config = override(preset(presets, preset_name), changes)
    if isinstance(config, RankerConfig):
        run = train_ranker(prepared, out, config, restart, encoder)
    elif encoder:
        raise EdgeError(f"--encoder is not for preset {preset_name}", fix=f"--preset {next(iter(RANKERS))}")
    else:
        run = train_teacher(prepared, out, config, restart)
    click.echo((run.path / "report.md").read_text())
