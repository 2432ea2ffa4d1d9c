"""The Analysis protocol, and what every analysis of a pass shares: journeys of a batch under one scope."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar, runtime_checkable

import numpy as np
import pyarrow as pa

from paths.arrays.grouping import sums_by
from paths.journeys.journeys import Journeys

R = TypeVar("R", covariant=True)
SHORT = 4_096
"""Rows of a chunk below which joining them is quicker than a visit to each."""


@runtime_checkable
class Merging(Protocol):
    """An analysis with many rows a batch: they are added up on the way, so that they do not grow with the store."""

    def merge(self, parts: Sequence[pa.Table]) -> pa.Table:
        """One part for several: `reduce` answers the same."""


@dataclass(frozen=True, kw_only=True)
class Lookback:
    """What an analysis needs of the time before its units start; instants are microseconds UTC.

    Every event from `horizon` on is read, and what goes before it as far as it takes to find where sessions begin. Customers
    of whom that is not enough are found by `paths/lookback.py`, for each of the reasons that are given here, and are read whole.
    """

    since: int  # the earliest start of a unit
    horizon: int  # no kernel looks at an earlier event, but to find where sessions and carts begin
    orders: bool = False  # rows of one order may lie any time apart
    carts: Hashable = None  # the CartRules of carts that may be running
    surveys: tuple[Hashable, ...] = ()  # each a Survey: an answer may speak of a visit any time before it

    @classmethod
    def sessions(cls, since: int, *, orders: bool = False, surveys: tuple[Hashable, ...] = ()) -> Lookback:
        """Only where sessions begin: all else lies in the unit, or behind its start."""
        return cls(since=since, horizon=since, orders=orders, surveys=surveys)


class Analysis(Protocol[R]):
    """One question over all journeys. `map` is pure and gives additive integers; `reduce` adds them up."""

    @property
    def columns(self) -> frozenset[str]:
        """What it needs from the store beyond key, time and event."""

    def lookback(self, since: int) -> Lookback | None:
        """What it needs of the time before its units start, at or after `since` (microseconds UTC); None: perhaps everything."""

    def map(self, journeys: Journeys) -> pa.Table:
        """Additive integers, keyed by names."""

    def reduce(self, parts: Sequence[pa.Table]) -> R:
        """The answer. `parts` may be empty."""


def summed(parts: Sequence[pa.Table], keys: Sequence[str], schema: pa.Schema) -> pa.Table:
    """Add up additive tables: one row per key, in key order; all columns but the keys are summed."""
    if not parts:
        return schema.empty_table()
    whole = pa.concat_tables(parts)
    if whole.num_rows < SHORT * whole.column(0).num_chunks:
        whole = whole.unify_dictionaries().combine_chunks()
    row, sums = sums_by([whole[k] for k in keys], (np.asarray(whole[n]) for n in schema.names if n not in keys))
    rest = iter(sums)
    columns = [
        whole[n].take(pa.array(row)).cast(t) if n in keys else next(rest)
        for n, t in zip(schema.names, schema.types, strict=True)
    ]
    return pa.table(columns, schema=schema)
