"""Timing: how long customers take to a goal, those still on their way included; and when sessions begin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from paths.statistics.pairs import MIN_N
from reports.content.report import Report
from reports.draw.curve import curve
from reports.draw.sheets import Column, Sheet, figures, sheet
from reports.formatting import counted, duration, interval, number, share

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
LONG_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Hour:
    """A cell of the heat map."""

    text: str
    tint: int


@dataclass(frozen=True, kw_only=True)
class TimingView:
    """Both figures; without a goal only the hours."""

    wait: Markup | None
    chart: Markup
    table: Sheet | None
    when: Markup
    days: list[tuple[str, list[Hour], str]]


def timing(report: Report) -> TimingView | None:
    """None without sessions."""
    rows = report.hours.to_pylist()
    total = sum(r["sessions"] for r in rows)
    if not total:
        return None
    marks = [r for r in report.goal_times.table.to_pylist() if r["at_risk"] + r["converted"] >= MIN_N]
    told = bool(report.goal) and report.goal_seen and report.goal_times.converted >= MIN_N and len(marks) > 2
    return TimingView(
        wait=waiting(report, marks) if told else None,
        chart=curve(marks, "Share of customers with a goal by time since their first touch") if told else Markup(),
        table=table(report) if told else None,
        when=when(rows, total),
        days=week(rows),
    )


def waiting(report: Report, marks: Sequence[Row]) -> Markup:
    """The sentence of the curve."""
    times = report.goal_times
    last = [r for r in marks if r["at_risk"] >= MIN_N][-1:] or list(marks[:1])
    text = Markup("Of {} customers, <b>{}</b> reach a goal within {} of their first touch in the period").format(
        number(times.customers), share(last[0]["share"]), duration(last[0]["seconds"])
    )
    half = (
        Markup(", half of them within {}").format(duration(times.median_seconds)) if times.median_seconds else Markup()
    )
    return (
        text
        + half
        + Markup(
            "; {} have one so far. Those without one count for as long as they were watched (Kaplan-Meier); band: 95 %."
        ).format(number(times.converted))
    )


def when(rows: Sequence[Row], total: int) -> Markup:
    """The busiest hour, and where goals are likeliest."""
    busiest = max(rows, key=lambda r: (r["sessions"], -r["weekday"], -r["hour"]))
    by_day = [sum(r["sessions"] for r in rows if r["weekday"] == d) for d in range(7)]
    day = max(range(7), key=lambda d: (by_day[d], -d))
    return Markup(
        "Sessions that start, by weekday and hour: the busiest day is <b>{}</b> ({}), the busiest hour {} {} ({})."
    ).format(
        LONG_DAYS[day],
        share(by_day[day] / total, 0),
        LONG_DAYS[busiest["weekday"]],
        clock(busiest["hour"]),
        counted(busiest["sessions"], "session"),
    )


def clock(hour: int) -> str:
    """09:00 to 10:00."""
    return f"{hour:02d}:00 to {(hour + 1) % 24:02d}:00"


def week(rows: Sequence[Row]) -> list[tuple[str, list[Hour], str]]:
    """(weekday, its 24 hours, its sessions)."""
    most = max(r["sessions"] for r in rows)
    rows_of_days = []
    for d, name in enumerate(DAYS):
        mine = sorted((r for r in rows if r["weekday"] == d), key=lambda r: r["hour"])
        hours = [Hour(text=short(r["sessions"]), tint=round(60 * r["sessions"] / most)) for r in mine]
        rows_of_days.append((name, hours, number(sum(r["sessions"] for r in mine))))
    return rows_of_days


def short(n: int) -> str:
    """At most four signs: 950, 9.5k, 95k, 1M."""
    for size, unit in ((1_000_000, "M"), (1_000, "k")):
        if n >= size:
            return f"{n / size:.1f}{unit}" if n < 10 * size else f"{n // size}{unit}"
    return str(n) if n else ""


def table(report: Report) -> Sheet:
    """The numbers behind the curve."""
    columns = [
        figures("Within", "seconds", duration),
        figures("Share with a goal", "share", share),
        Column(head="95 % interval", cell=lambda r: interval(r["ci_low"], r["ci_high"])),
        figures("Have one", "converted", number),
        figures("Watched for longer, no goal yet", "at_risk", number),
    ]
    return sheet("Time from the first touch to a goal", report.goal_times.table, columns, report.commands["report"])
