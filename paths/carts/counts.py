"""Carts by what became of them: how many, of how many customers, what they are worth, how many came back.

Law: episodes = converted + recovered + abandoned + open + emptied.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from ingest.array_types import AnyInts, Bools, Ints
from ingest.errors import ConfigError, JourneysError
from paths.analysis import Lookback, summed
from paths.arrays.counting import exact_sums, tally, units_at
from paths.arrays.grouping import as_rows, coded_names, groups
from paths.carts.breakdown import COMPUTED, GRID, HOUR, groups_of
from paths.carts.browsing import browsing
from paths.carts.episodes import ABANDONED, BY, BY_NONE, KINDS, RECOVERED, STATUSES, CartRows, Episodes, episodes
from paths.carts.rules import REFUND, CartRules, number_at
from paths.journeys.journeys import Journeys, memoised
from paths.statistics.intervals import rate, wilson

BROWSE = "browse"
KEYS = ("section", "kind", "status", "by", "hours")
COUNTS = ("episodes", "customers", "known", "value")
TEXT = pa.dictionary(pa.int32(), pa.string())
PARTS = pa.schema([(n, pa.int64() if n == "hours" else TEXT) for n in KEYS] + [(n, pa.int64()) for n in COUNTS])
"""Additive. section: all (every episode), group, recovered (by = what brought them back), browse, refunds, and two
histograms in whole hours: recovery_hours (from quiet to the purchase), idle_hours (abandoned, since the last activity).
`known` episodes have a value, `value` is its sum in minor units."""

MEASURES = [
    ("episodes", pa.int64()),
    ("customers", pa.int64()),
    ("value", pa.float64()),
    ("value_coverage", pa.float64()),
]
HOURS = pa.schema([("hours", pa.int64()), ("episodes", pa.int64())])
"""One row is one whole number of hours that occurs."""


@dataclass(frozen=True, kw_only=True)
class CartsAnswer:
    """`table`: rows of `Carts.schema`; `totals`: counts, rates with Wilson 95 % intervals, and refunds (None without that role)."""

    table: pa.Table
    totals: Mapping[str, Any]
    recovery_hours: pa.Table  # HOURS: recovered episodes by the hours from going quiet to the purchase
    idle_hours: pa.Table  # HOURS: abandoned episodes by the hours since their last activity, at as_of


@dataclass(frozen=True, kw_only=True)
class Carts:
    """Counts episodes by kind and status, and by one thing more.

    `by`: None, kind or status (the rows as they are, sorted by kind or by status first, browse sessions among them),
    last_step, hour (of the day of the opening, project timezone), touchpoint, stage, event, or any column of the store
    (at the opening event). Episodes are selected by their opening, browse sessions by their start, refunds by their time.
    """

    rules: CartRules
    by: str | None = None
    minor_units: int = 100  # of one unit of the currency

    def __post_init__(self) -> None:
        if self.by in dict(MEASURES):
            raise ConfigError(f'carts cannot be grouped by "{self.by}": that is a column of the answer.')

    @property
    def columns(self) -> frozenset[str]:
        """What carts read, and the column they are told apart by."""
        return self.rules.columns | (set() if self.by is None or self.by in COMPUTED else {self.by})

    @property
    def schema(self) -> pa.Schema:
        """One row is one kind, status and value of `by`; `value` in units of the currency, null where none is known."""
        extra = (
            [] if self.by is None or self.by in GRID else [(self.by, pa.int64() if self.by == "hour" else pa.string())]
        )
        return pa.schema([("kind", pa.string()), ("status", pa.string()), *extra, *MEASURES])

    def lookback(self, since: int) -> Lookback | None:
        """A cart may be running; it is over after recovery_window of silence."""
        return Lookback(since=since, horizon=since - self.rules.recovery, orders=True, carts=self.rules)

    def map(self, journeys: Journeys) -> pa.Table:
        """The additive counts of a batch."""
        selection = selected_episodes(journeys, self.rules)
        return pa.concat_tables(
            [*whatever_by(journeys, self.rules), self.groups(journeys, selection), self.browse(journeys)]
        )

    def groups(self, journeys: Journeys, found: Episodes) -> pa.Table:
        """Episodes by kind, status and `by`."""
        group, names = groups_of(journeys, found, self.by)
        grid = found.kind.astype(np.int64) * len(STATUSES) + found.status
        code, counts = counted(
            grid * len(names) + group, len(KINDS) * len(STATUSES) * len(names), found.customer, found.known, found.value
        )
        cell, name = np.divmod(code, len(names))
        kind, status = np.divmod(cell, len(STATUSES))
        return part("group", counts, kind=chosen(KINDS, kind), status=chosen(STATUSES, status), by=chosen(names, name))

    def browse(self, journeys: Journeys) -> pa.Table:
        """Sessions that only looked, by status; counted, not valued."""
        if self.by is not None and self.by not in GRID:
            return PARTS.empty_table()
        session, still_open = browsing(journeys, CartRows.of(journeys, self.rules), self.rules)
        keep = journeys.selected_sessions[session]
        customer = journeys.session_customer[session[keep]]
        code, counts = counted(still_open[keep].astype(np.int64), 2, customer)
        return part("browse", counts, kind=[BROWSE] * len(code), status=chosen(("abandoned", "open"), code))

    def merge(self, parts: Sequence[pa.Table]) -> pa.Table:
        """The sum of parts."""
        return summed(parts, KEYS, PARTS)

    def reduce(self, parts: Sequence[pa.Table]) -> CartsAnswer:
        """The answer; raises JourneysError where the law does not hold."""
        rows = as_rows(self.merge(parts))
        count = {s: sum(r["episodes"] for r in rows if r["section"] == "group" and r["status"] == s) for s in STATUSES}
        whole = sum(r["episodes"] for r in rows if r["section"] == "all")
        if whole != sum(count.values()):
            raise JourneysError(f"{whole} cart episodes, but {count}: the parts of this answer do not belong together.")
        return CartsAnswer(
            table=self.table(rows),
            totals=self.totals(rows, count),
            recovery_hours=histogram(rows, "recovery_hours"),
            idle_hours=histogram(rows, "idle_hours"),
        )

    def table(self, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
        """The rows in the order of KINDS (browse last) and STATUSES, or the other way round, then by the group."""
        lines = []
        for r in rows:
            if r["section"] not in ("group", "browse"):
                continue
            valued = r["section"] == "group"
            group = int(r["by"]) if self.by == "hour" else r["by"]
            lines.append(
                {
                    "kind": r["kind"],
                    "status": r["status"],
                    **({} if self.by is None or self.by in GRID else {self.by: group}),
                    "episodes": r["episodes"],
                    "customers": r["customers"],
                    "value": self.money(r),
                    "value_coverage": rate(r["known"], r["episodes"]) if valued else None,
                }
            )
        order = {name: i for i, name in enumerate((*KINDS, BROWSE, *STATUSES))}
        first, second = ("status", "kind") if self.by == "status" else ("kind", "status")
        lines.sort(key=lambda r: (order[r[first]], order[r[second]]))  # stable: groups come in order
        return pa.Table.from_pylist(lines, schema=self.schema)

    def totals(self, rows: Sequence[Mapping[str, Any]], count: Mapping[str, int]) -> dict[str, Any]:
        """Counts and rates over all episodes."""
        left = count["abandoned"] + count["recovered"]
        by = {r["by"]: r["episodes"] for r in rows if r["section"] == "recovered"}
        back = [r for r in rows if r["section"] == "refunds"]
        known = sum(r["known"] for r in rows if r["section"] == "group")
        low, high = wilson(left, left + count["converted"])
        recovery_low, recovery_high = wilson(count["recovered"], left)
        return {
            "episodes": sum(count.values()),
            **count,
            "abandonment_rate": rate(left, left + count["converted"]),
            "abandonment_ci_low": low,
            "abandonment_ci_high": high,
            "recovery_rate": rate(count["recovered"], left),
            "recovery_ci_low": recovery_low,
            "recovery_ci_high": recovery_high,
            "recovered_by": {name: by.get(name, 0) for name in BY[1:]},
            "value_coverage": rate(known, sum(count.values())),
            "refunds": self.refund_line(back) if self.rules.roles.get("refund") else None,
        }

    def refund_line(self, back: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Rows, customers and value taken back; value None where no refund has one."""
        row = dict(back[0]) if back else {"episodes": 0, "customers": 0, "known": 0, "value": 0}
        return {"refunds": row["episodes"], "customers": row["customers"], "value": self.money(row)}

    def money(self, row: Mapping[str, Any]) -> float | None:
        """In units of the currency, to its minor unit; None where nothing has a value."""
        digits = len(str(self.minor_units)) - 1
        return round(row["value"] / self.minor_units, digits) if row["known"] else None


