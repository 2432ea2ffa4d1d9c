"""A view: the sections that a choice of segment exchanges, all drawn from one report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from paths.compare.changes import Change
from reports.content.changes import by_key
from reports.content.findings import Finding, findings
from reports.content.report import Report
from reports.draw.sheets import shortened
from reports.formatting import plain
from reports.page.sections.attribution import AttributionView, attribution
from reports.page.sections.carts import CartsView, carts
from reports.page.sections.changed import ChangedView, changed
from reports.page.sections.designed import DesignedView, designed
from reports.page.sections.drivers import DriversView, drivers
from reports.page.sections.feelings import FeelingsView, feelings
from reports.page.sections.funnel import FunnelView, funnels
from reports.page.sections.header import Fact, facts
from reports.page.sections.leaks import LeaksView, leaks
from reports.page.sections.lifecycle import LifecycleView, lifecycle
from reports.page.sections.map import MapView, journey_map
from reports.page.sections.paths import PathsView, first_steps
from reports.page.sections.personas import PersonasView, personas
from reports.page.sections.retention import RetentionView, retention
from reports.page.sections.tiles import Tiles, tiles
from reports.page.sections.timing import TimingView, timing

PARTS = (
    "facts",
    "findings",
    "tiles",
    "map",
    "funnels",
    "paths",
    "leaks",
    "carts",
    "drivers",
    "timing",
    "attribution",
    "retention",
    "lifecycle",
    "personas",
    "feelings",
    "designed",
    "changed",
)
"""From top to bottom."""


@dataclass(frozen=True, kw_only=True)
class PageView:
    """What the templates of the parts show."""

    parts: tuple[str, ...]
    facts: list[Fact]
    findings: list[Finding]
    tiles: Tiles
    map: MapView | None
    elsewhere: str  # the command that gives a segment's map
    funnels: list[FunnelView]
    paths: PathsView | None
    leaks: LeaksView | None
    carts: CartsView | None
    drivers: DriversView | None
    timing: TimingView | None
    attribution: AttributionView | None
    retention: RetentionView | None
    lifecycle: LifecycleView | None
    personas: PersonasView | None
    feelings: FeelingsView | None
    designed: DesignedView | None
    changed: ChangedView | None

    @property
    def drawn(self) -> frozenset[str]:
        """The parts that have something to show."""
        return frozenset(p for p in PARTS if getattr(self, p))


def view_of(report: Report, changes: Sequence[Change], parts: tuple[str, ...] = PARTS) -> PageView:
    """Every part, drawn."""
    known = by_key(changes)
    return PageView(
        parts=parts,
        facts=facts(report),
        findings=findings(report, changes),
        tiles=tiles(report, known),
        map=journey_map(report),
        elsewhere=plain(report.commands["map"], 600) if report.map_elsewhere else "",
        funnels=funnels(report, known),
        paths=first_steps(report),
        leaks=leaks(report, known),
        carts=carts(report),
        drivers=drivers(report),
        timing=timing(report),
        attribution=attribution(report),
        retention=retention(report),
        lifecycle=lifecycle(report),
        personas=personas(report),
        feelings=feelings(report),
        designed=designed(report),
        changed=changed(report, changes),
    )


def light(view: PageView) -> PageView:
    """The same for a segment: long tables shorter, the Sankey left to the page's script, which has its flows."""
    paths = view.paths and replace(
        view.paths, chart=Markup(), table=shortened(view.paths.table), edges=shortened(view.paths.edges)
    )
    moved = view.changed and replace(view.changed, table=shortened(view.changed.table))
    return replace(view, paths=paths, changed=moved)
