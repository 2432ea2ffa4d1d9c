"""Paths: the first steps of all sessions as a Sankey, all steps as a graph and as a matrix; the tables of both."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass

from markupsafe import Markup

from paths.visits.visits import END, START
from reports.content.report import Report
from reports.draw.flows import OTHER, apart, laid_out, merged
from reports.draw.graph import graph
from reports.draw.sankey import TOP_K, sankey
from reports.draw.sheets import Column, Sheet, figures, sheet
from reports.formatting import duration, named, number, plain, share
from reports.page.sections.matrix import MatrixView, matrix

FINEST = 15
"""So many touchpoints can be told apart in the Sankey."""


@dataclass(frozen=True, kw_only=True)
class PathsView:
    """The figure."""

    summary: Markup
    chart: Markup
    graph: Markup
    matrix: MatrixView | None
    table: Sheet
    edges: Sheet
    flows: str  # JSON: what the page draws another Sankey from
    shown: int


def first_steps(report: Report) -> PathsView | None:
    """None where no session has two different touchpoints."""
    layout = laid_out(merged(report.flows, TOP_K, report.goal))
    if len(layout.columns) < 2:
        return None
    total = layout.sessions(1)
    rows = [r for r in report.flows.to_pylist() if r["target"] != START]
    return PathsView(
        summary=summary(report, total),
        chart=sankey(report.flows, report.goal),
        matrix=matrix(report),
        shown=TOP_K,
        graph=graph(report.edges, report.flows, report.dropoff, report.goal),
        flows=flows_json(report),
        table=sheet(
            "Flows, the largest first",
            sorted(rows, key=lambda r: -r["sessions"]),
            columns(report),
            report.commands["paths"],
        ),
        edges=sheet("Steps from one touchpoint to the next", report.edges, edge_columns(), report.commands["paths"]),
    )


def flows_json(report: Report) -> str:
    """The flows between the FINEST most visited touchpoints and the rest, as the page's script reads them.

    names: [shown name, place in the order of the names, always shown?] by visits, the special ones last; flows: [step, from, to,
    sessions, with a goal] by position in names.
    """
    flows = merged(report.flows, FINEST, report.goal)
    visits: Counter[str] = Counter()
    for f in flows:
        visits[f.target] += f.sessions
    special, goal = (OTHER, START, END), {*map(apart, report.goal)}
    known = sorted({n for f in flows for n in (f.source, f.target)} - set(special), key=lambda n: (-visits[n], n))
    names = [*known, *special]
    order = {n: i for i, n in enumerate(sorted(names))}
    at = {n: i for i, n in enumerate(names)}
    touchpoints = {r["target"] for r in report.flows.to_pylist()} - {END}
    told = {
        "names": [[plain(n), order[n], int(n in goal)] for n in names],
        "all": len(touchpoints),
        "flows": [[f.step, at[f.source], at[f.target], f.sessions, f.with_goal] for f in flows],
    }
    return json.dumps(told, ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c")


def summary(report: Report, total: int) -> Markup:
    """Where sessions begin, and how many end at once."""
    rows = report.flows.to_pylist()
    opening = max((r for r in rows if r["step"] == 0), key=lambda r: r["sessions"])
    at_once = sum(r["sessions"] for r in rows if r["step"] == 1 and r["target"] == END)
    text = Markup("Of {} sessions, {} begin at <b>{}</b>; {} ({}) have one step only.").format(
        number(total),
        share(opening["sessions"] / total, 0),
        named(opening["target"]),
        number(at_once),
        share(at_once / total, 0),
    )
    hatched = (
        " Hatched: sessions that end there without a goal; solid: with one."
        if report.goal
        else " Hatched: sessions that end there."
    )
    return text + Markup(hatched) + Markup(" A run of one touchpoint is one step.")


def place(key: str) -> Column:
    """Where a step begins or ends."""
    said = {START: Markup("(start)"), END: Markup("(end)")}
    return Column(head=key.capitalize(), cell=lambda r: said.get(r[key]) or named(r[key]), numeric=False)


def edge_columns() -> list[Column]:
    """Of the table of edges."""
    return [
        Column(head="From", cell=place("source").cell, numeric=False),
        Column(head="To", cell=place("target").cell, numeric=False),
        figures("Steps", "transitions", number),
        figures("Sessions", "sessions", number),
        figures("Customers", "customers", number),
        figures("Of the steps from there", "probability", share),
        figures("Median time", "median_seconds", duration),
        figures("90 % within", "p90_seconds", duration),
    ]


def columns(report: Report) -> list[Column]:
    """Of the table."""

    shown = [
        figures("Step", "step", number),
        Column(head="From", cell=place("source").cell, numeric=False),
        Column(head="To", cell=place("target").cell, numeric=False),
        figures("Sessions", "sessions", number),
    ]
    return [*shown, figures("With a goal", "with_goal", number)] if report.goal else shown
