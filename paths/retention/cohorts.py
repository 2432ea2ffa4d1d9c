"""Retention: which customers of a cohort come back, period by period; additive counts of a batch.

Sources of the words: Mixpanel and Amplitude (on, on or after, rolling, brackets), PostHog (the pooled mean).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from ingest.array_types import Ints
from paths.analysis import Lookback, summed
from paths.arrays.counting import tally
from paths.arrays.grouping import NAME, coded_names
from paths.journeys.goals import goal_values
from paths.journeys.journeys import Journeys
from paths.journeys.personas import values_shown
from paths.retention.calendar import first_days, periods_at, starting_in
from paths.retention.rules import RetentionRules
from paths.retention.table import COUNTS, KEYS, PARTS, retention_table


class Members(NamedTuple):
    """The customers of all cohorts, one entry each, in the order of the batch."""

    start: Ints  # position of the event that puts the customer into a cohort
    cell: Ints  # which of the cells
    cohort: Ints  # per cell: the first day of its cohort, days since 1970-01-01
    group: Ints  # per cell: a code of `groups`
    groups: Sequence[str]  # values of the breakdown; one empty text without


@dataclass(frozen=True, kw_only=True)
class Retention:
    """Counts, per cohort and period, the customers that return; cohorts are selected by the start of their period."""

    rules: RetentionRules = field(default_factory=RetentionRules)
    minor_units: int = 100  # of one unit of the currency

    @property
    def columns(self) -> frozenset[str]:
        """What the rules read."""
        return self.rules.columns

    def lookback(self, since: int) -> Lookback | None:
        """Everything: a cohort is known by a customer's first event of all."""
        return None

    def map(self, journeys: Journeys) -> pa.Table:
        """The additive counts of a batch."""
        members = members_of(journeys, self.rules)
        counts = [*watched(journeys, self.rules, members), returned(journeys, self.rules, members)]
        if self.rules.value:
            counts += worth(journeys, self.rules, members)
        return parts_of(members, counts)

    def merge(self, parts: Sequence[pa.Table]) -> pa.Table:
        """The sum of parts."""
        return summed(parts, KEYS, PARTS)

    def reduce(self, parts: Sequence[pa.Table]) -> pa.Table:
        """The RETENTION table; see `retention_table`."""
        return retention_table(self.merge(parts), self.rules, self.minor_units)


class Counts(NamedTuple):
    """Numbers of one column of COUNTS, by cell and period."""

    column: str
    cell: Ints
    period: Ints
    n: Ints


def active(journeys: Journeys) -> Ints:
    """The positions of the non-passive events, ascending."""
    return np.flatnonzero(~journeys.passive) if journeys.passive.any() else np.arange(len(journeys))


def first_of_each(journeys: Journeys, rows: Ints) -> Ints:
    """The first of some rows, which ascend, of each customer that has one."""
    owner = journeys.customer.take(rows)
    first: Ints = rows[np.append(True, owner[1:] != owner[:-1])[: len(rows)]]
    return first


def last_of_each(journeys: Journeys, rows: Ints) -> Ints:
    """The last of some rows, which ascend, of each customer that has one."""
    owner = journeys.customer.take(rows)
    last: Ints = rows[np.append(owner[1:] != owner[:-1], True)[: len(rows)]]
    return last


def starts_of(journeys: Journeys, rules: RetentionRules) -> Ints:
    """The event that puts each customer into a cohort, whatever the period: the first of all, or the first goal."""
    if rules.start == "goal":
        return first_of_each(journeys, np.flatnonzero(journeys.answers_to(rules.goal.goal)))
    return first_of_each(journeys, active(journeys))


