"""All analyses of a question in one pass over the store, one thread per shard of customers.

A question about a period does not open the files of days that lie before anything it can depend on.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from ingest.store.event_store import Snapshot
from paths.analysis import Analysis
from paths.journeys.scope import Scope
from paths.lookback import past_of
from pipeline.engines.memory import give_back
from pipeline.engines.one_pass import Pass, Reading
from sessionize.clock import EPOCH

__all__ = ["Pass", "last_span", "run"]


def run(
    analyses: Sequence[Analysis[Any]], snapshot: Snapshot, scope: Scope, *, threads: int | None = None
) -> tuple[list[Any], Pass]:
    """(one answer per analysis, what was read). Equal to the bit whatever the number of threads.

    What is asked twice is counted once.
    """
    columns = frozenset(scope.columns).union(*(a.columns for a in analyses))
    scope = replace(scope, asked=columns & scope.facts.names)
    columns = (columns - scope.facts.names) | scope.facts.needs(scope.asked)
    files = [f for f in snapshot.files if f.span <= last_span(scope)]
    counted = [a for i, a in enumerate(analyses) if a not in analyses[:i]]
    reading = Reading(
        analyses=counted,
        scope=scope,
        columns=columns,
        stored=frozenset(snapshot.columns),
        files=files,
        past=past_of(counted, scope),
    )
    give_back()
    parts, done = reading.run(threads or os.cpu_count() or 1)
    return [a.reduce(parts[counted.index(a)]) for a in analyses], done


def last_span(scope: Scope) -> str:
    """Spans after the day of as_of hold nothing that exists."""
    if scope.as_of >= 1 << 57:  # beyond what a date can say
        return "9999"
    return (EPOCH + timedelta(microseconds=scope.as_of)).strftime("%Y-%m-%d")
