"""EventBatch: whole customers, sorted; what every kernel receives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingest.array_types import Bools, Ints
from ingest.schema import EVENTS
from ingest.store.core import whole

NONE = "(none)"
"""Stands for a value that is missing, where values are told apart."""
OTHER = "(other)"
"""Stands for all the other values."""
LITERALLY = "value:"
"""Before a value that reads as one of these two."""


def shown_value(value: str) -> str:
    """A value of a column as answers show it: one that reads "(none)" or "(other)" is no missing value, and says so.

    Different values are shown differently, so a value that reads "value:(none)" gets one more `value:` before it.
    """
    return LITERALLY + value if reserved(value) else value


def recorded_value(shown: str) -> str:
    """The value that is shown so."""
    return shown[len(LITERALLY) :] if shown.startswith(LITERALLY) and reserved(shown) else shown


def reserved(value: str) -> bool:
    """Is it "(none)" or "(other)", behind any number of `value:`?"""
    while value.startswith(LITERALLY):
        value = value[len(LITERALLY) :]
    return value in (NONE, OTHER)


@dataclass(frozen=True, eq=False)
class Codes:
    """A text column: `codes[i]` is a position in `names`, -1 where there is no value. Each is equal to itself alone."""

    codes: npt.NDArray[np.int32]
    names: tuple[str, ...]

    def take(self, rows: npt.NDArray[Any]) -> Codes:
        """The same column at other rows (positions or a mask)."""
        return Codes(picked(self.codes, rows), self.names)

    def lookup(self, values: npt.NDArray[Any], missing: Any) -> npt.NDArray[Any]:
        """values[code] for each row; `missing` where there is no value. One value per name."""
        return np.append(values, np.asarray([missing], dtype=values.dtype)).take(self.codes)

    @cached_property
    def shown(self) -> Codes:
        """The same as answers show it, with a name for the rows without a value, the last one: see `shown_value`."""
        codes = np.where(self.codes < 0, np.int32(len(self.names)), self.codes)
        return Codes(codes, (*map(shown_value, self.names), NONE))

    def texts(self) -> list[str | None]:
        """The values as Python text: for few rows only."""
        return [None if c < 0 else self.names[c] for c in self.codes.tolist()]


@dataclass(frozen=True)
class Numbers:
    """An integer column; `values[i]` is 0 where `valid[i]` is false."""

    values: Ints
    valid: Bools

    def take(self, rows: npt.NDArray[Any]) -> Numbers:
        """The same column at other rows (positions or a mask)."""
        return Numbers(picked(self.values, rows), picked(self.valid, rows))


Column = Codes | Numbers
NO_COLUMNS: Mapping[str, Column] = {}


def picked(values: npt.NDArray[Any], rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """values[rows]; where one number stands for all rows (see `nothing`), it goes on doing so."""
    if values.strides != (0,) or not len(values):
        chosen: npt.NDArray[Any] = values[rows]
        return chosen
    return np.broadcast_to(values[0], int(np.count_nonzero(rows)) if rows.dtype == bool else len(rows))


def numbered(starts: Ints, n: int) -> npt.NDArray[np.int32]:
    """0 for each of the rows from starts[0] on, 1 from starts[1] on, ..., up to row n; no two begin together."""
    number = np.zeros(n, dtype=np.int32)
    number[starts[1:]] = 1
    return np.add.accumulate(number, out=number)


@dataclass(frozen=True, kw_only=True)
class EventBatch:
    """Events of whole customers in the order (customer_key, event_at, recorded_order).

    `keys` int64[c] the customers, ascending, `starts` int64[c] the position of each one's first event, `customer`
    int32[n] which of them each event is of; `at` int64[n] microseconds since 1970 UTC, `event` the names as recorded,
    `columns` the further columns that were asked for.
    """

    keys: Ints
    starts: Ints
    customer: npt.NDArray[np.int32]
    at: Ints
    event: Codes
    columns: Mapping[str, Column] = field(default_factory=dict)

    @classmethod
    def of(cls, key: Ints, at: Ints, event: Codes, columns: Mapping[str, Column] = NO_COLUMNS) -> EventBatch:
        """The batch of events with these customer keys, ascending."""
        starts = np.flatnonzero(np.append(True, key[1:] != key[:-1])) if len(key) else np.zeros(0, dtype=np.int64)
        return cls(
            keys=key[starts], starts=starts, customer=numbered(starts, len(key)), at=at, event=event, columns=columns
        )

    def __len__(self) -> int:
        return len(self.at)

    @cached_property
    def key(self) -> Ints:
        """int64[n]: the customer key of each event."""
        return self.keys.take(self.customer)

    def owned_by(self, keys: Ints) -> Bools:
        """Per event: is it of one of these customers?"""
        return np.isin(self.keys, keys).take(self.customer)

    def keys_at(self, events: Bools) -> Ints:
        """The customers of these events, ascending."""
        wanted = np.zeros(len(self.keys), dtype=bool)
        wanted[self.customer[np.flatnonzero(events)]] = True
        return self.keys[wanted]

    def take(self, rows: npt.NDArray[Any]) -> EventBatch:
        """The batch at these rows (positions in order, or a mask)."""
        columns = {name: column.take(rows) for name, column in self.columns.items()}
        return EventBatch.of(self.key[rows], self.at[rows], self.event.take(rows), columns)

    def text(self, name: str) -> Codes:
        """A text column."""
        column = self.columns[name]
        assert isinstance(column, Codes), name
        return column

    def labels(self, name: str) -> Codes:
        """Any column as text, the event's name among them."""
        column = self.event if name == "event" else self.columns[name]
        if isinstance(column, Codes):
            return column
        values, codes = np.unique(column.values, return_inverse=True)
        return Codes(np.where(column.valid, codes, -1).astype(np.int32), tuple(str(v) for v in values.tolist()))

    def number(self, name: str) -> Numbers:
        """A number column."""
        column = self.columns[name]
        assert isinstance(column, Numbers), name
        return column


def is_text(column: str) -> bool:
    """Promoted columns are text, as most of the contract is."""
    return column not in EVENTS.names or pa.types.is_string(EVENTS.field(column).type)


def column_of(column: pa.ChunkedArray, order: Any) -> Column:
    """An Arrow column as Codes or Numbers, in another order."""
    column_read = whole(column)
    if isinstance(column_read, pa.DictionaryArray):
        codes = column_read.indices.fill_null(-1) if column_read.indices.null_count else column_read.indices
        names = column_read.dictionary.to_pylist()
        return Codes(np.asarray(codes).astype(np.int32, copy=False)[order], tuple(names))
    valid = np.asarray(column_read.is_valid())
    return Numbers(np.asarray(column_read.fill_null(0))[order], valid[order])


def nothing(column: str, n: int) -> Column:
    """A column without a value: one number stands for all rows, so it takes no room."""
    if is_text(column):
        return Codes(np.broadcast_to(np.int32(-1), n), ())
    return Numbers(np.broadcast_to(np.int64(0), n), np.broadcast_to(np.False_, n))
