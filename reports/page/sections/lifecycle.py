"""Lifecycle: the customers of each week or month as new, retained or resurrected, and those who went silent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from markupsafe import Markup

from reports.content.report import Report
from reports.content.retention import LEAST_PERIODS, LifecycleContent
from reports.draw.bars import bar, stack
from reports.draw.sheets import Sheet, figures, sheet, words
from reports.formatting import number, spoken_day

STATES = ("retained", "resurrected", "new")
"""In the order of a bar."""

SAID = {"retained": "stayed", "resurrected": "came back", "new": "new"}

SPOKEN = {"retained": "stayed", "resurrected": "came back after a pause", "new": "new"}

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class LifePeriod:
    """One week or month."""

    name: str
    bar: Markup
    active: str
    silent: Markup
    dormant: str


@dataclass(frozen=True, kw_only=True)
class LifecycleView:
    """The section."""

    summary: Markup
    unit: str
    keys: list[tuple[str, str]]  # (state, what it is)
    rows: list[LifePeriod]
    table: Sheet


def lifecycle(report: Report) -> LifecycleView | None:
    """None with fewer than LEAST_PERIODS complete periods."""
    content = report.lifecycle
    rows = [] if content is None else [r for r in content.table.to_pylist() if r["complete"]]
    rows = [r for r in rows if all(r[s] is not None for s in (*STATES, "active", "dormant"))]
    if content is None or len(rows) < LEAST_PERIODS:
        return None
    most = max(max(r["active"], r["dormant"]) for r in rows)
    unit = content.unit
    return LifecycleView(
        summary=summary(rows, unit),
        unit=unit,
        keys=[
            ("retained", f"stayed from the {unit} before"),
            ("resurrected", "came back after a pause"),
            ("new", "new"),
        ],
        rows=[period(r, most) for r in rows],
        table=table(content, rows),
    )


def summary(rows: Sequence[Row], unit: str) -> Markup:
    """The newest period that is over, and what has come for what has gone since the first that has one before it."""
    last, later = rows[-1], rows[1:]
    states = ", ".join(f"{number(last[s])} {said}" for s, said in SPOKEN.items())
    text = Markup(
        "In the last full {}, {}, <b>{}</b> customers were active: {}; {} of the {} before went silent."
    ).format(unit, day_of(last), number(last["active"]), states, number(last["dormant"]), unit)
    gone, come = sum(r["dormant"] for r in later), sum(r["new"] + r["resurrected"] for r in later)
    if not gone:
        return text
    return text + Markup(" Since {}, for 100 who went silent <b>{}</b> were new or came back.").format(
        day_of(later[0]), number(100 * come / gone)
    )


def day_of(row: Row) -> str:
    """The first day of a period."""
    return spoken_day(date.fromisoformat(row["period"]))


def period(row: Row, most: int) -> LifePeriod:
    """Two bars on one scale: the active in parts, and the dormant."""
    parts = ", ".join(f"{number(row[s])} {SAID[s]}" for s in STATES)
    label = f"{day_of(row)}: {number(row['active'])} active; {parts}"
    return LifePeriod(
        name=day_of(row),
        bar=stack([(s, row[s]) for s in STATES], most, label),
        active=number(row["active"]),
        silent=bar(row["dormant"], most, f"{day_of(row)}: {number(row['dormant'])} went silent", hatched=True),
        dormant=number(row["dormant"]),
    )


def table(content: LifecycleContent, rows: Sequence[Row]) -> Sheet:
    """The numbers of the bars."""
    columns = [
        words(f"{content.unit.capitalize()} from", "period", str),
        figures("New", "new", number),
        figures("Stayed", "retained", number),
        figures("Came back", "resurrected", number),
        figures("Active", "active", number),
        figures("Went silent", "dormant", number),
    ]
    return sheet(f"Customers by {content.unit}", rows, columns, content.command)
