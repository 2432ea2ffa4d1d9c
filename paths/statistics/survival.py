"""Kaplan-Meier: the share of units with something by a time, those still on their way included; additive by bins of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, sqrt
from typing import Any

import numpy as np
import pyarrow as pa

from ingest.array_types import Bools, Ints
from paths.statistics.intervals import Z95

MINUTE = 60_000_000
HOUR, DAY = 60 * MINUTE, 1440 * MINUTE

TIME_TO_GOAL = pa.schema(
    [
        ("seconds", pa.int64()),
        ("share", pa.float64()),
        ("ci_low", pa.float64()),
        ("ci_high", pa.float64()),
        ("converted", pa.int64()),
        ("at_risk", pa.int64()),
    ]
)
"""One row is one mark after the first touch. share: of customers with a goal by then (Kaplan and Meier 1958), with its 95 %
interval (Greenwood's variance on the log-log scale); converted: had one by then; at_risk: known to have had none until then,
and watched for longer."""

MARKS = (
    *(m * 60 for m in (10, 30, 60, 120, 240, 480, 720)),
    *(d * 86_400 for d in (1, 2, 3, 4, 5, 6, 7, 10, 14, 21, 28, 42, 56, 84, 112, 168, 252, 365)),
)
"""Seconds."""

TIMES = pa.schema([("bin", pa.int64()), ("converted", pa.int64()), ("censored", pa.int64())])
"""Additive; bins are of `bin_of`."""


@dataclass(frozen=True, kw_only=True)
class GoalTimes:
    """What is known of the time to a goal. median_seconds: None where less than half have one."""

    table: pa.Table
    customers: int
    converted: int
    median_seconds: int | None


def counted_times(watched: Ints, reached: Bools) -> pa.Table:
    """TIMES of units: how long each was watched (microseconds), and whether it reached the goal then."""
    place = bin_of(watched)
    size = int(place.max(initial=-1)) + 1
    converted, censored = (np.bincount(place[flags], minlength=size) for flags in (reached, ~reached))
    bins = np.flatnonzero(converted + censored)
    return pa.table([bins, converted[bins], censored[bins]], schema=TIMES)


def goal_times(counts: pa.Table) -> GoalTimes:
    """Kaplan-Meier over added-up TIMES, bins ascending; a goal comes before the end of the watch in one bin."""
    rows = counts.to_pylist()
    steps = survival(rows)
    converted = sum(r["converted"] for r in rows)
    half = next((s for s in steps if s["survival"] <= 0.5), None)
    longest = rows[-1]["bin"] if rows else -1
    marks = [m for m in MARKS if int(bin_of(np.int64(m * 1_000_000))) <= longest]
    return GoalTimes(
        table=pa.Table.from_pylist([at_mark(steps, m) for m in marks], schema=TIME_TO_GOAL),
        converted=converted,
        customers=converted + sum(r["censored"] for r in rows),
        median_seconds=None if half is None else seconds_of(half["bin"]),
    )


def bin_of(microseconds: Any) -> Any:
    """Minutes within the first day, then hours, both rounded up: every mark is the end of a bin."""
    return np.where(microseconds <= DAY, -(-microseconds // MINUTE), 1440 - (-(microseconds - DAY) // HOUR))


def seconds_of(bin_: int) -> int:
    """The end of a bin."""
    return bin_ * 60 if bin_ <= 1440 else 86_400 + (bin_ - 1440) * 3_600


def survival(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The beginning (bin -1), then each bin: the share without a goal at its end, Greenwood's sum, how many had one, how many
    are watched for longer."""
    at_risk = sum(r["converted"] + r["censored"] for r in rows)
    share, spread, converted = 1.0, 0.0, 0
    curve: list[dict[str, Any]] = [{"bin": -1, "survival": share, "spread": spread, "converted": 0, "at_risk": at_risk}]
    for r in rows:
        hit = r["converted"]
        share *= 1 - hit / at_risk
        spread += hit / (at_risk * (at_risk - hit)) if at_risk > hit else 0.0
        converted += hit
        at_risk -= hit + r["censored"]
        curve.append({"bin": r["bin"], "survival": share, "spread": spread, "converted": converted, "at_risk": at_risk})
    return curve


def at_mark(steps: Sequence[dict[str, Any]], seconds: int) -> dict[str, Any]:
    """One TIME_TO_GOAL row."""
    limit = int(bin_of(np.int64(seconds * 1_000_000)))
    last = [s for s in steps if s["bin"] <= limit][-1]
    low, high = bounds(last["survival"], last["spread"])
    return {
        "seconds": seconds,
        "share": round(1 - last["survival"], 6),
        "ci_low": low,
        "ci_high": high,
        "converted": last["converted"],
        "at_risk": last["at_risk"],
    }


def bounds(survival: float, spread: float) -> tuple[float | None, float | None]:
    """Of the share with a goal; None where all or none have one, which says nothing of its spread."""
    if not 0 < survival < 1:
        return None, None
    reach = Z95 * sqrt(spread) / abs(log(survival))
    middle = log(-log(survival))
    low, high = (1 - exp(-exp(middle + side * reach)) for side in (-1, 1))
    return round(low, 6), round(high, 6)
