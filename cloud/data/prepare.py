"""The stage "prepare": a log becomes token ids, a vocabulary, baselines and real requests to replay."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from cloud.data import movielens, report
from cloud.data.audit import Audit, audit
from cloud.data.bad_rows import BadRows
from cloud.data.baselines import PROTOCOL as BASELINES_PROTOCOL
from cloud.data.baselines import baselines
from cloud.data.certainty import few_test_rows
from cloud.data.figures import log_figures
from cloud.data.fit_numbers import fit_numbers
from cloud.data.histories import history_warning
from cloud.data.item_texts import item_text_warnings
from cloud.data.labels import check_labels
from cloud.data.log import PARTS, Log, first_users
from cloud.data.long_requests import NAME_REQUESTS, one_screen_each
from cloud.data.negatives import protocol as negatives_protocol
from cloud.data.number_columns import Known, known_at
from cloud.data.number_figures import number_figures
from cloud.data.read_log import fingerprint, read_log
from cloud.data.rendered import Rendered, render, training_texts
from cloud.data.rows import ITEMS, PHRASES, ROWS, USERS, Prepared, Tokens
from cloud.data.samples import sample_requests
from cloud.data.schema import Entities, LogTable, Negatives, Source, Split, read_source
from cloud.data.split import protocol
from cloud.data.suspicions import label_warnings
from cloud.data.templates import check_templates
from cloud.data.tokens import token_counts
from cloud.data.vocabulary import count_words, train_vocabulary
from cloud.data.words import options_of
from cloud.data.write_rows import write_all_texts, write_rows
from cloud.limits import MOST_REQUESTS, MOST_TOKENS
from cloud.runs.directory import Run, Stage
from cloud.runs.target import Target, Workspace
from edge.config import as_assignments, check_counts, setting, to_dict
from edge.config import preset as named
from edge.errors import EdgeError
from edge.files import write_atomically, write_json
from edge.text.checks import MAX_CANDIDATES
from edge.text.spec import TextSpec
from edge.text.wordpiece import WordPiece

PAGE = "report.html"
FILES = ("vocab.txt", "text.json", "*.arrow", "baselines.json", "requests.jsonl", "bad_rows.jsonl", "report.md", PAGE)
STAGE = Stage("prepare", 6, FILES)


@dataclass(frozen=True)
class PrepareConfig:
    """How a log is cut into requests and words."""

    text: TextSpec = movielens.TEXT
    split: Split = field(default_factory=Split)
    negatives: Negatives = field(default_factory=Negatives)
    vocabulary: int = 2_000  # tokens, the 7 special ones included
    candidates_per_request: int = 16  # training
    evaluation_candidates: int = 64  # validation and test
    requests: int = 200  # written for replay
    max_users: int = 0  # 0: all

    def __post_init__(self) -> None:
        check_counts(self, vocabulary=(1, MOST_TOKENS), requests=(1, MOST_REQUESTS), max_users=(0, 10**9))
        check_counts(self, candidates_per_request=(1, MAX_CANDIDATES), evaluation_candidates=(1, MAX_CANDIDATES))


PRESETS = {
    "quickstart": PrepareConfig(),
    "m6-edge": PrepareConfig(vocabulary=24_000),
}


def open_source(data: str) -> Source:
    """A data set by name, or what an edge.toml at that path describes."""
    return movielens.movielens(data) if data in movielens.NAMES else read_source(Path(data))


def config_for(source: Source, preset: str = "quickstart") -> PrepareConfig:
    """A preset with the source's own templates and split."""
    return replace(named(PRESETS, preset), text=source.text, split=source.split, negatives=source.negatives)


def prepare(
    source: Source, out: Path, config: PrepareConfig, skip_bad_rows: bool = False, restart: bool = False
) -> Run:
    """Write the prepared run `out`; if it is there already, made from the same data and settings, return it.

    Errors: bad rows unless they may be skipped, a split without events, a template the data cannot fill.
    """
    check_templates(source, config.text)
    hashes = fingerprint(source)
    facts = {"source": _portable(source), "data": hashes["all"], "skip_bad_rows": skip_bad_rows}
    target = Target(out, STAGE, [], to_dict(config), facts, restart)
    if target.finished():
        return Run.open(out, STAGE.name)
    checked = read_checked(source, config, hashes, skip_bad_rows)
    with target.writing() as workspace:
        workspace.dataset, workspace.protocol = checked.dataset, checked.protocol
        _write(workspace, checked, config)
    return Run.open(out, STAGE.name)


def audit_prepared(source: Source, run: Run, config: PrepareConfig, skip_bad_rows: bool = False) -> Audit:
    """Check a run against the log that it was prepared from. Errors: LeakError."""
    return audit(Prepared(run), read_checked(source, config, fingerprint(source), skip_bad_rows).log)


@dataclass(frozen=True)
class Checked:
    """A log that can be learned from, what was bad or odd in it, its fingerprint and counts, and the protocol.

    `options`: of a command that reads the log in the same way.
    """

    log: Log
    bad: BadRows
    dataset: dict[str, Any]
    protocol: str
    options: str


def read_checked(
    source: Source, config: PrepareConfig, hashes: Mapping[str, str], skip_bad_rows: bool = False
) -> Checked:
    """The log, split; `hashes` are its files'. Errors: bad rows unless they may be skipped, a split without events."""
    bad = BadRows()
    log = read_log(replace(source, split=config.split, negatives=config.negatives), bad)
    if not skip_bad_rows:
        bad.refuse()
    bad.refuse_swallowed()
    bad.warn()
    log = first_users(log, config.max_users)
    bad.warnings += _checked(log, source, config, bad.warnings)
    about = {"name": source.name, "fingerprint": hashes["all"], "files": dict(hashes)}
    options = options_of(source.name, as_assignments(config, config_for(source)), skip_bad_rows)
    return Checked(log, bad, about | _counts(log), _protocol(source, config), options)


