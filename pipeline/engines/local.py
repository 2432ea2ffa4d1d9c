"""All analyses of a question in one pass over the store, one thread per shard of customers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pyarrow as pa

from ingest.batches import ScanCount, scan_shard, shards
from ingest.store import Snapshot
from paths.analysis import Analysis, Scope, prepare
from sessionize.clock import EPOCH


@dataclass
class Pass:
    """What one pass read and left out."""

    read: ScanCount = field(default_factory=ScanCount)
    shards: int = 0
    batches: int = 0
    excluded_sessions: int = 0


def run(
    analyses: Sequence[Analysis[Any]], snapshot: Snapshot, scope: Scope, *, threads: int | None = None
) -> tuple[list[Any], Pass]:
    """(one answer per analysis, what was read). Equal to the bit whatever the number of threads."""
    columns = frozenset(scope.columns).union(*(a.columns for a in analyses))
    scope = replace(scope, asked=columns & scope.facts.names)
    columns = (columns - scope.facts.names) | scope.facts.needs(scope.asked)
    files = [f for f in snapshot.files if f.span <= last_span(scope)]
    stored = frozenset(snapshot.columns)
    ranges = shards(threads or os.cpu_count() or 1)

    def shard(bounds: tuple[int, int]) -> tuple[list[list[pa.Table]], Pass]:
        done = Pass(shards=1)
        parts: list[list[pa.Table]] = [[] for _ in analyses]
        for batch in scan_shard(files, columns, stored, *bounds, done.read):
            journeys = prepare(batch, scope)
            done.batches += 1
            done.excluded_sessions += journeys.excluded_sessions
            for collected, analysis in zip(parts, analyses, strict=True):
                collected.append(analysis.map(journeys))
        return parts, done

    with ThreadPoolExecutor(len(ranges)) as pool:
        results = list(pool.map(shard, ranges))
    total = Pass()
    for _, done in results:
        total.read.add(done.read)
        total.shards += done.shards
        total.batches += done.batches
        total.excluded_sessions += done.excluded_sessions
    answers = [a.reduce([part for parts, _ in results for part in parts[i]]) for i, a in enumerate(analyses)]
    return answers, total


def last_span(scope: Scope) -> str:
    """Spans after the day of as_of hold nothing that exists."""
    if scope.as_of >= 1 << 57:  # beyond what a date can say
        return "9999"
    return (EPOCH + timedelta(microseconds=scope.as_of)).strftime("%Y-%m-%d")
