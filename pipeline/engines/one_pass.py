"""One pass over the files that can matter: all customers from an instant on, and a few of them from further back.

See paths/lookback.py for which instant, and for whom.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Lock
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
import pyarrow as pa

from ingest.array_types import Ints
from ingest.compiled import counting_alike, expect
from ingest.scan.batches import EventBatch
from ingest.scan.customers import joined, scan_keys
from ingest.scan.extra_columns import OpenFile, ScanCount, has_any, opened
from ingest.scan.shards import BATCH_EVENTS, read_columns, scan_shard, shards
from ingest.scan.split_orders import split_orders
from ingest.store.spans import SpanFile
from paths.analysis import Analysis, Merging
from paths.journeys.journeys import Journeys
from paths.journeys.prepare import kept_of, prepare
from paths.journeys.scope import NEVER, Scope
from paths.lookback import LEADS, Past, apart, doubtful, excluded_since
from paths.views.view import kernel_of
from pipeline.engines.memory import give_back
from pipeline.engines.processes import divided

NOBODY = np.zeros(0, dtype=np.int64)
Parts = list[list[pa.Table]]
T = TypeVar("T")
MANY_QUESTIONS, LARGE_BATCH = 8, 1_000_000
"""From so many questions on, a batch has so many events; see `Reading.batches`."""
MANY, GROWN = 100_000, 3
"""Rows of parts of one analysis that may wait to be added up: so many, or so many times those of the sum before."""


@dataclass
class Pass:
    """What one pass read and left out."""

    read: ScanCount = field(default_factory=ScanCount)
    shards: int = 0
    batches: int = 0
    excluded_sessions: int = 0
    skipped: int = 0  # files of days before anything that can matter
    read_further: int = 0  # customers of whom some of those days were read all the same

    def add(self, other: Pass) -> None:
        """Sum up."""
        self.read.add(other.read)
        self.shards += other.shards
        self.batches += other.batches
        self.excluded_sessions += other.excluded_sessions


class Doubts(NamedTuple):
    """Of whom a pass over the newest files may not have read enough."""

    past: Past
    in_parts: Ints  # keys of customers with an order of which rows lie before, ascending


Shard = tuple[int, int]
Done = tuple[Parts, Pass, list[EventBatch]]
"""(the parts of each analysis, what was read, the events of customers left aside)."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One pass: what is asked, of which files."""

    analyses: Sequence[Analysis[Any]]
    scope: Scope
    columns: frozenset[str]
    stored: frozenset[str]
    files: Sequence[SpanFile]
    past: Past | None

    @property
    def batches(self) -> dict[str, int]:
        """Larger ones where many questions are asked, each of which costs some time a batch whatever it holds, and where nothing
        but who, when and what is read, which takes little room."""
        return {"batch_events": LARGE_BATCH} if len(self.analyses) >= MANY_QUESTIONS or not self.columns else {}

    def run(self, threads: int) -> tuple[Parts, Pass]:
        """(the parts of each analysis, what was read)."""
        past = self.past
        recent = self.files if past is None else [f for f in self.files if f.until > past.read_from]
        if past is None or len(recent) == len(self.files):  # there is nothing to leave out
            return self.over(self.files, threads)[:2]
        parts, done, held = self.over(recent, threads, Doubts(past, self.in_parts(past)))
        self.further_back(held, parts, done, past)
        done.skipped = len(self.files) - len(recent)
        return parts, done

    def in_parts(self, past: Past) -> Ints:
        """Keys of customers with an order that has rows before `read_from` and behind it, ascending."""
        if not past.orders or "order_id" not in self.columns:
            return NOBODY
        at = past.read_from
        return split_orders([f for f in self.files if f.since < at], [f for f in self.files if f.until > at], at)

    def further_back(self, held: list[EventBatch], parts: Parts, done: Pass, past: Past) -> None:
        """Of customers in doubt read more of the past, until there is none left to be in doubt about."""
        until = past.read_from
        done.read_further = sum(len(b.keys) for b in held)
        for lead in (*LEADS, None):
            if not held:
                return
            wider = replace(past, lead=lead) if lead is not None else None
            since = -NEVER if wider is None else wider.read_from
            batch = joined(
                [*self.between(np.unique(np.concatenate([b.keys for b in held])), since, until, done), *held]
            )
            if wider is None:
                self.everything(batch, parts, done)
                return
            more = self.settled(batch, parts, done, Doubts(wider, self.in_parts(wider)))
            held, until = [more] if more is not None else [], since

    def between(self, keys: Ints, since: int, until: int, done: Pass) -> Iterator[EventBatch]:
        """Events of these customers with since <= event_at < until."""
        files = [f for f in self.files if f.until > since and f.since < until]
        for batch in scan_keys(files, self.columns, self.stored, keys, done.read):
            yield kept_of(batch, (batch.at >= since) & (batch.at < until))

    def over(self, files: Sequence[SpanFile], threads: int, doubts: Doubts | None = None) -> Done:
        """All shards of customers, side by side in so many threads, or processes where that is worth it."""
        rows = sum(f.rows for f in files)
        expect(rows, len(self.analyses))
        further, _ = read_columns(self.columns, self.stored)
        pieces = shards(*portions(rows, threads, any(has_any(f.path, further) for f in files), **self.batches))
        with ExitStack() as held:
            at_hand = Once(lambda: held.enter_context(opened(files)))
            there = partial(helping, self, files, doubts, counting_alike())
            results = divided(
                lambda s: self.counted(at_hand(), doubts, s), there, pieces, threads, rows * len(self.analyses)
            )
        total = Pass(read=ScanCount(files=len(files)))
        for _, done, _ in results:
            total.add(done)
        parts = [[part for found, _, _ in results for part in found[i]] for i in range(len(self.analyses))]
        return parts, total, [batch for _, _, aside in results for batch in aside]

    def counted(self, files: Sequence[OpenFile], doubts: Doubts | None, shards: Iterable[Shard]) -> Done:
        """Some shards of customers."""
        done = Pass()
        parts: Parts = [[] for _ in self.analyses]
        aside = []
        for shard in shards:
            done.shards += 1
            for batch in scan_shard(files, self.columns, self.stored, *shard, done.read, **self.batches):
                if doubts is None:
                    self.everything(batch, parts, done)
                elif (left := self.settled(batch, parts, done, doubts)) is not None:
                    aside.append(left)
                self.merge(parts)
        self.merge(parts, whole=True)
        return parts, done, aside

    def merge(self, parts: Parts, *, whole: bool = False) -> None:
        """Add up the parts of analyses that have many rows, or all."""
        for part, kernel in zip(parts, map(kernel_of, self.analyses), strict=True):
            if len(part) < 2 or not isinstance(kernel, Merging):
                continue
            if whole or sum(map(len, part)) > max(MANY, GROWN * len(part[0])):
                part[:] = [kernel.merge(part)]

    def settled(self, batch: EventBatch, parts: Parts, done: Pass, doubts: Doubts) -> EventBatch | None:
        """Count the customers of a batch of whom enough is read; returns the events of the others."""
        batch = kept_of(batch, batch.at >= doubts.past.read_from)
        journeys = prepare(batch, self.scope)
        known = doubts.in_parts
        keys = np.union1d(doubtful(journeys, doubts.past), known[np.isin(known, batch.keys)])
        self.count(apart(journeys, keys) if len(keys) else journeys, parts, done)
        return batch.take(batch.owned_by(keys)) if len(keys) else None

    def everything(self, batch: EventBatch, parts: Parts, done: Pass) -> None:
        """Count all customers of a batch."""
        self.count(prepare(batch, self.scope), parts, done)

    def count(self, journeys: Journeys, parts: Parts, done: Pass) -> None:
        """Add what every analysis counts."""
        done.batches += 1
        done.excluded_sessions += excluded_since(journeys, -NEVER if self.past is None else self.past.since)
        for collected, analysis in zip(parts, self.analyses, strict=True):
            collected.append(analysis.map(journeys))


def helping(
    reading: Reading,
    files: Sequence[SpanFile],
    doubts: Doubts | None,
    alike: Callable[[], None],
    shards: Iterable[Shard],
) -> Done:
    """Some shards of customers, in a helper: it counts the way its process does."""
    give_back()
    alike()
    with opened(files) as at_hand:
        return reading.counted(at_hand, doubts, shards)


class Once(Generic[T]):
    """What is made when it is first asked for, from whichever thread."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make, self._lock = make, Lock()
        self._made: list[T] = []

    def __call__(self) -> T:
        """The same for all."""
        with self._lock:
            if not self._made:
                self._made.append(self._make())
        return self._made[0]


def portions(rows: int, threads: int, further: bool, batch_events: int = BATCH_EVENTS) -> list[int]:
    """Sizes of the shards: larger ones first and then single batches, so that nobody waits long for another.

    Where columns beside the core are read, one for each thread: a row group that two shards meet in is decoded twice.
    Guided self-scheduling (Polychronopoulos and Kuck 1987).
    """
    batches = rows // batch_events
    if further or threads == 1 or batches < threads:
        return [1] * threads
    ranges = []
    while batches:
        ranges.append(max(1, batches // (2 * threads)))
        batches -= ranges[-1]
    return ranges
