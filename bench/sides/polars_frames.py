"""Polars, on the delivered Parquet."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import polars as pl

from sides import IDLE_MINUTES, Job, Task
from sides.limit import edges_of


def transitions(job: Job) -> Task:
    """Sessions and edges: one sort, then neighbours by shift."""
    idle = timedelta(minutes=IDLE_MINUTES)
    customer, at = pl.col("customer_id"), pl.col("event_at")

    def near(step: int) -> pl.Expr:
        gap = at - at.shift(1) if step > 0 else at.shift(-1) - at
        return ((customer == customer.shift(step)) & (gap <= idle)).fill_null(False)

    frame = (
        pl.scan_parquet(job.parquet)
        .with_columns(pl.col("event").cast(pl.Categorical))
        .sort("customer_id", "event_at")
        .select(near(1).alias("goes_on"), pl.col("event").shift(1).alias("before"), "event", near(-1).alias("has_next"))
        .group_by("goes_on", "before", "event", "has_next")
        .len()
    )

    def run() -> dict[str, Any]:
        return edges_of(frame.collect().rows())

    return run
