"""Small logs that collide on purpose: few customers, few names, many equal instants."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from paths.journeys.touchpoints import StageRule, StageRules, TouchpointRule, TouchpointRules
from sessionize.rules import SessionRules
from tests.builder import MINUTE, ZERO, Event, Row, instant, minutes

NAMES = ("a", "b", "c", "d", "purchase", "refund", "mail")
MIDNIGHT = (instant("2026-01-15 21:00") - instant(ZERO)) // MINUTE  # two hours before Berlin's midnight
SPRING = (instant("2026-03-28 21:00") - instant(ZERO)) // MINUTE  # Berlin loses an hour in that night
AUTUMN = (instant("2026-10-24 20:00") - instant(ZERO)) // MINUTE  # and gets it back

STAGES = StageRules((StageRule(name="look", events=("a", "b")), StageRule(name="buy", events=("purchase", "refund"))))
PAGE, B = (
    TouchpointRule(name="page", event=("a",), url=("/x/*",)),
    TouchpointRule(name="b", event=("c",), channel=("web",)),
)
URL_RULES = TouchpointRules((PAGE, B))

as_of_minutes = st.integers(0, 700)


@st.composite
def columns(draw: st.DrawFn) -> dict[str, Any]:
    values = {
        "channel": draw(st.sampled_from([None, "web", "app"])),
        "url": draw(st.sampled_from([None, "/x/1?q=2", "https://shop.example/y"])),
        "value": draw(st.sampled_from([None, None, 0, 250, -100, 1999])),
        "order_id": draw(st.sampled_from([None, None, "o1", "o2"])),
    }
    return {k: v for k, v in values.items() if v is not None}


@st.composite
def logs(
    draw: st.DrawFn,
    names: tuple[str, ...] = NAMES,
    *,
    customers: str = "uvw",
    most: int = 24,
    bases: tuple[int, ...] = (0,),
    step: int = 1,
) -> list[Row]:
    """Rows in recorded order; gaps are whole multiples of `step` minutes, many of them none at all."""
    base = draw(st.sampled_from(bases))
    size = draw(st.integers(0, most) | st.integers(most // 2, most))
    gaps = st.sampled_from([0, 0, step, 2 * step, 3 * step, 10 * step, 30 * step, 31 * step])
    clock = dict.fromkeys(customers, base)
    rows: list[Row] = []
    for _ in range(size):
        customer = draw(st.sampled_from(customers))
        clock[customer] += draw(gaps)
        rows.append((customer, clock[customer], draw(st.sampled_from(names)), draw(columns())))
    return draw(st.permutations(rows)) if draw(st.booleans()) else rows


@st.composite
def session_rules(draw: st.DrawFn) -> SessionRules:
    return SessionRules(
        idle_timeout=minutes(draw(st.sampled_from([1, 10, 30]))),
        max_duration=timedelta(minutes=draw(st.sampled_from([0, 5, 20, 60, 1440]))),
        cut_at_midnight=draw(st.booleans()),
        cut_on=draw(st.sampled_from([None, "channel"])),
        passive=frozenset(draw(st.sampled_from([(), ("mail",), ("mail", "a")]))),
        max_session_events=draw(st.sampled_from([1, 3, 10_000])),
        timezone=draw(st.sampled_from(["UTC", "Europe/Berlin"])),
    )


def touchpoint(event: Event) -> str:
    """URL_RULES in plain words."""
    if event.name == "a":
        return "page" if (event.get("url") or "").startswith("/x/") else "a (other)"
    if event.name == "c":
        return "b" if event.get("channel") == "web" else "c (other)"
    return event.name


def stage(event: Event) -> str:
    """STAGES in plain words."""
    return {"a": "look", "b": "look", "purchase": "buy", "refund": "buy"}.get(event.name, "(unmapped)")
