"""Where journeys end without a goal, what comes of them, and what is at stake there. Everything is counted in sessions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ingest.array_types import MICROSECOND, AnyInts, Ints
from ingest.scan.batches import Codes
from paths.analysis import Lookback, summed
from paths.arrays.counting import combinations, tally
from paths.arrays.grouping import NAME, as_rows, coded_names, codes_of, equal_runs
from paths.journeys.goals import VALUE_COLUMNS, GoalRules, goal_values
from paths.journeys.journeys import Journeys
from paths.statistics.intervals import rate, wilson
from paths.visits.reach import counts_of
from paths.visits.session_states import LOST, RETURNED, SessionStates, states_of
from paths.visits.visits import START, endings, visit_counts

COUNTS = (
    "visits",
    "sessions",
    "closed",
    "converting",
    "drop_off",
    "returned",
    "lost",
    "in_progress",
    "goals",
    "others",
)
PARTS = pa.schema(
    [("node", NAME), ("kind", NAME), ("other", NAME), *[(c, pa.int64()) for c in COUNTS], ("value", pa.int64())]
)
"""Additive. kind: node; lost_after, returned_at (sessions, by the other node); money (goals with a value and its sum)."""

MEASURES = (
    ("visits", pa.int64()),
    ("sessions", pa.int64()),
    ("drop_off", pa.int64()),
    ("drop_off_rate", pa.float64()),
    ("ci_low", pa.float64()),
    ("ci_high", pa.float64()),
    ("returned", pa.int64()),
    ("lost", pa.int64()),
    ("in_progress", pa.int64()),
    ("conversion", pa.float64()),
    ("leak", pa.float64()),
    ("value_at_risk", pa.float64()),
    ("lost_after", pa.string()),
    ("returned_at", pa.string()),
)


def schema(by_stage: bool) -> pa.Schema:
    """One row is one touchpoint (or stage), the worst leak first."""
    return pa.schema(
        [pa.field("stage" if by_stage else "touchpoint", pa.string()), *[pa.field(n, t) for n, t in MEASURES]]
    )


@dataclass(frozen=True, kw_only=True)
class DropOff:
    """drop_off = returned + lost + in_progress; leak = lost x conversion; value_at_risk = leak x mean goal value."""

    rules: GoalRules = field(default_factory=GoalRules)
    return_window: timedelta = timedelta(days=7)
    by_stage: bool = False
    minor_units: int = 100  # of one unit of the currency

    @property
    def columns(self) -> frozenset[str]:
        """Goals have values."""
        return VALUE_COLUMNS if self.rules.goal else frozenset()

    def lookback(self, since: int) -> Lookback | None:
        """Where sessions begin, and rows of the orders whose value goals have."""
        return Lookback.sessions(since, orders=True)

    def map(self, journeys: Journeys) -> pa.Table:
        """The additive counts of a batch."""
        node = journeys.stage if self.by_stage else journeys.touchpoint
        window, chosen = self.return_window // MICROSECOND, journeys.chosen
        state, ends = states_of(journeys, self.rules.goal, window), endings(journeys, node, self.by_stage)
        names = list(node.names)
        last, before, fate = ends.last.take(chosen), ends.before.take(chosen), state.fate.take(chosen)
        counts = self.node_counts(journeys, node, state) | ended(last, fate, len(names))
        parts = [rows_of("node", coded_names(np.arange(len(names)), pa.array(names, pa.string())), None, counts)]
        lost, came = (np.flatnonzero(fate == one) for one in (LOST, RETURNED))
        before = np.where(before[lost] < 0, len(names), before[lost])
        parts.append(pairs("lost_after", names, last[lost], [*names, START], before))
        entry = journeys.sessions.first[journeys.sessions.index[state.next_goal[chosen[came]]]]
        parts.append(pairs("returned_at", names, last[came], names, node.codes[entry]))
        if self.rules.goal:
            parts.append(self.money(journeys))
        return pa.concat_tables(parts)

    def node_counts(self, journeys: Journeys, node: Codes, state: SessionStates) -> dict[str, Ints]:
        """Those COUNTS per node that are not of sessions' ends; a node without `others` (events that are no goal) has no row."""
        size, window = len(node.names), self.return_window // MICROSECOND
        there = counts_of(journeys, node, self.rules.goal, window)
        events, runs = visit_counts(journeys, node)
        goal = np.flatnonzero(state.goal)
        goal = goal[np.append(journeys.selected_sessions, False)[journeys.sessions.index.take(goal)]]
        goals = np.bincount(node.codes.take(goal), minlength=size)
        return {
            "visits": runs if self.by_stage else events,
            "sessions": there.sessions,
            "closed": there.closed,
            "converting": there.with_goal,
            "goals": goals,
            "others": events - goals,
            "value": np.zeros(size, dtype=np.int64),
        }

    def money(self, journeys: Journeys) -> pa.Table:
        """How many goals of the period have a value, and the sum."""
        goals = goal_values(journeys, self.rules)
        counts = goals.known & journeys.selects(goals.first)
        row = dict.fromkeys(COUNTS, np.zeros(1, dtype=np.int64))
        row["goals"], row["value"] = np.array([int(counts.sum())]), np.array([int(goals.value[counts].sum())])
        return rows_of("money", None, None, row)

    def merge(self, parts: Sequence[pa.Table]) -> pa.Table:
        """The sum of parts."""
        return summed(parts, ["node", "kind", "other"], PARTS)

    def reduce(self, parts: Sequence[pa.Table]) -> pa.Table:
        """The ranked table."""
        return ranked(self.merge(parts), self)


