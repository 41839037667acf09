"""The smallest road from a log to a bundle, for tests that need a trained one: python tests/small_road.py FOLDER

FOLDER/run/export/movies.edge has the models of every engine. It takes half a minute; a finished run is left as it is.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SETTINGS = [
    "prepare.max_users=40", "prepare.vocabulary=400", "prepare.requests=20",
    *(f"{stage}.shape.{size}" for stage in ("teacher", "student") for size in ("hidden_size=32", "embedding_size=16")),
    "student.passes.summaries=1", "student.passes.relations=1", "student.rounds=1",
    "teacher.users=4", "student.users=4", "prune.users=4",
    "export.parity.requests=20", "export.parity.simulated=5",
]  # fmt: skip
ONE_PASS = ["teacher.passes=1", "student.passes.scores=1", "prune.text_passes=1", "prune.passes=1"]


def options(settings: list[str]) -> list[str]:
    """As a command takes them."""
    return [word for setting in settings for word in ("--set", setting)]


def main() -> None:
    folder = Path(sys.argv[1])
    edge = [sys.executable, "-m", "edge"]
    data = folder / "club.toml"
    if not data.exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run([*edge, "init", "--example", "--out", data], check=True)
    given = options([*SETTINGS, *ONE_PASS])
    subprocess.run([*edge, "run", "--data", data, "--out", folder / "run", *given], check=True)


if __name__ == "__main__":
    main()
