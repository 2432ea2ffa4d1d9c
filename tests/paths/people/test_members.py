"""The people behind a number are exactly those that it counts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import ConfigError
from paths.analysis import Analysis
from paths.dropoff.dropoff import DropOff
from paths.funnels.funnel import Funnel
from paths.graph.transitions import Transitions
from paths.journeys.goals import GoalRules
from paths.journeys.journeys import Journeys
from paths.overview.session_rows import SessionRows
from paths.overview.summary import Summary
from paths.people.members import Members
from paths.people.selections import AtStep, Ended, Everyone, OnEdge, Selection
from tests.builder import Row, ask, columns_of, events_of, instant, journeys_of, minutes, step
from tests.cases import cases
from tests.oracles.paths import goal_values
from tests.property.strategies import STAGES, URL_RULES, as_of_minutes, logs
from tests.property.test_paths import PERIOD, Period, period_options

BUY = Funnel(steps=(step("view"), step("add"), step("purchase")), window=minutes(60))
SHOP: list[Row] = [
    ("u", 0, "view", {"value": None}),
    ("u", 1, "add"),
    ("u", 5, "purchase", {"value": 1050, "order_id": "o1"}),
    ("u", 6, "purchase", {"value": 200, "order_id": "o1"}),
    ("u", 900, "refund", {"value": 50, "order_id": "o1"}),
    ("v", 10, "view"),
    ("v", 30, "add"),
    ("w", 20, "view"),
    ("w", 100, "view"),
    ("x", 3, "add"),
]


def listed(selection: Selection, rows: list[Row], **scope: Any) -> list[dict[str, Any]]:
    return ask(Members(selection=selection), rows, **scope)


def people(selection: Selection, rows: list[Row] = SHOP, **scope: Any) -> list[Any]:
    return [r["customer"] for r in listed(selection, rows, **scope)]


def test_those_who_reached_a_step_are_listed_the_earliest_chain_first() -> None:
    assert people(AtStep(funnel=BUY, step=1)) == ["u", "v", "w"]
    assert people(AtStep(funnel=BUY, step=2)) == ["u", "v"]
    assert people(AtStep(funnel=BUY, step=3)) == ["u"]


def test_those_who_dropped_at_a_step_stand_there_and_go_no_further() -> None:
    assert people(AtStep(funnel=BUY, step=1, state="dropped")) == ["w"]
    assert people(AtStep(funnel=BUY, step=2, state="dropped")) == ["v"]
    assert people(AtStep(funnel=BUY, step=3, state="dropped")) == []


def test_those_in_progress_may_still_go_on_at_as_of() -> None:
    assert people(AtStep(funnel=BUY, step=2, state="in_progress"), as_of=70) == ["v"]
    assert people(AtStep(funnel=BUY, step=2, state="in_progress"), as_of=71) == []
    assert people(AtStep(funnel=BUY, step=2, state="dropped"), as_of=71) == ["v"]


def test_a_row_has_the_times_of_the_chain_the_goals_and_the_events_of_the_customer() -> None:
    (row,) = listed(AtStep(funnel=BUY, step=3), SHOP)
    assert (row["first_at"].minute, row["last_at"].minute, row["seconds"]) == (0, 5, 300.0)
    assert (row["value"], row["events"], row["session_id"]) == (12.0, 5, None)


def test_a_value_that_is_not_known_is_null_and_zero_is_a_value() -> None:
    free = [("u", 0, "view"), ("u", 1, "purchase", {"value": 0}), ("v", 0, "view"), ("v", 1, "purchase")]
    assert columns_of(listed(Everyone(), free), "customer", "value") == [("u", 0.0), ("v", None)]


def test_a_customer_without_a_known_id_is_shown_by_the_last_anonymous_one() -> None:
    rows = [
        ("u", 0, "view", {"customer_id": None, "anonymous_id": "a1"}),
        ("u", 1, "view", {"customer_id": None, "anonymous_id": "a2"}),
        ("v", 0, "view", {"customer_id": "v1", "anonymous_id": "a3"}),
        ("v", 1, "view", {"customer_id": None, "anonymous_id": "a4"}),
    ]
    assert people(Everyone(), rows) == ["a2", "v1"]


def test_step_numbers_are_those_written_and_an_optional_step_is_reached_only() -> None:
    optional = replace(BUY, steps=(step("view"), replace(step("add"), optional=True), step("purchase")))
    assert people(AtStep(funnel=optional, step=2)) == ["u", "v"]
    assert people(AtStep(funnel=optional, step=3)) == ["u"]
    assert people(AtStep(funnel=optional, step=1, state="dropped")) == ["v", "w"]
    with pytest.raises(ConfigError, match="optional"):
        AtStep(funnel=optional, step=2, state="dropped")


@pytest.mark.parametrize("number", [0, 4])
def test_a_step_that_the_funnel_has_not_is_refused(number: int) -> None:
    with pytest.raises(ConfigError, match="numbered from 1"):
        AtStep(funnel=BUY, step=number)


def test_unknown_states_and_a_missing_goal_are_refused() -> None:
    with pytest.raises(ConfigError, match="bored"):
        AtStep(funnel=BUY, step=1, state="bored")
    with pytest.raises(ConfigError, match="bored"):
        Ended(node="a", state="bored")
    with pytest.raises(ConfigError, match="without a goal"):
        Ended(node="a", rules=GoalRules(goal=frozenset()))


def test_an_edge_lists_its_sessions_once_each_with_their_ids() -> None:
    rows = [("u", 0, "a"), ("u", 1, "b"), ("u", 2, "a"), ("u", 3, "b"), ("u", 90, "a"), ("v", 0, "b"), ("v", 1, "a")]
    found = listed(OnEdge(source="a", target="b"), rows)
    assert columns_of(found, "customer", "seconds", "events") == [("u", 180.0, 4)]
    ids = {r["session_id"] for r in ask(SessionRows(), rows)}
    assert found[0]["session_id"] in ids
    assert people(OnEdge(source="START", target="a"), rows) == ["u", "u"]
    assert people(OnEdge(source="a", target="END"), rows) == ["v", "u"]
    assert people(OnEdge(source="a", target="never"), rows) == []


def test_lost_and_returned_sessions_are_listed_at_the_node_at_which_they_ended() -> None:
    rows = [("u", 0, "a"), ("u", 60, "a"), ("u", 61, "purchase"), ("v", 0, "b"), ("v", 1, "a"), ("w", 0, "b")]
    assert people(Ended(node="a", state="returned"), rows) == ["u"]
    assert people(Ended(node="a"), rows) == ["v"]
    assert people(Ended(node="b"), rows) == ["w"]
    assert people(Ended(node="b"), rows, as_of=60) == []


def test_everyone_has_the_events_of_the_period_and_the_segment_also_of_excluded_sessions() -> None:
    rows = [("u", 0, "a"), ("u", 1, "a"), ("u", 2, "a"), ("u", 50, "a", {"channel": "web"}), ("v", 60, "a")]
    assert columns_of(listed(Everyone(), rows, max_session_events=2), "customer", "events", "seconds") == [
        ("u", 4, 3000.0),
        ("v", 1, 0.0),
    ]
    assert people(Everyone(), rows, since=2, until=60) == ["u"]


def test_without_events_there_is_nobody_and_the_columns_are_there() -> None:
    question = Members(selection=Everyone())
    assert question.reduce([]).schema == question.reduce([question.map(journeys_of([]))]).schema
    assert listed(OnEdge(source="a", target="b"), []) == []


def answer(analysis: Analysis[Any], journeys: Journeys) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = analysis.reduce([analysis.map(journeys)]).to_pylist()
    return rows


def members(selection: Selection, journeys: Journeys) -> list[dict[str, Any]]:
    return answer(Members(selection=selection), journeys)


def check_funnel(funnel: Funnel, journeys: Journeys) -> None:
    for row in answer(funnel, journeys):
        assert len(members(AtStep(funnel=funnel, step=row["step"]), journeys)) == row["reached"]
        for state in ("dropped", "in_progress"):
            if row[state] is not None:
                assert len(members(AtStep(funnel=funnel, step=row["step"], state=state), journeys)) == row[state]


@st.composite
def funnels(draw: st.DrawFn) -> Funnel:
    order = draw(st.sampled_from(["ordered", "ordered", "strict", "any"]))
    names = draw(st.lists(st.sampled_from(["a", "b", "c", "purchase", "mail"]), min_size=1, max_size=4))
    steps = [step(n) for n in names]
    if order == "ordered" and len(steps) > 2 and draw(st.booleans()):
        steps[1] = replace(steps[1], optional=True)
    ties = draw(st.sampled_from(["recorded", "step"])) if order == "ordered" else "recorded"
    return Funnel(
        steps=tuple(steps),
        window=minutes(draw(st.sampled_from([10, 45, 10_000]))),
        order=order,
        count=draw(st.sampled_from(["customers", "sessions"])),
        ties=ties,
    )


SCOPES = st.fixed_dictionaries(
    {
        "as_of": as_of_minutes,
        "max_session_events": st.sampled_from([2, 5, 10_000]),
        "passive": st.just(frozenset({"mail"})),
        "touchpoints": st.just(URL_RULES),
        "stages": st.just(STAGES),
    }
)


@given(logs(step=5), funnels(), SCOPES, PERIOD)
@cases(50)
def test_a_list_has_as_many_rows_as_the_funnel_counts(
    rows: list[Row], funnel: Funnel, scope: dict[str, Any], period: Period
) -> None:
    check_funnel(funnel, journeys_of(rows, **scope, **period_options(period)))


@given(logs(step=5), SCOPES, PERIOD, st.booleans(), st.booleans())
@cases(30)
def test_a_list_has_as_many_rows_as_paths_and_drop_off_count(
    rows: list[Row], scope: dict[str, Any], period: Period, by_stage: bool, collapse: bool
) -> None:
    journeys = journeys_of(rows, **scope, **period_options(period))
    for row in answer(Transitions(by_stage=by_stage, collapse_repeats=collapse), journeys):
        edge = OnEdge(source=row["source"], target=row["target"], by_stage=by_stage, collapse_repeats=collapse)
        found = members(edge, journeys)
        assert (len(found), len({r["customer_key"] for r in found})) == (row["sessions"], row["customers"])
    window = minutes(60)
    for row in answer(DropOff(by_stage=by_stage, return_window=window), journeys):
        node = row["stage" if by_stage else "touchpoint"]
        for state in ("lost", "returned"):
            assert (
                len(members(Ended(node=node, state=state, by_stage=by_stage, return_window=window), journeys))
                == row[state]
            )
    (summary,) = answer(Summary(), journeys)
    everyone = members(Everyone(), journeys)
    assert (len(everyone), sum(r["events"] for r in everyone)) == (summary["customers"], summary["events"])


@given(logs(step=5), as_of_minutes)
@cases(40)
def test_the_value_is_the_sum_of_the_goals_that_count(rows: list[Row], as_of: int) -> None:
    events = [e for e in events_of(rows) if e.at < instant(as_of)]
    for row in listed(Everyone(), rows, as_of=as_of):
        mine = [e for e in events if e.customer == row["customer"]]
        values = goal_values(mine, {"purchase"}, lambda _: True)
        assert row["value"] == (sum(values) / 100 if values else None)
