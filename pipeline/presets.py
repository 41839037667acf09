"""The presets of `edge run`, and the road that each one's settings are for."""

from __future__ import annotations

from collections.abc import Callable

from cloud.data.prepare import open_source
from pipeline.ranking.road import ranking_road
from pipeline.ranking.settings import RANKING_ROADS, RankingRoadConfig
from pipeline.road import Road
from pipeline.tokens.road import token_road
from pipeline.tokens.settings import TOKEN_ROADS, TokensConfig

RoadConfig = RankingRoadConfig | TokensConfig
PIPELINES: dict[str, Callable[[str], RoadConfig]] = {**RANKING_ROADS, **TOKEN_ROADS}


def road_of(data: str, config: RoadConfig, skip_bad_rows: bool = False) -> Road:
    """The steps of `edge run` with that configuration on that data."""
    source = open_source(data)
    if isinstance(config, RankingRoadConfig):
        return ranking_road(source, config, skip_bad_rows)
    return token_road(source, config, skip_bad_rows)
