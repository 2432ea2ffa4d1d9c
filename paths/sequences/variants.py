"""Variants: the different ways whole sessions go, with what comes of each.

Sequences are grouped by a 64-bit hash and then compared node by node, so the counts are exact. The parts hold the text
of every different sequence once per time bin: on a store where most sessions go a way of their own that is as much text
as there are nodes; `max_steps` bounds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ingest.array_types import AnyInts, Bools, Ints
from ingest.errors import ConfigError
from paths.analysis import Lookback, summed
from paths.arrays.counting import ranges, tally_times, units_at
from paths.arrays.histograms import SECOND
from paths.journeys.goals import GoalRules, holding_goal
from paths.journeys.journeys import Journeys
from paths.sequences.walks import CUT, NodeView, texts, walks_of
from paths.statistics.intervals import rate, wilson
from sessionize.sessions import mixed

Bits = npt.NDArray[np.uint64]

VARIANTS = pa.schema(
    [
        pa.field("path", pa.string()),
        pa.field("steps", pa.int64()),
        pa.field("sessions", pa.int64()),
        pa.field("customers", pa.int64()),
        pa.field("share", pa.float64()),
        pa.field("median_seconds", pa.float64()),
        pa.field("converted", pa.int64()),
        pa.field("conversion_rate", pa.float64()),
        pa.field("ci_low", pa.float64()),
        pa.field("ci_high", pa.float64()),
    ]
)
"""One row is one sequence of nodes, most sessions first, then by path. steps: nodes in the path; share: of the sessions
asked about; median_seconds: from the first event of a session to its last; converted: sessions that hold a goal, with
Wilson's 95 % interval of their rate (null without a goal)."""

PARTS = pa.schema(
    [
        ("path", pa.string()),
        ("steps", pa.int64()),
        ("bin", pa.int64()),
        ("sessions", pa.int64()),
        ("customers", pa.int64()),
        ("converted", pa.int64()),
        ("microseconds", pa.int64()),
    ]
)
"""Additive. A session is in the row of its path and time; customers and converted stand in one row of a path and batch."""


@dataclass(frozen=True, kw_only=True)
class Variants:
    """Counts the selected sessions by their sequence of nodes. Raises ConfigError for max_steps below 1.

    A sequence longer than `max_steps` is cut there and ends in "...". `converted` keeps only sessions with a goal (True)
    or without one (False).
    """

    view: NodeView = field(default_factory=NodeView)
    rules: GoalRules = field(default_factory=GoalRules)
    max_steps: int | None = None
    converted: bool | None = None
    columns: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.max_steps is not None and self.max_steps < 1:
            raise ConfigError(f"a variant has at least one step, not {self.max_steps}.")

    def lookback(self, since: int) -> Lookback | None:
        """Perhaps everything."""
        return None

    def map(self, journeys: Journeys) -> pa.Table:
        """The additive counts of a batch."""
        walks = walks_of(journeys, self.view)
        holds = holding_goal(journeys, self.rules.goal)[walks.session]
        mine = np.flatnonzero(holds == self.converted) if self.converted is not None else np.arange(len(walks))
        start, length, session, holds = walks.start[mine], walks.length[mine], walks.session[mine], holds[mine]
        steps = length if self.max_steps is None else np.minimum(length, self.max_steps)
        lead, group = alike(walks.node, start, steps, length > steps)
        first, last = journeys.sessions.first[session], journeys.sessions.last[session]
        seconds = journeys.events.at[last] - journeys.events.at[first]
        code, bins, sessions, total = tally_times(group, len(lead), seconds)
        once = np.append(True, code[1:] != code[:-1])[: len(code)]
        by_group = units_at(journeys.customer[first], group, len(lead)), np.bincount(group[holds], minlength=len(lead))
        customers, converted = (np.where(once, counts[code], 0) for counts in by_group)
        path = texts(walks.names, walks.node, start[lead], steps[lead])
        if self.max_steps is not None:
            cut = pc.binary_join_element_wise(path, CUT, " > ")
            path = pc.if_else(pa.array(length[lead] > steps[lead]), cut, path)
        columns = [path.take(pa.array(code)), steps[lead][code], bins, sessions, customers, converted, total]
        return pa.table(columns, schema=PARTS)

    def merge(self, parts: Sequence[pa.Table]) -> pa.Table:
        """The sum of parts."""
        return summed(parts, ["path", "steps", "bin"], PARTS)

    def reduce(self, parts: Sequence[pa.Table]) -> pa.Table:
        """The VARIANTS table."""
        return variants_of(self.merge(parts), bool(self.rules.goal))


