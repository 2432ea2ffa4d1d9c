"""What the sections on where conversions come from and on who stays are drawn from: answers, and what was asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

import pyarrow as pa

LEAST_PERIODS = 3
"""Complete cohorts, and complete periods of a lifecycle, below which there is nothing to say."""


@dataclass(frozen=True, kw_only=True)
class AttributionContent:
    """`journeys attribution` of the period: one row per value, several models; totals and robustness as its answer has them."""

    by: str
    models: Sequence[str]
    table: pa.Table
    totals: Mapping[str, Any]
    robustness: Mapping[str, Any] | None
    lookback: timedelta
    command: str


@dataclass(frozen=True, kw_only=True)
class CohortContent:
    """`journeys retention`: the cohorts of the newest periods, and their pooled average."""

    unit: Literal["week", "month"]
    table: pa.Table
    since: int  # the cohorts start at or after it, microseconds UTC
    command: str


@dataclass(frozen=True, kw_only=True)
class LifecycleContent:
    """`journeys lifecycle` of the same periods."""

    unit: Literal["week", "month"]
    table: pa.Table
    command: str
