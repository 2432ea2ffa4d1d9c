"""What changed: every compared rate that moved beyond noise, as the difference and its interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from paths.compare.changes import Change
from reports.content.report import Report, Span
from reports.draw.bars import difference_dot
from reports.draw.sheets import Column, Sheet, figures, sheet, words
from reports.draw.svg import places
from reports.formatting import days, named, number, points_interval, share, signed
from reports.page.sections.annotations import during, told

MOST = 10


@dataclass(frozen=True, kw_only=True)
class Moved:
    """One rate."""

    what: Markup
    places: str
    before: str
    now: str
    change: str
    dot: Markup
    n: str
    worse: bool


@dataclass(frozen=True, kw_only=True)
class ChangedView:
    """The figure."""

    summary: Markup
    rows: list[Moved]
    table: Sheet
    happened: str  # in the two periods, "" for nothing


def changed(report: Report, changes: Sequence[Change]) -> ChangedView | None:
    """None where nothing can be compared."""
    if report.before is None or not changes:
        return None
    ranked = sorted(changes, key=lambda c: (not c.certain, -abs(c.difference), c.key))
    sure = [c for c in ranked if c.certain]
    reach = max((abs(v) for c in sure[:MOST] for v in c.interval if v is not None), default=0.0)
    return ChangedView(
        summary=summary(report, sure, len(changes)),
        rows=[moved(c, reach) for c in sure[:MOST]],
        table=table(ranked, report),
        happened=told(during(report, Span(since=report.before.since, until=report.now.until))),
    )


def summary(report: Report, sure: Sequence[Change], looked: int) -> Markup:
    """How much was looked at, and how much moved."""
    assert report.before is not None
    before = days(report.before.since, report.before.until, report.timezone)
    if not sure:
        return Markup("None of {} rates moved beyond noise since {}.").format(number(looked), before)
    worse = sum(is_worse(c) for c in sure)
    return Markup(
        "{} of {} rates moved beyond noise since {}: {} for the better, {} for the worse. In percentage points, with 95 % intervals."
    ).format(number(len(sure)), number(looked), before, number(len(sure) - worse), number(worse))


def is_worse(c: Change) -> bool:
    """More sessions with a goal and more steps taken are better; more drop-off and more carts left behind are worse."""
    return (c.difference > 0) == (c.kind in ("dropoff", "carts"))


def what(c: Change) -> Markup:
    """The rate in words."""
    return {
        "dropoff": lambda: Markup("sessions end at <b>{}</b>").format(named(c.place, 40)),
        "step": lambda: Markup("<b>{}</b> to <b>{}</b>").format(named(c.place, 30), named(c.target, 30)),
        "sessions": lambda: Markup("sessions with a goal"),
        "carts": lambda: Markup("carts left behind"),
    }[c.kind]()


def moved(c: Change, reach: float) -> Moved:
    """One row of the figure."""
    low, high = c.interval
    said = f"{signed(c.difference)}, 95 % interval {points_interval(low, high)}"
    return Moved(
        what=what(c),
        places=places(*(p for p in (c.place, c.target) if p)),
        before=share(c.rate_before),
        now=share(c.rate),
        change=signed(c.difference, ""),
        dot=difference_dot(c.difference, low, high, reach, said, is_worse(c)),
        n=f"{number(c.trials)}, before {number(c.trials_before)}",
        worse=is_worse(c),
    )


def table(changes: Sequence[Change], report: Report) -> Sheet:
    """All compared rates."""
    rows = [
        {
            "what": what(c),
            "before": c.rate_before,
            "now": c.rate,
            "difference": c.difference,
            "interval": points_interval(*c.interval),
            "n": c.trials,
            "n_before": c.trials_before,
            "certain": "yes" if c.certain else "no",
        }
        for c in changes
    ]
    columns = [
        words("Rate", "what", lambda v: v),
        figures("Before", "before", share),
        figures("Now", "now", share),
        figures("Difference", "difference", signed),
        Column(head="95 % interval", cell=lambda r: r["interval"]),
        figures("n", "n", number),
        figures("n before", "n_before", number),
        words("Beyond noise", "certain", str),
    ]
    return sheet("All compared rates", rows, columns, "journeys changes")
