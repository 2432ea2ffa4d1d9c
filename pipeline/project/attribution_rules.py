"""[attribution] and the words of a question -> AttributionRules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from paths.attribution.rules import AttributionRules, Reach
from pipeline.config import Config
from pipeline.config.durations import parse_duration
from pipeline.project.rules import goal_rules


def attribution_rules(
    config: Config,
    *,
    by: str | None = None,
    goal: Sequence[str] | None = None,
    lookback: str | timedelta | None = None,
    paths: Reach | None = None,
) -> AttributionRules:
    """What journeys.toml says, and what the question says instead. Raises ConfigError."""
    said = config.attribution
    return AttributionRules(
        by=by or said.by,
        goals=goal_rules(config, goal),
        lookback=said.lookback if lookback is None else parse_duration(lookback),
        paths=paths or said.paths,
        touches=said.touches,
        direct=frozenset(said.direct),
        half_life=said.half_life,
        weights=said.weights,
        drop_direct=said.drop_direct,
        collapse_repeats=said.collapse_repeats,
        first_touches=said.first_touches,
    )
