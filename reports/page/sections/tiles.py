"""The tiles: four numbers that say how it goes, each with its change, its weeks and its n."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from paths.compare.changes import Change
from paths.statistics.pairs import MIN_N
from reports.content.changes import Changes
from reports.content.report import CartAnswer, Report
from reports.draw.sheets import Sheet, figures, sheet, words
from reports.draw.spark import sparkline
from reports.formatting import counted, days, duration, number, points_interval, share, short_money, signed, spoken_day
from reports.formatting import day as day_of
from reports.page.sections.annotations import marks, of_weeks, told

Value = float | None


@dataclass(frozen=True, kw_only=True)
class Tile:
    """One number."""

    label: str
    value: str
    change: str
    direction: str  # better | worse | same: by words and sign, colour only besides
    note: str
    n: str
    spark: Markup
    counts: tuple[int | None, ...] = ()  # of people, in all of it


@dataclass(frozen=True, kw_only=True)
class Tiles:
    """All of them, and the weeks behind their sparklines."""

    tiles: list[Tile]
    weeks: Sheet
    caption: str


def tiles(report: Report, changes: Changes) -> Tiles:
    """Conversion, abandonment, recovery, time to buy: what the data supports."""
    weeks = weekly_rows(report)
    aimed = bool(report.goal) and report.goal_seen
    drawn = [conversion(report, weeks, changes)] if aimed else [sessions(report, weeks)]
    if report.carts is not None and report.carts.totals["episodes"]:
        drawn += [abandonment(report, report.carts, weeks, changes), recovery(report, report.carts, weeks)]
    if aimed and report.outcome(0)["timed_goals"] >= MIN_N:
        drawn.append(time_to_buy(report, weeks))
    last = spoken_day(day_of(report.now.until - 1, report.timezone))
    caption = f"By week, oldest first; the stronger line is the period. The last week ends with {last}."
    happened = told(of_weeks(report))
    caption += f" Dashed: {happened}." if happened else ""
    return Tiles(tiles=drawn, weeks=week_sheet(weeks, report), caption=caption)


def weekly_rows(report: Report) -> list[dict[str, Any]]:
    """OUTCOMES and CART_SPANS of the weeks, side by side; rates of weeks without sessions are gaps."""
    skip = 1 if report.before is None else 2
    carts = report.carts.spans.slice(skip).to_pylist() if report.carts else [{} for _ in report.weeks]
    return [
        {"week": days(s.since, s.until, report.timezone), **outcome, **{f"cart_{k}": v for k, v in cart.items()}}
        for s, outcome, cart in zip(report.weeks, report.weekly(), carts, strict=True)
    ]


def in_period(report: Report) -> int:
    """How many of the weeks lie in the period."""
    return sum(s.since >= report.now.since for s in report.weeks)


def spark_of(
    report: Report, weeks: Sequence[dict[str, Any]], key: str, label: str, shown: Callable[[Value], str]
) -> Markup:
    """One column of the weeks as a sparkline that says its first and last value."""
    begun = report.first_event
    values = [
        w.get(key) if begun is not None and s.until > begun else None for s, w in zip(report.weeks, weeks, strict=True)
    ]
    known = [v for v in values if v is not None]
    said = f"{label} by week: {shown(known[0])} at first, {shown(known[-1])} at last" if known else label
    return sparkline(values, said, in_period(report), marks(report))


def rate_change(report: Report, change: Change | None, up_is_good: bool) -> tuple[str, str]:
    """(the change in words, better | worse | same)."""
    if not report.comparable:
        return "no period before", "same"
    if change is None:
        return f"fewer than {MIN_N} to compare", "same"
    if not change.certain:
        return f"{signed(change.difference)}, within noise", "same"
    good = (change.difference > 0) == up_is_good
    return f"{signed(change.difference)} ({points_interval(*change.interval)})", "better" if good else "worse"


def conversion(report: Report, weeks: Sequence[dict[str, Any]], changes: Changes) -> Tile:
    """Sessions that hold a goal."""
    now = report.outcome(0)
    text, direction = rate_change(report, changes.get(("sessions", "", 0, "")), up_is_good=True)
    return Tile(
        label="Sessions that convert",
        value=share(now["conversion_rate"]),
        change=text,
        direction=direction,
        note="hold a goal",
        n=f"{number(now['converted'])} of {number(now['sessions'])} sessions",
        spark=spark_of(report, weeks, "conversion_rate", "Conversion", share),
        counts=(now["converted"],),
    )


def sessions(report: Report, weeks: Sequence[dict[str, Any]]) -> Tile:
    """Where no goal says what is good: how much there is."""
    now = report.outcome(0)
    before = f"before {number(report.outcome(1)['sessions'])}" if report.comparable else "no period before"
    each = f"{now['sessions'] / now['customers']:.1f} per customer" if now["customers"] else ""
    return Tile(
        label="Sessions",
        value=number(now["sessions"]),
        change=before,
        direction="same",
        note=each,
        n=counted(now["customers"], "customer"),
        spark=spark_of(report, weeks, "sessions", "Sessions", number),
        counts=(now["customers"],),
    )


def abandonment(report: Report, carts: CartAnswer, weeks: Sequence[dict[str, Any]], changes: Changes) -> Tile:
    """Carts that went quiet, of those that are decided."""
    text, direction = rate_change(report, changes.get(("carts", "", 0, "")), up_is_good=False)
    t = carts.totals
    left = t["abandoned"] + t["recovered"]
    return Tile(
        label="Carts left behind",
        value=share(t["abandonment_rate"]),
        change=text,
        direction=direction,
        note="went quiet; some came back",
        n=f"{number(left)} of {number(left + t['converted'])} carts",
        spark=spark_of(report, weeks, "cart_abandonment_rate", "Cart abandonment", share),
        counts=(left, t["converted"]),
    )


def recovery(report: Report, carts: CartAnswer, weeks: Sequence[dict[str, Any]]) -> Tile:
    """Money that came back and money that may; carts where nothing has a price."""
    t, now = carts.totals, carts.spans.slice(0, 1).to_pylist()[0]
    left = t["abandoned"] + t["recovered"]
    known = now["abandoned_known"] + now["recovered_known"]

    def worth(status: str) -> str:
        """The value of the carts of a status; unknown where none of them has one."""
        if now[status] and not now[f"{status}_known"]:
            return "unknown"
        return short_money(now[f"{status}_value"] / report.minor_units, report.currency)

    coming = f"{share(t['recovery_rate'])} of those left behind"
    spark = spark_of(report, weeks, "cart_recovered", "Recovered carts", number)
    if known:
        still = worth("abandoned")
        return Tile(
            label="Recovered value",
            value=worth("recovered"),
            direction="same",
            spark=spark,
            change="what is in abandoned carts is unknown"
            if still == "unknown"
            else f"{still} still in abandoned carts",
            note=coming,
            n=f"value known for {number(known)} of {number(left)} carts",
            counts=(t["recovered"], t["abandoned"], known),
        )
    return Tile(
        label="Carts recovered",
        value=number(t["recovered"]),
        change=f"{number(t['abandoned'])} still abandoned",
        direction="same",
        note=f"{coming}; no prices are mapped",
        n=f"{number(left)} carts left behind",
        spark=spark,
        counts=(t["recovered"], t["abandoned"]),
    )


def time_to_buy(report: Report, weeks: Sequence[dict[str, Any]]) -> Tile:
    """Median time from a customer's first touch since the goal before."""
    now = report.outcome(0)
    change = "no period before"
    if report.before is not None:
        old = report.outcome(1)
        change = (
            f"before {duration(old['median_seconds'])}" if old["timed_goals"] >= MIN_N else f"fewer than {MIN_N} before"
        )
    return Tile(
        label="Median time to goal",
        value=duration(now["median_seconds"]),
        change=change,
        direction="same",
        note="from the first touch after the previous goal, at most 30 days back",
        n=f"{number(now['timed_goals'])} goals",
        spark=spark_of(report, weeks, "median_seconds", "Median time to a goal", duration),
        counts=(now["timed_goals"],),
    )


def week_sheet(weeks: Sequence[dict[str, Any]], report: Report) -> Sheet:
    """The numbers behind the sparklines."""
    columns = [
        words("Week", "week", str),
        figures("Customers", "customers", number),
        figures("Sessions", "sessions", number),
        figures("With a goal", "converted", number),
        figures("Conversion", "conversion_rate", share),
        figures("Median time to goal", "median_seconds", duration),
    ]
    if report.carts is not None and report.carts.totals["episodes"]:
        columns += [
            figures("Carts abandoned", "cart_abandoned", number),
            figures("recovered", "cart_recovered", number),
            figures("Abandonment", "cart_abandonment_rate", share),
        ]
    return sheet("The weeks", weeks, columns, report.commands["summary"])
