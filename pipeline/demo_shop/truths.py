"""What is planted: each truth changes a few probabilities, in a place, for a segment, from a day to a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

import numpy as np

from ingest.array_types import Bools, Floats, Ints
from ingest.errors import ConfigError, did_you_mean
from pipeline.demo_shop.calendar import DAYS, day_at, midnight
from pipeline.demo_shop.chain import END, INDEX, NAMES, STATES, base, reaches_order, shifted
from pipeline.demo_shop.customers import KNOWN, Customers

CAMPAIGNS = {"lucky wheel": 0.3, "autumn sale": 0.25, "brand video": 0.2, "price check": 0.15, "influencer": 0.1}
"""The campaigns that ads belong to; in the control they differ in size only."""
NEWSLETTER = "newsletter"
LONG_CALL = 480
"""Seconds: a call longer than this is a long one."""
SCORES = {
    "csat call": (0.05, 0.08, 0.15, 0.37, 0.35),
    "csat long call": (0.44, 0.30, 0.15, 0.07, 0.04),  # only where `bad feelings` is planted
    "csat purchase": (0.03, 0.05, 0.12, 0.38, 0.42),
    "ces": (0.03, 0.04, 0.07, 0.12, 0.2, 0.26, 0.28),
    "nps": (0.03, 0.01, 0.02, 0.02, 0.03, 0.07, 0.07, 0.12, 0.21, 0.2, 0.22),
}
"""The share of each answer: CSAT 1..5, CES 1..7 (7 = easy), NPS 0..10."""


@dataclass(frozen=True, kw_only=True)
class Truth:
    """`changes`: state -> {next state: its probability}; what is not named keeps its proportions."""

    name: str
    kind: str
    statement: str
    touchpoint: str
    stage: str
    segment: Mapping[str, str] = field(default_factory=dict)
    first_day: int = 0  # counted from the first day of the period
    last_day: int | None = None  # None: to the end
    week: int | None = None
    changes: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    annotation: str | None = None

    @property
    def always(self) -> bool:
        """Does it hold from before the period to its end?"""
        return self.first_day == 0 and self.last_day is None

    def holds(self, at: Ints) -> Bools:
        """Does it hold at these instants?"""
        if self.always:
            return np.ones(len(at), dtype=np.bool_)
        return (at >= midnight(self.first_day)) & (at < midnight(DAYS if self.last_day is None else self.last_day + 1))

    @property
    def since(self) -> date:
        """Its first day."""
        return day_at(self.first_day)

    @property
    def until(self) -> date:
        """The day after its last."""
        return day_at(DAYS if self.last_day is None else self.last_day + 1)

    def matrix(self) -> Floats:
        """The whole chain as it is where this truth holds."""
        matrix = base().copy()
        for state, changes in self.changes.items():
            matrix[INDEX[state]] = shifted(base()[INDEX[state]], changes)
        return matrix


KNOWN_TRUTHS = (
    Truth(
        name="payment broken",
        kind="broken step",
        statement="In week 7 the payment step fails: nine times as many payment errors, and fewer try again.",
        touchpoint="payment step",
        stage="checkout",
        week=7,
        first_day=42,
        last_day=48,
        changes={p + "_payment": {p + "_error": 0.45} for p in "wa"}
        | {p + "_error": {p + "_payment": 0.25} for p in "wa"},
    ),
    Truth(
        name="long calls",
        kind="bad feelings",
        statement="After calls of more than 8 minutes customers are dissatisfied.",
        touchpoint="call to service",
        stage="service",
    ),
    Truth(
        name="shipping cost",
        kind="struggling persona",
        statement="Customers with the basic plan on the islands give up at the shipping step: it shows 14.90 of shipping cost.",
        touchpoint="shipping step",
        stage="checkout",
        segment={"region": "islands", "plan": "basic"},
        changes={p + "_shipping": {p + "_payment": 0.25} for p in "wa"},
    ),
    Truth(
        name="worthless campaign",
        kind="worthless traffic",
        statement="The largest campaign brings many clicks and next to no orders.",
        touchpoint="ad click",
        stage="awareness",
        segment={"campaign": "lucky wheel"},
        changes={
            "w_ad": {"w_product": 0.18, "w_home": 0.03, "w_search": 0.01},
            "w_product": {"w_add": 0.005, "s_visit": 0.0, "w_later": 0.0, "a_later": 0.0},
            "w_home": {"s_visit": 0.0, "w_later": 0.0},
        },
    ),
    Truth(
        name="app release",
        kind="drift",
        statement="Since the app's release of day 91 fewer go on from the product page to the cart.",
        touchpoint="product page",
        stage="consideration",
        segment={"channel": "app"},
        first_day=91,
        changes={"a_product": {"a_add": 0.11}},
        annotation="app 4.0 released",
    ),
)
ALL_TRUTHS = tuple(truth.name for truth in KNOWN_TRUTHS)


def chosen(names: Sequence[str]) -> tuple[Truth, ...]:
    """The truths of these names, in their own order. Raises ConfigError for a name that there is not."""
    for name in names:
        if name not in ALL_TRUTHS:
            raise ConfigError(f'there is no truth "{name}".{did_you_mean(name, ALL_TRUTHS)}')
    return tuple(truth for truth in KNOWN_TRUTHS if truth.name in names)


class Moments(NamedTuple):
    """Where journeys stand: arrays of one length."""

    state: Ints
    at: Ints
    customer: Ints
    campaign: Ints  # that the journey began with: position in CAMPAIGNS, -1 without


class Ladder:
    """The rows of the chain, and further ones for the places where truths hold."""

    def __init__(self, truths: Sequence[Truth], customers: Customers) -> None:
        rows = [*base()]
        self._changed: list[tuple[Truth, int, int]] = []  # (truth, state, its row)
        for truth in truths:
            for state in truth.changes:
                self._changed.append((truth, INDEX[state], len(rows)))
                rows.append(truth.matrix()[INDEX[state]])
        edges = np.cumsum(np.array(rows), axis=1)
        edges[:, -1] = 1.0
        self._customers = customers
        self._width = END + 1
        self._edges = (
            edges + np.arange(len(rows))[:, None]
        ).ravel()  # row r lives in (r, r + 1]: one search serves all

    def following(self, moments: Moments, uniform: Floats) -> Ints:
        """The next state of each journey; END where it ends."""
        row = moments.state.copy()
        for truth, state, changed in self._changed:
            there = np.flatnonzero(moments.state == state)
            row[there[self._speaks_of(truth, Moments(*(a[there] for a in moments)))]] = changed
        column = np.searchsorted(self._edges, row + uniform, side="right") - row * self._width
        following: Ints = np.clip(column, 0, END)
        return following

    def _speaks_of(self, truth: Truth, moments: Moments) -> Bools:
        flags = truth.holds(moments.at)
        for column, value in truth.segment.items():
            if column == "campaign":
                flags &= moments.campaign == list(CAMPAIGNS).index(value)
            elif column in KNOWN:
                codes = self._customers.codes(column, moments.customer, moments.at)
                flags &= codes == KNOWN[column].index(value)
        return flags


def described(truth: Truth) -> dict[str, Any]:
    """A truth as truths.json says it: the generator's own probabilities before (without it) and after (with it)."""
    return {
        "name": truth.name,
        "kind": truth.kind,
        "statement": truth.statement,
        "touchpoint": truth.touchpoint,
        "stage": truth.stage,
        "segment": dict(truth.segment),
        "week": truth.week,
        "since": truth.since.isoformat(),
        "until": truth.until.isoformat(),
        "annotation": truth.annotation and {"at": truth.since.isoformat(), "text": truth.annotation},
        "effects": effects(truth),
    }


def effects(truth: Truth) -> list[dict[str, Any]]:
    """What it changes: P(next | given) for the step straight after, and P(a purchase later in the journey | given)."""
    if not truth.changes:
        return [
            {"given": "call longer than 480 s", "next": f"csat {score}", "before": before, "after": after}
            for score, (before, after) in enumerate(zip(SCORES["csat call"], SCORES["csat long call"], strict=True), 1)
        ]
    before, after = base(), truth.matrix()
    orders = reaches_order(before), reaches_order(after)
    rows = []
    for state in truth.changes:
        i, given = INDEX[state], {"given": STATES[state].touchpoint, "channel": STATES[state].channel}
        for following in dict.fromkeys(
            STATES[NAMES[n]].touchpoint for n in np.flatnonzero(before[i, :END] + after[i, :END])
        ):
            states = [n for n in range(END) if STATES[NAMES[n]].touchpoint == following]
            rows.append({**given, "next": following, **_both(before[i, states].sum(), after[i, states].sum())})
        rows.append({**given, "next": "(purchase later)", **_both(orders[0][i], orders[1][i])})
    return rows


def _both(before: float, after: float) -> dict[str, float]:
    return {"before": round(float(before), 6), "after": round(float(after), 6)}
