"""The rates of an answer as (hits, trials) by key, ready to be compared with those of another side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import pyarrow as pa

from ingest.scan.batches import OTHER
from paths.attribution.table import AttributionAnswer
from paths.carts.counts import BROWSE
from paths.journey_map.scores import MapAnswer
from paths.retention.table import AVERAGE
from paths.statistics.pairs import Key, SideCounts

Rows = Sequence[Mapping[str, Any]]


def dropoff_counts(answer: pa.Table) -> SideCounts:
    """(node,) -> sessions that end there without a goal, of those that were there."""
    node = answer.column_names[0]
    return {(r[node],): (r["drop_off"], r["sessions"]) for r in answer.to_pylist()}


def attribution_counts(answer: AttributionAnswer, model: str) -> dict[Key, int]:
    """(value,) -> conversions that are owed to it, to the nearest whole one."""
    return {(r["value"],): round(r[f"{model}_conversions"] or 0) for r in answer.table.to_pylist()}


def retention_counts(answer: pa.Table) -> SideCounts:
    """(period, name) -> customers who returned, of those of the cohorts whose period is over; the pooled average of each age."""
    average = (r for r in answer.to_pylist() if r["cohort"] == AVERAGE and r["complete"])
    return {(r["period"], r["name"]): (r["returned"], r["customers"]) for r in average}


def edge_counts(now: pa.Table, before: pa.Table) -> tuple[SideCounts, SideCounts]:
    """(source, target) -> transitions, of all out of the source; an edge that one side lacks is 0 of the source's there."""
    both = now.to_pylist(), before.to_pylist()
    edges = dict.fromkeys((r["source"], r["target"]) for rows in both for r in rows)
    return side_of(both[0], edges), side_of(both[1], edges)


def side_of(rows: Rows, edges: Mapping[tuple[str, str], None]) -> SideCounts:
    """One side of `edge_counts`, in the order of `edges`."""
    taken = {(r["source"], r["target"]): r["transitions"] for r in rows}
    out = Counter[str]()
    for (source, _), transitions in taken.items():
        out[source] += transitions
    return {edge: (taken.get(edge, 0), out[edge[0]]) for edge in edges}


def cart_counts(answer: pa.Table, by: str | None) -> SideCounts:
    """(kind,) or (kind, value of `by`) -> carts left (abandoned or recovered), of those and the converted."""
    by_key: dict[Key, tuple[int, int]] = {}
    for r in answer.to_pylist():
        if r["kind"] == BROWSE:  # no cart
            continue
        key = (r["kind"],) if by is None else (r["kind"], r[by])
        left = r["episodes"] if r["status"] in ("abandoned", "recovered") else 0
        decided = left + (r["episodes"] if r["status"] == "converted" else 0)
        hits, trials = by_key.get(key, (0, 0))
        by_key[key] = hits + left, trials + decided
    return by_key


def step_counts(answer: pa.Table, group: str | None) -> SideCounts:
    """([value of `group`,] step, name, name of the step before) -> units that took it, of those at the step before.

    Optional steps are passed over, as the law of a funnel does.
    """
    by_key: dict[Key, tuple[int, int]] = {}
    for before, r in pairwise(r for r in answer.to_pylist() if not r["optional"]):
        if before["step"] < r["step"]:  # else a new value of the group begins
            value = () if group is None else (r[group],)
            by_key[*value, r["step"], r["name"], before["name"]] = r["reached"], before["reached"]
    return by_key


def started(answer: pa.Table) -> int:
    """Units that took the first step."""
    return sum(r["reached"] for r in answer.to_pylist() if r["step"] == 1)


def folded(counts: SideCounts, kept: set[str]) -> SideCounts:
    """The same with all other values of the group (the key's first part) added up as "(other)", which comes last."""
    by_key: dict[Key, tuple[int, int]] = {k: v for k, v in counts.items() if k[0] in kept}
    for key, (hits, trials) in counts.items():
        if key[0] not in kept:
            so_far = by_key.get((OTHER, *key[1:]), (0, 0))
            by_key[OTHER, *key[1:]] = so_far[0] + hits, so_far[1] + trials
    return by_key


MAP_MEASURES = ("drop_off", "goes_on", "friction", "unhappy", "visited")
"""The rates of a map's cell that can be compared: none that a longer period alone would raise."""


def map_counts(now: MapAnswer, before: MapAnswer, measure: str) -> tuple[SideCounts, SideCounts]:
    """(stage[, touchpoint or channel], measure) -> hits and trials of one of MAP_MEASURES, on both sides.

    A cell that one side lacks was visited by 0 of its sessions; of what happens there, that side says nothing.
    """
    sides = cell_counts(now, measure), cell_counts(before, measure)
    if measure != "visited":
        return sides
    keys = dict.fromkeys([*sides[0], *sides[1]])
    sessions = now.totals["sessions"], before.totals["sessions"]
    return {k: sides[0].get(k, (0, sessions[0])) for k in keys}, {k: sides[1].get(k, (0, sessions[1])) for k in keys}


def cell_counts(answer: MapAnswer, measure: str) -> SideCounts:
    """One side of `map_counts`."""
    keys = answer.table.column_names[: 1 if answer.table.column_names[1] == "customers" else 2]
    cells = answer.table.select(keys).to_pylist()
    return {
        (*cell.values(), measure): counts
        for cell, counts in zip(cells, answer.counts[measure], strict=True)
        if counts[1]
    }
