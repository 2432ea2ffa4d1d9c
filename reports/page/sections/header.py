"""The header strip: what the page is about, and how far its data can be trusted."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from reports.content.report import Report
from reports.formatting import NARROW, day, days, instant, named, number, plain, share, spoken_day

GRAVE = 0.01
"""From this share of quarantined or unmapped rows on, the badge warns."""


@dataclass(frozen=True, kw_only=True)
class Fact:
    """A label and what stands under it."""

    label: str
    value: str | Markup


@dataclass(frozen=True, kw_only=True)
class Header:
    """The strip."""

    title: str
    shop: Markup
    period: str
    compared: str
    badge: str
    fair: bool  # nothing in the data quality warns
    notes: list[str]


def header(report: Report) -> Header:
    """From the facts of the report."""
    zone = report.timezone
    before = report.before
    badge, fair = quality_badge(report)
    return Header(
        title=f"{plain(report.shop)}: customer journeys, {days(report.now.since, report.now.until, zone)}",
        shop=named(report.shop),
        period=days(report.now.since, report.now.until, zone),
        compared=f"compared with {days(before.since, before.until, zone)}"
        if before
        else "not compared with another period",
        badge=badge,
        fair=fair,
        notes=notes(report),
    )


def facts(report: Report) -> list[Fact]:
    """How many, of what, as of when."""
    row = report.summary.to_pylist()[0]
    return [
        Fact(label="Customers", value=number(row["customers"])),
        Fact(label="Sessions", value=number(row["sessions"])),
        Fact(label="Events", value=number(row["events"])),
        Fact(label="As of", value=instant(report.as_of, report.timezone)),
        Fact(label="Time zone", value=plain(report.timezone)),
        Fact(label="Counted in", value=counting(report)),
        Fact(label="Data", value=report.data),
    ]


def counting(report: Report) -> str:
    """The units of the page."""
    units = sorted({f.count for f in report.funnels})
    return "sessions" + (f"; funnel in {' and '.join(units)}" if units and units != ["sessions"] else "")


def quality_badge(report: Report) -> tuple[str, bool]:
    """(quarantined, duplicates, unmapped and, where there are anonymous ids, stitched in a line, is all of it below GRAVE?)."""
    q = report.quality
    gone = q.quarantined / q.rows if q.rows else 0.0
    parts = [f"{quarantined(q.quarantined, gone)}", f"{number(q.duplicates)} duplicates"]
    unmapped = q.unmapped / q.events if q.unmapped is not None and q.events else 0.0
    parts.append("no stages" if q.unmapped is None else f"{small(unmapped)} unmapped")
    if q.stitched is not None:
        parts.append(f"{small(q.stitched)} of events stitched")
    return " \u00b7 ".join(parts), gone < GRAVE and unmapped < GRAVE


def quarantined(rows: int, part: float) -> str:
    """How much left, as a share."""
    return f"{small(part)} quarantined" + (f" ({number(rows)})" if rows else "")


def small(part: float) -> str:
    """A share; what is there but tiny is not called zero."""
    return f"< 0.1{NARROW}%" if 0 < part < 0.0005 else share(part) if part else f"0{NARROW}%"


def notes(report: Report) -> list[str]:
    """What a reader must know before the first number."""
    sentences = [f"Only {plain(c)}" for c in report.conditions]
    partly = not_whole(report)
    return sentences + ([partly] if partly else []) + [plain(w, 300) for w in report.warnings]


def not_whole(report: Report) -> str | None:
    """Said where the log begins inside one of the two periods."""
    if report.first_event is None:
        return None
    first = day(report.first_event, report.timezone)
    for name, span in (("period", report.now), ("period compared with", report.before if report.comparable else None)):
        if span is not None and day(span.since, report.timezone) < first:
            return f"The {name} is incomplete: the first event of all is on {spoken_day(first)}."
    return None