def _write(workspace: Workspace, checked: Checked, config: PrepareConfig) -> None:
    path, log, bad = workspace.path, checked.log, checked.bad
    found = baselines(log.events, log.shared_clock)
    write_json(path / "baselines.json", found)
    known = known_at(log)
    text = replace(config.text, numbers=fit_numbers(config.text.numbers, known))
    rendered = render(known, text)
    words = count_words(training_texts(known, rendered), text.lowercase)
    wordpiece = WordPiece(train_vocabulary(words, config.vocabulary), text.lowercase)
    write_atomically(path / "vocab.txt", "".join(f"{token}\n" for token in wordpiece.vocabulary))
    write_json(path / "text.json", to_dict(text))
    tokens = write_all_texts(path, known, rendered, wordpiece)
    write_rows(path, known, rendered, text)
    samples = sample_requests(known, config.requests, config.evaluation_candidates, text.max_events)
    write_atomically(path / "requests.jsonl", "".join(json.dumps(line) + "\n" for line in samples))
    if bad.total:
        bad.write(path / "bad_rows.jsonl")
    counts = _counts(log)
    figures = log_figures(known) | {"numbers": number_figures(path / ROWS, text.numbers, counts["rows"])}
    odd = [
        *bad.warnings,
        *item_text_warnings(rendered.items),
        *history_warning(known, figures["histories"], config.split),
        *label_warnings(figures, found.get("test", {}), config.negatives),
    ]
    workspace.summary = counts | {
        "tokens": {name: _tokens(known, rendered, tokens, part) for part, name in enumerate(PARTS)},
        "vocabulary": len(wordpiece),
        "baselines": found,
        "figures": figures,
        "bad_rows": {"total": bad.total, "kinds": dict(bad.kinds)},
        "warnings": [str(warning) for warning in odd],
    }
    _write_report(workspace, checked.options)


def _write_report(workspace: Workspace, options: str) -> None:
    """report.md, and the same with pictures as a page."""
    from cloud.data.page import (
        prepared_html,
    )  # loads matplotlib, which stages that only read a prepared run do not need

    about = workspace.summary, workspace.dataset, workspace.protocol
    write_atomically(workspace.path / "report.md", report.markdown(*about))
    write_atomically(workspace.path / PAGE, prepared_html(*about, options))


def _tokens(known: Known, rendered: Rendered, tokens: Mapping[str, list[Tokens]], part: int) -> dict[str, Any]:
    rows = known.targets.part == part
    return token_counts(
        {
            "profile": (tokens[USERS], known.targets.user[rows]),
            "item": (tokens[ITEMS], known.targets.item[rows]),
            "event": (tokens[PHRASES], rendered.phrase[rows]),
            "context": (tokens[PHRASES], rendered.context[rows]),
        }
    )


def _checked(log: Log, source: Source, config: PrepareConfig, warnings: list[EdgeError]) -> list[EdgeError]:
    """What is odd about the log as a whole. Errors, beside the `warnings` of its rows: it cannot be learned from."""
    try:
        _check_parts(log, source.log)
        return [*check_labels(log, source.log), *few_test_rows(log, config.split)]
    except EdgeError as error:
        evidence = "\n".join(filter(None, (error.evidence, *(f"warning: {warning}" for warning in warnings))))
        raise EdgeError(error.problem, evidence=evidence, fix=error.fix) from error


def _check_parts(log: Log, table: LogTable) -> None:
    for part, name in enumerate(PARTS):
        if not (log.events.part == part).any():
            if cause := one_screen_each(table, log.events):
                raise EdgeError(f"the {name} split is empty", evidence=cause, fix=NAME_REQUESTS)
            raise EdgeError(
                f"the {name} split is empty: {len(log.events)} events of {len(log.users)} users are too few",
                fix="use users with 10 events or more, or larger shares: "
                f"--set {setting('split.validation')}=0.2 --set {setting('split.test')}=0.2",
            )


def _counts(log: Log) -> dict[str, Any]:
    rows = {name: int((log.events.part == part).sum()) for part, name in enumerate(PARTS)}
    return {"rows": rows, "users": len(log.users), "items": len(np.unique(log.events.item))}


def _portable(source: Source) -> dict[str, Any]:
    """The source for the record, its files by name alone: the same anywhere; text and split stand apart."""
    tables: dict[str, LogTable | Entities] = {
        "log": source.log,
        "items": source.items,
        "users": source.users,
    }
    plain = {name: to_dict(table) | {"path": Path(table.path).name} for name, table in tables.items()}
    return {"name": source.name} | plain


def _protocol(source: Source, config: PrepareConfig) -> str:
    log = source.log
    choices = f"{log.label} = 1" if log.label else "every row of the log"
    label = f"{log.rating} >= {log.threshold:g}" if log.rating else choices
    own_clock = "" if log.clock == "shared" else ", of the user alone: times of two users do not compare"
    every = log.rating or log.events == "all" or config.negatives.each
    history = "rows" if every else f"rows with {' or '.join((log.label, *log.other_labels))} = 1"
    drawn = negatives_protocol(config.negatives) if config.negatives.each else "no drawn negatives"
    return (
        f"{source.name}; liked: {label}; split {protocol(config.split)}; rows of one user and one time are one screen "
        f"and see nothing of each other; candidates are the user's own rows of that part, {drawn}; history is all "
        f"strictly earlier {history}, statistics all strictly earlier rows, of any part{own_clock}; "
        f"baselines: {BASELINES_PROTOCOL}"
    )
