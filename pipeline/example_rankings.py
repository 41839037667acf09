"""Three test users, chosen by a rule, and what the last model and the best rival rank highest for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloud.data.log import PARTS, TEST
from cloud.data.rows import Prepared
from cloud.rivals.held_out import HeldOut, Logits
from cloud.rivals.written import three
from edge.metrics import user_aucs
from edge.pages.table import Row, Table

PERCENTILES = (10, 50, 90)  # of per-user AUC
FEWEST_ROWS = 10  # test rows that a user needs to be chosen
BEST, EVENTS = 10, 5  # rows that are shown of a ranking, and latest events
MOST_TEXT = 60  # characters of an item
RULE = (
    f"The examples are chosen by a rule: of the users with {FEWEST_ROWS} test rows or more and both labels, sorted by "
    "the AUC of the {model} on their own rows, those at the 10th, 50th and 90th percentile. The candidates are all "
    "test rows of the user."
)


def example_tables(
    prepared: Prepared, held_out: HeldOut, scores: Mapping[str, Logits], calibrated: bool = True
) -> Iterator[Table]:
    """One for each percentile; `scores` are logits by name, the model first, then a rival if there is one.

    `calibrated`: their sigmoid is a probability. None where no user has enough test rows.
    """
    model = next(iter(scores))
    aucs, counts = user_aucs(scores[model], held_out.labels, held_out.users)
    names = np.unique(held_out.users)
    fitting = np.flatnonzero((counts >= FEWEST_ROWS) & ~np.isnan(aucs))
    by_auc = fitting[np.argsort(aucs[fitting], kind="stable")]
    for percentile in PERCENTILES if len(by_auc) else ():
        place = by_auc[round(percentile / 100 * (len(by_auc) - 1))]
        at = np.flatnonzero(held_out.users == names[place])
        liked = int(held_out.labels[at].sum())
        said = f"{liked} of the user's {len(at)} test rows were liked; the AUC on these rows is {three(aucs[place])}."
        rule = [RULE.format(model=model)] if percentile == PERCENTILES[0] else []
        before = (*rule, _about(prepared, int(names[place])), said)
        title = f"An example: the user at the {percentile}th percentile of per-user AUC"
        yield Table(title, _headings(scores, calibrated), list(_rows(prepared, held_out, scores, at)), before=before)


def _headings(scores: Mapping[str, Logits], calibrated: bool) -> Row:
    shown = "probability" if calibrated else "score, 0 to 1"
    columns = (heading for name in scores for heading in (f"{name}: ten best", shown, "liked"))
    return ("place", *columns)


def _rows(prepared: Prepared, held_out: HeldOut, scores: Mapping[str, Logits], at: NDArray[np.intp]) -> Iterator[Row]:
    """One row per place: what each ranks there, its probability, and whether the user liked it."""
    test = prepared.part(PARTS[TEST])
    item, labels = prepared.column("item")[test], held_out.labels
    orders = {name: at[np.argsort(-logits[at], kind="stable")] for name, logits in scores.items()}
    for place in range(min(BEST, len(at))):
        cells: list[str] = []
        for name, order in orders.items():
            row = order[place]
            chance = 1 / (1 + np.exp(-float(scores[name][row])))
            cells += [_short(prepared.items.texts[item[row]]), f"{chance:.2f}", "yes" if labels[row] else "no"]
        yield (f"{place + 1}", *cells)


def _about(prepared: Prepared, user: int) -> str:
    """The profile and the latest events before the first test row."""
    users, item, phrase, earlier = map(prepared.column, ("user", "item", "phrase", "earlier"))
    own = np.flatnonzero((users == user) & prepared.column("event"))
    test: Any = prepared.part(PARTS[TEST])
    known = int(earlier[test[users[test] == user]].min())
    latest = [
        f"{_short(prepared.items.texts[item[row]])}: {prepared.phrases.texts[phrase[row]]}"
        for row in own[:known][-EVENTS:].tolist()
    ]
    profile = prepared.users.texts[user] or "no profile"
    listed = "; ".join(latest) if latest else "none"
    return f"User: {profile}. Before the first test row: {known:,} events, of which the latest are: {listed}."


def _short(text: str) -> str:
    return text if len(text) <= MOST_TEXT else f"{text[: MOST_TEXT - 1].rstrip()}…"
