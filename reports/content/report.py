"""What a report is made of: answers as tables, and the facts that say what they are about. No drawing here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pyarrow as pa

from paths.drivers.table import DriversAnswer
from paths.statistics.survival import GoalTimes
from reports.content.journey_map import Annotation, MapContent
from reports.content.retention import AttributionContent, CohortContent, LifecycleContent


@dataclass(frozen=True, kw_only=True)
class Span:
    """A period, microseconds UTC; until exclusive."""

    since: int
    until: int


@dataclass(frozen=True, kw_only=True)
class FunnelAnswer:
    """One saved funnel. The settled pair holds only chains whose window is over at as_of: they may be compared."""

    name: str
    count: str  # customers | sessions
    window: timedelta | None
    now: pa.Table
    before: pa.Table | None
    settled: pa.Table | None
    settled_before: pa.Table | None
    command: str

    @property
    def question(self) -> str:
        """What is counted, in words."""
        return self.count


@dataclass(frozen=True, kw_only=True)
class CartAnswer:
    """Carts of the period; `spans` are CART_SPANS rows of the period, the one before, and the weeks."""

    table: pa.Table
    totals: Mapping[str, Any]
    recovery_hours: pa.Table
    idle_hours: pa.Table
    last_steps: pa.Table
    spans: pa.Table


@dataclass(frozen=True, kw_only=True)
class StageFact:
    """One configured stage: who answers for it, and its touchpoints among those that occur."""

    name: str
    owner: str | None
    touchpoints: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule in force, for the method section."""

    name: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Quality:
    """What became of the rows of the whole ingestion, and what rules do not reach in the period."""

    accepted: int
    duplicates: int
    quarantined: int
    reasons: Sequence[tuple[str, int]]
    excluded_sessions: int
    unmapped: int | None  # events in no stage; None without stages
    events: int  # of the period
    stitched: float | None = None  # share of the period's events, of everybody; None without anonymous ids

    @property
    def rows(self) -> int:
        """Rows read: every row is accepted, a duplicate or quarantined."""
        return self.accepted + self.duplicates + self.quarantined


@dataclass(frozen=True, kw_only=True)
class Report:
    """Everything on the page. `outcomes` are OUTCOMES rows: the period, the one before (where compared), then the weeks."""

    shop: str
    timezone: str
    currency: str | None
    minor_units: int
    goal: Sequence[str]
    goal_seen: bool
    goal_unseen: str  # what is to be said of goals that never occur; "" where all do
    as_of: int
    now: Span
    before: Span | None
    weeks: Sequence[Span]
    first_event: int | None  # of the whole store
    conditions: Sequence[str]  # --segment and --where
    data: str  # fingerprint of the events of both periods
    return_window: timedelta
    summary: pa.Table
    summary_before: pa.Table | None
    outcomes: pa.Table
    flows: pa.Table
    edges: pa.Table  # EDGES, runs of one touchpoint as one visit
    hours: pa.Table
    goal_times: GoalTimes
    nodes: pa.Table | None  # visits, sessions and customers by touchpoint; not of segments
    dropoff: pa.Table
    dropoff_before: pa.Table | None
    last_lost: pa.Table  # the newest lost sessions of each touchpoint
    funnels: Sequence[FunnelAnswer]
    carts: CartAnswer | None
    coverage: pa.Table
    stages: Sequence[StageFact]
    quality: Quality
    rules: Sequence[Rule]
    commands: Mapping[str, str]  # section -> the command that gives its numbers
    warnings: Sequence[str]
    segments: Sequence[Segment] = ()
    segments_left_out: int = 0  # further values of the segment columns
    map: MapContent | None = None
    map_elsewhere: bool = False  # a segment's map is for the command line: the page has that of everybody
    attribution_by: str = "channel"  # what touches are called by
    attribution: AttributionContent | None = None  # as cohorts and lifecycle: of everybody, not of a segment
    cohorts: CohortContent | None = None
    lifecycle: LifecycleContent | None = None
    annotations: Sequence[Annotation] = ()  # by day
    crossings: pa.Table | None = None  # CROSSINGS: what crosses channels and devices; not of segments
    drivers: DriversAnswer | None = None  # of a goal, of sessions; not of segments
    strict: bool = False  # is nothing told about fewer than LEAST customers?

    @property
    def owners(self) -> dict[str, str]:
        """Touchpoint -> who answers for its stage."""
        return {t: s.owner for s in self.stages if s.owner for t in s.touchpoints}

    @property
    def comparable(self) -> bool:
        """Does the period before hold anything?"""
        return self.summary_before is not None and self.summary_before["sessions"][0].as_py() > 0

    def outcome(self, which: int) -> dict[str, Any]:
        """0: the period, 1: the one before (where there is one)."""
        row: dict[str, Any] = self.outcomes.slice(which, 1).to_pylist()[0]
        return row

    def weekly(self) -> list[dict[str, Any]]:
        """OUTCOMES rows of the weeks, oldest first."""
        rows: list[dict[str, Any]] = self.outcomes.slice(1 if self.before is None else 2).to_pylist()
        return rows


@dataclass(frozen=True, kw_only=True)
class Segment:
    """The same report about the units whose first event has this value in this column."""

    column: str
    value: str
    report: Report

    @property
    def name(self) -> str:
        """As --segment takes it."""
        return f"{self.column}={self.value}"
