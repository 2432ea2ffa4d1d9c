"""Sections that are not on the page, and what each of them needs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from reports.content.report import Report
from reports.content.retention import LEAST_PERIODS
from reports.formatting import plain


@dataclass(frozen=True, kw_only=True)
class Missing:
    """A section in a line."""

    name: str
    needs: str


FUNNEL = (
    'needs a [[funnel]] in journeys.toml: a name and its steps, such as ["product_view", "add_to_cart", "purchase"].'
)
FUNNEL_EMPTY = "needs events of the first step of a [[funnel]]; this period has none."
PATHS = "need sessions; this period has none."
APART = "need more than one touchpoint: all events are \u201c{name}\u201d. [[touchpoint]] rules tell them apart, by url for example."
ATTRIBUTION = (
    "needs a goal, and touches with a value in the column \u201c{by}\u201d; [attribution] by names another one."
)
HISTORY = "need {n} weeks or months whose following one is over, too."
CARTS = "need events that fill a cart (add_to_cart, begin_checkout), or [carts.roles] to say what yours are called."
MAP = "needs [[stage]] in journeys.toml, so that every touchpoint belongs to a stage."
MAP_EMPTY = "needs events that belong to a [[stage]]; this period has none."
GOAL = "needs a goal that occurs: {why}"
NO_GOAL = "needs [project] goal in journeys.toml: what journeys are for."
FEELINGS = "need [[survey]] in journeys.toml: the events that are answers (CSAT, NPS), and where their score is."
NO_ANSWERS = "need answers to a [[survey]]; this period has none."
PERSONAS = "need [[persona]] in journeys.toml: who they are, by what they did or by a column of [[customers]]."
FEW_PERSONAS = "need a [[persona]] with at least 10 customers; this period has none."
DESIGNED = "needs at least two [[stage]] in journeys.toml; [journey.targets] says what each should reach."


def missing(report: Report, *, drawn: Collection[str]) -> list[Missing]:
    """In the order of the page; `drawn` are the sections that are there."""
    sections = []
    if not report.goal:
        sections.append(Missing(name="What is lost", needs=NO_GOAL))
    elif not report.goal_seen:
        sections.append(
            Missing(
                name="What is lost",
                needs=GOAL.format(why=plain(report.goal_unseen, 300)),
            )
        )
    if "map" not in drawn:
        sections.append(Missing(name="Journey map", needs=MAP_EMPTY if report.stages else MAP))
    if "funnels" not in drawn:
        sections.append(Missing(name="Funnel", needs=FUNNEL_EMPTY if report.funnels else FUNNEL))
    if "paths" not in drawn or "leaks" not in drawn:
        names = [r["name"] for r in report.coverage.to_pylist() if r["kind"] == "touchpoint"]
        sections.append(
            Missing(name="Paths and leaks", needs=APART.format(name=plain(names[0], 40)) if names else PATHS)
        )
    if "carts" not in drawn:
        sections.append(Missing(name="Carts", needs=CARTS))
    if report.goal and "attribution" not in drawn:
        sections.append(Missing(name="Attribution", needs=ATTRIBUTION.format(by=plain(report.attribution_by, 40))))
    if "retention" not in drawn and "lifecycle" not in drawn:
        sections.append(Missing(name="Who comes back, who is there", needs=HISTORY.format(n=LEAST_PERIODS)))
    return sections + map_sections(report, drawn)


def map_sections(report: Report, drawn: Collection[str]) -> list[Missing]:
    """Personas, feelings and the designed journey."""
    has = report.map
    needs = {
        "personas": ("Personas", FEW_PERSONAS if has and has.personas else PERSONAS),
        "feelings": ("Feelings", NO_ANSWERS if has and has.surveys else FEELINGS),
        "designed": ("Designed against actual", DESIGNED),
    }
    return [Missing(name=name, needs=text) for key, (name, text) in needs.items() if key not in drawn]
