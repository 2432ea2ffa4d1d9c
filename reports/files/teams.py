"""What each team is shown, and what is left out for it: places and segments of fewer than LEAST customers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from typing import TypeVar

import pyarrow as pa

from paths.visits.visits import END, START
from reports.content.journey_map import MapContent
from reports.content.least import LEAST
from reports.content.report import Report
from reports.content.retention import AttributionContent, CohortContent, LifecycleContent
from reports.content.small_cells import guarded

TEAMS: dict[str, tuple[str, ...]] = {
    "marketing": (
        "facts",
        "findings",
        "tiles",
        "map",
        "personas",
        "paths",
        "funnels",
        "timing",
        "attribution",
        "retention",
        "feelings",
        "changed",
    ),
    "sales": (
        "facts",
        "findings",
        "tiles",
        "funnels",
        "carts",
        "leaks",
        "timing",
        "attribution",
        "lifecycle",
        "personas",
        "changed",
    ),
    "service": ("facts", "findings", "tiles", "map", "feelings", "leaks", "paths", "lifecycle", "designed", "changed"),
    "product": (
        "facts",
        "findings",
        "tiles",
        "map",
        "funnels",
        "paths",
        "leaks",
        "designed",
        "timing",
        "retention",
        "lifecycle",
        "feelings",
        "changed",
    ),
}
"""Team -> the parts of its page (reports/page/view.py), from top to bottom."""


FEW = "(few customers)"
"""Stands for all the touchpoints that fewer than LEAST customers visited."""


def for_team(report: Report, team: str) -> Report:
    """The report without places and segments about fewer than LEAST customers; it says so."""
    small = small_places(report)
    note = f"For {team}. Places and segments of fewer than {LEAST} customers are left out" + (
        f": {len(small)} {'place' if len(small) == 1 else 'places'}." if small else "."
    )
    segments = [replace(s, report=without(s.report, small)) for s in report.segments if enough(s.report)]
    return replace(without(report, small), segments=segments, warnings=[note, *report.warnings])


def small_places(report: Report) -> frozenset[str]:
    """Touchpoints that somebody, but fewer than LEAST customers, visited in the period."""
    rows = report.nodes.to_pylist() if report.nodes is not None else []
    return frozenset(r["node"] for r in rows if r["customers"] < LEAST)


def enough(report: Report) -> bool:
    """Is a segment about LEAST customers at least?"""
    return bool(report.summary["customers"][0].as_py() >= LEAST)


def without(report: Report, small: Collection[str]) -> Report:
    """No row about these places; in the first steps they are among the others."""
    dropoff = [
        t and chosen(t, [n not in small for n in t["touchpoint"].to_pylist()])
        for t in (report.dropoff, report.dropoff_before)
    ]
    edges = report.edges
    kept = [
        r["customers"] >= LEAST and r["source"] not in small and r["target"] not in small for r in edges.to_pylist()
    ]
    assert dropoff[0] is not None
    return replace(
        report,
        map=report.map and large(report.map, small),
        attribution=report.attribution and told(report.attribution, dropped=True),
        cohorts=report.cohorts and told(report.cohorts),
        lifecycle=report.lifecycle and told(report.lifecycle, dropped=True),
        dropoff=dropoff[0],
        dropoff_before=dropoff[1],
        last_lost=report.last_lost.slice(0, 0),  # a single session is fewer than LEAST customers
        edges=chosen(edges, kept),
        flows=folded(report.flows, small),
    )


Told = TypeVar("Told", AttributionContent, CohortContent, LifecycleContent)


def told(content: Told, *, dropped: bool = False) -> Told:
    """The same without what is about fewer than LEAST customers, or would give them away."""
    return replace(content, table=guarded(content.table, dropped=dropped)[0])


def large(content: MapContent, small: Collection[str]) -> MapContent:
    """The map without rows of fewer than LEAST customers, and without the words of those few."""
    keep = [
        (r["n"] or 0 if r["customers"] is None else r["customers"]) >= LEAST for r in content.opportunities.to_pylist()
    ]
    tables = {n: of_many(getattr(content, n)) for n in ("cells", "by_stage", "pains", "moments", "best", "designed")}
    return replace(
        content,
        **tables,
        opportunities=chosen(content.opportunities, keep),
        opportunity_stage=[s for s, kept in zip(content.opportunity_stage, keep, strict=True) if kept],
        comments=[c for c in content.comments if c.touchpoint not in small],
        personas=[replace(p, table=of_many(p.table)) for p in content.personas if p.totals["customers"] >= LEAST],
    )


def of_many(table: pa.Table) -> pa.Table:
    """The rows about LEAST customers at least."""
    return chosen(table, [n is not None and n >= LEAST for n in table["customers"].to_pylist()])


def chosen(table: pa.Table, keep: list[bool]) -> pa.Table:
    """Some of the rows."""
    return table.filter(pa.array(keep, pa.bool_()))


def folded(flows: pa.Table, small: Collection[str]) -> pa.Table:
    """STEPS with these touchpoints as one."""
    sessions: Counter[tuple[int, str, str]] = Counter()
    goals: Counter[tuple[int, str, str]] = Counter()
    for r in flows.to_pylist():
        source, target = (FEW if n in small and n not in (START, END) else n for n in (r["source"], r["target"]))
        sessions[r["step"], source, target] += r["sessions"]
        goals[r["step"], source, target] += r["with_goal"]
    rows = [
        {"step": k[0], "source": k[1], "target": k[2], "sessions": n, "with_goal": goals[k]}
        for k, n in sessions.items()
    ]
    rows.sort(key=lambda r: (r["step"], -int(str(r["sessions"])), str(r["source"]), str(r["target"])))
    return pa.Table.from_pylist(rows, schema=flows.schema)
