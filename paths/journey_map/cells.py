"""The additive integers behind the journey map: what happens in each cell (stage x touchpoint, channel, or the stage)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingest.array_types import Bools, Ints
from ingest.scan.batches import NONE, Codes
from paths.arrays.counting import different, exact_sums, units_at
from paths.arrays.grouping import coded_names
from paths.journey_map.friction import SIGNALS, FrictionRules, room
from paths.journey_map.moments import sides
from paths.journey_map.surveys import Answers, Survey, answers_of, off_scale
from paths.journey_map.visit_signs import BAD, FEELING, ROUGH, SIGNS, Signs, counted, signs_of
from paths.journeys.journeys import Journeys, memoised, within
from paths.journeys.touchpoints import UNMAPPED, StageRules, keyed_by
from paths.visits.reach import before_stage, counts_of, reached
from paths.visits.session_states import closed_sessions, states_of
from paths.visits.visits import last_nodes, owners, stays, visit_counts, visits_at, visits_by

THOUSANDTH = 1_000
NO_ROWS = np.zeros(0, dtype=np.int64)

NAME = pa.dictionary(pa.int32(), pa.string())
PARTS = pa.schema(
    [*[(k, NAME) for k in ("stage", "place", "kind", "sign")], ("bin", pa.int64())]
    + [(n, pa.int64()) for n in ("n", "hits", "sum", "square")]
)
KEYS = ("stage", "place", "kind", "sign", "bin")
"""Additive. The kinds, and what n and hits count:

