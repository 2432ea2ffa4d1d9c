"""What the journey map, the personas, the feelings and the designed journey are drawn from: answers, and what people know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa


@dataclass(frozen=True, kw_only=True)
class Annotation:
    """What happened on a day."""

    day: date
    text: str


@dataclass(frozen=True, kw_only=True)
class MapStage:
    """One stage as people describe it."""

    name: str
    phase: str | None = None  # before | during | after the purchase
    goal: str | None = None
    owner: str | None = None
    review_by: date | None = None
    overdue: bool = False


@dataclass(frozen=True, kw_only=True)
class Comment:
    """One comment, masked already, and the feeling of its score, -2 to +2."""

    stage: str
    touchpoint: str
    feeling: float
    text: str


@dataclass(frozen=True, kw_only=True)
class PersonaMap:
    """The map by stage of one persona; `name` None: everybody else."""

    name: str | None
    notes: str | None
    table: pa.Table
    totals: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class MapContent:
    """Everything on the map. Tables are those of the commands: `journeys map`, `map --by stage`, `map pains` and so on."""

    stages: Sequence[MapStage]
    preset: bool  # for want of any [[stage]] those of a shop
    min_n: int
    cells: pa.Table  # by touchpoint
    by_stage: pa.Table
    totals: Mapping[str, Any]
    pains: pa.Table
    moments: pa.Table
    best: pa.Table
    opportunities: pa.Table
    opportunity_stage: Sequence[str | None]  # of each of its rows
    designed: pa.Table
    designed_totals: Mapping[str, Any]
    targets: bool  # does [journey.targets] say anything?
    dropoff: pa.Table  # by stage
    changes: pa.Table | None  # `map --by stage --compare previous`
    channels: Mapping[str, Sequence[str]]  # touchpoint -> its channels, the busiest first
    offline: frozenset[str]  # of these channels
    personas: Sequence[PersonaMap]
    surveys: bool  # is there any [[survey]]?
    comments: Sequence[Comment]
    themes: pa.Table  # THEMES
    commands: Mapping[str, str]

    @property
    def rows(self) -> dict[str, dict[str, Any]]:
        """Stage -> its row of `by_stage`, of the stages that occur."""
        return {r["stage"]: r for r in self.by_stage.to_pylist()}

    @property
    def stage_names(self) -> list[str]:
        """In order."""
        return [s.name for s in self.stages]
