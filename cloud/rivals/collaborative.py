"""Item-item collaborative filtering: what the user's earlier items, weighted by how alike they are, say of this one.

Similarities are adjusted cosines over training rows (Sarwar et al. 2001), shrunk where few users had both. From those
that score a training row its own user is removed: a similarity fitted on the very rows it predicts tells their labels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from cloud.data.log import TRAIN, Events
from cloud.data.moments import screens, user_rows

Floats = NDArray[np.float64]
SHRINKAGE = 20.0  # users who had both items, as if so many had shown no likeness
NEIGHBOURS = 30  # of the user's earlier items, the most alike
OVERALL = 5.0  # rows of the overall mean in a user's mean


@dataclass(frozen=True)
class Sums:
    """Over pairs of items (item, item): products of centred values, squares of the first one's, users who had both."""

    products: sparse.csr_matrix
    squares: sparse.csr_matrix
    users: sparse.csr_matrix


def collaborative(events: Events) -> Floats:
    """(row,) the mean of the user's centred earlier values, weighted by likeness to the row's item; 0 without any."""
    centred = events.value - _user_means(events)
    sums = _sums(events, centred)
    score = np.zeros(len(events))
    seen = screens(events.user, events.time)
    for start, end in user_rows(events.user):
        rows = np.arange(start, end)
        score[rows] = _of_user(sums, events.item[rows], centred[rows], events.part[rows] == TRAIN, seen[rows] - start)
    return score


def _user_means(events: Events) -> Floats:
    """(row,) of the user's training rows, drawn to the mean of all."""
    train = events.part == TRAIN
    overall = float(np.mean(events.value[train], dtype=np.float64))
    users = int(events.user.max()) + 1
    total = np.bincount(events.user[train], events.value[train] - overall, users)
    means: Floats = overall + total / (np.bincount(events.user[train], minlength=users) + OVERALL)
    return means[events.user]


def _sums(events: Events, centred: Floats) -> Sums:
    train = events.part == TRAIN
    shape = (int(events.user.max()) + 1, int(events.item.max()) + 1)
    rated = sparse.csr_matrix((centred[train], (events.user[train], events.item[train])), shape=shape)
    had = sparse.csr_matrix((np.ones(train.sum()), (events.user[train], events.item[train])), shape=shape)
    had.data[:] = 1.0  # an item met twice counts once
    return Sums((rated.T @ rated).tocsr(), (rated.multiply(rated).T @ had).tocsr(), (had.T @ had).tocsr())


def _of_user(
    sums: Sums, item: NDArray[np.int32], centred: Floats, train: NDArray[np.bool_], seen: NDArray[np.int64]
) -> Floats:
    """(row,) of one user; `seen` rows of the user are earlier than each."""
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
    if weights.shape[1] > NEIGHBOURS:
        weakest = np.argpartition(np.abs(weights), -NEIGHBOURS, axis=1)[:, :-NEIGHBOURS]
        np.put_along_axis(weights, weakest, 0.0, axis=1)
    mean: Floats = (weights @ centred) / (np.abs(weights).sum(1) + 0.3)
    return mean


def _block(matrix: sparse.csr_matrix, known: NDArray[np.int32]) -> Floats:
    block: Floats = matrix[known][:, known].toarray()
    return block
