"""Named sizes of the ranking model's road: the shapes of its models, and how long each stage trains."""

from __future__ import annotations

from dataclasses import dataclass

from cloud.ranking.shape import RankingShape


@dataclass(frozen=True)
class RoadPasses:
    """Over all training rows; `summaries` and `prune_texts` over all texts."""

    teacher: int
    summaries: int
    relations: int
    scores: int
    prune_texts: int
    prune: int


PASSES = {
    "quickstart": RoadPasses(
        teacher=4, summaries=10, relations=1, scores=3, prune_texts=20, prune=3
    ),  # minutes on two cores
    "lunch": RoadPasses(
        teacher=10, summaries=40, relations=4, scores=12, prune_texts=40, prune=6
    ),  # about an hour on two cores
    "m6-edge": RoadPasses(teacher=10, summaries=100, relations=4, scores=20, prune_texts=100, prune=4),  # for a GPU
}
TEACHER_SHAPES = {
    "quickstart": RankingShape(vocabulary_size=1, numbers=0),
    "lunch": RankingShape(
        vocabulary_size=1, numbers=0, hidden_size=192, embedding_size=192, heads=3, encode_layers=2, interact_layers=3
    ),
    "m6-edge": RankingShape(
        vocabulary_size=1, numbers=0, hidden_size=1024, embedding_size=1024, heads=16, encode_layers=18,
        interact_layers=6, shared=False,
    ),
}  # fmt: skip
STUDENT_SHAPES = {
    "quickstart": RankingShape(vocabulary_size=1, numbers=0, embedding_size=64, factors=32),
    "lunch": RankingShape(vocabulary_size=1, numbers=0, embedding_size=64, factors=32),
    "m6-edge": RankingShape(
        vocabulary_size=1, numbers=0, hidden_size=768, embedding_size=128, heads=16, encode_layers=21, early_encode=8,
        interact_layers=3, factors=64,
    ),
}  # fmt: skip
