"""Personas as small multiples: the same stages for each, how they feel there and how many go on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from reports.content.journey_map import MapContent, PersonaMap
from reports.content.report import Report
from reports.draw.feelings import feeling_dot
from reports.draw.sheets import Sheet, figures, sheet, words
from reports.formatting import MINUS, counted, named, number, plain, share
from reports.page.sections.designed import felt_or_nothing
from reports.page.sections.map_lanes import feeling_of

FEW = 10
"""Nothing is shown of fewer customers."""

MOST = 6

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class PersonaHead:
    """One persona."""

    name: Markup
    customers: str
    notes: str


@dataclass(frozen=True, kw_only=True)
class PersonaCell:
    """One persona at one stage."""

    dot: Markup
    answers: str
    goes_on: str
    thin: bool


@dataclass(frozen=True, kw_only=True)
class PersonasView:
    """Stages down, personas across."""

    summary: Markup
    heads: list[PersonaHead]
    rows: list[tuple[Markup, list[PersonaCell]]]
    feelings: bool
    table: Sheet


def personas(report: Report) -> PersonasView | None:
    """None without [[persona]]."""
    content = report.map
    shown = [] if content is None else [p for p in content.personas if p.totals["customers"] >= FEW]
    if content is None or not shown:
        return None
    there = {r["stage"] for p in shown for r in p.table.to_pylist()}
    of = [{r["stage"]: r for r in p.table.to_pylist()} for p in shown[:MOST]]
    return PersonasView(
        summary=summary(content, len(shown)),
        heads=[head(p) for p in shown[:MOST]],
        feelings=content.surveys,
        rows=[(named(s, 40), [cell(rows.get(s), content) for rows in of]) for s in content.stage_names if s in there],
        table=table(shown, content),
    )


def summary(content: MapContent, shown: int) -> Markup:
    """What the dots and numbers are."""
    felt = f"Dots: how they feel, from {MINUS}2 to +2, with 95 % intervals; a ring where the answers are fewer than {content.min_n}. "
    further = f" {shown - MOST} further personas are in the table." if shown > MOST else ""
    return Markup("{}Numbers: how many of the sessions there go on to a later stage.{}").format(
        felt if content.surveys else "", further
    )


def head(p: PersonaMap) -> PersonaHead:
    """The name, or everybody else."""
    name = Markup("everybody else") if p.name is None else named(p.name, 40)
    return PersonaHead(
        name=name, customers=counted(p.totals["customers"], "customer"), notes=plain(p.notes, 120) if p.notes else ""
    )


def cell(row: Row | None, content: MapContent) -> PersonaCell:
    """Nothing of fewer than FEW customers."""
    if row is None or row["customers"] < FEW:
        return PersonaCell(dot=Markup(), answers="", goes_on="", thin=True)
    point = feeling_of(row, content.min_n)
    return PersonaCell(
        dot=feeling_dot(point) if point else Markup(),
        answers=number(row["answers"]) if point else "",
        goes_on="" if row["goes_on"] is None else share(row["goes_on"], 0),
        thin=row["evidence"] != "solid",
    )


def table(shown: Sequence[PersonaMap], content: MapContent) -> Sheet:
    """The same numbers."""
    rows = [
        {**r, "persona": Markup("everybody else") if p.name is None else named(p.name, 40)}
        for p in shown
        for r in p.table.to_pylist()
        if r["customers"] >= FEW
    ]
    columns = [
        words("Persona", "persona", lambda v: v),
        words("Stage", "stage", named),
        figures("Customers", "customers", number),
        figures("Feeling", "sentiment", felt_or_nothing),
        figures("Answers", "answers", number),
        figures("Friction", "friction", share),
        figures("Drop-off", "drop_off_rate", share),
        figures("Goes on", "goes_on", share),
        figures("Conversion", "conversion", share),
        words("Evidence", "evidence", str),
    ]
    return sheet("Personas by stage", rows, columns, content.commands["personas"])
