"""The funnel's additive parts, and the table made of their sums."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingest.array_types import Ints
from ingest.scan.batches import OTHER
from paths.arrays.grouping import as_rows, codes_of, equal_runs
from paths.arrays.histograms import NO_BINS, quantile_seconds
from paths.funnels.spec import FunnelSpec
from paths.statistics.intervals import rate, wilson

KEYS = ("group", "kind", "step", "name", "bin")
TEXT = pa.dictionary(pa.int32(), pa.string())
KINDS = ["dropped", "in_progress", "optional", "left_out", "time", "next"]
PARTS = pa.schema(
    [
        ("group", TEXT),
        ("kind", TEXT),
        ("step", pa.int64()),
        ("name", TEXT),
        ("bin", pa.int64()),
        ("units", pa.int64()),
        ("microseconds", pa.int64()),
    ]
)
"""Additive. kind: dropped | in_progress (units whose depth is `step`), time (bins of the time to `step`), next (what the
dropped of `step` did: `name`), optional (units that reach the optional step `step`), left_out."""

FUNNEL = pa.schema(
    [
        pa.field("step", pa.int64()),
        pa.field("name", pa.string()),
        pa.field("optional", pa.bool_()),
        pa.field("reached", pa.int64()),
        pa.field("conversion_rate", pa.float64()),
        pa.field("step_conversion_rate", pa.float64()),
        pa.field("ci_low", pa.float64()),
        pa.field("ci_high", pa.float64()),
        pa.field("dropped", pa.int64()),
        pa.field("in_progress", pa.int64()),
        pa.field("median_seconds", pa.float64()),
        pa.field("p90_seconds", pa.float64()),
        pa.field("dropped_next", pa.list_(pa.struct([("touchpoint", pa.string()), ("units", pa.int64())]))),
    ]
)
"""One row is one step; over the needed ones reached_i = reached_(i+1) + dropped_i + in_progress_i. The interval is that of
conversion_rate (Wilson, 95 %)."""

KEPT = ("bin", "units", "microseconds")
ENDS = ("dropped", "in_progress")
"""The kinds that hold every unit once."""


def funnel_table(parts: pa.Table, funnel: FunnelSpec) -> pa.Table:
    """Added-up PARTS -> FUNNEL; behind a breakdown's values, in a leading column of its name.

    The schema's metadata says in `left_out` how many units an exclusion left out.
    """
    timed = pc.equal(parts["kind"].cast(pa.string()), "time")
    rows = [*as_rows(parts.filter(pc.invert(timed))), *histograms(parts.filter(timed))]
    return rows_table(rows, funnel).replace_schema_metadata(
        {"left_out": str(sum(r["units"] for r in rows if r["kind"] == "left_out"))}
    )


def histograms(times: pa.Table) -> list[dict[str, Any]]:
    """One row per group and step of the time rows, which stand in key order; bin, units and microseconds are arrays."""
    step, *columns = (np.asarray(times[c]) for c in ("step", *KEPT))
    runs = equal_runs(codes_of(times["group"]), step)
    heads = as_rows(times.select(["group", "kind", "step"]).take(pa.array([lo for lo, _ in runs], pa.int64())))
    return [
        head | dict(zip(KEPT, (c[lo:hi] for c in columns), strict=True))
        for head, (lo, hi) in zip(heads, runs, strict=True)
    ]


def left_out(answer: pa.Table) -> int:
    """How many units an exclusion left out of a funnel's answer."""
    return int((answer.schema.metadata or {}).get(b"left_out", b"0"))


def rows_table(rows: Sequence[Mapping[str, Any]], funnel: FunnelSpec) -> pa.Table:
    """The rows, without what the table as a whole says."""
    column = funnel.breakdown or funnel.by
    if column is None:
        return pa.Table.from_pylist(step_rows(rows, funnel), schema=FUNNEL)
    of_group = defaultdict[str, list[Mapping[str, Any]]](list)
    for r in rows:
        if r["kind"] != "left_out":
            of_group[r["group"]].append(r)
    reached = {g: sum(r["units"] for r in mine if r["kind"] in ENDS) for g, mine in of_group.items()}
    names = sorted(reached) if funnel.by else sorted(reached, key=lambda g: (-reached[g], g))
    shown = names[: funnel.top] if funnel.top and not funnel.by else names
    sets = [(name, of_group[name]) for name in shown]
    if len(shown) < len(names):
        sets.append((OTHER, [r for name in names[len(shown) :] for r in of_group[name]]))
    table = [{column: name, **row} for name, mine in sets for row in step_rows(mine, funnel)]
    return pa.Table.from_pylist(table, schema=pa.schema([pa.field(column, pa.string()), *FUNNEL]))


def step_rows(parts: Sequence[Mapping[str, Any]], funnel: FunnelSpec) -> list[dict[str, Any]]:
    """The FUNNEL rows of one group."""
    units: Counter[tuple[str, int]] = Counter()
    for p in parts:
        if p["kind"] != "time":
            units[p["kind"], p["step"]] += p["units"]
    depth = len(funnel.needed)
    ended = [units["dropped", i] + units["in_progress", i] for i in range(1, depth + 1)]
    reached = [sum(ended[i:]) for i in range(depth)]
    rows: list[dict[str, Any]] = []
    for number, step in enumerate(funnel.steps, 1):
        place = funnel.needed.index(number) + 1 if number in funnel.needed else 0
        before = reached[sum(n < number for n in funnel.needed) - 1] if number > 1 else None
        here = reached[place - 1] if place else units["optional", number]
        low, high = wilson(here, reached[0])
        row = dict.fromkeys(FUNNEL.names) | {
            "step": number,
            "name": str(number) if funnel.order == "any" else step.name,
            "optional": step.optional,
            "reached": here,
            "conversion_rate": rate(here, reached[0]),
            "step_conversion_rate": None if before is None else rate(here, before),
            "ci_low": low,
            "ci_high": high,
        }
        rows.append(row | (ends(parts, units, place, depth) if place else {}))
    return rows


def ends(parts: Sequence[Mapping[str, Any]], units: Counter[tuple[str, int]], place: int, depth: int) -> dict[str, Any]:
    """What a needed step has besides: who ended there, how long it took to get there, where the dropped went."""
    after = Counter[str]()
    for p in parts:
        if p["kind"] == "next" and p["step"] == place:
            after[p["name"]] += p["units"]
    n, total = added([p for p in parts if p["kind"] == "time" and p["step"] == place])
    last = place == depth
    return {
        "dropped": 0 if last else units["dropped", place],
        "in_progress": 0 if last else units["in_progress", place],
        "median_seconds": quantile_seconds(n, total, 50),
        "p90_seconds": quantile_seconds(n, total, 90),
        "dropped_next": [{"touchpoint": t, "units": u} for t, u in sorted(after.items(), key=lambda i: (-i[1], i[0]))],
    }


def added(times: Sequence[Mapping[str, Any]]) -> tuple[Ints, Ints]:
    """(units, microseconds), int64, by ascending bin, added up over these `histograms`."""
    if not times:
        return NO_BINS, NO_BINS
    if len(times) == 1:  # as they are
        return times[0]["units"], times[0]["microseconds"]
    bins, n, total = (np.concatenate([p[c] for p in times]) for c in KEPT)
    different, place = np.unique(bins, return_inverse=True)
    sums = np.zeros((2, len(different)), dtype=np.int64)
    np.add.at(sums[0], place, n)
    np.add.at(sums[1], place, total)
    return sums[0], sums[1]
