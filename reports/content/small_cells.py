"""What is said of fewer than LEAST customers is not told, whatever table it stands in: [project] privacy = "strict".

A table is known by the names of its columns. A **count** counts customers or what they did; a **key** says what a row is about;
everything else is worked out from the counts of its row. Then, of each table:

1. A row about fewer than LEAST customers (sessions, units: its first count, where it names no customers) tells nothing. Where its
   key is a value of the data (a touchpoint, a channel) and not of a fixed list (a step, a status), the row goes.
2. A count below LEAST is hidden with what follows from it, and so is a rate of which so few are the numerator. Zero is told.
3. One hidden part of a sum that is told would be the sum less the others: the next smallest part is hidden with it, across the row
   (dropped and in_progress) and down the column (the values of a breakdown, within each other key and in all).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import pyarrow as pa

from reports.content.least import LEAST

OF_PEOPLE = (
    "customers",
    "devices",
    "units",
    "n",
    "n_before",
    "of",
    "at_risk",
    "trials",
    "trials_before",
    "hits",
    "hits_before",
)
OF_VISITS = (
    "sessions",
    "visits",
    "events",
    "transitions",
    "touches",
    "with_signal",
    "good",
    "bad",
    "answers",
    "with_goal",
)
OF_FUNNELS = ("reached", "reached_before", "dropped", "in_progress", "converted", "conversions", "goals", "timed_goals")
OF_ENDS = ("drop_off", "returned", "lost", "episodes", "carts", "open", "nulls", "missing", "repeated", "out_of_order")
OF_PERIODS = ("new", "retained", "resurrected", "active", "dormant")
COUNTS = frozenset((*OF_PEOPLE, *OF_VISITS, *OF_FUNNELS, *OF_ENDS, *OF_PERIODS))
"""Columns that count customers or what they did; NAME_conversions, the credits of a model, count too."""

ROWS_OF_FILES = frozenset({"duplicates", "quarantined", "excluded_sessions", "rows", "paths_unmatched"})
"""Numbers that are about no customer."""

ORDERS = frozenset(
    {"step", "period", "seconds", "optional", "steps", "best", "worst", "name", "previous_step", "hour_of"}
)
"""Numbers, and the names of numbers, that say which of a sequence a row is: rows of different ones are no parts of a sum."""

PARTS = frozenset({"weekday", "hour", "days", "bin"})
"""Numbers by which a sum falls into parts."""

FIXED = frozenset(
    {"kind", "status", "of", "what", "cohort", "period", "day", "week", "month", "span", "opportunity", "stage"}
)
"""Keys whose values are a fixed list: a row stays although it tells nothing."""

TELLING = frozenset({"sentence", "lost_after", "returned_at"})
"""Texts that hold numbers."""

SAID = frozenset({"complete", "owner", "phase", "goal", "notes", "response", "review_by", "rule"})
"""What people know or said beforehand; it follows from no count. Columns of targets are so, too."""

TOGETHER = (
    ("dropped", "in_progress"),
    ("returned", "lost", "in_progress"),
    ("new", "retained", "resurrected"),
    ("hits", "hits_without"),
)
"""Counts that add up to one that is told."""

FOLLOWS = {
    "leak": "lost",
    "value_at_risk": "lost",
    "lost_after": "lost",
    "returned_at": "returned",
    "dropped_next": "dropped",
    "sentiment": "answers",
    "sentiment_low": "answers",
    "sentiment_high": "answers",
}
"""What follows from one of several parts, or from answers; nothing else does."""

RATES = {
    "rate": "n",
    "rate_before": "n_before",
    "unhappy": "answers",
    "goes_on": "sessions",
    "p_goal_good": "good",
    "p_goal_bad": "bad",
    "friction": "visits",
    "friction_error": "visits",
    "friction_repeat": "visits",
    "friction_back_and_forth": "visits",
    "friction_contact": "visits",
    "friction_dwell": "visits",
}
"""Rates whose numerator no column tells, and the count that they are a share of."""

Row = dict[str, Any]


def is_count(name: str) -> bool:
    """Does a column count customers or what they did?"""
    return name in COUNTS or name.endswith("_conversions")


def few(n: Any) -> bool:
    """Is it about somebody, and about fewer than LEAST?"""
    return isinstance(n, int | float) and not isinstance(n, bool) and 0 < n < LEAST


def guarded(table: pa.Table, *, kept: bool = False, dropped: bool = False) -> tuple[pa.Table, int]:
    """(the table with null where too few customers are, and without rows about them; how many cells are hidden).

    `kept`: every row stays; `dropped`: none stays of which a count is hidden.
    """
    columns = Columns(table.schema)
    if not columns.counts or not table.num_rows:
        return table, 0
    rows = table.to_pylist()
    hidden = [columns.hidden(row) for row in rows]
    alone = [columns.nothing <= gone for gone in hidden]
    groups, before = list(columns.groups(rows)), -1
    while before != (before := sum(map(len, hidden))):  # what is hidden for one sum may be the only one of another
        for group in groups:
            columns.complement([rows[i] for i in group], [hidden[i] for i in group])
    n = 0
    for row, gone in zip(rows, hidden, strict=True):
        gone |= columns.following(gone)
        n += sum(row[c] is not None for c in gone)
        row.update(dict.fromkeys(gone))
        row.update(dict.fromkeys(columns.flags if gone else (), False))  # what is hidden is not called beyond noise
        n += columns.thin_lists(row)
    leaves = [
        bool(gone) if dropped else nothing and columns.free and not kept
        for gone, nothing in zip(hidden, alone, strict=True)
    ]
    schema = pa.schema([f.with_nullable(True) for f in table.schema], table.schema.metadata)
    left = [row for row, gone in zip(rows, leaves, strict=True) if not gone]
    return pa.Table.from_pylist(left, schema=schema), n


class Columns:
    """What the columns of a table are."""

    def __init__(self, schema: pa.Schema) -> None:
        texts = {f.name for f in schema if pa.types.is_string(f.type) or pa.types.is_date(f.type)}
        telling = TELLING | ({"status"} if "opportunity" in schema.names else set())
        self.lists = [f.name for f in schema if pa.types.is_list(f.type)]
        self.counts = [n for n in schema.names if is_count(n) and n not in texts]
        said = SAID | ROWS_OF_FILES | {n for n in schema.names if n.startswith(("target_", "evidence", "verdict"))}
        self.orders = [n for n in schema.names if n in ORDERS and (n not in texts or n == "name")]
        self.keys = [n for n in schema.names if n in PARTS or (n in texts and n not in {*telling, *said, *self.orders})]
        known = {*self.counts, *self.orders, *self.keys, *said}
        flags = {f.name for f in schema if pa.types.is_boolean(f.type)}
        self.flags = flags & {"significant", "beyond_noise"}
        self.measures = [n for n in schema.names if n not in known | flags]
        self.free = any(k not in FIXED and k not in PARTS for k in self.keys)
        self.together = [g for g in TOGETHER if set(g) <= set(self.counts)]
        self.nothing = frozenset(self.counts)

    def hidden(self, row: Row) -> set[str]:
        """The counts of a row that must not be told, by themselves and across the row."""
        base = "customers" if row.get("customers") is not None else next((c for c in self.counts if row[c]), None)
        if base is not None and few(row[base]):
            return set(self.counts) | set(self.measures)
        gone = {c for c in self.counts if few(row[c])}
        gone |= {r for r, of in RATES.items() if few_of(row, r, of)}
        for group in self.together:
            if len(gone.intersection(group)) == 1:
                hide_smallest(row, [c for c in group if c not in gone], gone)
        return gone

    def following(self, gone: set[str]) -> set[str]:
        """What follows from hidden counts."""
        parts = frozenset(chain(("answers",), *self.together))
        whole = gone.intersection(self.counts) - parts
        return {m for m in self.measures if whole or FOLLOWS.get(m) in gone}

    def groups(self, rows: Sequence[Row]) -> Iterator[list[int]]:
        """Rows that may be all the parts of a sum: of one step or period, and within each value of one key."""
        for fixed in [(), *((k,) for k in self.keys if len(self.keys) > 1)]:
            found = defaultdict[tuple[Any, ...], list[int]](list)
            for i, row in enumerate(rows):
                found[tuple(str(row[k]) for k in (*self.orders, *fixed))].append(i)
            yield from found.values()

    def complement(self, rows: Sequence[Row], hidden: Sequence[set[str]]) -> None:
        """Of each count that one row alone hides, hide the next smallest as well."""
        if len(rows) < 2:
            return
        for c in self.counts:
            if sum(c in gone and bool(row[c]) for row, gone in zip(rows, hidden, strict=True)) == 1:
                told = [i for i, gone in enumerate(hidden) if c not in gone and rows[i][c]]
                if told:
                    hidden[min(told, key=lambda i: (not hidden[i], rows[i][c]))].add(
                        c
                    )  # rather of a row that hides some

    def thin_lists(self, row: Row) -> int:
        """Take what is about too few out of the lists of a row, and the next smallest with a single one."""
        n = 0
        for name in self.lists:
            items = row[name]
            if not items or not isinstance(items[0], Mapping):
                continue
            number = next(k for k, v in items[0].items() if isinstance(v, int))
            left = sorted((i for i in items if not few(i[number])), key=lambda i: -i[number])
            if len(items) - len(left) == 1:
                left = left[:-1]
            n += len(items) - len(left)
            row[name] = [i for i in items if i in left]
        return n


def few_of(row: Row, rate: str, of: str) -> bool:
    """Is the numerator of a rate about too few?"""
    share, n = row.get(rate), row.get(of)
    return share is not None and n is not None and few(round(share * n))


def hide_smallest(row: Row, names: Sequence[str], gone: set[str]) -> None:
    """Hide the smallest of these counts that is about somebody."""
    told = [c for c in names if row[c]]
    if told:
        gone.add(min(told, key=lambda c: row[c]))


class Hidden:
    """Stands in the totals of an answer for a number that is not told: it is no number, and reads "hidden" in any sentence."""

    def __format__(self, spec: str) -> str:
        return "hidden"

    def __str__(self) -> str:
        return "hidden"

    __repr__ = __str__

    def __bool__(self) -> bool:
        return False


HIDDEN = Hidden()


def guarded_totals(totals: Mapping[str, Any]) -> dict[str, Any]:
    """Totals by name, as an answer carries them beside its table: counts below LEAST, the next smallest with a single one, and
    the rates beside them are HIDDEN. Totals inside are done alike."""
    found = {k: guarded_totals(v) if isinstance(v, Mapping) else v for k, v in totals.items()}
    counts = {k: v for k, v in found.items() if isinstance(v, int) and not isinstance(v, bool)}
    gone = {k for k, v in counts.items() if few(v)}
    if len(gone) == 1:
        told = [k for k in counts if k not in gone and counts[k]]
        gone |= {min(told, key=lambda k: counts[k])} if told else set()
    rates = {k for k, v in found.items() if isinstance(v, float)} if gone else set()
    parts = {k for k in found if k.partition("_by")[0] in gone}  # recovered_by adds up to recovered
    return {k: HIDDEN if k in gone | rates | parts else v for k, v in found.items()}


def guarded_meta(meta: Mapping[str, Any]) -> dict[str, Any]:
    """What an answer says beside its table: its totals guarded, and counts by the names of columns that count."""
    found = {k: guarded_totals(v) if k in TOTALS and isinstance(v, Mapping) else v for k, v in meta.items()}
    return {k: HIDDEN if (k in COUNTS or k in ALSO_COUNTS) and few(v) else v for k, v in found.items()}


def guarded_matrix(table: pa.Table, sessions: int) -> tuple[pa.Table, int]:
    """The same of a step matrix: shares of so many sessions, which add up to 1 in each column."""
    rows, n = table.to_pylist(), 0
    for name in table.column_names[1:]:
        gone = [r for r in rows if r[name] and few(round(r[name] * sessions))]
        told = [r for r in rows if r[name] and r not in gone]
        gone += [min(told, key=lambda r: r[name])] if len(gone) == 1 and told else []
        for r in gone:
            r[name] = None
        n += len(gone)
    kept = [r for r in rows if any(v for k, v in r.items() if k != table.column_names[0])]
    return pa.Table.from_pylist(kept, schema=table.schema), n


TOTALS = frozenset({"totals", "overall", "sticks_at"})
ALSO_COUNTS = frozenset({"with_second_goal", "of_customers", "excluded_sessions"})

__all__ = ["COUNTS", "few", "guarded", "guarded_matrix", "guarded_meta", "guarded_totals", "is_count"]
