"""The cohort triangle in long form, and its average row, made of added-up counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from ingest.array_types import Bools, Floats, Ints
from paths.arrays.grouping import NAME, codes_of, dense_ranks
from paths.retention.calendar import labels
from paths.retention.rules import RetentionRules
from paths.statistics.intervals import Z95

AVERAGE = "average"
"""Stands in the column `cohort` of the pooled rows."""

KEYS = ("group", "cohort", "period")
COUNTS = ("over", "begun", "returned", "valued", "unvalued", "value")
PARTS = pa.schema(
    [("group", NAME), ("cohort", pa.int64()), ("period", pa.int64()), *((name, pa.int64()) for name in COUNTS)]
)
"""Additive. over, begun: customers of whom just so many periods (`period`) are over, or have begun, at as_of; returned:
customers with a return in the period (on_or_after: whose last return lies in it); valued, unvalued: goals in the period with
a value and without one, and what the former come to (minor units)."""

RETENTION = pa.schema(
    [
        pa.field("cohort", pa.string()),
        pa.field("period", pa.int64()),
        pa.field("name", pa.string()),
        pa.field("customers", pa.int64()),
        pa.field("returned", pa.int64()),
        pa.field("share", pa.float64()),
        pa.field("ci_low", pa.float64()),
        pa.field("ci_high", pa.float64()),
        pa.field("complete", pa.bool_()),
    ]
)
"""One row is one period of one cohort (its first day) that has begun, or of the `average`: the sums over the cohorts whose
period is complete. returned, share and interval (Wilson, 95 %) are null where the period is not over for all its customers."""

VALUE = pa.schema([pa.field("value", pa.float64()), pa.field("value_per_customer", pa.float64())])
"""Further columns: the goal value of the cohort by the end of the period, and per customer of it; in units of the currency."""


class Rows(NamedTuple):
    """Rows of the answer in columns; `group` and `cohort` per row."""

    group: Ints
    cohort: Ints  # days since 1970-01-01
    average: Bools
    period: Ints
    customers: Ints
    returned: Ints
    value: Ints  # minor units
    complete: Bools

    def of(self, pick: Callable[[Any], Any]) -> Rows:
        """The rows that `pick` makes of each column."""
        return Rows(*map(pick, self))


class Cells(NamedTuple):
    """The cohorts of each group, and where each one's periods lie in an array of all, with one behind the last shown."""

    group: Ints
    cohort: Ints
    size: Ints  # customers
    begin: Ints
    rows: Ints  # periods that have begun


def retention_table(parts: pa.Table, rules: RetentionRules, minor_units: int) -> pa.Table:
    """Added-up PARTS -> RETENTION, with VALUE where asked; a breakdown's values stand before it, most customers first.

    A group's cohorts come oldest first, then its average. The schema's metadata says how many goals are `valued`, and
    how many are `unvalued`; where none is valued, the values are null.
    """
    cells, place = cells_of(parts)
    cohorts = cohort_rows(parts, rules, cells, place)
    pooled = pooled_rows(cohorts)
    both = iter(pooled)
    rows = cohorts.of(lambda column: np.concatenate([column, next(both)]))
    groups = parts["group"].unify_dictionaries().combine_chunks()
    names: list[str] = groups.dictionary.to_pylist() if len(groups) else []
    size = np.zeros(len(names), dtype=np.int64)
    np.add.at(size, cells.group, cells.size)
    rank = np.zeros(len(names), dtype=np.int64)
    rank[np.lexsort((dense_ranks(pa.array(names, pa.string())), -size))] = np.arange(len(names))
    order = np.lexsort((rows.period, rows.cohort, rows.average, rank[rows.group]))
    rows = rows.of(lambda column: column[order])
    valued, unvalued = (int(np.asarray(parts[c]).sum()) for c in ("valued", "unvalued"))
    table = columns_of(rows, rules)
    if rules.value:
        for field, column in zip(VALUE, money(rows, minor_units, there=valued > 0), strict=True):
            table = table.append_column(field, column)
    if rules.breakdown is not None:
        shown = pa.array(names, pa.string()).take(pa.array(rows.group))
        table = table.add_column(0, pa.field(rules.breakdown, pa.string()), shown)
    return table.replace_schema_metadata({"valued": str(valued), "unvalued": str(unvalued)})


