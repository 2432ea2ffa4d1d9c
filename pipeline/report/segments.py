"""Which segments a report can be looked at by: the most frequent values of [project] segments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingest.scan.batches import OTHER, shown_value
from ingest.store.event_store import Snapshot
from paths.journeys.conditions import Condition
from paths.journeys.personas import PERSONA
from paths.journeys.scope import Scope
from pipeline.project.project import ProjectFolder
from reports.content.report import Span

VALUES = 6
"""Of one column."""

MOST = 18
"""Of all columns: a page does not grow with the data."""


def segment_values(project: ProjectFolder, snapshot: Snapshot, scope: Scope, span: Span) -> tuple[list[Condition], int]:
    """(the conditions, column by column, the most frequent value first; how many further values there are).

    A column with fewer than two values in the period, or one that the report is already about, is passed over. Values of stored
    columns are counted beforehand from those columns alone; personas are those of the configuration.
    """
    taken = {c.column for c in scope.segment}
    conditions: list[Condition] = []
    left_out = 0
    for column in dict.fromkeys([*project.config.project.segments, *([PERSONA] if project.config.personas else [])]):
        if column in taken:
            continue
        if column == PERSONA:
            values = [*(p.name for p in project.config.personas), OTHER]
        elif column in snapshot.columns:
            values = [shown_value(v) for v in frequent(snapshot, column, span)]
        else:
            continue
        if len(values) > 1:
            conditions += [Condition(column, "=", v) for v in values[:VALUES]]
            left_out += len(values[VALUES:])
    return conditions[:MOST], left_out + len(conditions[MOST:])


def frequent(snapshot: Snapshot, column: str, span: Span) -> list[str]:
    """The values of a column in the period, the most frequent first."""
    count: Counter[str] = Counter()
    for table in read(snapshot, column, span):
        at = np.asarray(table["event_at"].cast(pa.int64()))
        inside = table[column].filter(pa.array((at >= span.since) & (at < span.until)))
        for row in pc.value_counts(inside.combine_chunks()).to_pylist():
            if row["values"]:
                count[row["values"]] += row["counts"]
    return sorted(count, key=lambda v: (-count[v], v))


def read(snapshot: Snapshot, column: str, span: Span) -> Iterator[pa.Table]:
    """The two columns of each file of the period that has them."""
    for file in (f for f in snapshot.files if f.until > span.since and f.since < span.until):
        with pq.ParquetFile(file.path) as parquet:
            if column in parquet.schema_arrow.names:
                yield parquet.read(columns=["event_at", column])
