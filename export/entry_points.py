"""The edge graph's entry points as torch modules: what every exporter converts.

embed            token ids, positions -> hidden
place            hidden, slots -> hidden               (the hand-over adds segment embeddings)
layer            hidden, mask -> hidden, keys, values
layer_candidate  hidden, user keys, user values, mask -> hidden
head             hidden -> score
"""

from __future__ import annotations

from torch import Tensor, nn

from cloud.model import Encoder


class Embed(nn.Module):
    def __init__(self, model: Encoder) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: Tensor, positions: Tensor) -> dict[str, Tensor]:
        return {"hidden": self.model.embed(ids, positions)}


class Place(nn.Module):
    def __init__(self, model: Encoder) -> None:
        super().__init__()
        self.model = model

    def forward(self, hidden: Tensor, slots: Tensor) -> dict[str, Tensor]:
        return {"hidden": self.model.place(hidden, slots)}


class UserLayer(nn.Module):
    def __init__(self, model: Encoder) -> None:
        super().__init__()
        self.layer = model.layer(1)

    def forward(self, hidden: Tensor, mask: Tensor) -> dict[str, Tensor]:
        stepped, keys, values = self.layer.user_step(hidden, mask)
        return {"hidden": stepped, "keys": keys, "values": values}


class CandidateLayer(nn.Module):
    def __init__(self, model: Encoder) -> None:
        super().__init__()
        self.layer = model.layer(1)

    def forward(self, hidden: Tensor, keys: Tensor, values: Tensor, mask: Tensor) -> dict[str, Tensor]:
        return {"hidden": self.layer.candidate_step(hidden, keys, values, mask)}


class Head(nn.Module):
    def __init__(self, model: Encoder) -> None:
        super().__init__()
        self.model = model

    def forward(self, hidden: Tensor) -> dict[str, Tensor]:
        return {"score": self.model.score(hidden)}