def members_of(journeys: Journeys, rules: RetentionRules) -> Members:
    """Who is in which of the selected cohorts."""
    start = starts_of(journeys, rules)
    number = periods_at(journeys.events.at.take(start), rules.unit, journeys.scope.sessions.timezone)
    chosen = starting_in(number, rules.unit, journeys.scope)
    if journeys.scope.segment:
        chosen = chosen & journeys.in_segment.take(start)
    start, number = start[chosen], number[chosen]
    groups: Sequence[str] = ("",)
    code = np.zeros(len(start), dtype=np.int64)
    if rules.breakdown is not None:
        column = values_shown(journeys.events, rules.breakdown)
        groups, code = column.names, column.codes.take(start).astype(np.int64)
    low = int(number.min(initial=0))
    cells, cell = np.unique((number - low) * len(groups) + code, return_inverse=True)
    return Members(start, cell, first_days(cells // len(groups) + low, rules.unit), cells % len(groups), groups)


def watched(journeys: Journeys, rules: RetentionRules, members: Members) -> list[Counts]:
    """Customers by the number of periods that are over at as_of, and by the number that have begun."""
    scope, start_at = journeys.scope, journeys.events.at.take(members.start)
    now = np.full(len(start_at), scope.as_of, dtype=np.int64)
    over = rules.index(now, start_at, scope.sessions.timezone)
    begun = np.minimum(rules.index(now - 1, start_at, scope.sessions.timezone) + 1, rules.last + 1)
    return [counted("over", members, members.cell, over), counted("begun", members, members.cell, begun)]


def counted(column: str, members: Members, cell: Ints, period: Ints) -> Counts:
    """How often each cell and period occurs."""
    width = int(period.max(initial=0)) + 1
    code, n = tally(cell * width + period, len(members.cohort) * width)
    return Counts(column, *np.divmod(code, width), n)


def of_members(journeys: Journeys, members: Members, rows: Ints) -> tuple[Ints, Ints]:
    """(which of these rows, ascending, are a member's and at or after its start; the member of each)."""
    number = np.full(len(journeys.customer_starts), -1, dtype=np.int64)
    number[journeys.customer.take(members.start)] = np.arange(len(members.start))
    member = number.take(journeys.customer.take(rows))
    there = (member >= 0) & (rows >= np.append(members.start, 0).take(member))
    if there.all():
        return rows, member
    return rows[there], member[there]


def returns_of(journeys: Journeys, rules: RetentionRules, members: Members) -> tuple[Ints, Ints]:
    """(member, period) of each return, in the order of the batch; a start that is a return is one in period 0."""
    rows = np.flatnonzero(journeys.answers_to(rules.returns)) if rules.returns else active(journeys)
    rows, member = of_members(journeys, members, rows)
    at, start_at = journeys.events.at.take(rows), journeys.events.at.take(members.start).take(member)
    return member, rules.index(at, start_at, journeys.scope.sessions.timezone)


def returned(journeys: Journeys, rules: RetentionRules, members: Members) -> Counts:
    """Customers by the periods in which they return; on_or_after: by the last one."""
    member, period = returns_of(journeys, rules, members)
    other = member[1:] != member[:-1]
    fresh = np.append(True, other | (period[1:] != period[:-1]))  # events ascend: those of one period are neighbours
    kept = (fresh if rules.mode == "on" else np.append(other, True))[: len(member)]
    return counted("returned", members, members.cell.take(member[kept]), period[kept])


def worth(journeys: Journeys, rules: RetentionRules, members: Members) -> list[Counts]:
    """Goals with a value by the period they lie in, what they come to in minor units, and those without a value."""
    goals = goal_values(journeys, rules.goal)
    at_goal = np.zeros(len(journeys), dtype=np.int64)
    at_goal[goals.first] = np.arange(len(goals.first))
    rows, member = of_members(journeys, members, goals.first)
    goal, cell = at_goal.take(rows), members.cell.take(member)
    start_at = journeys.events.at.take(members.start).take(member)
    period = rules.index(journeys.events.at.take(rows), start_at, journeys.scope.sessions.timezone)
    known = goals.known.take(goal)
    tables = [
        counted(name, members, cell[flags], period[flags]) for name, flags in (("valued", known), ("unvalued", ~known))
    ]
    width = int(period.max(initial=0)) + 1
    codes, place = np.unique(cell * width + period, return_inverse=True)
    total = np.zeros(len(codes), dtype=np.int64)
    np.add.at(total, place, goals.value.take(goal))  # 0 where it is not known
    return [*tables, Counts("value", *np.divmod(codes, width), total)]


def parts_of(members: Members, counts: Sequence[Counts]) -> pa.Table:
    """PARTS of all these numbers."""
    cell, period = (np.concatenate([getattr(c, name) for c in counts]) for name in ("cell", "period"))
    columns = {name: np.zeros(len(cell), dtype=np.int64) for name in COUNTS}
    end = 0
    for c in counts:
        begin, end = end, end + len(c.n)
        columns[c.column][begin:end] = c.n
    group = coded_names(members.group.take(cell), pa.array(members.groups, pa.string())).cast(NAME)
    return pa.table([group, members.cohort.take(cell), period, *columns.values()], schema=PARTS)
