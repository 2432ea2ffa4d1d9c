"""One pass over the files that can matter: all customers from an instant on, and a few of them from the beginning.

See paths/past.py for which instant, and for whom.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa

from ingest.batches import EventBatch, Ints, ScanCount, scan_shard, shards
from ingest.of_keys import scan_keys
from ingest.orders import split_orders
from ingest.store import SpanFile
from paths.analysis import NEVER, Analysis, Scope, kept_of, prepare
from paths.past import Past, apart, doubtful, excluded_since

NOBODY = np.zeros(0, dtype=np.int64)
Parts = list[list[pa.Table]]


@dataclass
class Pass:
    """What one pass read and left out."""

    read: ScanCount = field(default_factory=ScanCount)
    shards: int = 0
    batches: int = 0
    excluded_sessions: int = 0
    skipped: int = 0  # files of days before anything that can matter
    read_whole: int = 0  # customers of whom those days were read all the same

    def add(self, other: Pass) -> None:
        """Sum up."""
        self.read.add(other.read)
        self.shards += other.shards
        self.batches += other.batches
        self.excluded_sessions += other.excluded_sessions


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One pass: what is asked, of which files."""

    analyses: Sequence[Analysis[Any]]
    scope: Scope
    columns: frozenset[str]
    stored: frozenset[str]
    files: Sequence[SpanFile]
    past: Past | None

    def run(self, threads: int) -> tuple[Parts, Pass]:
        """(the parts of each analysis, what was read)."""
        recent = self.files if self.past is None else [f for f in self.files if f.until > self.past.read_from]
        if self.past is None or len(recent) == len(self.files):  # there is nothing to leave out
            parts, done, _ = self.over(shards(threads), lambda bounds, count: self.shard(self.files, bounds, count))
            return parts, done
        past = self.past
        whole = NOBODY
        if past.orders and "order_id" in self.columns:
            whole = split_orders([f for f in self.files if f.since < past.read_from], recent, past.read_from)
        parts, done, found = self.over(
            shards(threads), lambda bounds, count: self.shard(recent, bounds, count), past, whole
        )
        keys = np.unique(np.concatenate([whole, found]))
        more, again, _ = self.over(
            [k for k in np.array_split(keys, threads) if len(k)],
            lambda some, count: scan_keys(self.files, self.columns, self.stored, some, count),
        )
        done.add(replace(again, shards=0))
        done.skipped, done.read_whole = len(self.files) - len(recent), len(keys)
        return [[*a, *b] for a, b in zip(parts, more, strict=True)], done

    def shard(self, files: Sequence[SpanFile], bounds: tuple[int, int], count: ScanCount) -> Iterator[EventBatch]:
        """The batches of a range of keys."""
        return scan_shard(files, self.columns, self.stored, *bounds, count)

    def over(self, work: Sequence[Any], scan: Callable[[Any, ScanCount], Iterator[EventBatch]], past: Past | None = None,
             known: Ints = NOBODY) -> tuple[Parts, Pass, Ints]:  # fmt: skip
        """(parts, what was read, keys of customers left out because of their past), one thread per piece of work."""

        def one(piece: Any) -> tuple[Parts, Pass, list[Ints]]:
            done = Pass(shards=1)
            parts: Parts = [[] for _ in self.analyses]
            found: list[Ints] = []
            for batch in scan(piece, done.read):
                done.batches += 1
                found.append(self.count(batch, parts, done, past, known))
            return parts, done, found

        if not work:
            return [[] for _ in self.analyses], Pass(), NOBODY
        with ThreadPoolExecutor(len(work)) as pool:
            results = list(pool.map(one, work))
        total = Pass()
        for _, done, _ in results:
            total.add(done)
        parts = [[part for found, _, _ in results for part in found[i]] for i in range(len(self.analyses))]
        return parts, total, np.concatenate([NOBODY, *(k for _, _, keys in results for k in keys)])

    def count(self, batch: EventBatch, parts: Parts, done: Pass, past: Past | None, known: Ints) -> Ints:
        """Add what every analysis counts in a batch; returns the customers whose past must be read first."""
        found = NOBODY
        if past is not None:
            batch = kept_of(batch, batch.at >= past.read_from)
            if len(known):
                batch = kept_of(batch, ~np.isin(batch.key, known))
        journeys = prepare(batch, self.scope)
        if past is not None:
            found = doubtful(journeys, past)
            journeys = apart(journeys, found) if len(found) else journeys
        done.excluded_sessions += excluded_since(journeys, -NEVER if self.past is None else self.past.since)
        for collected, analysis in zip(parts, self.analyses, strict=True):
            collected.append(analysis.map(journeys))
        return found
