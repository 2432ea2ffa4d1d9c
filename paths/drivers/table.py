"""The factors' odds, made of their sums: what is beyond noise first, the strongest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from ingest.array_types import Bools
from paths.arrays.grouping import as_rows
from paths.drivers.counts import COLUMN, CROWDED, CUSTOMERS, MET, OPEN, UNITS
from paths.drivers.rules import MOST_TRIED, RARE, RARE_SHARE
from paths.statistics.intervals import rate
from paths.statistics.odds import TwoByTwo, q_values
from paths.statistics.pairs import Q

DRIVERS = pa.schema(
    [
        pa.field("factor", pa.string()),
        pa.field("value", pa.string()),
        pa.field("units", pa.int64()),
        pa.field("reach", pa.float64()),
        pa.field("hits", pa.int64()),
        pa.field("rate", pa.float64()),
        pa.field("units_without", pa.int64()),
        pa.field("hits_without", pa.int64()),
        pa.field("rate_without", pa.float64()),
        pa.field("odds_ratio", pa.float64()),
        pa.field("odds_low", pa.float64()),
        pa.field("odds_high", pa.float64()),
        pa.field("p_value", pa.float64()),
        pa.field("q_value", pa.float64()),
        pa.field("significant", pa.bool_()),
        pa.field("sentence", pa.string()),
    ]
)
"""One row is one factor that was tried: a value of a column (`factor` is its name), or a touchpoint that was met (`factor` is
"touchpoint"). units: that have it, reach: their share of all; odds_ratio: of a hit with it against without (paths/statistics/odds.py),
significant: q_value <= 0.05. What is beyond noise comes first, the strongest first; the rest by p_value."""

VALUED = {COLUMN: "column", MET: "touchpoint"}


@dataclass(frozen=True, kw_only=True)
class DriversAnswer:
    """`table`: DRIVERS; the rest says what it was made of."""

    table: pa.Table
    units: int
    hits: int
    open_: int  # units left out because their window is open at as_of
    customers: int
    rare: int  # factors that too few units have
    everywhere: int  # factors that all units have
    cut: Mapping[str, int]  # column -> how many values were tried of one that has more
    crowded: Sequence[str]  # columns with too many values to be looked at

    @property
    def tried(self) -> int:
        """Factors in the table: over so many the q-values are taken."""
        return int(self.table.num_rows)


class Tried(NamedTuple):
    """A factor with its counts."""

    factor: str
    value: str
    counts: TwoByTwo


def drivers_answer(whole: pa.Table, did: str) -> DriversAnswer:
    """Added-up PARTS -> the answer; `did` is what a hit did, in words."""
    kind, having = np.asarray(whole["kind"]), np.asarray(whole["units"])
    units, open_, customers = (int(having[kind == one].sum()) for one in (UNITS, OPEN, CUSTOMERS))
    hits = int(np.asarray(whole["hits"])[kind == UNITS].sum())
    valued = np.isin(kind, list(VALUED))
    rare = valued & (having < RARE) & (having * RARE_SHARE < units)
    everywhere = valued & ~rare & (having == units)
    kept, cut = most_frequent(whole.filter(pa.array(valued & ~rare & ~everywhere)))
    tried = [
        Tried(
            r["factor"],
            r["value"],
            TwoByTwo(
                hits=r["hits"],
                misses=r["units"] - r["hits"],
                hits_without=hits - r["hits"],
                misses_without=units - r["units"] - hits + r["hits"],
            ),
        )
        for r in as_rows(kept)
    ]
    return DriversAnswer(
        table=pa.Table.from_pylist(ranked(tried, units, did), schema=DRIVERS),
        units=units,
        hits=hits,
        open_=open_,
        customers=customers,
        rare=count(rare),
        everywhere=count(everywhere),
        cut=cut,
        crowded=sorted(whole.filter(pa.array(kind == CROWDED))["factor"].to_pylist()),
    )


def count(flags: Bools) -> int:
    """How many are set."""
    return int(np.count_nonzero(flags))


def most_frequent(rows: pa.Table) -> tuple[pa.Table, dict[str, int]]:
    """(of each factor the MOST_TRIED values that most units have, ties by name; of factors with more: how many that are)."""
    order = [("kind", "ascending"), ("factor", "ascending"), ("units", "descending"), ("value", "ascending")]
    text = rows.cast(
        pa.schema([(n, pa.string() if n in ("factor", "value") else pa.int64()) for n in rows.column_names])
    )
    ordered = text.sort_by(order)
    kind, factor = np.asarray(ordered["kind"]), np.asarray(ordered["factor"].to_pandas())
    fresh = np.ones(len(kind), dtype=bool)
    fresh[1:] = (kind[1:] != kind[:-1]) | (factor[1:] != factor[:-1])
    place = np.arange(len(kind)) - np.maximum.accumulate(np.where(fresh, np.arange(len(kind)), 0))
    over = place >= MOST_TRIED
    cut = dict.fromkeys(factor[over].tolist(), MOST_TRIED)
    return ordered.filter(pa.array(~over)), cut


def ranked(tried: Sequence[Tried], units: int, did: str) -> list[dict[str, Any]]:
    """Rows of DRIVERS."""
    p_values = [t.counts.p_value for t in tried]
    rows = []
    for t, p, q in zip(tried, p_values, q_values(p_values), strict=True):
        counts = t.counts
        having, without = counts.hits + counts.misses, counts.hits_without + counts.misses_without
        low, high = counts.interval
        row: dict[str, Any] = {
            "factor": t.factor,
            "value": t.value,
            "units": having,
            "reach": rate(having, units),
            "hits": counts.hits,
            "rate": rate(counts.hits, having),
            "units_without": without,
            "hits_without": counts.hits_without,
            "rate_without": rate(counts.hits_without, without),
            "odds_ratio": significant_digits(counts.odds_ratio),
            "odds_low": significant_digits(low),
            "odds_high": significant_digits(high),
            "p_value": p,
            "q_value": q,
            "significant": q <= Q,
        }
        rows.append(row | {"sentence": sentence(row, did)})
    rows.sort(key=strongest)
    return rows


def significant_digits(value: float) -> float:
    """Eight of them: an odds ratio may be very small, and never 0."""
    return float(f"{value:.8g}")


def strongest(row: Mapping[str, Any]) -> tuple[bool, float, str, str]:
    """Sorts rows: beyond noise first, by the distance of the odds ratio from 1; the others by their p-value."""
    by = -abs(log(row["odds_ratio"])) if row["significant"] else row["p_value"]
    return not row["significant"], by, row["factor"], row["value"]


def sentence(row: Mapping[str, Any], did: str) -> str:
    """One row in words."""
    said = f"{row['factor']} {row['value']}: {100 * row['rate']:.1f} % of {row['units']:,} {did}"
    if not row["significant"]:
        return f"{said}, no difference to the others beyond noise"
    between = f"{spoken(row['odds_low'])} to {spoken(row['odds_high'])}"
    return f"{said}, {100 * row['rate_without']:.1f} % of the others (odds ratio {spoken(row['odds_ratio'])}, 95 % CI {between})"


def spoken(ratio: float) -> str:
    """An odds ratio in a sentence: 0.0041, 0.62, 1.85, 2,147."""
    return f"{ratio:.2g}" if ratio < 0.1 else f"{ratio:,.2f}" if ratio < 100 else f"{ratio:,.0f}"
