"""Funnels: how many customers (or sessions) get how far through ordered steps, and how long it takes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingest.errors import ConfigError
from paths.analysis import Journeys, summed
from paths.chains import ChainRules, Chains, Rows, deepest
from paths.conditions import Condition
from paths.counting import tally, tally_times
from paths.histograms import quantile_seconds
from paths.statistics import rate, wilson
from paths.transitions import END

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
MICROSECOND = timedelta(microseconds=1)
NONE = "(none)"

PARTS = pa.schema(
    [("group", pa.string()), ("kind", pa.string()), ("step", pa.int64()), ("name", pa.string()), ("bin", pa.int64()),
     ("units", pa.int64()), ("microseconds", pa.int64())]
)  # fmt: skip
"""Additive. kind: dropped | in_progress (units whose depth is `step`), time (bins of the seconds to `step`), next."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One or more names, each with optional conditions; the first that matches counts."""

    matchers: tuple[tuple[str, tuple[Condition, ...]], ...]
    within: timedelta | None = None  # at most this long after the step before
    label: str = ""

    @property
    def name(self) -> str:
        """What the row is called."""
        return self.label or "|".join(name for name, _ in self.matchers)

    def matches(self, journeys: Journeys) -> Bools:
        """bool per event."""
        found = np.zeros(len(journeys), dtype=bool)
        for name, conditions in self.matchers:
            hit = journeys.answers_to([name])
            for condition in conditions:
                hit = hit & condition.holds(journeys.events)
            found |= hit
        return found


