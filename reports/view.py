"""A view: the sections that a choice of segment exchanges, all drawn from one report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from reports.changes import Change, by_key
from reports.content import Report
from reports.findings import Finding, findings
from reports.sections.carts import CartsView, carts
from reports.sections.changed import ChangedView, changed
from reports.sections.designed import DesignedView, designed
from reports.sections.feelings import FeelingsView, feelings
from reports.sections.funnel import FunnelView, funnels
from reports.sections.header import Fact, facts
from reports.sections.leaks import LeaksView, leaks
from reports.sections.map import MapView, journey_map
from reports.sections.paths import PathsView, first_steps
from reports.sections.personas import PersonasView, personas
from reports.sections.tiles import Tiles, tiles
from reports.sections.timing import TimingView, timing
from reports.tables import shortened
from reports.words import plain

PARTS = (
    "facts",
    "findings",
    "tiles",
    "map",
    "funnels",
    "paths",
    "leaks",
    "carts",
    "timing",
    "personas",
    "feelings",
    "designed",
    "changed",
)
"""From top to bottom."""


@dataclass(frozen=True, kw_only=True)
class View:
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
    timing: TimingView | None
    personas: PersonasView | None
    feelings: FeelingsView | None
    designed: DesignedView | None
    changed: ChangedView | None

    @property
    def drawn(self) -> frozenset[str]:
        """The parts that have something to show."""
        return frozenset(p for p in PARTS if getattr(self, p))


def view_of(report: Report, changes: Sequence[Change], parts: tuple[str, ...] = PARTS) -> View:
    """Every part, drawn."""
    known = by_key(changes)
    return View(
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
        timing=timing(report),
        personas=personas(report),
        feelings=feelings(report),
        designed=designed(report),
        changed=changed(report, changes),
    )


def light(view: View) -> View:
    """The same for a segment: long tables shorter, the Sankey left to the page's script, which has its flows."""
    paths = view.paths and replace(
        view.paths, chart=Markup(), table=shortened(view.paths.table), edges=shortened(view.paths.edges)
    )
    moved = view.changed and replace(view.changed, table=shortened(view.changed.table))
    return replace(view, paths=paths, changed=moved)
