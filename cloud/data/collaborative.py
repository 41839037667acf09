"""Item-item collaborative filtering: what the user's earlier items, weighted by how alike they are, say of this one.

Similarities are adjusted cosines over training rows (Sarwar et al. 2001), shrunk where few users had both. From those
that score a training row its own user is removed: a similarity fitted on the very rows it predicts tells their labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import eigsh
from tqdm import tqdm

from cloud.data.moments import user_rows
from edge.engines.shape import NO_LIKENESS, OVERALL

Floats = NDArray[np.float64]
Places = NDArray[np.integer[Any]]
SHRINKAGE = 20.0  # users added to those who had both items, with a likeness of 0
NEIGHBOURS = 30  # of the user's earlier items, the most similar


@dataclass(frozen=True)
class Sums:
    """Over pairs of items (item, item): products of centred values, squares of the first one's, users who had both."""

    products: sparse.csr_matrix
    squares: sparse.csr_matrix
    users: sparse.csr_matrix


def collaborative(
    user: Places,
    item: Places,
    value: Floats,
    train: NDArray[np.bool_],
    seen: Places,
    neighbours: int | None = NEIGHBOURS,
    past: NDArray[np.bool_] | None = None,
) -> Floats:
    """(row,) the mean of the user's centred earlier values, weighted by likeness to the row's item; 0 without any.

    Rows are ordered by user and time. Those that `train` marks are fitted on; a row looks back on its user's rows
    before the place that `seen` names (`cloud.data.moments.screens`), on the most alike `neighbours` of them, or on
    all; if `past` is given, on those that it marks. Their values are centred by their mean, drawn to that of all
    training rows.
    """
    counted = np.ones(len(user), dtype=bool) if past is None else past
    centred, overall = value - _user_means(user, value, train), float(np.mean(value[train]))
    sums = _sums(user[train], item[train], centred[train], (int(user.max()) + 1, int(item.max()) + 1))
    score = np.zeros(len(user))
    for start, end in tqdm(user_rows(user), desc="item-item CF", unit=" users", leave=False, disable=None):
        rows = slice(start, end)
        weights = _weights(sums, item[rows], centred[rows], train[rows], seen[rows] - start, neighbours)
        score[rows] = _weighted_mean(weights, value[rows], counted[rows], seen[rows] - start, overall)
    return score


def _user_means(user: Places, value: Floats, train: NDArray[np.bool_]) -> Floats:
    """(row,) of the user's training rows, drawn to the mean of all."""
    overall = float(np.mean(value[train], dtype=np.float64))
    users = int(user.max()) + 1
    total = np.bincount(user[train], value[train] - overall, users)
    means: Floats = overall + total / (np.bincount(user[train], minlength=users) + OVERALL)
    return means[user]


def _sums(user: Places, item: Places, centred: Floats, shape: tuple[int, int]) -> Sums:
    """Over training rows."""
    rated = sparse.csr_matrix((centred, (user, item)), shape=shape)
    had = sparse.csr_matrix((np.ones(len(user)), (user, item)), shape=shape)
    had.data[:] = 1.0  # an item met twice counts once
    return Sums((rated.T @ rated).tocsr(), (rated.multiply(rated).T @ had).tocsr(), (had.T @ had).tocsr())


def _weights(
    sums: Sums, item: Places, centred: Floats, train: NDArray[np.bool_], seen: Places, neighbours: int | None
) -> Floats:
    """(row, earlier row) of one user; `seen` rows of the user are earlier than each."""
    known, place = np.unique(item, return_inverse=True)
    products, squares, users = (
        _block(matrix, known)[np.ix_(place, place)] for matrix in (sums.products, sums.squares, sums.users)
    )  # (row, earlier row)
    own = np.where(train, centred, 0.0)
    # Only where a training row is scored is its user among those fitted on.
    leave_out = train[:, None] & train[None, :] & (item[:, None] != item[None, :])
    products = products - np.where(leave_out, own[:, None] * own[None, :], 0.0)
    first = squares - np.where(leave_out, own[:, None] ** 2, 0.0)
    second = squares.T - np.where(leave_out, own[None, :] ** 2, 0.0)
    users = users - leave_out
    likeness = products / (np.sqrt(np.maximum(first * second, 0.0)) + 1e-6) * users / (users + SHRINKAGE)
    earlier = np.arange(len(item))[None, :] < seen[:, None]
    weights = np.where(earlier & (item[:, None] != item[None, :]), likeness, 0.0)
    if neighbours is not None and weights.shape[1] > neighbours:
        weakest = np.argpartition(np.abs(weights), -neighbours, axis=1)[:, :-neighbours]
        np.put_along_axis(weights, weakest, 0.0, axis=1)
    return weights


def _weighted_mean(weights: Floats, value: Floats, counted: NDArray[np.bool_], seen: Places, overall: float) -> Floats:
    """(row,) of (row, earlier row) weights and the values of the counted among the first `seen` rows, centred by their
    smoothed mean."""
    running, count = (np.concatenate([[0.0], np.cumsum(part)]) for part in (counted * (value - overall), counted))
    level = overall + running[seen] / (count[seen] + OVERALL)
    weights = weights * counted
    mean: Floats = (weights @ value - weights.sum(1) * level) / (np.abs(weights).sum(1) + NO_LIKENESS)
    return mean


def _block(matrix: sparse.csr_matrix, known: Places) -> Floats:
    block: Floats = matrix[known][:, known].toarray()
    return block


def item_factors(
    user: Places, item: Places, value: Floats, train: NDArray[np.bool_], items: int, size: int
) -> tuple[Floats, Places]:
    """(item, factor) whose products come close to the likeness of two items; and of how many training rows each is.

    They are the leading eigenvectors of the table of likenesses, those of negative eigenvalues left out.
    """
    centred = value - _user_means(user, value, train)
    sums = _sums(user[train], item[train], centred[train], (int(user.max()) + 1, items))
    likeness = _likeness_table(sums)
    size = min(size, items - 2)
    values, vectors = eigsh(likeness, k=size, which="LA", v0=np.ones(items))
    return vectors * np.sqrt(np.maximum(values, 0.0)), np.bincount(item[train], minlength=items)


def _likeness_table(sums: Sums) -> sparse.csr_matrix:
    """(item, item) of two different items that a user had both."""
    pairs = sums.users.tocoo()
    first, second = pairs.row, pairs.col
    apart = first != second
    first, second, users = first[apart], second[apart], pairs.data[apart]
    products, squares, others = (
        np.asarray(matrix[one, two]).ravel()
        for matrix, one, two in (
            (sums.products, first, second), (sums.squares, first, second), (sums.squares, second, first)
        )
    )  # fmt: skip
    values = products / (np.sqrt(squares * others) + 1e-6) * users / (users + SHRINKAGE)
    return sparse.csr_matrix((values, (first, second)), shape=sums.users.shape)