@memoised(period=True)
def selected_episodes(journeys: Journeys, rules: CartRules) -> Episodes:
    """The episodes that open in the period and the segment."""
    every = episodes(journeys, rules)
    return every.take(np.flatnonzero(journeys.selects(every.first)))


@memoised(period=True)
def whatever_by(journeys: Journeys, rules: CartRules) -> tuple[pa.Table, ...]:
    """The sections that are the same whatever carts are told apart by."""
    selection = selected_episodes(journeys, rules)
    whole = part("all", {"episodes": np.array([len(selection)])})
    return whole, recoveries(selection), refunds(journeys, CartRows.of(journeys, rules)), hours(journeys, selection)


def recoveries(found: Episodes) -> pa.Table:
    """Recovered episodes by what brought them back."""
    mine = found.by != BY_NONE
    code, counts = counted(
        found.by[mine].astype(np.int64), len(BY), found.customer[mine], found.known[mine], found.value[mine]
    )
    return part("recovered", counts, by=chosen(BY, code))


def refunds(journeys: Journeys, rows: CartRows) -> pa.Table:
    """The refund rows of the period and what they took back, whatever its sign."""
    at = np.flatnonzero(rows.role == REFUND)
    at = at[journeys.selects(at)]
    value = number_at(journeys.events, "value", at)
    _, counts = counted(np.zeros(len(at), dtype=np.int64), 1, journeys.customer[at], value.valid, np.abs(value.values))
    return part("refunds", counts)


