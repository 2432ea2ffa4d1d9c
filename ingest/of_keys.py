"""All events of a few customers: only the row groups that may hold one of them are read."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa

from ingest.batches import (
    BATCH_EVENTS,
    Codes,
    Column,
    EventBatch,
    FileCursor,
    Ints,
    Numbers,
    ScanCount,
    delivered,
    keys_of,
    read_columns,
)
from ingest.store import SpanFile

FEW_KEYS = 16
"""Of so few customers most row groups hold none, whatever their lowest and highest key."""


class KeysCursor(FileCursor):
    """One file's rows of these customers (ascending keys, at least one)."""

    def __init__(self, file: SpanFile, columns: Sequence[str], keys: Ints) -> None:
        super().__init__(file, columns, int(keys[0]), int(keys[-1]) + 1)
        self._keys = keys
        low, high = (np.array([g[i] for g in self._groups], dtype=np.int64) for i in (1, 2))
        held = np.searchsorted(keys, low) < np.searchsorted(keys, high, "right")
        self._groups = [g for g, holds in zip(self._groups, held.tolist(), strict=True) if holds]
        if len(keys) <= FEW_KEYS:
            self._groups = [g for g in self._groups if self._holds(g[0])]

    def _holds(self, group: int) -> bool:
        """Has a row group one of the customers? Their column is quick to read, all others together are not."""
        found = keys_of(self._parquet.read_row_group(group, columns=["customer_key"], use_threads=False))
        self.count.add(ScanCount(values=len(found)))
        return bool((np.searchsorted(found, self._keys, "right") > np.searchsorted(found, self._keys)).any())

    def until(self, hi: int) -> list[pa.Table]:
        """Their rows with key < hi not delivered yet, as tables in order."""
        pieces = (p.filter(pa.array(np.isin(keys_of(p), self._keys))) for p in super().until(hi))
        return [p for p in pieces if p.num_rows]


def scan_keys(
    files: Sequence[SpanFile], columns: Collection[str], stored: Collection[str], keys: Ints, count: ScanCount
) -> Iterator[EventBatch]:
    """Batches of these customers, whole, as `scan_shard` gives them; `count` adds up what was read."""
    if not len(keys):
        return
    wanted, properties = read_columns(columns, stored)
    with ThreadPoolExecutor() as pool:
        cursors = list(pool.map(lambda f: KeysCursor(f, wanted, keys), files))
    steps = -(-sum(f.rows for f in files) // BATCH_EVENTS)
    edges = (int(some[-1]) + 1 for some in np.array_split(keys, max(1, min(steps, len(keys)))))
    yield from delivered(cursors, edges, wanted, properties, count)


def joined(batches: Sequence[EventBatch]) -> EventBatch:
    """One batch of several (one at least); where they share a customer, the earlier batch has the earlier events."""
    if len(batches) == 1:
        return batches[0]
    key = np.concatenate([b.key for b in batches])
    order = np.argsort(key, kind="stable")
    return EventBatch(
        key=key[order],
        at=np.concatenate([b.at for b in batches])[order],
        event=joined_codes([b.event for b in batches]).take(order),
        columns={name: joined_columns([b.columns[name] for b in batches]).take(order) for name in batches[0].columns},
    )


def joined_columns(columns: Sequence[Column]) -> Column:
    """One column of several of a kind."""
    numbers = [c for c in columns if isinstance(c, Numbers)]
    if not numbers:
        return joined_codes([c for c in columns if isinstance(c, Codes)])
    return Numbers(np.concatenate([c.values for c in numbers]), np.concatenate([c.valid for c in numbers]))


def joined_codes(columns: Sequence[Codes]) -> Codes:
    """One text column of several."""
    place = {name: i for i, name in enumerate(dict.fromkeys(n for c in columns for n in c.names))}
    recoded = [c.lookup(np.array([place[n] for n in c.names], dtype=np.int32), -1) for c in columns]
    return Codes(np.concatenate(recoded), tuple(place))
