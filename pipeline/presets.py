"""The presets of `edge run`, and the road that each one's settings are for."""

from __future__ import annotations

from cloud.data.prepare import open_source
from pipeline.ranking_road import ranking_road
from pipeline.road import Road
from pipeline.settings import RANKING_ROADS, RankingRoadConfig

PIPELINES = RANKING_ROADS


def road_of(data: str, config: RankingRoadConfig, skip_bad_rows: bool = False) -> Road:
    """The steps of `edge run` with that configuration on that data."""
    return ranking_road(open_source(data), config, skip_bad_rows)
