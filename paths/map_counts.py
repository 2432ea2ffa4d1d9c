"""The additive integers behind the journey map: what happens in each cell (stage x touchpoint, channel, or the stage)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingest.batches import Codes
from ingest.compiled import worth
from paths import loops
from paths.analysis import Journeys, next_of
from paths.counting import first_of_group, flagged, next_at_or_after, tally_times, units_at
from paths.dropoff import SessionStates
from paths.friction import SIGNALS, FrictionRules, named, signals
from paths.sentiment import Answers
from paths.touchpoints import UNMAPPED, StageRules, named_by
from paths.transitions import Visits, coded_names, visits_at, visits_by

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

BETWEEN = "\x1f"
NOWHERE = "(none)"
THOUSANDTH = 1_000
FEELING, BAD = "feeling", "bad"

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
    stage = journeys.stage
    if by == "stage":
        return stage
    place = journeys.touchpoint if by == "touchpoint" else journeys.events.text("channel")
    return named_by([stage, place], len(journeys), lambda s, p: cell_name(s or "", NOWHERE if p is None else p))


def cell_name(stage: str, place: str) -> str:
    """The name of one cell."""
    return f"{stage}{BETWEEN}{place}"


@dataclass(frozen=True, kw_only=True)
class MapBatch:
    """One batch, seen as a map. `cell` per event; `steps` the visits of the selected sessions."""

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

    @property
    def steps(self) -> Visits:
        """The visits as touchpoints."""
        return visits_at(self.journeys, collapse=False)

    @cached_property
    def owner(self) -> npt.NDArray[np.int32]:
        """Per visit: the customer."""
        return self.visits.pick(self.journeys.customer)

    @cached_property
    def first(self) -> tuple[Ints, Ints]:
        """(the first visit of each (session, cell), per visit: which of these)."""
        return first_of_group(self.visits.session, self.visits.node, max(1, len(self.cell.names)))

    @cached_property
    def signals(self) -> dict[str, Bools]:
        """Signal -> per visit; `feeling`: an answer below 0 speaks of it."""
        return signs_of(self.journeys, self.rules, self.goal).shown | {FEELING: self.unhappy(self.answers.feeling < 0)}

    def unhappy(self, answers: Bools) -> Bools:
        """Per visit: does one of these answers speak of it?"""
        found = np.zeros(len(self.journeys) + 1, dtype=bool)
        found[self.answers.visit[answers]] = True
        return self.visits.pick(found[:-1])  # without -1, no visit

    @cached_property
    def decisive(self) -> dict[str, Bools]:
        """The signals that a goal may have failed by, and `bad`, any of them: a contact after the goal is none."""
        found = self.signals | {"contact": signs_of(self.journeys, self.rules, self.goal).contact}
        bad = np.logical_or.reduce(list(found.values()))
        # an answer that names no touchpoint speaks of the last visit, behind which there is less to come
        return found | {FEELING: self.unhappy((self.answers.feeling < 0) & self.answers.names_one), BAD: bad}

    def parts(self, cost: Mapping[str, int]) -> pa.Table:
        """All of it, as PARTS."""
        spoken, elsewhere = self.feelings()
        rows = [*self.volume(), *self.sessions(), *self.shown(), spoken, *self.costs(cost)]
        return pa.concat_tables([self.table(rows), self.times(), *elsewhere, self.total()])

    def row(
        self, kind: str, n: Ints, hits: Ints | int = 0, total: Ints | int = 0, square: Ints | int = 0
    ) -> tuple[str, Ints]:
        """(kind, [n, hits, sum, square] of each cell)."""
        return kind, np.stack(np.broadcast_arrays(n, hits, total, square))

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
    def touches(self) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], Ints]:
        """(customer, cell) of the visits, and of the passive events of the period and the segment; positions of the latter."""
        passive = np.flatnonzero(self.journeys.passive & self.journeys.selected)
        if not len(passive):
            return self.owner, self.visits.node, passive
        owner = np.concatenate([self.owner, self.journeys.customer[passive]])
        return owner, np.concatenate([self.visits.node, self.cell.codes[passive]]), passive

    def volume(self) -> list[tuple[str, Ints]]:
        """visits and customers."""
        owner, code, _ = self.touches
        customers = units_at(owner, code, len(self.cell.names))
        return [
            self.row("visits", self.count(self.runs.node), self.count(code)),
            self.row("customers", customers),
        ]

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
        first, _ = self.first
        cell, session = self.visits.node[first], self.visits.session[first]
        closed, ends = self.states.closed.take(session), self.journeys.sessions.last.take(session)
        flags = (
            (self.cell.codes.take(ends) == cell) & ~self.states.holds.take(session), closed, closed & self.follows,
            closed & self.has_later, closed & self.goes_on,
        )  # fmt: skip
        n, (dropped, over, followed, may_go_on, went_on) = flagged(cell, flags, len(self.cell.names))
        return [
            self.row("sessions", n, dropped),
            self.row("closed", over, followed),
            self.row("goes_on", may_go_on, went_on),
        ]

    @cached_property
    def follows(self) -> Bools:
        """Per first visit: does a goal follow, in the session or within return_window of its end?"""
        first, _ = self.first
        session = self.visits.session[first]
        return (self.states.last_goal.take(session) > self.visits.place(first)) | self.states.comes_back.take(session)

    @cached_property
    def has_later(self) -> Bools:
        """Per first visit: is there a stage behind its own?"""
        rank = stage_rank(self.journeys, self.stages)[self.visits.place(self.first[0])]
        return (rank >= 0) & (rank < len(self.stages) - 1)

    @cached_property
    def goes_on(self) -> Bools:
        """Per first visit of a closed session: does an event of a later stage follow, there or within return_window of its end?"""
        journeys, position = self.journeys, self.visits.place(self.first[0])
        rank, session = active_rank(journeys, self.stages), self.visits.session[self.first[0]]
        end, at = self.states.window_end.take(session), journeys.events.at
        if worth():
            target = journeys.once(_next_stage, self.stages, journeys.scope.stages)[position]
            return (target >= 0) & (at[target] <= end)
        found = np.zeros(len(position), dtype=bool)
        mine = rank[position]
        for stage in range(len(self.stages) - 1):
            here = np.flatnonzero(mine == stage)
            target, there = next_of(journeys, np.flatnonzero(rank > stage), position[here])
            found[here] = there & (at[target] <= end[here])
        return found

    def shown(self) -> list[tuple[str, Ints]]:
        """friction, signal:x and value:x."""
        first, group = self.first
        node, size = self.visits.node, len(self.cell.names)
        friction = np.logical_or.reduce([self.signals[s] for s in SIGNALS])
        n, (with_friction,) = flagged(node, [friction], size)
        rows = [self.row("friction", n, with_friction)]
        for name, flags in self.signals.items():
            hits = np.flatnonzero(flags)
            at = node.take(hits)
            rows.append(self.row(f"signal:{name}", self.count(at), units_at(self.owner.take(hits), at, size)))
        closed, shown = self.states.closed.take(self.visits.session[first]), []
        for flags in self.decisive.values():
            hit = np.zeros(len(first), dtype=bool)
            hit[group.take(np.flatnonzero(flags))] = True
            shown.append(hit & closed)
        outcome = node[first].astype(np.int64) * 2 + self.follows
        for name, counts in zip(self.decisive, flagged(outcome, shown, 2 * size)[1], strict=True):
            rows.append(self.row(f"value:{name}", counts[::2] + counts[1::2], counts[1::2]))
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
        _, touched, passive = self.touches
        each = np.concatenate([self.visits.pick(price), price[passive]])
        known = np.flatnonzero(each >= 0)
        code = touched[known].astype(np.int64)
        return [self.row("cost", self.count(code), total=exact(code, each[known], len(self.cell.names)))]

    def total(self) -> pa.Table:
        """All customers and sessions of the map, answers that fit no cell, and answers off their scale."""
        sessions = int(self.journeys.selected_sessions.sum())
        customers = np.count_nonzero(np.bincount(self.touches[0]))
        lost = int(
            (self.journeys.in_period[self.answers.position] & (self.answers.visit < 0) & (self.answers.named < 0)).sum()
        )
        return pa.table([[""], ["total"], [0], [customers], [sessions], [lost], [self.answers.off_scale]], schema=PARTS)


@dataclass(frozen=True, kw_only=True)
class Signs:
    """Per visit to a touchpoint: `shown` what each signal shows, and `contact` what a goal may have failed by."""

    shown: dict[str, Bools]
    contact: Bools


def signs_of(journeys: Journeys, rules: FrictionRules, goal: frozenset[str]) -> Signs:
    """Of a period; found once for all maps of it."""
    return journeys.once(_signs_of, *journeys.period, rules, goal)


def _signs_of(journeys: Journeys, since: int, until: int, rules: FrictionRules, goal: frozenset[str]) -> Signs:
    visits, reached = visits_at(journeys, collapse=False), journeys.answers_to(goal)
    found = signals(journeys, visits, rules)
    found["repeat"] &= ~visits.pick(reached)  # the rows of an order are no clicks in anger
    contact = np.flatnonzero(found["contact"])
    behind = visits.place(contact) + 1
    goals, support = (np.flatnonzero(f) for f in (reached, named(journeys, rules.support)))
    decisive = found["contact"].copy()
    decisive[contact[next_at_or_after(goals, behind) < next_at_or_after(support, behind)]] = False
    return Signs(shown=found, contact=decisive)


def stage_rank(journeys: Journeys, stages: tuple[str, ...]) -> Ints:
    """Per event: the number of its stage, -1 for others; found once for all maps."""
    return journeys.once(_stage_rank, stages, journeys.scope.stages)


def _stage_rank(journeys: Journeys, stages: tuple[str, ...], _: StageRules) -> Ints:
    rank = {n: i for i, n in enumerate(stages)}
    return journeys.stage.lookup(np.array([rank.get(n, -1) for n in journeys.stage.names], dtype=np.int64), -1)


def active_rank(journeys: Journeys, stages: tuple[str, ...]) -> Ints:
    """The same; passive events have none."""
    rank = stage_rank(journeys, stages)
    return np.where(journeys.passive, -1, rank) if journeys.passive.any() else rank


def _next_stage(journeys: Journeys, stages: tuple[str, ...], _: StageRules) -> Ints:
    return loops.next_higher(active_rank(journeys, stages), journeys.customer, len(stages))


def exact(code: Ints, values: Ints, size: int) -> Ints:
    """Integer sums per code; values may be negative."""
    total = np.zeros(size, dtype=np.int64)
    np.add.at(total, code, values)
    return total


def named_cell(touchpoint: str, by: str, stages: StageRules) -> str:
    """The cell of a touchpoint that an answer names and the customer never visited."""
    stage = stages.stage(touchpoint, touchpoint, None) if stages.rules else UNMAPPED
    return stage if by == "stage" else cell_name(stage, touchpoint if by == "touchpoint" else NOWHERE)
