"""The index over all nights: the main numbers as sparklines, and one row per night that leads to its report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from markupsafe import Markup

from reports.draw.spark import sparkline
from reports.formatting import counted, named, number, plain, share, spoken_day
from reports.page.page import asset, templates

MOST = 120
"""Days a line goes back."""

Value = float | None


@dataclass(frozen=True, kw_only=True)
class NightFacts:
    """What the record of one night says. `page`: the address of its report beside the index, None where it published none."""

    night: date
    state: str  # ok | condition: published; failed | gated | stale: not
    message: str
    page: str | None
    warnings: int
    numbers: dict[str, Value]


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One number of a night: its key in `numbers`, a word for it, and how it is written."""

    key: str
    label: str
    shown: Callable[[Value], str]


MEASURES = (
    Measure(key="conversion_rate", label="Sessions that convert", shown=share),
    Measure(key="abandonment_rate", label="Carts left behind", shown=share),
    Measure(key="lost", label="Sessions lost", shown=number),
    Measure(key="customers", label="Customers", shown=number),
    Measure(key="sessions", label="Sessions", shown=number),
    Measure(key="quarantined", label="Rows quarantined", shown=number),
)
STATES = {
    "failed": "failed",
    "gated": "stopped by a gate",
    "stale": "stopped: no fresh events",
    "condition": "published; a condition holds",
}


@dataclass(frozen=True, kw_only=True)
class Line:
    """A measure over the nights."""

    label: str
    value: str
    note: str
    spark: Markup


@dataclass(frozen=True, kw_only=True)
class Row:
    """One night in the table."""

    day: str
    page: str | None
    cells: list[str]
    state: str
    fine: bool


def index(shop: str, nights: Sequence[NightFacts]) -> bytes:
    """UTF-8 HTML of the index; equal nights give equal bytes."""
    ordered = sorted(nights, key=lambda n: n.night)
    text = (
        templates()
        .get_template("nights.html.j2")
        .render(
            title=f"{plain(shop)}: every night",
            shop=named(shop),
            summary=summary(ordered),
            measures=MEASURES,
            lines=[line for m in MEASURES if (line := over_nights(m, ordered))],
            rows=[row(n) for n in reversed(ordered)],
            style=Markup(asset("report.css")),
        )
    )
    return text.encode("utf-8", "replace")


def summary(nights: Sequence[NightFacts]) -> str:
    """How many nights, and how many of them published nothing."""
    if not nights:
        return "No night has run yet."
    missing = sum(n.page is None for n in nights)
    text = f"{counted(len(nights), 'night')}, the newest of {spoken_day(nights[-1].night)}. Each is about the 28 days before it."
    return text + (f" {number(missing)} published nothing." if missing else "")


def over_nights(measure: Measure, nights: Sequence[NightFacts]) -> Line | None:
    """A line with a gap for each day without the number; None where no night has it."""
    known = {n.night: v for n in nights if (v := n.numbers.get(measure.key)) is not None}
    if not known:
        return None
    last, first = max(known), max(min(known), max(known) - timedelta(days=MOST - 1))
    days = [first + timedelta(days=i) for i in range((last - first).days + 1)]
    values = [known.get(d) for d in days]
    before = next((known[d] for d in sorted(known, reverse=True) if d < last), None)
    said = f"{measure.label} by night: {measure.shown(known.get(first))} at first, {measure.shown(known[last])} at last"
    note = f"the night before: {measure.shown(before)}" if before is not None else "the first night"
    return Line(label=measure.label, value=measure.shown(known[last]), note=note, spark=sparkline(values, said, 1))


def row(night: NightFacts) -> Row:
    """One night."""
    said = STATES.get(night.state, "")
    if night.message and night.page is None:
        said = f"{said}: {plain(night.message, 160)}"
    if night.warnings:
        said = f"{said + '; ' if said else ''}{counted(night.warnings, 'warning')}"
    cells = [m.shown(night.numbers.get(m.key)) for m in MEASURES]
    return Row(day=spoken_day(night.night), page=night.page, cells=cells, state=said, fine=night.page is not None)
