"""The journey map: stages across, lanes down, and one curve of feelings over all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from paths.journeys.touchpoints import UNMAPPED
from reports.content.journey_map import MapContent
from reports.content.report import Report
from reports.draw.feelings import feelings_curve, felt_text
from reports.draw.sheets import Column, Sheet, figures, sheet, words
from reports.formatting import counted, duration, interval, money, named, number, plain, share
from reports.page.sections.map_action import changes, moments, opportunities, owners
from reports.page.sections.map_lanes import (
    Ground,
    Lane,
    drop_off,
    feeling_of,
    feelings,
    goal,
    pains,
    targets,
    time,
    touchpoints,
    volume,
)

PHASES = {"before": "Before purchase", "during": "During purchase", "after": "After purchase"}

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Head:
    """A column's heading: the stage, its number, how many customers, and the evidence of it all."""

    rank: int
    name: Markup
    customers: str
    evidence: str


@dataclass(frozen=True, kw_only=True)
class Band:
    """Neighbouring stages of one phase."""

    name: str
    columns: int


@dataclass(frozen=True, kw_only=True)
class MapView:
    """The figure."""

    summary: Markup
    notes: list[Markup]  # lanes that are not there, and what they need
    bands: list[Band]
    heads: list[Head]
    lanes: list[Lane]
    curve: Markup
    channels: bool  # does any event name its channel?
    table: Sheet
    cells: Sheet


def journey_map(report: Report) -> MapView | None:
    """None where nothing belongs to a stage."""
    content = report.map
    if content is None:
        return None
    lanes, notes = lanes_of(Ground(report=report, content=content))
    return MapView(
        summary=summary(content),
        notes=notes,
        bands=bands(content),
        heads=heads(content),
        lanes=lanes,
        curve=curve(content),
        channels=bool(content.channels),
        table=by_stage(report, content),
        cells=by_touchpoint(report, content),
    )


def lanes_of(ground: Ground) -> tuple[list[Lane], list[Markup]]:
    """(the lanes that have something to say, a line for each that needs a setting)."""
    content, stages = ground.content, ground.content.stages
    asked = [
        (goal(ground), any(s.goal for s in stages), "Goals: goal in [[stage]]"),
        (touchpoints(ground), True, ""),
        (volume(ground), True, ""),
        (drop_off(ground), True, ""),
        (time(ground), True, ""),
        (feelings(ground), content.surveys, "Feelings: [[survey]], the events that are answers"),
        (targets(ground), content.targets, "Expected against actual: [journey.targets]"),
        (pains(ground), content.pains.num_rows, ""),
        (moments(ground), content.moments.num_rows, ""),
        (opportunities(ground), content.opportunities.num_rows, ""),
        (owners(ground), any(s.owner or s.review_by for s in stages), "Owners: owner and review_by in [[stage]]"),
        (changes(ground), content.changes is not None, ""),
    ]
    left = [Markup(needs) for _, there, needs in asked if not there and needs]
    return [lane for lane, there, _ in asked if there], left


def summary(content: MapContent) -> Markup:
    """How much is on the map, and where it feels worst and best."""
    t = content.totals
    text = Markup("{} customers in {} sessions").format(number(t["customers"]), number(t["sessions"]))
    if t["unmapped_share"]:
        text += Markup("; {} of the events are in no stage").format(share(t["unmapped_share"]))
    rows = [r for r in content.rows.values() if (r["answers"] or 0) >= content.min_n and r["stage"] != UNMAPPED]
    if len(rows) > 1:
        low, high = min(rows, key=lambda r: r["sentiment"]), max(rows, key=lambda r: r["sentiment"])
        text += Markup(". Feelings are lowest at <b>{}</b> ({}) and best at <b>{}</b> ({})").format(
            named(low["stage"]), felt_text(low["sentiment"]), named(high["stage"]), felt_text(high["sentiment"])
        )
    own = Markup("These are the stages of a shop, by common names of events: journeys.toml has no [[stage]]. ")
    return (own if content.preset else Markup()) + text + Markup(".")


def bands(content: MapContent) -> list[Band]:
    """Before, during and after, over the stages that say so."""
    drawn: list[Band] = []
    if not any(s.phase for s in content.stages):
        return drawn
    for stage in content.stages:
        name = PHASES.get(stage.phase or "", "")
        if drawn and drawn[-1].name == name:
            drawn[-1] = Band(name=name, columns=drawn[-1].columns + 1)
        else:
            drawn.append(Band(name=name, columns=1))
    return drawn


def heads(content: MapContent) -> list[Head]:
    """The stages."""
    cells = []
    for i, stage in enumerate(content.stages, 1):
        row = content.rows.get(stage.name)
        n = row["customers"] if row else 0
        cells.append(
            Head(
                rank=i,
                name=named(stage.name, 40),
                customers=counted(n, "customer"),
                evidence=row["evidence"] if row else "none",
            )
        )
    return cells


def curve(content: MapContent) -> Markup:
    """The overlay; nothing without surveys."""
    points = [feeling_of(content.rows.get(s.name), content.min_n) for s in content.stages]
    if not any(points):
        return Markup()
    said = [
        f"{plain(s.name, 40)} {felt_text(p.mean)}" for s, p in zip(content.stages, points, strict=True) if p is not None
    ]
    return feelings_curve(points, "Feelings from -2 to +2: " + ", ".join(said))


def measures(report: Report) -> list[Column]:
    """What both tables show of a cell."""
    return [
        figures("Customers", "customers", number),
        figures("Share", "share", share),
        figures("Events", "events", number),
        figures("Visits", "visits", number),
        figures("Median time", "median_seconds", duration),
        figures("90 % within", "p90_seconds", duration),
        figures("Feeling", "sentiment", lambda v: "\u2013" if v is None else felt_text(v)),
        figures("Answers", "answers", number),
        figures("Friction", "friction", share),
        figures("Drop-off", "drop_off_rate", share),
        Column(head="95 % interval", cell=lambda r: interval(r["ci_low"], r["ci_high"])),
        figures("Goes on", "goes_on", share),
        figures("Conversion", "conversion", share),
        figures("Cost", "cost", lambda v: money(v, report.currency, 2)),
        words("Evidence", "evidence", str),
    ]


def by_stage(report: Report, content: MapContent) -> Sheet:
    """The map by stage."""
    columns = [words("Stage", "stage", named), *measures(report)]
    return sheet("The map by stage", content.by_stage, columns, content.commands["map"])


def by_touchpoint(report: Report, content: MapContent) -> Sheet:
    """The map by touchpoint."""
    columns = [words("Stage", "stage", named), words("Touchpoint", "touchpoint", named), *measures(report)]
    return sheet("The map by touchpoint", content.cells, columns, content.commands["cells"])