visits (all; events of the cell, passive ones too) · customers · cost (events that cost; sum) · time (by bins; sum) · sessions
(with the cell; that end there without a goal) · closed (their return_window is over; a goal follows) · goes_on (the same; a
later stage follows) · friction (visits that are no goals; with a signal) · answers (all; below 0; sum of feelings in
millionths, square of thousandths) · signal (visits with the `sign`; customers; sum: visits with room for it) · moment and
clusters (the sums of Clustered over good and over bad visits) · value (closed sessions with the `sign` at the cell; a goal
follows) · money and total (of no cell)."""


class Cell(NamedTuple):
    """What a cell of the map is of."""

    stage: str
    place: str = ""  # the touchpoint or the channel; "" where the map is by stage


class Cells(NamedTuple):
    """The cells of a batch."""

    node: Codes  # per event its cell, as nodes of visits are given: its names are those of the places
    keys: tuple[Cell, ...]  # by code


class Kind(NamedTuple):
    """What a row of PARTS counts."""

    kind: str
    sign: str = ""  # one of SIGNS, of a signal or a value; good or bad of a moment


@memoised(stages=True)
def cells(journeys: Journeys, by: str) -> Cells:
    """The cells of stage x `by` (touchpoint, channel; or stage: the stages themselves)."""
    if by == "stage":
        return Cells(journeys.stage, tuple(map(Cell, journeys.stage.names)))
    stages, event, touchpoint = journeys.scope.stages, journeys.events.event, journeys.touchpoint
    if by == "touchpoint" and touchpoint.codes is event.codes and not stages.columns:  # the event's name says it all
        codes, keys = keyed_by([touchpoint, event], len(journeys), lambda t, e: Cell(stages.stage(t, e, None), t))
    else:
        place = touchpoint if by == "touchpoint" else journeys.events.text("channel").shown
        codes, keys = keyed_by([journeys.stage, place], len(journeys), lambda s, p: Cell(s or "", p or ""))
    return Cells(Codes(codes, tuple(key.place for key in keys)), keys)


@dataclass(frozen=True, kw_only=True)
class MapBatch:
    """One batch, seen as a map."""

    journeys: Journeys
    by: str
    cells: Cells
    rules: FrictionRules
    surveys: tuple[Survey, ...]
    stages: tuple[str, ...]  # in order
    goal: frozenset[str]
    return_window: int

    @cached_property
    def answers(self) -> Answers:
        """To the surveys."""
        return answers_of(self.journeys, self.surveys)

    @cached_property
    def node(self) -> Codes:
        """The cells; the touchpoints where those have the same codes, so that what is known of them is not found again."""
        touchpoint = self.journeys.touchpoint
        return touchpoint if self.cells.node.codes is touchpoint.codes else self.cells.node

    @property
    def size(self) -> int:
        """How many cells there may be."""
        return len(self.cells.keys)

    def parts(self, cost: Mapping[str, int], *, times: bool = True) -> pa.Table:
        """All of it, as PARTS."""
        spoken, elsewhere = self.feelings()
        rows = [*self.volume(), *self.sessions(), *self.shown(), spoken, *self.costs(cost)]
        timed = [self.times()] if times else []
        return pa.concat_tables([self.table(rows), *timed, *elsewhere, self.total()])

    def row(
        self, kind: Kind, n: Ints, hits: Ints | int = 0, total: Ints | int = 0, square: Ints | int = 0
    ) -> tuple[Kind, Ints]:
        """(kind, [n, hits, sum, square] of each cell)."""
        sums = np.zeros((4, len(n)), dtype=np.int64)
        sums[0], sums[1], sums[2], sums[3] = n, hits, total, square
        return kind, sums

    def named(self, cell: Ints) -> list[pa.DictionaryArray]:
        """The columns stage and place of these cells."""
        stages, places = zip(*self.cells.keys, strict=True) if self.cells.keys else ((), ())
        return [coded_names(cell, pa.array(names, pa.string())) for names in (stages, places)]

    def table(self, rows: Sequence[tuple[Kind, Ints]]) -> pa.Table:
        """One PARTS row per kind and cell that has any."""
        grid = np.stack([values for _, values in rows])
        kind, cell = np.nonzero(grid.any(axis=1))
        numbers = grid[kind, :, cell].T
        kinds = [coded_names(kind, pa.array([name[i] for name, _ in rows], pa.string())) for i in (0, 1)]
        return pa.table([*self.named(cell), *kinds, np.zeros(len(cell), dtype=np.int64), *numbers], schema=PARTS)

    def count(self, code: npt.NDArray[np.integer], flags: Bools | None = None) -> Ints:
        """How often each cell."""
        return np.bincount(code if flags is None else code.take(np.flatnonzero(flags)), minlength=self.size)

    @cached_property
    def passive(self) -> Ints:
        """Positions of the passive events of the period and the segment."""
        journeys = self.journeys
        return np.flatnonzero(journeys.passive & journeys.selected) if journeys.passive.any() else NO_ROWS

    @cached_property
    def touches(self) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """(customer, cell) of the visits, and of the passive events."""
        cell = self.cells.node
        visits = visits_by(self.journeys, cell)
        owner = np.concatenate([owners(self.journeys), self.journeys.customer[self.passive]])
        return owner, np.concatenate([visits.node, cell.codes[self.passive]])

    def volume(self) -> list[tuple[Kind, Ints]]:
        """visits and customers."""
        events, runs = visit_counts(self.journeys, self.node)
        visits = runs if self.by == "stage" else events
        if len(self.passive):
            events = events + self.count(self.cells.node.codes[self.passive])
            customers = units_at(*self.touches, self.size)
        else:
            customers = reached(self.journeys, self.node).customers(self.journeys, self.journeys.chosen)
        return [self.row(Kind("visits"), visits, events), self.row(Kind("customers"), customers)]

    def times(self) -> pa.Table:
        """How long the customer is there: to the session's next event, of a stage to the next stage."""
        code, bins, n, total = stays(self.journeys, self.node, self.by == "stage")
        kind = [coded_names(np.zeros_like(code), pa.array([text])) for text in Kind("time")]
        zero = np.zeros(len(code), dtype=np.int64)
        return pa.table([*self.named(code), *kind, bins, n, zero, total, zero], schema=PARTS)

    def sessions(self) -> list[tuple[Kind, Ints]]:
        """sessions, closed and goes_on."""
        journeys = self.journeys
        states = states_of(journeys, self.goal, self.return_window)
        ending = journeys.chosen[~states.holds.take(journeys.chosen)]
        ends = self.count(last_nodes(journeys, self.node).take(ending))
        there = counts_of(journeys, self.node, self.goal, self.return_window)
        rank = stage_ranks([key.stage for key in self.cells.keys], self.stages)
        on = before_stage(journeys, self.node, rank, self.stages, self.return_window)
        going = on.sessions(closed_sessions(journeys, self.goal, self.return_window))
        has_later = np.array([0 <= r < len(self.stages) - 1 for r in rank], dtype=bool)
        return [
            self.row(Kind("sessions"), there.sessions, ends),
            self.row(Kind("closed"), there.closed, there.with_goal),
            self.row(Kind("goes_on"), np.where(has_later, there.closed, 0), going),
        ]

    def shown(self) -> list[tuple[Kind, Ints]]:
        """friction, signal and value."""
        journeys, signs = self.journeys, signs_of(self.journeys, self.rules, self.goal, self.surveys)
        counts = counted(journeys, signs, self.node, self.goal, self.return_window)
        possible = room(journeys, self.node, self.rules, self.goal)
        rows = [self.row(Kind("friction"), possible[""], counts.visits[:, SIGNS.index(ROUGH)])]
        for i, sign in enumerate((*SIGNALS, FEELING)):
            among = possible.get(sign, possible[""])
            rows.append(self.row(Kind("signal", sign), counts.visits[:, i], counts.customers[:, i], among))
        for i, sign in enumerate((*SIGNALS, FEELING, BAD)):
            rows.append(self.row(Kind("value", sign), counts.closed[:, i], counts.with_goal[:, i]))
        return rows + (self.moments(signs) if self.by == "touchpoint" and self.goal else [])

    def moments(self, signs: Signs) -> list[tuple[Kind, Ints]]:
        """moment and clusters, of good and of bad visits."""
        halves = sides(self.journeys, signs, self.node, self.rules, self.goal, self.return_window)
        rows = []
        for side, (n, hits, clusters, nn, nx, xx) in halves._asdict().items():
            rows.append(self.row(Kind("moment", side), n, hits, nn, xx))
            rows.append(self.row(Kind("clusters", side), clusters, nx))
        return rows

    def feelings(self) -> tuple[tuple[Kind, Ints], list[pa.Table]]:
        """answers of the period, by the cell each speaks of: of a visit; of a touchpoint without one."""
        a, journeys = self.answers, self.journeys
        spoken = np.where(a.visit >= 0, a.visit, a.position)
        mine = self.spoken_in_period & journeys.in_segment[spoken]
        here, elsewhere = mine & (a.named < 0) & (a.visit >= 0), mine & (a.named >= 0)
        code, thousandths = self.cells.node.codes[a.visit[here]].astype(np.int64), a.feeling[here] // THOUSANDTH
        sums = [exact_sums(code, values, self.size) for values in (a.feeling[here], thousandths**2)]
        unhappy = self.count(code, a.feeling[here] < 0)
        row = self.row(Kind("answers"), self.count(code), unhappy, total=sums[0], square=sums[1])
        tables = []
        for number in np.unique(a.named[elsewhere]).tolist():
            feeling = a.feeling[elsewhere & (a.named == number)]
            cell = unvisited_cell(a.names[number], self.by, journeys.scope.stages)
            totals = [
                [len(feeling)],
                [int((feeling < 0).sum())],
                [int(feeling.sum())],
                [int(((feeling // THOUSANDTH) ** 2).sum())],
            ]
            tables.append(pa.table([*([k] for k in (*cell, *Kind("answers"), 0)), *totals], schema=PARTS))
        return row, tables

    @cached_property
    def spoken_in_period(self) -> Bools:
        """Per answer: was it given in the period?"""
        return within(self.journeys.events.at.take(self.answers.position), *self.journeys.period)

    def costs(self, cost: Mapping[str, int]) -> list[tuple[Kind, Ints]]:
        """What the touches cost, in minor units: by the event's name, else by its channel."""
        if not cost:
            return []
        events = self.journeys.events
        channel = events.text("channel")
        by_channel = channel.lookup(np.array([cost.get(n, -1) for n in channel.names], dtype=np.int64), -1)
        by_event = events.event.lookup(np.array([cost.get(n, -1) for n in events.event.names], dtype=np.int64), -1)
        price = np.where(by_event >= 0, by_event, by_channel)
        _, touched = self.touches
        each = np.concatenate([visits_at(self.journeys, False).pick(price), price[self.passive]])
        known = np.flatnonzero(each >= 0)
        code = touched[known].astype(np.int64)
        return [self.row(Kind("cost"), self.count(code), total=exact_sums(code, each[known], self.size))]

    def total(self) -> pa.Table:
        """All customers and sessions of the map, answers that fit no cell, and answers off their scale."""
        sessions = len(self.journeys.chosen)
        passive = len(self.passive)
        if passive:
            customers = int(np.count_nonzero(np.bincount(self.touches[0])))
        else:
            customers = different(self.journeys.session_customer.take(self.journeys.chosen))
        lost = int((self.spoken_in_period & (self.answers.visit < 0) & (self.answers.named < 0)).sum())
        return of_no_cell("total", customers, sessions, lost, off_scale(self.journeys, self.surveys))


def of_no_cell(kind: str, n: int, hits: int, total: int, square: int) -> pa.Table:
    """One PARTS row about the whole batch."""
    return pa.table([[value] for value in ("", "", *Kind(kind), 0, n, hits, total, square)], schema=PARTS)


def stage_ranks(names: Sequence[str], stages: tuple[str, ...]) -> tuple[int, ...]:
    """By name: the number of the stage, -1 for others."""
    rank = {name: i for i, name in enumerate(stages)}
    return tuple(rank.get(name, -1) for name in names)


def unvisited_cell(touchpoint: str, by: str, stages: StageRules) -> Cell:
    """The cell of a touchpoint that an answer names and the customer never visited."""
    stage = stages.stage(touchpoint, touchpoint, None) if stages.rules else UNMAPPED
    return Cell(stage) if by == "stage" else Cell(stage, touchpoint if by == "touchpoint" else NONE)
