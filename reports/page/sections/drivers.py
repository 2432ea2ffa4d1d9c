"""Drivers: what goes with a goal, as a forest plot: the odds ratio of each factor with its interval, on a scale that doubles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

from markupsafe import Markup

from paths.drivers.table import spoken
from paths.statistics.pairs import MIN_N
from reports.content.report import Report
from reports.draw.bars import difference_dot
from reports.draw.sheets import Column, Sheet, figures, sheet
from reports.formatting import counted, number, plain, share

MOST = 12
"""Factors in the plot; the table behind it has more."""
LEAST, REACH = log(4), log(64)
"""The plot goes at least from 1/4 to 4; odds ratios beyond 1/64 and 64 stand at its edge."""

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class DriversView:
    """The sentence, one line per factor beyond noise, and the table."""

    told: Markup
    rows: Sequence[tuple[str, Markup, str]]  # name, picture, both rates
    table: Sheet


def drivers(report: Report) -> DriversView | None:
    """None without a goal, without sessions enough, or where no factor could be tried."""
    answer = report.drivers
    if answer is None or answer.hits < MIN_N or answer.units - answer.hits < MIN_N or not answer.tried:
        return None
    rows = answer.table.to_pylist()
    sure = [r for r in rows if r["significant"]]
    reach = max([LEAST, *(min(REACH, abs(log(r[c]))) for r in sure[:MOST] for c in ("odds_low", "odds_high"))])
    told = Markup(
        "What goes with a goal: of {}, <b>{}</b> reach one. {} of {} tried differ beyond noise from the other sessions. Factors: the "
        "value of a column at the first event, or a touchpoint of the day before it. Association, not cause."
    ).format(
        counted(answer.units, "session"),
        share(answer.hits / answer.units),
        number(len(sure)),
        counted(answer.tried, "factor"),
    )
    return DriversView(told=told, rows=[line(r, reach) for r in sure[:MOST]], table=table(report, rows))


def name_of(row: Row) -> str:
    """A factor as the page shows it."""
    return f"{plain(row['factor'], 40)}: {plain(row['value'], 60)}"


def line(row: Row, reach: float) -> tuple[str, Markup, str]:
    """A factor, its odds ratio as a dot with its interval, and the rates with it and without it."""
    ratio, low, high = (max(-reach, min(reach, log(row[c]))) for c in ("odds_ratio", "odds_low", "odds_high"))
    label = f"{name_of(row)}: odds ratio {spoken(row['odds_ratio'])} ({spoken(row['odds_low'])} to {spoken(row['odds_high'])})"
    picture = difference_dot(ratio, low, high, reach, label, row["odds_ratio"] < 1)
    return name_of(row), picture, f"{share(row['rate'])} with it, {share(row['rate_without'])} without"


def table(report: Report, rows: Sequence[Row]) -> Sheet:
    """Every factor."""
    columns = [
        Column(head="Factor", cell=name_of, numeric=False),
        figures("Sessions with it", "units", number),
        figures("With a goal", "rate", share),
        figures("Of the others", "rate_without", share),
        figures("Odds ratio", "odds_ratio", spoken),
        Column(head="95 % interval", cell=lambda r: f"{spoken(r['odds_low'])} to {spoken(r['odds_high'])}"),
        Column(head="Beyond noise", cell=lambda r: "yes" if r["significant"] else "", numeric=False),
    ]
    return sheet("What goes with a goal", rows, columns, report.commands["drivers"])
