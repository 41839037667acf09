"""The model card beside a bundle: its intended use, its quality and size, and what was not measured.

Every figure comes from the runs. The headings follow Mitchell et al., "Model Cards for Model Reporting" (2019).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cloud.data.movielens import terms_of
from cloud.ranking.best_exit import best_exit
from cloud.ranking.kept_scores import kept_scores
from cloud.rivals.difference import difference
from cloud.rivals.draws import Figure
from cloud.rivals.figures import FEWEST_ROWS, groups
from cloud.rivals.held_out import HeldOut, Logits
from cloud.rivals.kept_scores import rival_scores
from cloud.rivals.stage import figures_of
from cloud.rivals.written import with_interval
from cloud.runs.directory import Run
from edge.pages.markdown import escaped
from edge.pages.table import Row, Table, figure, table_markdown

METRICS = {"auc": "AUC", "user_auc": "per-user AUC", "ndcg@10": "NDCG@10"}
OF_INTERVALS = (
    "Test rows. In brackets: 95 % intervals, from resampling users. They do not include what another seed of training "
    "would change."
)

AT_BEST = "The model is at its best exit on validation rows, which answers requests without limits."


@dataclass(frozen=True)
class Card:
    """`summary`: of the export; `places`: of the longest timeline, the profile included; `rivals` where measured."""

    prepared: Run
    source: Run
    rivals: Run | None
    summary: Mapping[str, Any]
    places: int

    @cached_property
    def held_out(self) -> HeldOut:
        return HeldOut.of(self.prepared)

    @cached_property
    def logits(self) -> dict[str, Logits]:
        """Of the test rows, by exit, the deepest last."""
        exits = sorted((exit["encode"], exit["interact"]) for exit in self.summary["exits"])
        return {
            f"{encode}/{interact}": kept_scores(self.source, "test", encode, interact) for encode, interact in exits
        }

    @property
    def best(self) -> Logits:
        """Of the exit that answers requests without limits."""
        encode, interact = best_exit(self.source.summary["quality"])
        return self.logits[f"{encode}/{interact}"]

    @property
    def measured_groups(self) -> dict[str, Any]:
        """Name -> mask over the rows of the run, of the groups that are large enough."""
        lengths = {f"users with {label} earlier events": at for label, at in self.held_out.by_history().items()}
        return self.held_out.groups() | lengths


def card_markdown(card: Card) -> str:
    parts = [f"# Model card: {card.summary['bundle']['file']}", _model(card), "## Intended use", _use(card)]
    parts += ["## Data and protocol", _data(card)]
    parts += ["## Quality", *map(_section, (_exits(card), _groups(card), _rivals(card)))]
    parts += ["## Sizes", _section(_sizes(card))]
    parts += ["## Limits", "\n".join(f"- {line}" for line in _limits(card)), "## Licences", _licences(card)]
    return "\n\n".join(parts) + "\n"


def _section(table: Table) -> str:
    """A table one level below the headings of the card."""
    return table_markdown(table).strip().replace("#### ", "### ", 1)


def _model(card: Card) -> str:
    summary, bundle = card.source.summary, card.summary["bundle"]
    return (
        f"A ranking model of the stage `{card.source.stage}` with {summary['parameters']:,} weights, "
        f"{summary['nonzero']:,} of them not zero. It was made by edge-ranker {card.source.manifest['code']}. The "
        f"bundle's SHA-256 is `{bundle['sha256']}`."
    )


def _use(card: Card) -> str:
    text = card.prepared.config["text"]
    fields = {name: text[name] for name in ("profile", "item", "event", "context") if text[name]}
    read = "\n".join(f"- {name}: `{template}`" for name, template in fields.items())
    numbers = "; ".join(escaped(number["name"]) for number in text["numbers"]) or "none"
    return (
        "The model orders the candidates that an app offers to one user, by how likely the user is to like each one. "
        "The protocol below says what a like is. The model does not find candidates. It was measured on the data set "
        "below only; for other users or other items, measure it on their log first.\n\n"
        f"It reads these texts of the user, each item and each past event:\n\n{read}\n\n"
        f"It reads these numbers: {numbers}."
    )


def _data(card: Card) -> str:
    dataset = card.prepared.manifest["dataset"]
    rows = ", ".join(f"{count:,} {part}" for part, count in dataset["rows"].items())
    return (
        f"Data set: {escaped(str(dataset['name']))}, fingerprint `{dataset['fingerprint']}`; "
        f"{dataset['users']:,} users, {dataset['items']:,} items; rows: {rows}.\n\n"
        f"Protocol: {escaped(card.prepared.manifest['protocol'])}."
    )


def _exits(card: Card) -> Table:
    losses = {f"{exit['encode']}/{exit['interact']}": exit["quality"].get("log_loss") for exit in card.summary["exits"]}
    rows = []
    for exit, logits in card.logits.items():
        found = card.held_out.figures(logits, card.held_out.rows)
        rows.append((exit, *(with_interval(found[key]) for key in METRICS), figure(losses[exit])))
    headings = ("exit", *METRICS.values(), "log loss")
    note = f"{OF_INTERVALS} An exit is encode depth / interact depth; scores for the log loss are calibrated."
    return Table("Quality by exit", headings, rows, note)


def _groups(card: Card) -> Table:
    rows: list[Row] = []
    for name, at in card.measured_groups.items():
        found = card.held_out.figures(card.best, at)
        rows.append((name, f"{int(at.sum()):,}", *(with_interval(found[key]) for key in ("auc", "user_auc"))))
    note = f"{OF_INTERVALS} {AT_BEST} Groups of fewer than {FEWEST_ROWS} rows are left out."
    return Table("Quality by group of test rows", ("group", "rows", "AUC", "per-user AUC"), rows, note)


def _rivals(card: Card) -> Table:
    """All that were measured, or else what preparation has."""
    if card.rivals is None:
        found = json.loads(card.prepared.file("baselines.json").read_text(encoding="utf-8"))["test"]
        rows = [(name, *(figure(figures[key]) for key in METRICS)) for name, figures in found.items()]
        note = "Baselines of the prepared run, without intervals. Other rivals were not measured beside this export."
        return Table("Rivals on the same rows", ("rival", *METRICS.values()), rows, note)
    rows = [
        (name, *(figure(figures[key]) for key in METRICS), with_interval(_lead(card, card.rivals, name), sign=True))
        for name, figures in figures_of(card.rivals).items()
    ]
    note = f"The last column is the model's AUC minus the rival's, with its 95 % interval over users. {AT_BEST}"
    return Table("Rivals on the same rows", ("rival", *METRICS.values(), "model minus rival, AUC"), rows, note)


def _lead(card: Card, rivals: Run, name: str) -> Figure:
    return difference(card.best, rival_scores(rivals, name), card.held_out.labels, card.held_out.users)


def _sizes(card: Card) -> Table:
    rows = [
        (name, card.summary["runtimes"][name], f"{size['download']:,}", f"{size['installed']:,}")
        for name, size in card.summary["sizes"].items()
    ]
    note = (
        f"Bytes of a bundle for that engine alone. The file with all engines has {card.summary['bundle']['bytes']:,}."
    )
    return Table("Bytes by engine", ("engine", "oldest runtime", "download", "installed"), rows, note)


def _limits(card: Card) -> Iterator[str]:
    shape = card.source.config["shape"]
    yield f"A text is cut after {shape['positions']} tokens."
    yield f"The vocabulary of {shape['vocabulary_size']:,} tokens was made from this log: other words become pieces."
    yield f"At most {card.places - 1} past events are read, the latest ones."
    measured = card.held_out.groups()
    for name, at in groups(card.held_out.events, card.held_out.rows).items():
        if name not in measured:
            yield f"Quality for {name} was not measured: the test split has {int(at.sum()):,} such rows."
    if card.prepared.config["text"]["profile"]:
        yield "The profile describes the user. Quality was not measured by what it says, such as an age or a gender."
    yield "The model was trained once. Another seed gives other figures."
    apart = max(row["max_difference"] for rows in card.summary["rows"].values() for row in rows)
    yield f"Quality is that of torch. On test requests, the engines' logits are within {apart:.2g} of torch's."
    if "coreml" in card.summary["sizes"]:
        yield "Core ML's program was run by an interpreter when it was exported, not on Apple's hardware."
    yield "Milliseconds on a device were not measured at export: see `edge-bench run`."


def _licences(card: Card) -> str:
    terms = terms_of(card.prepared.config["source"]) or (
        "The runs do not record the licence of the log. Before you ship the bundle, check that the licence allows it."
    )
    return f"{terms} The code of edge-ranker is under Apache-2.0."
