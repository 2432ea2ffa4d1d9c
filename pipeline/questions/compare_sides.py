"""What --compare names: two sides that share no unit.

`previous` (as many days just before), `2026-01-01..2026-02-01` (the second day exclusive), or `plan=basic`: against that
segment where --segment names another value of the column, else that segment against everybody else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ingest.errors import ConfigError, did_you_mean
from paths.analysis import Analysis
from paths.journeys.conditions import Condition
from paths.journeys.personas import PERSONA
from paths.journeys.scope import NEVER, Scope
from paths.views.period import InPeriod
from paths.views.segment import InSegment
from pipeline.project.as_of import instant_text, parse_day
from pipeline.project.customer_facts import check_persona
from pipeline.project.periods import days_of
from pipeline.project.project import Period, ProjectFolder
from sessionize.clock import midnight

PREVIOUS = "previous"
DAYS = re.compile(r"(?P<since>[^.=]+)\.\.(?P<until>[^.=]+)")
SEGMENT = re.compile(r"(?P<column>[^=!<>~]+)=(?P<value>.*)", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Side:
    """Units that start in since <= at < until (microseconds UTC), of a segment."""

    since: int
    until: int
    both: tuple[Condition, ...]  # of the segment: what the other side asks as well
    own: tuple[Condition, ...] = ()  # and what only this one does

    def asked(self, analysis: Analysis[Any]) -> Analysis[Any]:
        """The analysis about this side, in a pass that asks `both`."""
        asked: Analysis[Any] = InPeriod(analysis=analysis, since=self.since, until=self.until)
        for condition in self.own:
            asked = InSegment(analysis=asked, condition=condition)
        return asked

    @property
    def meta(self) -> dict[str, Any]:
        """since, until and segment as every answer's meta spells them."""
        return {
            "since": None if self.since == -NEVER else instant_text(self.since),
            "until": None if self.until == NEVER else instant_text(self.until),
            "segment": [str(c) for c in (*self.both, *self.own)],
        }


@dataclass(frozen=True, kw_only=True)
class Sides:
    """What is compared, with what, and how a sentence calls the other side."""

    now: Side
    before: Side
    than: str

    @property
    def columns(self) -> frozenset[str]:
        """What tells them apart."""
        return frozenset(c.column for c in (*self.now.own, *self.before.own))

    def shared(self, period: Period) -> Period:
        """The question's period without what only one side asks."""
        pairs = period.segment.items() if isinstance(period.segment, Mapping) else period.segment
        kept = tuple((column, value) for column, value in pairs if column not in self.columns)
        return replace(period, segment=kept, persona=None if PERSONA in self.columns else period.persona)


def sides_of(project: ProjectFolder, scope: Scope, text: str) -> Sides:
    """The sides that --compare names; raises ConfigError for words that name none, or sides that share units."""
    if text == PREVIOUS or DAYS.fullmatch(text):
        return periods(scope, project.config.project.timezone, text)
    match = SEGMENT.fullmatch(text)
    if match is None:
        raise ConfigError(
            f'--compare takes previous, DAY..DAY (the second one exclusive) or COLUMN=VALUE, not "{text}".'
            f"{did_you_mean(text, [PREVIOUS])}"
        )
    if match["column"].strip() == PERSONA:
        check_persona(project.config, match["value"])
    return segments(scope, Condition(match["column"].strip(), "=", match["value"]))


def periods(scope: Scope, timezone: str, text: str) -> Sides:
    """This period against the one before it, or against the days of the text."""
    first, last = days_of(scope, timezone)
    since, until = midnight(first, timezone), midnight(last, timezone)
    if text == PREVIOUS:
        earlier, end, than = midnight(first - (last - first), timezone), since, "before"
    else:
        earlier, end = (parse_day(day, timezone, "--compare") for day in text.split(".."))
        than = f"in {text}"
    if earlier >= end:
        raise ConfigError(f"--compare {text}: the period is empty; write it as 2026-01-01..2026-02-01.")
    if earlier < until and since < end:
        raise ConfigError(
            f"--compare {text} overlaps the period ({first} until {last}): what is in both cannot be compared. "
            "Choose other days with --since and --until."
        )
    now = Side(since=since, until=until, both=scope.segment)
    return Sides(now=now, before=replace(now, since=earlier, until=end), than=than)


def segments(scope: Scope, other: Condition) -> Sides:
    """The segment that is asked about against the other, or the other against the rest; what else is asked of both stays."""
    mine = [c for c in scope.segment if c.column == other.column]
    both = tuple(c for c in scope.segment if c.column != other.column)
    if other in mine:
        raise ConfigError(f"--compare {other} is the --segment itself: name another value of {other.column}.")
    against = other if mine else Condition(other.column, "!=", other.value)
    now = Side(since=scope.since, until=scope.until, both=both, own=tuple(mine) or (other,))
    before = replace(now, own=(against,))
    return Sides(now=now, before=before, than=f"with {other}" if mine else "the rest")
