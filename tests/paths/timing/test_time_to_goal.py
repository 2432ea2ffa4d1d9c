"""When sessions begin, and how long customers take to a goal."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paths.journeys.scope import NEVER
from paths.statistics.survival import GoalTimes, bin_of, seconds_of
from paths.timing.start_hours import StartHours
from paths.timing.time_to_goal import TimeToGoal
from sessionize.rules import SessionRules
from tests.builder import MINUTE, Row, ask, events_of, instant, journeys_of
from tests.oracles import timing as oracle
from tests.oracles.sessions import kept_sessions
from tests.property.strategies import AUTUMN, SPRING, logs


def times(rows: list[Row], **scope: object) -> GoalTimes:
    return TimeToGoal().reduce([TimeToGoal().map(journeys_of(rows, **scope))])


def share_at(found: GoalTimes, seconds: int) -> tuple[float, int, int]:
    row = next(r for r in found.table.to_pylist() if r["seconds"] == seconds)
    return row["share"], row["converted"], row["at_risk"]


def test_who_has_no_goal_yet_counts_for_as_long_as_they_were_watched() -> None:
    rows = [
        ("a", 0, "look"),
        ("a", 30, "purchase"),
        ("b", 0, "look"),
        ("b", 90, "purchase"),
        ("c", 0, "look"),
        ("d", 60, "look"),
    ]
    found = times(rows, as_of=120)
    assert (found.customers, found.converted) == (4, 2)
    assert share_at(found, 1800) == (0.25, 1, 3)
    assert share_at(found, 3600) == (0.25, 1, 2)  # d was watched for an hour only
    assert [r["seconds"] for r in found.table.to_pylist()] == [600, 1800, 3600, 7200]
    assert share_at(found, 7200)[0] == pytest.approx(1 - 0.75 * 0.5)
    assert found.median_seconds == 5400


def test_the_clock_starts_at_the_first_touch_of_the_period_and_not_at_a_passive_event() -> None:
    rows = [("a", -100, "look"), ("a", 0, "mail"), ("a", 10, "look"), ("a", 20, "purchase"), ("b", 0, "mail")]
    found = times(rows, as_of=100, since=-5, passive=frozenset({"mail"}))
    assert (found.customers, found.converted, found.median_seconds) == (1, 1, 600)


def test_a_goal_itself_takes_no_time_and_nobody_gives_no_rows() -> None:
    assert times([("a", 0, "purchase")], as_of=100).median_seconds == 0
    empty = TimeToGoal().reduce([])
    assert (empty.table.num_rows, empty.customers, empty.median_seconds) == (0, 0, None)


def test_the_interval_is_greenwoods_on_the_log_log_scale() -> None:
    rows = [(f"c{i}", 0, "look") for i in range(10)] + [(f"c{i}", 5, "purchase") for i in range(4)]
    row = times(rows, as_of=600).table.to_pylist()[0]
    assert (row["share"], row["ci_low"], row["ci_high"]) == (
        0.4,
        pytest.approx(0.1728, abs=1e-4),
        pytest.approx(0.7473, abs=1e-4),
    )


def test_every_mark_is_the_end_of_a_bin() -> None:
    for us in (0, 1, MINUTE, MINUTE + 1, 1440 * MINUTE, 1440 * MINUTE + 1, 3000 * MINUTE):
        assert seconds_of(int(bin_of(us))) * 1_000_000 >= us > seconds_of(int(bin_of(us)) - 1) * 1_000_000


@settings(deadline=None)
@given(rows=logs(), as_of=st.integers(0, 400), since=st.sampled_from([None, 20]), until=st.sampled_from([None, 60]))
def test_shares_are_those_of_the_oracle(rows: list[Row], as_of: int, since: int | None, until: int | None) -> None:
    period = {k: v for k, v in (("since", since), ("until", until)) if v is not None}
    found = times(rows, as_of=as_of, passive=frozenset({"mail"}), **period)
    low, high = (instant(v) if v is not None else d for v, d in ((since, -NEVER), (until, NEVER)))
    expected = oracle.waits(events_of(rows), instant(as_of), low, high, {"mail"})
    assert (found.customers, found.converted) == (len(expected), sum(hit for _, hit in expected))
    for r in found.table.to_pylist():
        mark = r["seconds"] * 1_000_000
        assert r["share"] == pytest.approx(oracle.share_by(expected, mark), abs=1e-6)
        assert r["at_risk"] == sum(t > mark for t, _ in expected)
        assert r["ci_low"] is None or r["ci_low"] <= r["share"] <= r["ci_high"]


@settings(deadline=None)
@given(rows=logs(bases=(0, SPRING, AUTUMN), step=17), zone=st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu"]))
def test_sessions_are_counted_at_the_hour_at_which_they_start(rows: list[Row], zone: str) -> None:
    journeys = journeys_of(rows)
    starts = journeys.events.at[journeys.sessions.first].tolist()
    found = ask(StartHours(timezone=zone), rows)
    assert {(r["weekday"], r["hour"]): r["sessions"] for r in found if r["sessions"]} == oracle.hours(starts, zone)
    assert len(found) == 168
    goals = sum(any(e.name == "purchase" for e in s.events) for s in kept_sessions(events_of(rows), SessionRules())[1])
    assert sum(r["with_goal"] for r in found) == goals
