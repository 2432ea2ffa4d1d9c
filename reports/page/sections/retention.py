"""Retention: which of those who came first in a week or month came back, cohort by cohort; blank where a period is not over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from markupsafe import Markup

from paths.retention.table import AVERAGE
from paths.statistics.pairs import MIN_N
from reports.content.report import Report
from reports.content.retention import LEAST_PERIODS, CohortContent
from reports.draw.sheets import Column, Sheet, figures, sheet, words
from reports.formatting import NOTHING, counted, day, interval, number, share, spoken_day

LATER = 4
"""The sentence says the first period after the own one, and this one."""

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class CohortCell:
    """A share and its tint; blank where the period is not over."""

    text: str
    tint: int = 0
    sums: str = ""  # of the average


@dataclass(frozen=True, kw_only=True)
class CohortLine:
    """One cohort."""

    name: str
    customers: str
    thin: bool
    cells: list[CohortCell]


@dataclass(frozen=True, kw_only=True)
class RetentionView:
    """The triangle, its average with both sums, and the table."""

    summary: Markup
    unit: str
    key: str
    heads: list[int]
    lines: list[CohortLine]
    average: list[CohortCell]
    table: Sheet


def retention(report: Report) -> RetentionView | None:
    """None with fewer than LEAST_PERIODS complete cohorts."""
    content = report.cohorts
    if content is None:
        return None
    rows = [r for r in content.table.to_pylist() if r["period"]]
    pooled = [r for r in rows if r["cohort"] == AVERAGE]
    cohorts = {r["cohort"]: [o for o in rows if o["cohort"] == r["cohort"]] for r in rows if r["cohort"] != AVERAGE}
    told = [r for r in pooled if r["share"] is not None]
    if not told or len(cohorts) < LEAST_PERIODS:
        return None
    most = max((r["share"] or 0 for r in rows if not thin(r)), default=0)
    heads = [r["period"] for r in pooled if r["complete"]]
    return RetentionView(
        summary=summary(content, pooled, report),
        unit=content.unit,
        key=f"Blank: not over yet. Grey: cohorts of fewer than {MIN_N} customers.",
        heads=heads,
        lines=[line(name, mine, heads, most) for name, mine in cohorts.items()],
        average=[
            cell(r, most, f"{number(r['returned'])}\nof {number(r['customers'])}") for r in pooled if r["complete"]
        ],
        table=table(content),
    )


def summary(content: CohortContent, pooled: Sequence[Row], report: Report) -> Markup:
    """The pooled shares, with both sums, and how far the store goes back."""
    unit, by = content.unit, {r["period"]: r for r in pooled if r["share"] is not None}
    first, later = by.get(1), by.get(LATER)
    text = Markup()
    if first is not None:
        text = Markup(
            "Of customers who came for the first time, <b>{}</b> were back in the {} after ({} of {})"
        ).format(share(first["share"]), unit, number(first["returned"]), number(first["customers"]))
    if later is not None:
        joint, whom = (", ", "") if first is not None else ("Of customers who came for the first time, ", " were back")
        text += Markup("{}{}{} after {} {}s ({} of {})").format(
            joint, share(later["share"]), whom, LATER, unit, number(later["returned"]), number(later["customers"])
        )
    text += Markup("; cohorts whose {} is over, taken together.").format(unit)
    if report.first_event is not None and report.first_event >= content.since:
        since = spoken_day(day(report.first_event, report.timezone))
        text += Markup(" The data begin on {}: who came before counts as new in the first cohorts.").format(since)
    return text


def line(name: str, rows: Sequence[Row], heads: Sequence[int], most: float) -> CohortLine:
    """One row of the triangle."""
    by = {r["period"]: r for r in rows}
    blank = CohortCell(text="")
    cells = [cell(by[k], most) if k in by and by[k]["complete"] else blank for k in heads]
    return CohortLine(
        name=spoken_day(date.fromisoformat(name)),
        customers=number(rows[0]["customers"]),
        thin=thin(rows[0]),
        cells=cells,
    )


def thin(row: Row) -> bool:
    """Is a cohort so small that its shares say little?"""
    return row["customers"] is None or row["customers"] < MIN_N


def cell(row: Row, most: float, sums: str = "") -> CohortCell:
    """The share; a dash where it is about too few to be told, and no tint where they say little."""
    if row["share"] is None:
        return CohortCell(text=NOTHING)
    tint = 0 if thin(row) or not most else round(60 * row["share"] / most)
    return CohortCell(text=share(row["share"], 0), tint=tint, sums=sums)


def table(content: CohortContent) -> Sheet:
    """The answer as it is, newest cohort last."""
    columns = [
        words("Cohort", "cohort", str),
        words("Period", "name", str),
        figures("Customers", "customers", number),
        figures("Came back", "returned", number),
        figures("Share", "share", share),
        Column(head="95 % interval", cell=lambda r: interval(r["ci_low"], r["ci_high"])),
    ]
    rows = [r for r in content.table.to_pylist() if r["complete"]]
    rows.sort(key=lambda r: r["cohort"] != AVERAGE)
    return sheet(
        f"{counted(len({r['cohort'] for r in rows}) - 1, 'cohort')} by {content.unit}, the average first",
        rows,
        columns,
        content.command,
    )
