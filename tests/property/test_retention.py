"""Retention and lifecycle are those of the plain-Python oracle, under every option, across clock changes and midnights."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from paths.journeys.conditions import parse_condition
from paths.journeys.goals import GoalRules
from paths.journeys.scope import NEVER
from paths.people.cohort_members import InCohort
from paths.retention.cohorts import Retention
from paths.retention.lifecycle import Lifecycle, Stickiness
from paths.retention.rules import MODES, STARTS, RetentionRules
from paths.retention.second_goal import SecondGoal
from paths.retention.table import AVERAGE
from tests.builder import MINUTE, Event, Row, events_of, instant, journeys_of
from tests.cases import cases
from tests.oracles import retention as oracle
from tests.oracles.timing import share_by
from tests.property.strategies import AUTUMN, SPRING

HOUR = 60
GAPS = [0, 0, 1, 5 * HOUR, 23 * HOUR, 24 * HOUR, 25 * HOUR, 3 * 24 * HOUR, 7 * 24 * HOUR, 16 * 24 * HOUR]
NAMES = ("see", "see", "purchase", "mail", "refund")
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "Pacific/Auckland"])
AS_OF = st.integers(-1, 70 * 24).map(lambda h: h * HOUR)
BASES = (0, SPRING - 9 * 24 * HOUR, AUTUMN - 9 * 24 * HOUR)
MOST = 120
"""Periods that the oracle looks at; no log lasts longer."""


@st.composite
def histories(draw: st.DrawFn, base: int, customers: str = "uvwxy") -> list[Row]:
    """Weeks of a few customers: on the minutes around midnight and at equal instants, known values and unknown ones."""
    rows: list[Row] = []
    for customer in customers:
        clock = base + draw(st.integers(0, 20)) * 24 * HOUR + draw(st.sampled_from([0, 1, -1, 22 * HOUR, 12 * HOUR]))
        for gap in draw(st.lists(st.sampled_from(GAPS), max_size=7)):
            clock += gap
            columns = {
                "channel": draw(st.sampled_from([None, "web", "app"])),
                "value": draw(st.sampled_from([None, 100, 999])),
            }
            rows.append((customer, clock, draw(st.sampled_from(NAMES)), {k: v for k, v in columns.items() if v}))
    return rows


def goals_of(mine: list[Event]) -> list[tuple[int, int | None]]:
    """(place, value) of each purchase of a customer; rows of one instant are one, at the first of them."""
    at: dict[int, list[int]] = {}
    for i, e in enumerate(mine):
        if e.name == "purchase":
            at.setdefault(e.at, []).append(i)
    worth = ([mine[i].get("value") for i in rows] for rows in at.values())
    sums = (sum(v for v in values if v) if any(values) else None for values in worth)
    return [(rows[0], value) for rows, value in zip(at.values(), sums, strict=True)]


@st.composite
def questions(draw: st.DrawFn) -> RetentionRules:
    brackets = draw(st.sampled_from([(), (), (1, 3, 7), (2,), (30, 1)]))
    return RetentionRules(
        unit=draw(st.sampled_from(["day", "week", "month"])),
        mode=draw(st.sampled_from(MODES)),
        rolling=draw(st.booleans()),
        brackets=brackets,
        start=draw(st.sampled_from(STARTS)),
        returns=frozenset(draw(st.sampled_from([(), (), ("purchase",), ("mail", "see"), ("never",)]))),
        goal=GoalRules(refund=frozenset()),
        breakdown=draw(st.sampled_from([None, "channel"])),
        value=True,
        periods=None if brackets else draw(st.sampled_from([None, 2])),
    )


@given(st.data(), questions(), ZONES, AS_OF, st.booleans(), st.sampled_from([(), ("mail",), ("mail", "see")]))
@cases(80)
def test_the_triangle_is_the_oracles_and_any_batches_add_up_to_it(
    data: st.DataObject, rules: RetentionRules, zone: str, as_of: int, segment: bool, passive: tuple[str, ...]
) -> None:
    base = data.draw(st.sampled_from(BASES))
    rows, as_of = data.draw(histories(base)), base + as_of
    since, until = data.draw(st.sampled_from([(None, None), (base + 8 * 24 * HOUR, base + 17 * 24 * HOUR)]))
    scope: dict[str, Any] = {"as_of": as_of, "timezone": zone, "passive": frozenset(passive)}
    scope |= {k: v for k, v in (("since", since), ("until", until)) if v is not None}
    if segment:
        scope["segment"] = (parse_condition("channel=web"),)
    question = Retention(rules=rules)
    table = question.reduce([question.map(journeys_of(rows, **scope))])
    parts = [question.map(journeys_of([r for r in rows if r[0] == c], **scope)) for c in "yxuvw"]
    assert question.reduce(parts) == table == question.reduce([question.merge(parts[:2]), *parts[2:]])

    group = rules.breakdown
    expected = oracle.triangle(
        events_of(rows),
        as_of=instant(as_of),
        unit=rules.unit,
        zone=zone,
        mode=rules.mode,
        rolling=rules.rolling,
        brackets=rules.brackets,
        start=rules.start,
        returns=set(rules.returns),
        passive=set(passive),
        since=-NEVER if since is None else instant(since),
        until=NEVER if until is None else instant(until),
        keeps=lambda e: not segment or e.get("channel") == "web",
        group=lambda e: "" if group is None else e.get(group) or "(none)",
        most=MOST if rules.periods is None else rules.periods + 1,
        goals=goals_of,
    )
    found = {
        (r[group] if group else "", r["cohort"], r["period"]): (r["customers"], r["returned"], r["value"])
        for r in table.to_pylist()
    }
    valued = int(table.schema.metadata[b"valued"]) > 0
    assert found == {
        key: (n, back, None if value is None or not valued else value / 100)
        for key, (n, back, value) in expected.items()
    }
    if group is None:
        whole = journeys_of(rows, **scope)
        for r in [r for r in table.to_pylist() if r["complete"] and r["cohort"] != AVERAGE][:4]:
            cell = {"rules": rules, "cohort": r["cohort"], "period": r["period"]}
            back, away = (len(InCohort(**cell, returned=b).choose(whole).first) for b in (True, False))
            assert (back, back + away) == (r["returned"], r["customers"])
    for r in table.to_pylist():
        assert r["complete"] == (r["returned"] is not None) == (r["share"] is not None)
        assert not r["complete"] or r["share"] == round(r["returned"] / r["customers"], 6)


@given(st.data(), ZONES, AS_OF, st.sampled_from(["day", "week", "month"]), st.booleans())
@cases(50)
def test_a_lifecycle_is_the_oracles_and_keeps_both_laws(
    data: st.DataObject, zone: str, as_of: int, unit: Any, period: bool
) -> None:
    base = data.draw(st.sampled_from(BASES))
    rows, as_of = data.draw(histories(base)), base + as_of
    passive = frozenset({"mail"})
    scope: dict[str, Any] = {"as_of": as_of, "timezone": zone, "passive": passive}
    since, until = (base + 8 * 24 * HOUR, base + 40 * 24 * HOUR) if period else (None, None)
    if period:
        scope |= {"since": since, "until": until}
    low, high = (d if v is None else instant(v) for v, d in ((since, -NEVER), (until, NEVER)))
    words = {"as_of": instant(as_of), "unit": unit, "zone": zone, "passive": set(passive)}
    expected = oracle.lifecycle(events_of(rows), since=low, until=high, **words)
    question = Lifecycle(unit=unit)
    table = question.reduce([question.map(journeys_of(rows, **scope))])
    assert table.to_pylist() == expected
    parts = [question.map(journeys_of([r for r in rows if r[0] == c], **scope)) for c in "yxuvw"]
    assert question.reduce(parts) == table
    known = [r for r in table.to_pylist() if r["complete"]]
    assert all(r["new"] + r["retained"] + r["resurrected"] == r["active"] for r in known)
    for before, now in pairwise(known):
        assert now["retained"] + now["dormant"] == before["active"]
    if unit != "day" and not period:
        sticky = Stickiness(unit=unit)
        parts = [sticky.map(journeys_of([r for r in rows if r[0] == c], **scope)) for c in "yxuvw"]
        whole = sticky.reduce(parts)
        assert whole == sticky.reduce([sticky.map(journeys_of(rows, **scope))])
        shown = {(r["period"], r["days"]): r["customers"] for r in whole.to_pylist() if r["complete"]}
        assert shown == oracle.days_active(events_of(rows), **words)


@given(st.data(), AS_OF)
@cases(40)
def test_time_to_the_second_goal_is_kaplan_meier_from_the_first(data: st.DataObject, as_of: int) -> None:
    rows = data.draw(histories(0))
    waits = []
    for mine in oracle.by_customer(events_of(rows), instant(as_of)).values():
        at = [mine[i].at for i, _ in goals_of(mine)]
        if at:
            waits.append(((at[1] if len(at) > 1 else instant(as_of)) - at[0], len(at) > 1))
    question = SecondGoal()
    found = question.reduce([question.map(journeys_of(rows, as_of=as_of))])
    assert (found.customers, found.converted) == (len(waits), sum(hit for _, hit in waits))
    for row in found.table.to_pylist():
        if all(t % (60 * MINUTE) == 0 or t > row["seconds"] * 1_000_000 for t, _ in waits):  # else bins are coarser
            assert abs(row["share"] - share_by(waits, row["seconds"] * 1_000_000)) < 1e-6
