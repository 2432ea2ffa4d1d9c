"""What is counted of factors in a batch, and how it adds up; a column with too many values is not carried along."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from ingest.array_types import Bools, Ints
from ingest.scan.batches import Codes
from paths.analysis import summed
from paths.arrays.counting import units_at
from paths.arrays.grouping import NAME, coded_names, codes_of
from paths.drivers.exposure import Window, met
from paths.drivers.rules import MOST_VALUES, TOUCHPOINT
from paths.journeys.journeys import Journeys

UNITS, OPEN, CUSTOMERS, COLUMN, MET, CROWDED = range(6)
KEYS = ("kind", "factor", "value")
PARTS = pa.schema(
    [("kind", pa.int64()), ("factor", NAME), ("value", NAME), ("units", pa.int64()), ("hits", pa.int64())]
)
"""Additive. kind: UNITS, OPEN (left out) and CUSTOMERS in all; COLUMN: of one value of a column, MET: of one touchpoint;
CROWDED: above 0 for a column or for touchpoints with more than MOST_VALUES different ones, whose values are not carried along."""


def rows_of(kind: int, factor: str, names: Sequence[str], *counts: Ints, schema: pa.Schema = PARTS) -> pa.Table:
    """Rows of one factor; counts: one per name, the units first; names without a unit are left out."""
    some = np.flatnonzero(counts[0])
    if kind in (COLUMN, MET) and len(some) > MOST_VALUES:
        return crowded(factor, schema)
    kinds, factors = np.full(len(some), kind), coded_names(np.zeros(len(some), dtype=np.int64), pa.array([factor]))
    values = coded_names(some, pa.array(list(names), pa.string()))
    return pa.table([kinds, factors, values, *(c[some] for c in counts)], schema=schema)


def crowded(factor: str, schema: pa.Schema) -> pa.Table:
    """The row that stands for all values of a column with too many."""
    return rows_of(
        CROWDED, factor, [""], *(np.ones(1, dtype=np.int64) for _ in schema.names[len(KEYS) :]), schema=schema
    )


def one(kind: int, units: int, hits: int = 0) -> pa.Table:
    """A row of all units."""
    return rows_of(kind, "", [""], np.array([units], dtype=np.int64), np.array([hits], dtype=np.int64))


def of_column(column: str, values: Codes, hit: Bools) -> pa.Table:
    """Units and hits by the value of a column, one per unit."""
    size = len(values.names)
    units, hits = (np.bincount(codes, minlength=size) for codes in (values.codes, values.codes[hit]))
    return rows_of(COLUMN, column, values.names, units, hits)


def of_touchpoints(journeys: Journeys, window: Window, hit: Bools) -> pa.Table:
    """Units that met each touchpoint in their window, and hits of those."""
    names = journeys.touchpoint.names
    counts = []
    for flags in (hit, ~hit):  # apart, so that each event is counted once
        mine = np.flatnonzero(flags)
        total = np.zeros(len(names), dtype=np.int64)
        for unit, node in met(journeys, (window[0][mine], window[1][mine])):
            total += units_at(unit, node, len(names))
        counts.append(total)
    return rows_of(MET, TOUCHPOINT, names, counts[0] + counts[1], counts[0])


def added(parts: Sequence[pa.Table], schema: pa.Schema = PARTS) -> pa.Table:
    """One row per key, without the values of columns that have too many, in one batch or together."""
    whole = summed(parts, KEYS, schema)
    kind, factor = np.asarray(whole["kind"]), codes_of(whole["factor"]) if whole.num_rows else np.zeros(0, np.int32)
    keyed = kind * (int(factor.max(initial=0)) + 1) + factor
    valued = np.isin(kind, (COLUMN, MET))
    different, n = np.unique(keyed[valued], return_counts=True)
    crowd = np.isin(factor, factor[kind == CROWDED]) & valued
    full = np.isin(keyed, different[n > MOST_VALUES]) & valued
    if not (crowd | full).any():
        return whole
    said = [crowded(name, schema) for name in sorted(set(whole.filter(pa.array(full))["factor"].to_pylist()))]
    return summed([whole.filter(pa.array(~(crowd | full))), *said], KEYS, schema)