def hours(journeys: Journeys, found: Episodes) -> pa.Table:
    """The two histograms."""
    back, gone = found.status == RECOVERED, found.status == ABANDONED
    delay = (found.purchase_at[back] - found.quiet_since[back]) // HOUR
    idle = (journeys.scope.as_of - found.last_activity_at[gone]) // HOUR
    tables = []
    for section, values in (("recovery_hours", delay), ("idle_hours", idle)):
        low = int(values.min(initial=0))
        different, count = tally(values - low, int(values.max(initial=0)) - low + 1)
        tables.append(part(section, {"episodes": count}, hours=different + low))
    return pa.concat_tables(tables)


def counted(
    group: Ints, size: int, customer: AnyInts, known: Bools | None = None, value: Ints | None = None
) -> tuple[Ints, dict[str, Ints]]:
    """(groups of 0..size-1 that occur, ascending; COUNTS of each): members, distinct customers, members with a value, its sum."""
    row, place = groups(group, size)
    code = group[row]
    counts = {"episodes": np.bincount(place, minlength=len(code)), "customers": units_at(customer, place, len(code))}
    if known is not None and value is not None:
        counts["known"] = np.bincount(place[known], minlength=len(code))
        counts["value"] = exact_sums(place, np.where(known, value, 0))
    return code, counts


def chosen(names: Sequence[str], code: Ints) -> list[str]:
    """The names of these codes, one per code."""
    return [names[c] for c in code.tolist()]


def part(
    section: str,
    counts: Mapping[str, Ints],
    *,
    kind: Sequence[str] = (),
    status: Sequence[str] = (),
    by: Sequence[str] = (),
    hours: Ints | None = None,
) -> pa.Table:
    """Rows of PARTS; a count that is not given is 0."""
    zero = np.zeros(len(counts["episodes"]), dtype=np.int64)
    texts = [
        pa.array(t, pa.string()).dictionary_encode() if t else coded_names(zero, pa.array([""]))
        for t in (kind, status, by)
    ]
    sections = coded_names(zero, pa.array([section]))
    return pa.table(
        [sections, *texts, zero if hours is None else hours, *(counts.get(c, zero) for c in COUNTS)], schema=PARTS
    )


def histogram(rows: Sequence[Mapping[str, Any]], section: str) -> pa.Table:
    """HOURS in ascending order."""
    mine = [{"hours": r["hours"], "episodes": r["episodes"]} for r in rows if r["section"] == section]
    return pa.Table.from_pylist(mine, schema=HOURS)
