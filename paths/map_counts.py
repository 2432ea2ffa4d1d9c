"""The additive integers behind the journey map: what happens in each cell (stage x touchpoint, channel, or the stage)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingest.batches import Codes
from ingest.compiled import worth
from paths import loops
from paths.analysis import Journeys, found_once, next_of
from paths.counting import Flags, combined, different, having, next_at_or_after, tally_times, units_at
from paths.dropoff import SessionStates
from paths.friction import FrictionRules, named, signals
from paths.map_tables import BAD, FEELING, FIRSTS, SIGNS, Tables, Walk
from paths.sentiment import Answers
from paths.touchpoints import UNMAPPED, StageRules, named_by
from paths.transitions import Visits, coded_names, owners, visits_at, visits_by

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

BETWEEN = "\x1f"
NOWHERE = "(none)"
THOUSANDTH = 1_000
NO_ROWS = np.zeros(0, dtype=np.int64)

NAME = pa.dictionary(pa.int32(), pa.string())
PARTS = pa.schema([("cell", NAME), ("kind", NAME), ("bin", pa.int64()),
                   *[(n, pa.int64()) for n in ("n", "hits", "sum", "square")]])  # fmt: skip
"""Additive. The kinds, and what n and hits count:

visits (all; events of the cell, passive ones too) · customers · cost (events that cost; sum) · time (by bins; sum) · sessions
(with the cell; that end there without a goal) · closed (their return_window is over; a goal follows) · goes_on (the same; a
later stage follows) · friction (visits; with a signal) · answers (all; below 0; sum of feelings in millionths, square of thousandths) ·
signal:x (visits with x; customers) · value:x (closed sessions with x at the cell; a goal follows) · money and total (cell "")."""


def cells(journeys: Journeys, by: str) -> Codes:
    """Per event: its cell, "stage" or "stage, place"."""
    if by == "stage":
        return journeys.stage
    stages, event, touchpoint = journeys.scope.stages, journeys.events.event, journeys.touchpoint
    if by == "touchpoint" and touchpoint.codes is event.codes and not stages.columns:  # the event's name says it all
        return named_by([touchpoint, event], len(journeys), lambda t, e: cell_name(stages.stage(t, e, None), t))
    place = touchpoint if by == "touchpoint" else journeys.events.text("channel")
    columns = [journeys.stage, place]
    return named_by(columns, len(journeys), lambda s, p: cell_name(s or "", NOWHERE if p is None else p))


def cell_name(stage: str, place: str) -> str:
    """The name of one cell."""
    return f"{stage}{BETWEEN}{place}"


@dataclass(frozen=True, kw_only=True)
class MapBatch:
    """One batch, seen as a map. `cell` per event."""

    journeys: Journeys
    by: str
    cell: Codes
    states: SessionStates
    rules: FrictionRules
    answers: Answers
    stages: tuple[str, ...]  # in order
    goal: frozenset[str]

    @cached_property
    def visits(self) -> Visits:
        """Of the cells by the selected sessions, one per event."""
        return visits_by(self.journeys, self.cell)

    @cached_property
    def runs(self) -> Visits:
        """The same; of a stage, a run of events in it is one visit."""
        return visits_at(self.journeys, collapse=True, by_stage=True) if self.by == "stage" else self.visits

    @cached_property
    def tables(self) -> Tables:
        """What is counted of the visits."""
        journeys, states, low = self.journeys, self.states, self.answers.feeling < 0
        shown, decisive = map(self.visits.pick, signs_of(journeys, self.rules, self.goal))
        if low.any():
            spoken = combined({FEELING: self.unhappy(low)}, len(shown), SIGNS)
            # an answer that names no touchpoint speaks of the last visit, behind which there is less to come
            named_one = combined({FEELING: self.unhappy(low & self.answers.names_one)}, len(shown), SIGNS)
            shown, decisive = shown | spoken, decisive | named_one | combined({BAD: spoken > 0}, len(shown), SIGNS)
        return Walk(
            node=self.visits.node, session=self.visits.session, owner=owners(journeys), place=self.visits.position,
            shown=shown, decisive=decisive, size=len(self.cell.names), closed=states.closed, holds=states.holds,
            comes_back=states.comes_back, last_goal=states.last_goal, window_end=states.window_end,
            end_cell=self.cell.codes.take(journeys.sessions.last), rank=stage_rank(journeys, self.stages),
            next_stage=next_stage(journeys, self.stages), at=journeys.events.at, stages=len(self.stages),
        ).tables()  # fmt: skip

    def unhappy(self, answers: Bools) -> Bools:
        """Per visit: does one of these answers speak of it?"""
        found = np.zeros(len(self.journeys) + 1, dtype=bool)
        found[self.answers.visit[answers]] = True
        return self.visits.pick(found[:-1])  # without -1, no visit

    def parts(self, cost: Mapping[str, int]) -> pa.Table:
        """All of it, as PARTS."""
        spoken, elsewhere = self.feelings()
        rows = [*self.volume(), *self.sessions(), *self.shown(), spoken, *self.costs(cost)]
        return pa.concat_tables([self.table(rows), self.times(), *elsewhere, self.total()])

    def row(
        self, kind: str, n: Ints, hits: Ints | int = 0, total: Ints | int = 0, square: Ints | int = 0
    ) -> tuple[str, Ints]:
        """(kind, [n, hits, sum, square] of each cell)."""
        found = np.zeros((4, len(n)), dtype=np.int64)
        found[0], found[1], found[2], found[3] = n, hits, total, square
        return kind, found

    def table(self, rows: Sequence[tuple[str, Ints]]) -> pa.Table:
        """One PARTS row per kind and cell that has any."""
        grid = np.stack([values for _, values in rows])
        kind, cell = np.nonzero(grid.any(axis=1))
        kinds = pa.array([name for name, _ in rows], pa.string())
        numbers = grid[kind, :, cell].T
        names = coded_names(cell, pa.array(self.cell.names, pa.string()))
        return pa.table([names, coded_names(kind, kinds), np.zeros(len(cell), dtype=np.int64), *numbers], schema=PARTS)

    def count(self, code: npt.NDArray[np.integer], flags: Bools | None = None) -> Ints:
        """How often each cell."""
        return np.bincount(code if flags is None else code.take(np.flatnonzero(flags)), minlength=len(self.cell.names))

    @cached_property
    def passive(self) -> Ints:
        """Positions of the passive events of the period and the segment."""
        journeys = self.journeys
        return np.flatnonzero(journeys.passive & journeys.selected) if journeys.passive.any() else NO_ROWS

    @cached_property
    def touches(self) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """(customer, cell) of the visits, and of the passive events."""
        owner = np.concatenate([owners(self.journeys), self.journeys.customer[self.passive]])
        return owner, np.concatenate([self.visits.node, self.cell.codes[self.passive]])

    def volume(self) -> list[tuple[str, Ints]]:
        """visits and customers."""
        events, customers = self.tables.visits.sum(axis=1), self.tables.customers[:, -1]
        visits = self.count(self.runs.node) if self.by == "stage" else events
        if len(self.passive):
            events = events + self.count(self.cell.codes[self.passive])
            customers = units_at(*self.touches, len(self.cell.names))
        return [self.row("visits", visits, events), self.row("customers", customers)]

    def times(self) -> pa.Table:
        """How long the customer is there: to the session's next event, of a stage to the next stage."""
        inside = np.flatnonzero(~self.runs.opens[1:])
        span = np.diff(self.runs.at).take(inside)
        code, bins, n, total = tally_times(self.runs.node.take(inside), max(1, len(self.cell.names)), span)
        names = coded_names(code, pa.array(self.cell.names, pa.string()))
        kind = coded_names(np.zeros_like(code), pa.array(["time"]))
        zero = np.zeros(len(code), dtype=np.int64)
        return pa.table([names, kind, bins, n, zero, total, zero], schema=PARTS)

    def sessions(self) -> list[tuple[str, Ints]]:
        """sessions, closed and goes_on."""
        there = self.tables.sessions

        def n(*flags: str) -> Ints:
            return having(there, FIRSTS, *flags)

        return [
            self.row("sessions", n(), n("ends")),
            self.row("closed", n("closed"), n("closed", "follows")),
            self.row("goes_on", n("closed", "has_later"), n("closed", "goes_on")),
        ]

    def shown(self) -> list[tuple[str, Ints]]:
        """friction, signal:x and value:x."""
        visits, closed = self.tables.visits, self.tables.closed
        smooth = visits[:, [0, 1 << SIGNS.index(FEELING)]].sum(axis=1)
        rows = [self.row("friction", visits.sum(axis=1), visits.sum(axis=1) - smooth)]
        for i, sign in enumerate(SIGNS[:-1]):
            rows.append(self.row(f"signal:{sign}", having(visits, SIGNS, sign), self.tables.customers[:, i]))
        for sign in SIGNS:
            without, follows = having(closed, SIGNS, sign).T
            rows.append(self.row(f"value:{sign}", without + follows, follows))
        return rows

    def feelings(self) -> tuple[tuple[str, Ints], list[pa.Table]]:
        """answers of the period, by the cell each speaks of: of a visit; of a touchpoint without one."""
        a, journeys = self.answers, self.journeys
        spoken = np.where(a.visit >= 0, a.visit, a.position)
        mine = journeys.in_period[a.position] & journeys.in_segment[spoken]
        here, elsewhere = mine & (a.named < 0) & (a.visit >= 0), mine & (a.named >= 0)
        code, thousandths = self.cell.codes[a.visit[here]].astype(np.int64), a.feeling[here] // THOUSANDTH
        sums = [exact(code, values, len(self.cell.names)) for values in (a.feeling[here], thousandths**2)]
        unhappy = self.count(code, a.feeling[here] < 0)
        row = self.row("answers", self.count(code), unhappy, total=sums[0], square=sums[1])
        tables = []
        for number in np.unique(a.named[elsewhere]).tolist():
            feeling = a.feeling[elsewhere & (a.named == number)]
            name = named_cell(a.names[number], self.by, journeys.scope.stages)
            totals = [
                [len(feeling)],
                [int((feeling < 0).sum())],
                [int(feeling.sum())],
                [int(((feeling // THOUSANDTH) ** 2).sum())],
            ]
            tables.append(pa.table([[name], ["answers"], [0], *totals], schema=PARTS))
        return row, tables

    def costs(self, cost: Mapping[str, int]) -> list[tuple[str, Ints]]:
        """What the touches cost, in minor units: by the event's name, else by its channel."""
        if not cost:
            return []
        events = self.journeys.events
        channel = events.text("channel")
        by_channel = channel.lookup(np.array([cost.get(n, -1) for n in channel.names], dtype=np.int64), -1)
        by_event = events.event.lookup(np.array([cost.get(n, -1) for n in events.event.names], dtype=np.int64), -1)
        price = np.where(by_event >= 0, by_event, by_channel)
        _, touched = self.touches
        each = np.concatenate([self.visits.pick(price), price[self.passive]])
        known = np.flatnonzero(each >= 0)
        code = touched[known].astype(np.int64)
        return [self.row("cost", self.count(code), total=exact(code, each[known], len(self.cell.names)))]

    def total(self) -> pa.Table:
        """All customers and sessions of the map, answers that fit no cell, and answers off their scale."""
        sessions = int(self.journeys.selected_sessions.sum())
        passive = len(self.passive)
        customers = np.count_nonzero(np.bincount(self.touches[0])) if passive else different(owners(self.journeys))
        lost = int(
            (self.journeys.in_period[self.answers.position] & (self.answers.visit < 0) & (self.answers.named < 0)).sum()
        )
        return pa.table([[""], ["total"], [0], [customers], [sessions], [lost], [self.answers.off_scale]], schema=PARTS)


class Signs(NamedTuple):
    """Per event, as combinations of SIGNS: what a visit shows, and what a goal may have failed by."""

    shown: Flags
    decisive: Flags


@found_once()
def signs_of(journeys: Journeys, rules: FrictionRules, goal: frozenset[str]) -> Signs:
    """Of the visits to touchpoints."""
    repeat, contact = (np.uint8(1 << SIGNS.index(name)) for name in ("repeat", "contact"))
    reached = journeys.answers_to(goal)
    shown = signals(journeys, rules)
    shown = np.where(reached, shown & ~repeat, shown)  # the rows of an order are no clicks in anger
    goals, support = (np.flatnonzero(f) for f in (reached, named(journeys, rules.support)))
    at = np.flatnonzero(shown & contact)
    failing = shown.copy()  # a contact after the goal is none that it failed by
    failing[at[next_at_or_after(goals, at + 1) < next_at_or_after(support, at + 1)]] &= ~contact
    return Signs(shown=shown, decisive=failing | combined({BAD: failing > 0}, len(failing), SIGNS))


@found_once(stages=True)
def stage_rank(journeys: Journeys, stages: tuple[str, ...]) -> Ints:
    """Per event: the number of its stage, -1 for others."""
    rank = {n: i for i, n in enumerate(stages)}
    return journeys.stage.lookup(np.array([rank.get(n, -1) for n in journeys.stage.names], dtype=np.int64), -1)


def active_rank(journeys: Journeys, stages: tuple[str, ...]) -> Ints:
    """The same; passive events have none."""
    rank = stage_rank(journeys, stages)
    return np.where(journeys.passive, -1, rank) if journeys.passive.any() else rank


@found_once(stages=True)
def next_stage(journeys: Journeys, stages: tuple[str, ...]) -> Ints:
    """Per event: the customer's next event at a later stage, -1 = none."""
    rank = active_rank(journeys, stages)
    if worth():
        return loops.next_higher(rank, journeys.customer, len(stages))
    found = np.full(len(journeys), -1, dtype=np.int64)
    for stage in np.flatnonzero(np.bincount(rank + 1)[1:])[:-1].tolist():  # behind the last one there is none
        here = np.flatnonzero(rank == stage)
        target, there = next_of(journeys, np.flatnonzero(rank > stage), here)
        found[here] = np.where(there, target, -1)
    return found


def exact(code: Ints, values: Ints, size: int) -> Ints:
    """Integer sums per code; values may be negative."""
    total = np.zeros(size, dtype=np.int64)
    np.add.at(total, code, values)
    return total


def named_cell(touchpoint: str, by: str, stages: StageRules) -> str:
    """The cell of a touchpoint that an answer names and the customer never visited."""
    stage = stages.stage(touchpoint, touchpoint, None) if stages.rules else UNMAPPED
    return stage if by == "stage" else cell_name(stage, touchpoint if by == "touchpoint" else NOWHERE)