def alike(node: AnyInts, start: Ints, length: Ints, goes_on: Bools) -> tuple[Ints, Ints]:
    """(the first walk of each different sequence, the sequence of each walk). Sequences differ too if one goes on."""
    key = hashed(node, start, length) ^ goes_on.astype(np.uint64)
    group = np.empty(len(start), dtype=np.int64)
    leads: list[Ints] = []
    pending, known = np.arange(len(start), dtype=np.int64), 0
    while len(pending):  # again only for walks whose hash is that of another sequence
        _, lead, member = np.unique(key[pending], return_index=True, return_inverse=True)
        leader = pending[lead][member]
        same = (length[pending] == length[leader]) & (goes_on[pending] == goes_on[leader])
        same[same] = equal_nodes(node, start[pending[same]], start[leader[same]], length[pending[same]])
        group[pending[same]] = known + member[same]
        leads.append(pending[lead])
        known, pending = known + len(lead), pending[~same]
    return np.concatenate([np.zeros(0, dtype=np.int64), *leads]), group


def hashed(node: AnyInts, start: Ints, length: Ints) -> Bits:
    """A 64-bit hash of each sequence: the sum of a mixed word per (place, node), modulo 2^64."""
    at = ranges(start, length)
    place = np.arange(len(at), dtype=np.int64) - np.repeat(np.cumsum(length) - length, length)
    words = mixed(((place << 32) + node[at] + 1).astype(np.uint64))
    total = np.append(np.uint64(0), np.cumsum(words, dtype=np.uint64))
    end = np.cumsum(length)
    sums: Bits = total[end] - total[end - length]
    return sums


def equal_nodes(node: AnyInts, start: Ints, other: Ints, length: Ints) -> Bools:
    """Per pair of walks of one length: are all nodes equal?"""
    differ = np.flatnonzero(node[ranges(start, length)] != node[ranges(other, length)])
    equal = np.ones(len(start), dtype=bool)
    equal[np.searchsorted(np.cumsum(length), differ, side="right")] = False
    return equal


def variants_of(parts: pa.Table, has_goal: bool) -> pa.Table:
    """Added-up PARTS -> VARIANTS."""
    n, total, customers, converted = (
        np.asarray(parts[c]) for c in ("sessions", "microseconds", "customers", "converted")
    )
    path = np.asarray(parts["path"].combine_chunks().dictionary_encode().indices)
    head = np.flatnonzero(np.append(True, path[1:] != path[:-1])[: len(path)])
    seen = np.cumsum(n)
    sessions, customers, converted = (np.add.reduceat(c, head) if len(head) else c for c in (n, customers, converted))
    middle = np.searchsorted(seen, seen[head] - n[head] + (sessions + 1) // 2)
    columns: dict[str, Any] = {
        "path": parts["path"].take(pa.array(head)),
        "steps": parts["steps"].take(pa.array(head)),
        "sessions": sessions,
        "customers": customers,
        "share": np.round(sessions / max(1, int(sessions.sum())), 6),
        "median_seconds": np.round(total[middle] / n[middle] / SECOND, 6),
        "converted": pa.array(converted, mask=np.full(len(head), not has_goal)),
        **dict(zip(("conversion_rate", "ci_low", "ci_high"), rates(converted, sessions, has_goal), strict=True)),
    }
    return pa.table(columns, schema=VARIANTS).sort_by([("sessions", "descending"), ("path", "ascending")])


def rates(converted: Ints, sessions: Ints, has_goal: bool) -> list[pa.Array]:
    """conversion_rate and its interval, reckoned once per different pair of counts; null without a goal."""
    size = int(sessions.max(initial=0)) + 1
    pairs, which = np.unique(converted * size + sessions, return_inverse=True)
    counts = [divmod(pair, size) for pair in pairs.tolist()]
    rows = [(rate(k, n), *wilson(k, n)) if has_goal else (None,) * 3 for k, n in counts]
    columns = [pa.array([r[i] for r in rows], pa.float64()) for i in range(3)]
    return [column.take(pa.array(which)) for column in columns]
