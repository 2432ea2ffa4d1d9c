"""All events of a few customers: who is looked up in the core of each file, and row groups that hold none are not read."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import numpy as np

from ingest.array_types import Ints
from ingest.scan.batches import Codes, Column, EventBatch, Numbers
from ingest.scan.extra_columns import OpenFile, ScanCount, opened
from ingest.scan.interleave import order_of, ranges
from ingest.scan.shards import BATCH_EVENTS, Cursor, Piece, delivered, read_columns
from ingest.store.spans import SpanFile


class KeysCursor(Cursor):
    """These customers (ascending keys) of one file."""

    def __init__(self, file: OpenFile, columns: Sequence[str], keys: Ints) -> None:
        super().__init__(file, columns)
        self._keys = keys

    def until(self, hi: int) -> list[Piece]:
        """Those with key < hi not handed out yet."""
        n = int(np.searchsorted(self._keys, hi - 1, side="right"))
        keys, self._keys = self._keys[:n], self._keys[n:]
        pieces = []
        for chunk in self.core.chunks:
            places = np.searchsorted(chunk.key, keys)
            places = places[chunk.key.take(places, mode="clip") == keys]
            if len(places):
                starts, events = chunk.starts[places], chunk.starts[places + 1] - chunk.starts[places]
                ends = np.cumsum(events, dtype=np.int64)
                n = int(ends[-1])
                rows = ranges(starts, ends - events, n)
                pieces.append(self.piece(chunk, rows, chunk.key[places], events, n))
        return pieces


def scan_keys(
    files: Sequence[SpanFile], columns: Collection[str], stored: Collection[str], keys: Ints, count: ScanCount
) -> Iterator[EventBatch]:
    """Batches of these customers, whole, as `scan_shard` gives them; `count` adds up what was read."""
    if not len(keys):
        return
    further, properties = read_columns(columns, stored)
    with opened(files) as found:
        count.files += len(found)
        cursors = [KeysCursor(f, further, keys) for f in found]
        steps = -(-sum(f.rows for f in files) // BATCH_EVENTS)
        edges = (int(some[-1]) + 1 for some in np.array_split(keys, max(1, min(steps, len(keys)))))
        yield from delivered(cursors, edges, further, properties, count)


def joined(batches: Sequence[EventBatch]) -> EventBatch:
    """One batch of several (one at least); where they share a customer, the earlier batch has the earlier events."""
    if len(batches) == 1:
        return batches[0]
    key = np.concatenate([b.key for b in batches])
    order = order_of(key)
    return EventBatch.of(
        key[order],
        np.concatenate([b.at for b in batches])[order],
        joined_codes([b.event for b in batches]).take(order),
        {name: joined_columns([b.columns[name] for b in batches]).take(order) for name in batches[0].columns},
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