@dataclass(frozen=True, kw_only=True)
class Funnel:
    """An ordered funnel; see SEMANTICS in the guide."""

    steps: tuple[Step, ...]
    window: timedelta | None = timedelta(days=7)
    count: str = "customers"  # or sessions
    order: str = "ordered"
    ties: str = "recorded"  # or step
    breakdown: str | None = None
    columns: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        if not self.steps:
            raise ConfigError("a funnel needs at least one step.")
        if self.count not in ("customers", "sessions"):
            raise ConfigError(f'count is "customers" or "sessions", not "{self.count}".')
        if self.ties not in ("recorded", "step"):
            raise ConfigError(f'ties is "recorded" or "step", not "{self.ties}".')
        read = {c for s in self.steps for _, conditions in s.matchers for k in conditions for c in k.columns}
        object.__setattr__(self, "columns", frozenset(read | ({self.breakdown} if self.breakdown else set())))

    @property
    def lag(self) -> timedelta | None:
        """A chain that starts in the period ends inside the window."""
        return self.window

    def map(self, journeys: Journeys) -> pa.Table:
        """The additive counts of a batch."""
        found, position = self.chains(journeys)
        groups = self.groups(journeys, position)
        return pa.concat_tables([
            self.depths(found, groups), self.times(journeys, found, position, groups), self.next(journeys, found, position, groups)
        ])  # fmt: skip

    def chains(self, journeys: Journeys) -> tuple[Chains, Ints]:
        """(the reported chains that count, their rows as positions in the batch)."""
        matches = [s.matches(journeys) for s in self.steps]
        useful = np.logical_or.reduce(matches)
        by_session = self.count == "sessions"
        if by_session:
            useful &= session_rows(journeys)
        position = np.flatnonzero(useful)
        unit = (journeys.sessions.index if by_session else journeys.customer)[position].astype(np.int64)
        at = journeys.events.at[position]
        if self.ties == "step":
            lowest = np.full(len(position), len(matches), dtype=np.int64)
            for i in range(len(matches) - 1, -1, -1):
                lowest[matches[i][position]] = i
            order = np.lexsort((position, lowest, at, unit))
            position = position[order]
        rows = Rows(
            unit=unit, at=at, matches=[m[position] for m in matches], barriers=[None] * len(matches),
            starts=np.ones(len(position), dtype=bool) if by_session else journeys.in_period[position],
        )  # fmt: skip
        rules = ChainRules(window=micro(self.window), within=[micro(s.within) for s in self.steps])
        units = len(journeys.sessions) if by_session else len(journeys.customer_starts)
        closed = journeys.scope.as_of > journeys.open_until if by_session else None
        found = deepest(rows, rules, units, journeys.scope.as_of, closed)
        first = position[found.rows[:, 0]]
        keep = journeys.in_segment[first]
        found = Chains(found.units[keep], found.depth[keep], found.rows[keep], found.alive[keep])
        return found, np.append(position, -1)[found.rows]

    def groups(self, journeys: Journeys, position: Ints) -> tuple[Ints, list[str]]:
        """(group of each chain, group names): the breakdown's value at the chain's first event."""
        if self.breakdown is None:
            return np.zeros(len(position), dtype=np.int64), [""]
        column = journeys.events.text(self.breakdown).take(position[:, 0])
        return np.where(column.codes < 0, len(column.names), column.codes).astype(np.int64), [*column.names, NONE]

    def depths(self, found: Chains, groups: tuple[Ints, list[str]]) -> pa.Table:
        """Units by depth, going on or not."""
        group, names = groups
        size = len(self.steps) + 1
        code, n = tally((group * size + found.depth) * 2 + found.alive, len(names) * size * 2)
        rest, alive = np.divmod(code, 2)
        return part(names, rest // size, ["in_progress" if a else "dropped" for a in alive], rest % size, units=n)

    def times(self, journeys: Journeys, found: Chains, position: Ints, groups: tuple[Ints, list[str]]) -> pa.Table:
        """Times between neighbouring steps of the reported chains."""
        group, names = groups
        tables = []
        for i in range(1, len(self.steps)):
            there = found.depth > i
            span = journeys.events.at[position[there, i]] - journeys.events.at[position[there, i - 1]]
            code, bin_, n, total = tally_times(group[there], len(names), span)
            tables.append(
                part(
                    names, code, ["time"] * len(code), np.full(len(code), i + 1), bins=bin_, units=n, microseconds=total
                )
            )
        return pa.concat_tables(tables) if tables else PARTS.empty_table()

    def next(self, journeys: Journeys, found: Chains, position: Ints, groups: tuple[Ints, list[str]]) -> pa.Table:
        """What the dropped did after their last step in that session: a touchpoint, or END."""
        group, names = groups
        gone = ~found.alive & (found.depth < len(self.steps))
        last = position[gone, found.depth[gone] - 1]
        node = np.append(following(journeys), -1)[last]
        nodes = [*journeys.touchpoint.names, END]
        size = len(self.steps) + 1
        code, n = tally(
            (group[gone] * size + found.depth[gone]) * len(nodes) + np.where(node < 0, len(nodes) - 1, node),
            len(names) * size * len(nodes),
        )
        rest, node_code = np.divmod(code, len(nodes))
        return part(
            names, rest // size, ["next"] * len(code), rest % size, [nodes[c] for c in node_code.tolist()], units=n
        )

    def reduce(self, parts: Sequence[pa.Table]) -> pa.Table:
        """One row per step; with a breakdown, one row per value and step behind the total's."""
        return funnel_table(summed(parts, ["group", "kind", "step", "name", "bin"], PARTS), self)


def session_rows(journeys: Journeys) -> Bools:
    """Per event: is it in a session that starts in the period?"""
    chosen = journeys.in_period[journeys.sessions.first]
    return np.append(chosen, False)[journeys.sessions.index]


def following(journeys: Journeys) -> npt.NDArray[np.int32]:
    """Per event: the touchpoint code of the next event of its session, -1 = none (END); passive events have none."""
    active = np.flatnonzero(journeys.sessions.index >= 0)
    session = journeys.sessions.index[active]
    same = session[1:] == session[:-1]
    after = np.full(len(journeys), -1, dtype=np.int32)
    after[active[:-1][same]] = journeys.touchpoint.codes[active[1:]][same]
    return after


def micro(span: timedelta | None) -> int | None:
    """A duration in microseconds."""
    return None if span is None else span // MICROSECOND


def part(names: Sequence[str], group: Ints, kinds: Sequence[str], step: Ints, texts: Sequence[str] | None = None, *,
         bins: Ints | None = None, units: Ints, microseconds: Ints | None = None) -> pa.Table:  # fmt: skip
    """Rows of PARTS."""
    zero = np.zeros(len(units), dtype=np.int64)
    text = list(texts) if texts is not None else [""] * len(units)
    return pa.table(
        [[names[g] for g in group.tolist()], list(kinds), step, text, zero if bins is None else bins, units,
         zero if microseconds is None else microseconds], schema=PARTS,
    )  # fmt: skip


FUNNEL = pa.schema(
    [
        pa.field("step", pa.int64()),
        pa.field("name", pa.string()),
        pa.field("reached", pa.int64()),
        pa.field("conversion_rate", pa.float64()),
        pa.field("step_conversion_rate", pa.float64()),
        pa.field("ci_low", pa.float64()),
        pa.field("ci_high", pa.float64()),
        pa.field("dropped", pa.int64()),
        pa.field("in_progress", pa.int64()),
        pa.field("median_seconds", pa.float64()),
        pa.field("p90_seconds", pa.float64()),
        pa.field("dropped_next", pa.list_(pa.struct([("touchpoint", pa.string()), ("units", pa.int64())]))),
    ]
)
"""One row is one step: reached_i = reached_(i+1) + dropped_i + in_progress_i."""


def funnel_table(parts: pa.Table, funnel: Funnel) -> pa.Table:
    """Added-up PARTS -> FUNNEL, with a leading column named after the breakdown, if there is one."""
    rows = parts.to_pylist()
    if funnel.breakdown is None:
        return pa.Table.from_pylist(step_rows(rows, funnel), schema=FUNNEL)
    values = sorted(
        {r["group"] for r in rows},
        key=lambda v: (
            -sum(r["units"] for r in rows if r["group"] == v and r["kind"] in ("dropped", "in_progress")),
            v,
        ),
    )
    table = [
        {funnel.breakdown: v, **r} for v in values for r in step_rows([r for r in rows if r["group"] == v], funnel)
    ]
    schema = pa.schema([pa.field(funnel.breakdown, pa.string()), *FUNNEL])
    return pa.Table.from_pylist(table, schema=schema)


def step_rows(parts: Sequence[dict[str, Any]], funnel: Funnel) -> list[dict[str, Any]]:
    """The FUNNEL rows of one group."""
    depth = len(funnel.steps)

    def total(kind: str, step: int) -> int:
        return sum(int(p["units"]) for p in parts if p["kind"] == kind and p["step"] == step)

    ended = [total("dropped", i) + total("in_progress", i) for i in range(1, depth + 1)]
    reached = [sum(ended[i:]) for i in range(depth)]
    rows: list[dict[str, Any]] = []
    for i, step in enumerate(funnel.steps, 1):
        times = [p for p in parts if p["kind"] == "time" and p["step"] == i]
        n, us = (np.array([p[k] for p in times], dtype=np.int64) for k in ("units", "microseconds"))
        low, high = wilson(reached[i - 1], reached[0])
        after = sorted(
            ((p["name"], p["units"]) for p in parts if p["kind"] == "next" and p["step"] == i),
            key=lambda t: (-t[1], t[0]),
        )
        rows.append({
            "step": i, "name": step.name, "reached": reached[i - 1], "conversion_rate": rate(reached[i - 1], reached[0]),
            "step_conversion_rate": rate(reached[i - 1], reached[i - 2]) if i > 1 else None, "ci_low": low, "ci_high": high,
            "dropped": total("dropped", i) if i < depth else 0, "in_progress": total("in_progress", i) if i < depth else 0,
            "median_seconds": quantile_seconds(n, us, 50), "p90_seconds": quantile_seconds(n, us, 90),
            "dropped_next": [{"touchpoint": t, "units": u} for t, u in after] if i < depth else [],
        })  # fmt: skip
    return rows
