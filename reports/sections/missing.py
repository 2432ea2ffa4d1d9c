"""Sections that are not on the page, and what each of them needs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from reports.content import Report
from reports.words import plain


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
CARTS = "need events that fill a cart (add_to_cart, begin_checkout), or [carts.roles] to say what yours are called."
MAP = "needs [[stage]] in journeys.toml, so that every touchpoint belongs to a stage."
MAP_LATER = "comes with a later version; its stages are configured ({n})."
GOAL = "needs a goal that occurs: no event is {goal}, which [project] goal names."
NO_GOAL = "needs [project] goal in journeys.toml: what journeys are for."
FEELINGS = "need answers to surveys (CSAT, NPS) as events, and a later version that reads them."


def missing(report: Report, *, drawn: Collection[str]) -> list[Missing]:
    """In the order of the page; `drawn` are the sections that are there."""
    found = []
    if not report.goal:
        found.append(Missing(name="What is lost", needs=NO_GOAL))
    elif not report.goal_seen:
        found.append(
            Missing(
                name="What is lost",
                needs=GOAL.format(goal=" or ".join(f"\u201c{plain(g, 40)}\u201d" for g in report.goal)),
            )
        )
    found.append(Missing(name="Journey map", needs=MAP_LATER.format(n=len(report.stages)) if report.stages else MAP))
    if "funnels" not in drawn:
        found.append(Missing(name="Funnel", needs=FUNNEL_EMPTY if report.funnels else FUNNEL))
    if "paths" not in drawn or "leaks" not in drawn:
        names = [r["name"] for r in report.coverage.to_pylist() if r["kind"] == "touchpoint"]
        found.append(Missing(name="Paths and leaks", needs=APART.format(name=plain(names[0], 40)) if names else PATHS))
    if "carts" not in drawn:
        found.append(Missing(name="Carts", needs=CARTS))
    return [*found, Missing(name="Feelings", needs=FEELINGS)]
