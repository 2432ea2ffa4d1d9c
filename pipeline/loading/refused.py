"""The rows that were not accepted: themselves, or counted by reason."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from ingest.errors import ConfigError, did_you_mean
from ingest.schema import REASONS
from ingest.store.quarantine import Quarantine
from pipeline.project.project import ProjectFolder

FIRST = ("input", "line", "detail", "raw")
"""What is shown of the first row of a reason."""


def quarantined(project: ProjectFolder, *, reason: str | None = None, counts: bool = False) -> pa.Table:
    """One row per quarantined row (of one reason), by source, input and record; with `counts` one per reason and source.

    Raises ConfigError for a reason that there is none of.
    """
    if reason is not None and reason not in REASONS:
        raise ConfigError(
            f'there is no reason "{reason}".{did_you_mean(reason, REASONS)} Reasons: {", ".join(REASONS)}.'
        )
    rows = Quarantine(project.store.root).rows()
    rows = rows.sort_by([(name, "ascending") for name in ("source", "input", "record")])
    if reason is not None:
        rows = rows.filter(pc.equal(rows["reason"], reason))
    return counted(rows) if counts else rows


def counted(rows: pa.Table) -> pa.Table:
    """One row per reason and source, the most frequent first, with a sample of its rows."""
    asked = [("raw", "count", pc.CountOptions(mode="all")), *((name, "first") for name in FIRST)]
    table = rows.group_by(["reason", "source"], use_threads=False).aggregate(asked)
    table = table.rename_columns(["reason", "source", "rows", *FIRST])
    return table.sort_by([("rows", "descending"), ("reason", "ascending"), ("source", "ascending")])