def ended(node: AnyInts, fate: npt.NDArray[np.uint8], size: int) -> dict[str, Ints]:
    """Sessions that end at each node, by their fate."""
    by_fate = combinations(node, fate, size, 2)
    held, returned, lost, in_progress = by_fate.T
    return {
        "drop_off": by_fate.sum(axis=1) - held,
        "returned": returned,
        "lost": lost,
        "in_progress": in_progress,
    }


def rows_of(
    kind: str, node: pa.DictionaryArray | None, other: pa.DictionaryArray | None, counts: dict[str, Ints]
) -> pa.Table:
    """Rows of PARTS; "" where a node is not spoken of."""
    zero = np.zeros(len(counts["value"]), dtype=np.int64)
    nothing, kinds = (coded_names(zero, pa.array([text])) for text in ("", kind))
    names = nothing if node is None else node, kinds, nothing if other is None else other
    return pa.table([*names, *(counts[c] for c in COUNTS), counts["value"]], schema=PARTS)


def pairs(kind: str, names: Sequence[str], node: AnyInts, others: Sequence[str], other: AnyInts) -> pa.Table:
    """PARTS rows of one `kind`: sessions by (node, other node); node, other: a code per session, into names and others."""
    code = node.astype(np.int64) * max(1, len(others)) + other
    values, n = tally(code, max(1, len(names) * len(others)))
    zero = np.zeros(len(values), dtype=np.int64)
    counts = dict.fromkeys((*COUNTS, "value"), zero) | {"sessions": n}
    left, right = np.divmod(values, max(1, len(others)))
    node_names, other_names = (coded_names(c, pa.array(n, pa.string())) for c, n in ((left, names), (right, others)))
    return rows_of(kind, node_names, other_names, counts)


def most_frequent(pairs: pa.Table) -> dict[tuple[str, str], str]:
    """(kind, node) -> the other node with the most sessions, the first by name where there are several."""
    sessions, runs = np.asarray(pairs["sessions"]), equal_runs(codes_of(pairs["node"]), codes_of(pairs["kind"]))
    top = [lo + int(np.argmax(sessions[lo:hi])) for lo, hi in runs if lo < hi]
    rows = as_rows(pairs.select(["kind", "node", "other"]).take(pa.array(top, pa.int64())))
    return {(r["kind"], r["node"]): r["other"] for r in rows}


def ranked(whole: pa.Table, question: DropOff) -> pa.Table:
    """Added-up PARTS, in key order -> rows, by value at risk (else leak), drop_off, name."""
    paired = pc.is_in(whole["kind"].cast(pa.string()), pa.array(["lost_after", "returned_at"]))
    other, parts = most_frequent(whole.filter(paired)), as_rows(whole.filter(pc.invert(paired)))
    money = [p for p in parts if p["kind"] == "money"]
    with_value = sum(int(p["goals"]) for p in money)
    total = sum(int(p["value"]) for p in money)
    mean = total / with_value / question.minor_units if with_value else None
    rows = [row_of(p, mean, other, question) for p in parts if p["kind"] == "node" and p["sessions"]]
    name = "stage" if question.by_stage else "touchpoint"
    kept = [r for r in rows if r is not None]
    kept.sort(key=lambda r: (-(r["value_at_risk"] if mean is not None else r["leak"] or 0), -r["drop_off"], r[name]))
    for r in kept:
        r["leak"] = None if r["leak"] is None else round(r["leak"], 6)
        r["value_at_risk"] = None if r["value_at_risk"] is None else round(r["value_at_risk"], 2)
    return pa.Table.from_pylist(kept, schema=schema(question.by_stage))


def row_of(
    p: dict[str, Any], mean: float | None, other: dict[tuple[str, str], str], question: DropOff
) -> dict[str, Any] | None:
    """One row; None for a goal node, at which every event is a goal."""
    n = {c: int(p[c]) for c in COUNTS}
    if question.rules.goal and not n["others"]:
        return None
    low, high = wilson(n["drop_off"], n["sessions"])
    leak = n["lost"] * (n["converting"] / n["closed"]) if n["closed"] else 0.0
    row: dict[str, Any] = {
        "stage" if question.by_stage else "touchpoint": p["node"],
        "visits": n["visits"],
        "sessions": n["sessions"],
        "drop_off": n["drop_off"],
        "drop_off_rate": rate(n["drop_off"], n["sessions"]),
        "ci_low": low,
        "ci_high": high,
        "returned": n["returned"],
        "lost": n["lost"],
        "in_progress": n["in_progress"],
        "conversion": rate(n["converting"], n["closed"]),
        "leak": leak,
        "value_at_risk": None if mean is None else leak * mean,
        "lost_after": other.get(("lost_after", p["node"])),
        "returned_at": other.get(("returned_at", p["node"])),
    }
    if not question.rules.goal:
        row |= dict.fromkeys(
            ("returned", "lost", "in_progress", "conversion", "leak", "value_at_risk", "lost_after", "returned_at")
        )
    return row
