"""The journey as designed against the journey as it is: in which order customers come to the stages, and what they leave out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingest.array_types import Bools, Ints
from ingest.compiled import twin
from paths.analysis import Lookback, summed
from paths.arrays.counting import different, tally_times
from paths.arrays.grouping import NAME, as_rows, coded_names
from paths.arrays.histograms import quantile_seconds
from paths.journey_map import loops
from paths.journeys.journeys import Journeys
from paths.statistics.intervals import rate, wilson
from paths.visits.visits import owners, visits_by

NEVER = np.iinfo(np.int64).max
NO_TIMES: Ints = np.zeros(0, dtype=np.int64)

WAIT = "wait"
PARTS = pa.schema([("kind", NAME), ("stage", pa.int64()), ("bin", pa.int64()), ("n", pa.int64()), ("sum", pa.int64())])
"""Additive. Per stage: reached, passed (reached it or a later one), repeated, out_of_order; wait (bins). Of all: customers,
in_order, complete."""

DESIGNED = pa.schema(
    [
        ("stage", pa.string()),
        *[(n, pa.int64()) for n in ("customers", "missing", "repeated", "out_of_order")],
        *[(n, pa.float64()) for n in ("share", "ci_low", "ci_high", "target_share")],
        ("share_met", pa.bool_()),
        *[(n, pa.float64()) for n in ("median_seconds", "p90_seconds", "target_seconds")],
        ("time_met", pa.bool_()),
        *[(n, pa.float64()) for n in ("sentiment", "target_sentiment")],
        ("sentiment_met", pa.bool_()),
    ]
)
"""One row is one designed stage, in order. share: of the customers; missing: customers who came to a later stage and never to
this one; repeated: who left it and came back; out_of_order: who came here first after a later stage; the seconds run from
the first event at the stage before that the customer came to."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """What a stage should come to; None = not said."""

    share: float | None = None
    time: timedelta | None = None
    sentiment: float | None = None


@dataclass(frozen=True, kw_only=True)
class Designed:
    """The answer: `table` (DESIGNED without feelings) and `totals`: customers, in_order and complete with their rates."""

    table: pa.Table
    totals: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class DesignedJourney:
    """Customers with a selected session; their stages are those of the events of such sessions, passive ones left out."""

    stages: tuple[str, ...]
    targets: Mapping[str, Target]
    columns: frozenset[str] = frozenset()

    def lookback(self, since: int) -> Lookback | None:
        """Only where sessions begin: all else lies in the unit, or behind its start."""
        return Lookback.sessions(since)

    def map(self, journeys: Journeys) -> pa.Table:
        """The additive counts of a batch."""
        return counts(*arrivals(journeys, self.stages), journeys.events.at)

    def merge(self, parts: Sequence[pa.Table]) -> pa.Table:
        """The sum of parts."""
        return summed(parts, ["kind", "stage", "bin"], PARTS)

    def reduce(self, parts: Sequence[pa.Table]) -> Designed:
        """The table and the totals."""
        whole = self.merge(parts)
        timed = pc.equal(whole["kind"], WAIT)
        n = {(r["kind"], r["stage"]): int(r["n"]) for r in as_rows(whole.filter(pc.invert(timed)))}
        stage, waited, total = (np.asarray(whole.filter(timed)[c]) for c in ("stage", "n", "sum"))
        ends = np.searchsorted(stage, np.arange(len(self.stages) + 1))
        customers = n.get(("customers", -1), 0)
        totals: dict[str, Any] = {"customers": customers}
        for kind in ("in_order", "complete"):
            totals[kind] = n.get((kind, -1), 0)
            totals[f"{kind}_share"] = rate(totals[kind], customers)
            totals[f"{kind}_low"], totals[f"{kind}_high"] = wilson(totals[kind], customers)
        table = [
            self.row(i, customers, n, waited[ends[i] : ends[i + 1]], total[ends[i] : ends[i + 1]])
            for i in range(len(self.stages))
        ]
        return Designed(table=pa.Table.from_pylist(table, schema=DESIGNED), totals=totals)

    def row(self, i: int, customers: int, n: Mapping[tuple[str, int], int], timed: Ints, total: Ints) -> dict[str, Any]:
        """One DESIGNED row, its times by bins; feelings are filled in by those who know them."""
        reached = n.get(("reached", i), 0)
        target = self.targets.get(self.stages[i], Target())
        low, high = wilson(reached, customers)
        share, median = rate(reached, customers), quantile_seconds(timed, total, 50)
        seconds = None if target.time is None else target.time / timedelta(seconds=1)
        return {
            "stage": self.stages[i],
            "customers": reached,
            "missing": n.get(("passed", i), 0) - reached,
            "repeated": n.get(("repeated", i), 0),
            "out_of_order": n.get(("out_of_order", i), 0),
            "share": share,
            "ci_low": low,
            "ci_high": high,
            "target_share": target.share,
            "share_met": met(share, target.share, more=True),
            "median_seconds": median,
            "p90_seconds": quantile_seconds(timed, total, 90),
            "target_seconds": seconds,
            "time_met": met(median, seconds, more=False),
            "sentiment": None,
            "target_sentiment": target.sentiment,
            "sentiment_met": None,
        }


def met(value: float | None, target: float | None, *, more: bool) -> bool | None:
    """Is the target met? None where there is none, or nothing to compare."""
    if value is None or target is None:
        return None
    return value >= target if more else value <= target


def ranks_in(names: Sequence[str], stages: tuple[str, ...]) -> Ints:
    """By code: the number of the designed stage; behind all of them that of every other one."""
    rank = {name: i for i, name in enumerate(stages)}
    return np.array([rank.get(name, len(stages)) for name in names], dtype=np.int64)


def _compiled_arrivals(journeys: Journeys, stages: tuple[str, ...]) -> tuple[Ints, Bools]:
    ranks, there = ranks_in(journeys.stage.names, stages), journeys.session_customer.take(journeys.chosen)
    walk, starts = journeys.walk, journeys.customer_starts
    if walk.rows is not None:
        starts = np.searchsorted(walk.rows, starts)
    first, runs = loops.arrivals(ranks, walk.pick(journeys.stage.codes), walk.session, walk.chosen, starts, len(stages))
    mine = np.flatnonzero(np.bincount(there, minlength=len(starts)))
    first, again = first[mine, :-1].T.copy(), runs[mine, :-1].T > 1
    if walk.rows is not None:
        known = first != NEVER
        first[known] = walk.rows.take(first[known])
    return first, again


@twin(_compiled_arrivals)
def arrivals(journeys: Journeys, stages: tuple[str, ...]) -> tuple[Ints, Bools]:
    """(`first_visits`, `came_back`) of the selected sessions, one column per customer who has any."""
    ranks, there = ranks_in(journeys.stage.names, stages), journeys.session_customer.take(journeys.chosen)
    visits, owner, shape = visits_by(journeys, journeys.stage), owners(journeys), (len(stages), different(there))
    customer = np.cumsum(np.append(False, owner[1:] != owner[:-1])[: len(owner)])
    here = ranks.take(visits.node)
    known = np.flatnonzero(here < len(stages))
    position, customer, here = (values.take(known) for values in (visits.position, customer, here))
    return first_visits(position, customer, here, shape), came_back(customer, here, shape)


def first_visits(position: Ints, customer: Ints, rank: Ints, shape: tuple[int, int]) -> Ints:
    """[stage, customer]: position of the first event there, NEVER where there is none."""
    first = np.full(shape[0] * shape[1], NEVER)
    cell = rank * shape[1] + customer
    first[cell[::-1]] = position[::-1]  # backwards: the first row is written last
    return first.reshape(shape)


def came_back(customer: Ints, rank: Ints, shape: tuple[int, ...]) -> Bools:
    """[stage, customer]: did the customer leave the stage for another designed one and come back?"""
    fresh = (
        np.append(True, (customer[1:] != customer[:-1]) | (rank[1:] != rank[:-1]))
        if len(rank)
        else np.zeros(0, dtype=bool)
    )
    first = np.flatnonzero(fresh)
    runs = np.bincount(rank.take(first) * shape[1] + customer.take(first), minlength=shape[0] * shape[1])
    returned: Bools = runs.reshape(shape) > 1
    return returned


def counts(first: Ints, repeated: Bools, at: Ints) -> pa.Table:
    """PARTS of some customers; first, repeated: [stage, customer]."""
    stages, customers = first.shape
    reached = first != NEVER
    later = np.full(customers, NEVER)  # the first visit to any stage behind
    passed, early = reached.copy(), np.zeros_like(reached)  # early: a later stage came first
    for i in range(stages - 2, -1, -1):
        later = np.minimum(later, first[i + 1])
        passed[i] |= later != NEVER
        early[i] = reached[i] & (later < first[i])
    per_stage = {"reached": reached, "passed": passed, "repeated": repeated & reached, "out_of_order": early}
    rows = [(kind, i, int(np.count_nonzero(flags[i]))) for kind, flags in per_stage.items() for i in range(stages)]
    in_order = reached.any(axis=0) & ~early.any(axis=0)
    complete = in_order & ~(passed & ~reached).any(axis=0)
    rows += [("customers", -1, customers), ("in_order", -1, int(in_order.sum())), ("complete", -1, int(complete.sum()))]
    kinds, number, n = zip(*rows, strict=True)
    zero = [0] * len(rows)
    kind = pa.array(kinds).dictionary_encode()
    return pa.concat_tables([pa.table([kind, number, zero, n, zero], schema=PARTS), waits(first, reached, at)])


def waits(first: Ints, reached: Bools, at: Ints) -> pa.Table:
    """Per stage: the time from the first event at the nearest stage before it that the customer came to, if that was earlier."""
    spans, before = [NO_TIMES], np.full(first.shape[1], -1, dtype=np.int64)
    for here, there in zip(first, reached, strict=True):
        timed = np.flatnonzero(there & (before >= 0) & (before < here))
        spans.append(at.take(here.take(timed)) - at.take(before.take(timed)))
        before = np.where(there, here, before)
    stage = np.repeat(np.arange(len(first)), [len(span) for span in spans[1:]])
    stage, bins, n, total = tally_times(stage, len(first), np.concatenate(spans))
    return pa.table([coded_names(np.zeros_like(n), pa.array([WAIT])), stage, bins, n, total], schema=PARTS)
