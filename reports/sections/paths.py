"""Paths: the first steps of all sessions as a Sankey, and its flows as a table."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from paths.transitions import END, START
from reports.content import Report
from reports.draw.flows import laid_out, merged
from reports.draw.sankey import TOP_K, sankey
from reports.tables import Column, Row, Sheet, figures, sheet
from reports.words import named, number, share


@dataclass(frozen=True, kw_only=True)
class PathsView:
    """The figure."""

    summary: Markup
    chart: Markup
    table: Sheet


def first_steps(report: Report) -> PathsView | None:
    """None where no session has two different touchpoints."""
    layout = laid_out(merged(report.flows, TOP_K, report.goal))
    if len(layout.columns) < 2:
        return None
    total = layout.sessions(1)
    rows = [r for r in report.flows.to_pylist() if r["target"] != START]
    return PathsView(
        summary=summary(report, total), chart=sankey(report.flows, report.goal),
        table=sheet("Flows, the largest first", sorted(rows, key=lambda r: -r["sessions"]), columns(report), report.commands["paths"]),
    )  # fmt: skip


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


def columns(report: Report) -> list[Column]:
    """Of the table."""

    def place(row: Row) -> str | Markup:
        return Markup("(start)") if row["source"] == START else named(row["source"])

    def target(row: Row) -> str | Markup:
        return Markup("(end)") if row["target"] == END else named(row["target"])

    found = [
        figures("Step", "step", number), Column(head="From", cell=place, numeric=False), Column(head="To", cell=target, numeric=False),
        figures("Sessions", "sessions", number),
    ]  # fmt: skip
    return [*found, figures("With a goal", "with_goal", number)] if report.goal else found
