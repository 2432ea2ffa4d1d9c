"""The newest lost sessions of each touchpoint, one by one: how they went, not who they were."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingest.array_types import MICROSECOND, Ints
from paths.analysis import Lookback
from paths.arrays.counting import ranges
from paths.arrays.grouping import codes_of, equal_runs
from paths.journeys.goals import GoalRules
from paths.journeys.journeys import Journeys
from paths.sequences.walks import fresh
from paths.visits.session_states import LOST, states_of
from paths.visits.visits import last_nodes

STEPS = 5
LAST_LOST = pa.schema(
    [
        pa.field("touchpoint", pa.string()),
        pa.field("ended_at", pa.timestamp("us", tz="UTC")),
        pa.field("seconds", pa.float64()),
        pa.field("events", pa.int64()),
        pa.field("visits", pa.int64()),
        pa.field("steps", pa.list_(pa.string())),
        pa.field("customer_key", pa.int64()),
    ]
)
"""One row is a lost session that ended at the touchpoint: the newest first, as many as asked for of each. visits: runs of events
at one touchpoint; steps: where the last STEPS of them were, the last one at the end. customer_key orders what ended at once."""
ORDER = [
    ("touchpoint", "ascending"),
    ("ended_at", "descending"),
    ("customer_key", "ascending"),
    ("seconds", "ascending"),
    ("events", "ascending"),
]


@dataclass(frozen=True, kw_only=True)
class LastLost:
    """The `newest` lost sessions of each touchpoint, lost as drop-off counts them."""

    rules: GoalRules = field(default_factory=GoalRules)
    return_window: timedelta = timedelta(days=7)
    newest: int = 5
    columns: frozenset[str] = frozenset()

    def lookback(self, since: int) -> Lookback | None:
        """Only where sessions begin: all else lies in the unit, or behind its start."""
        return Lookback.sessions(since)

    def map(self, journeys: Journeys) -> pa.Table:
        """The newest of a batch."""
        states = states_of(journeys, self.rules.goal, self.return_window // MICROSECOND)
        lost = journeys.chosen[states.fate.take(journeys.chosen) == LOST]
        ended = last_nodes(journeys, journeys.touchpoint).take(lost)
        return sessions_of(journeys, lost[newest_of(ended, journeys.ended_at.take(lost), self.newest)])

    def merge(self, parts: Sequence[pa.Table]) -> pa.Table:
        """The newest of all parts."""
        whole = pa.concat_tables(parts).sort_by(ORDER) if parts else LAST_LOST.empty_table()
        places = equal_runs(codes_of(whole["touchpoint"].dictionary_encode()))
        newest = [row for lo, hi in places for row in range(lo, min(hi, lo + self.newest))]
        return whole.take(pa.array(newest, pa.int64()))

    def reduce(self, parts: Sequence[pa.Table]) -> pa.Table:
        """The LAST_LOST table."""
        return self.merge(parts)


def newest_of(node: npt.NDArray[np.int32], at: Ints, most: int) -> Ints:
    """Rows with the latest `at` of each node: at least `most` of each, where it has so many; ties are all kept."""
    order = np.argsort(narrow(node), kind="stable")
    newest = [order[:0]]
    for low, high in equal_runs(node[order]):
        rows = order[low:high]
        last = max(0, len(rows) - most)
        newest.append(rows[at[rows] >= np.partition(at[rows], last)[last]])
    return np.sort(np.concatenate(newest))


def narrow(codes: npt.NDArray[np.int32]) -> npt.NDArray[np.integer[Any]]:
    """The codes in two bytes where they have room: those are sorted without a comparison."""
    return codes.astype(np.int16) if not len(codes) or codes.max() < 1 << 15 else codes


def sessions_of(journeys: Journeys, session: Ints) -> pa.Table:
    """LAST_LOST rows of these sessions; session: int64 positions, ascending."""
    sessions, names = journeys.sessions, journeys.touchpoint.names
    start, length = journeys.bounds[0].take(session), sessions.events.take(session)
    rows, owner = ranges(start, length), np.repeat(np.arange(len(session), dtype=np.int32), length)
    node = journeys.whole_walk.pick(journeys.touchpoint.codes).take(rows)
    opens = fresh(node, owner)
    visited = node[opens].tolist()
    ends = np.cumsum(np.bincount(owner[opens], minlength=len(session)))
    visits = np.diff(ends, prepend=0)
    begin = ends - np.minimum(visits, STEPS)
    steps = [[names[n] for n in visited[b:e]] for b, e in zip(begin.tolist(), ends.tolist(), strict=True)]
    started, ended = journeys.started_at.take(session), journeys.ended_at.take(session)
    return pa.table(
        [
            pa.array([step[-1] for step in steps], pa.string()),
            pa.array(ended, pa.timestamp("us", tz="UTC")),
            (ended - started) / 1e6,
            length,
            visits,
            pa.array(steps, pa.list_(pa.string())),
            journeys.events.keys.take(journeys.session_customer.take(session)),
        ],
        schema=LAST_LOST,
    )
