"""Edges and drop-off of the kernels = those of the oracle; conservation; leaks add up."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paths.dropoff.dropoff import DropOff
from paths.graph.transitions import Transitions
from paths.journeys.goals import GoalRules
from paths.journeys.touchpoints import TouchpointRules
from sessionize.rules import SessionRules
from tests.builder import Row, ask, events_of, instant, minutes
from tests.cases import cases
from tests.oracles import paths as oracle
from tests.oracles.sessions import kept_sessions
from tests.property.strategies import STAGES, URL_RULES, as_of_minutes, logs, session_rules, stage, touchpoint

pytestmark = pytest.mark.usefixtures("tier")

LOG = logs(step=5)
COUNTS = ("transitions", "sessions", "customers")
PERIOD = st.sampled_from([(None, None), (0, 60), (30, 300), (None, 100), (20, None)])
Period = tuple[int | None, int | None]


def near(found: float | None, expected: float | None) -> bool:
    """Equal to 1 %."""
    if found is None or expected is None:
        return found is expected
    return abs(found - expected) <= 0.01 * expected


def period_options(period: Period) -> dict[str, Any]:
    return {k: v for k, v in zip(("since", "until"), period, strict=True) if v is not None}


def inside(at: int, period: Period) -> bool:
    since, until = period
    return (since is None or at >= instant(since)) and (until is None or at < instant(until))


def plain(name: Any) -> str:
    return str(name.name)


def check_edges(rows: list[Row], rules: SessionRules, kind: str, collapse: bool, as_of: int, period: Period) -> None:
    _, sessions = kept_sessions([e for e in events_of(rows) if e.at < instant(as_of)], rules)
    node = {"event": plain, "touchpoint": touchpoint, "stage": stage}[kind]
    expected = oracle.edges([s for s in sessions if inside(s.start, period)], node, collapse)
    found = ask(
        Transitions(collapse_repeats=collapse, by_stage=kind == "stage"),
        rows,
        as_of=as_of,
        **vars(rules),
        **period_options(period),
        touchpoints=URL_RULES if kind == "touchpoint" else TouchpointRules(),
        stages=STAGES,
    )
    assert len(found) == len(expected)
    leaving, entering = Counter[str](), Counter[str]()
    for row in found:
        want = expected[row["source"], row["target"]]
        assert [row[c] for c in COUNTS] == [want[c] for c in COUNTS]
        assert near(row["median_seconds"], oracle.nearest_rank(want["times"], 50))
        assert near(row["p90_seconds"], oracle.nearest_rank(want["times"], 90))
        leaving[row["source"]] += row["transitions"]
        entering[row["target"]] += row["transitions"]
    for row in found:
        assert row["probability"] == round(row["transitions"] / leaving[row["source"]], 6)
    assert [r["transitions"] for r in found] == sorted((r["transitions"] for r in found), reverse=True)
    chosen = [s for s in sessions if inside(s.start, period)]
    visited = Counter(n for s in chosen for n, _ in oracle.visits(s, node, collapse))
    assert visited == leaving - Counter({"START": len(chosen)}) == entering - Counter({"END": len(chosen)})


EDGE_CASE = (
    LOG,
    session_rules(),
    st.sampled_from(["event", "touchpoint", "stage"]),
    st.booleans(),
    as_of_minutes,
    PERIOD,
)


@given(*EDGE_CASE)
@cases(100)
def test_edges_are_those_of_the_oracle_and_conserve_visits(
    rows: list[Row], rules: SessionRules, kind: str, collapse: bool, as_of: int, period: Period
) -> None:
    check_edges(rows, rules, kind, collapse, as_of, period)


@pytest.mark.proof
@given(*EDGE_CASE)
@settings(max_examples=2000)
def test_edges_are_those_of_the_oracle_and_conserve_visits_proved(
    rows: list[Row], rules: SessionRules, kind: str, collapse: bool, as_of: int, period: Period
) -> None:
    check_edges(rows, rules, kind, collapse, as_of, period)


def check_drop_off(
    rows: list[Row], rules: SessionRules, kind: str, goal: frozenset[str], window: timedelta, as_of: int, period: Period
) -> None:
    events, sessions = kept_sessions([e for e in events_of(rows) if e.at < instant(as_of)], rules)
    node = {"event": plain, "touchpoint": touchpoint, "stage": stage}[kind]
    chosen = [s for s in sessions if inside(s.start, period)]
    expected = oracle.drop_off(
        events, chosen, goal, instant(as_of), window // timedelta(microseconds=1), node, collapse=kind == "stage"
    )
    values = oracle.goal_values(events, goal, lambda e: inside(e.at, period))
    mean = sum(values) / len(values) / 100 if values else None
    found = ask(
        DropOff(rules=GoalRules(goal=goal), return_window=window, by_stage=kind == "stage"),
        rows,
        as_of=as_of,
        **vars(rules),
        **period_options(period),
        touchpoints=URL_RULES if kind == "touchpoint" else TouchpointRules(),
        stages=STAGES,
    )
    names = [r["stage" if kind == "stage" else "touchpoint"] for r in found]
    assert sorted(names) == sorted(expected)
    order = []
    for name, row in zip(names, found, strict=True):
        want = expected[name]
        for c in ("visits", "sessions", "drop_off"):
            assert row[c] == want.get(c, 0), (name, c)
        assert (
            row["ci_low"]
            <= row["drop_off_rate"]
            == round(want.get("drop_off", 0) / want["sessions"], 6)
            <= row["ci_high"]
        )
        conversion = want["converting"] / want["closed"] if want["closed"] else None
        leak = want.get("lost", 0) * (conversion or 0.0)
        if goal:
            assert row["drop_off"] == row["returned"] + row["lost"] + row["in_progress"]
            assert [row[c] for c in ("returned", "lost", "in_progress")] == [
                want.get(c, 0) for c in ("returned", "lost", "in_progress")
            ]
            assert row["conversion"] == (None if conversion is None else round(conversion, 6))
            assert row["leak"] == round(leak, 6)
            assert row["value_at_risk"] == (None if mean is None else round(leak * mean, 2))
            last = {k[6:]: n for k, n in want.items() if k.startswith("after ")}
            assert row["lost_after"] == min(last, key=lambda k: (-last[k], k), default=None)
            order.append((-(leak * mean if mean is not None else leak), -row["drop_off"], name))
        else:
            assert [row[c] for c in ("returned", "lost", "in_progress", "conversion", "leak", "value_at_risk")] == [
                None
            ] * 6
            order.append((0, -row["drop_off"], name))
    assert order == sorted(order)
    assert sum(r["drop_off"] for r in found) == sum(not any(e.name in goal for e in s.events) for s in chosen)


ROUTES = st.sampled_from(["event", "touchpoint", "stage"])
GOALS = st.sampled_from([frozenset({"purchase"}), frozenset({"purchase", "d"}), frozenset()])
RETURN = st.sampled_from([minutes(m) for m in (0, 20, 90, 10_080)])
DROP_CASE = (LOG, session_rules(), ROUTES, GOALS, RETURN, as_of_minutes | st.just(10**6), PERIOD)


@given(*DROP_CASE)
@cases(100)
def test_drop_off_is_that_of_the_oracle(
    rows: list[Row], rules: SessionRules, kind: str, goal: frozenset[str], window: timedelta, as_of: int, period: Period
) -> None:
    check_drop_off(rows, rules, kind, goal, window, as_of, period)


@pytest.mark.proof
@given(*DROP_CASE)
@settings(max_examples=2000)
def test_drop_off_is_that_of_the_oracle_proved(
    rows: list[Row], rules: SessionRules, kind: str, goal: frozenset[str], window: timedelta, as_of: int, period: Period
) -> None:
    check_drop_off(rows, rules, kind, goal, window, as_of, period)


@given(LOG, st.integers(0, 300))
@cases(25)
def test_what_happens_after_as_of_changes_no_answer(rows: list[Row], as_of: int) -> None:
    before = [r for r in rows if r[1] < as_of]
    for analysis in (Transitions(), DropOff()):
        assert ask(analysis, rows, as_of=as_of) == ask(analysis, before, as_of=as_of)