def cells_of(parts: pa.Table) -> tuple[Cells, Ints]:
    """(the cohorts, per part which one it is of); parts are in key order."""
    group = codes_of(parts["group"]).astype(np.int64) if parts.num_rows else np.zeros(0, dtype=np.int64)
    cohort, period, over, begun = (np.asarray(parts[c]) for c in ("cohort", "period", "over", "begun"))
    fresh = np.append(True, (group[1:] != group[:-1]) | (cohort[1:] != cohort[:-1]))[: len(group)]
    place = np.cumsum(fresh) - 1
    size, rows = np.zeros((2, int(fresh.sum())), dtype=np.int64)
    np.add.at(size, place, over)
    np.maximum.at(rows, place, np.where(begun > 0, period, 0))
    return Cells(group[fresh], cohort[fresh], size, np.cumsum(rows + 1) - rows - 1, rows), place


def cohort_rows(parts: pa.Table, rules: RetentionRules, cells: Cells, place: Ints) -> Rows:
    """One row per cohort and period that has begun."""
    length = cells.rows + 1
    cell = np.repeat(np.arange(len(length)), length)
    period = np.arange(len(cell)) - cells.begin[cell]
    at = cells.begin[place] + np.minimum(np.asarray(parts["period"]), cells.rows[place])
    over, returned, value = np.zeros((3, len(cell)), dtype=np.int64)
    for column, name in ((over, "over"), (returned, "returned"), (value, "value")):
        np.add.at(column, at, np.asarray(parts[name]))
    of_more = from_here(over, cells, cell) - over
    if rules.mode == "on_or_after":
        returned = from_here(returned, cells, cell)
    so_far = np.cumsum(value)
    so_far -= (so_far - value)[cells.begin][cell]
    shown = period < cells.rows[cell]
    columns = (cells.group[cell], cells.cohort[cell], np.zeros(len(cell), dtype=bool), period, cells.size[cell])
    rows = Rows(*columns, returned, so_far, of_more == cells.size[cell])
    return rows.of(lambda column: column[shown])


def from_here(counts: Ints, cells: Cells, cell: Ints) -> Ints:
    """Per place the sum of the counts of its cell from there on."""
    before = np.cumsum(counts) - counts
    end = cells.begin + cells.rows
    total: Ints = (before + counts)[end][cell] - before
    return total


def pooled_rows(cohorts: Rows) -> Rows:
    """One row per group and period: the sums over its cohorts whose period is complete; complete where there is one."""
    width = int(cohorts.period.max(initial=0)) + 1
    codes, place = np.unique(cohorts.group * width + cohorts.period, return_inverse=True)
    sums = np.zeros((4, len(codes)), dtype=np.int64)
    columns = (cohorts.customers, cohorts.returned, cohorts.value, np.ones(len(place), dtype=np.int64))
    for total, column in zip(sums, columns, strict=True):
        np.add.at(total, place[cohorts.complete], column[cohorts.complete])
    group, period = np.divmod(codes, width)
    customers, returned, value, complete = sums
    latest = np.full(len(codes), np.iinfo(np.int64).max)
    return Rows(group, latest, np.ones(len(codes), dtype=bool), period, customers, returned, value, complete > 0)


def columns_of(rows: Rows, rules: RetentionRules) -> pa.Table:
    """RETENTION."""
    names = np.array(rules.names(), dtype=object)
    cohort = np.where(rows.average, 0, rows.cohort)
    days, place = np.unique(cohort, return_inverse=True)
    label = np.array([*labels(days), AVERAGE], dtype=object)[np.where(rows.average, len(days), place)]
    blank = ~rows.complete
    share, low, high = shares(rows)
    counts = pa.array(rows.customers), pa.array(rows.returned, mask=blank)
    rates = (pa.array(r, pa.float64(), mask=blank) for r in (share, low, high))
    text = (pa.array(t, pa.string()) for t in (label, names[rows.period]))
    cohorts, called = text
    return pa.table([cohorts, pa.array(rows.period), called, *counts, *rates, rows.complete], schema=RETENTION)


def shares(rows: Rows) -> tuple[Floats, Floats, Floats]:
    """(returned / customers, the ends of its Wilson interval), to 6 decimals; complete rows have customers."""
    n = np.maximum(rows.customers, 1)
    p, z2 = np.where(rows.complete, rows.returned, 0) / n, Z95 * Z95
    middle = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 / (1 + z2 / n) * np.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    return p.round(6), np.maximum(middle - half, 0).round(6), np.minimum(middle + half, 1).round(6)


def money(rows: Rows, minor_units: int, *, there: bool) -> list[pa.Array]:
    """VALUE; null where a period is not complete, and everywhere unless `there`."""
    digits = len(str(minor_units)) - 1
    blank = ~rows.complete if there else np.ones(len(rows.complete), dtype=bool)
    total = rows.value / minor_units
    each = total / np.maximum(rows.customers, 1)
    return [pa.array(column.round(digits), pa.float64(), mask=blank) for column in (total, each)]
