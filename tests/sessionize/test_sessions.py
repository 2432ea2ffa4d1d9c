"""SEMANTICS, Sessions: one test per rule."""

from __future__ import annotations

from datetime import date

import pytest

from ingest.errors import ConfigError
from paths.funnels.funnel import Funnel
from paths.graph.transitions import Transitions
from paths.overview.session_rows import SessionRows
from paths.overview.summary import Summary
from sessionize.rules import SessionRules
from tests.builder import Row, ask, batch_of, columns_of, journeys_of, minutes, step

OFF = minutes(0)


def lengths(rows: list[Row], **rules: object) -> list[int]:
    """Events of each session, in order."""
    return [int(n) for n in journeys_of(rows, **rules).sessions.events]


def test_a_gap_of_exactly_the_idle_timeout_still_counts_as_inside() -> None:
    assert lengths([("u", 0, "a"), ("u", 30, "b"), ("u", 60, "c")]) == [3]


def test_a_gap_greater_than_the_idle_timeout_starts_a_new_session() -> None:
    assert lengths([("u", 0, "a"), ("u", "2026-01-15 00:30:00.000001", "b"), ("v", 0, "a")]) == [1, 1, 1]


def test_every_customer_has_sessions_of_their_own() -> None:
    assert lengths([("u", 0, "a"), ("v", 1, "a"), ("u", 2, "b")]) == [2, 1]


def test_an_event_later_than_start_plus_max_duration_starts_the_next_session_and_so_cascades() -> None:
    rows = [("u", m, "a") for m in (0, 20, 40, 41, 60, 81, 82)]
    assert lengths(rows[:3], max_duration=minutes(40)) == [3]  # exactly reached still counts as inside
    assert lengths(rows, max_duration=minutes(40)) == [3, 3, 1]  # 0-40, 41-81, 82
    assert lengths(rows, max_duration=minutes(19)) == [1, 1, 2, 1, 2]  # 0, 20, 40-41, 60, 81-82


def test_the_default_max_duration_is_a_day() -> None:
    assert lengths([("u", 25 * i, "a") for i in range(60)]) == [58, 2]  # 57 x 25 = 1,425 minutes; 1,450 are too many


def test_max_duration_zero_is_off() -> None:
    assert lengths([("u", 25 * i, "a") for i in range(100)], max_duration=OFF) == [100]


def test_midnight_does_not_cut_unless_asked() -> None:
    rows = [("u", "2026-01-15 23:50", "a"), ("u", "2026-01-16 00:00", "b")]
    assert lengths(rows) == [2]
    assert lengths(rows, cut_at_midnight=True) == [1, 1]


def test_the_midnight_that_cuts_is_the_projects() -> None:
    rows = [("u", "2026-01-15 22:55", "a"), ("u", "2026-01-15 23:00", "b"), ("u", "2026-01-16 00:01", "c")]
    rules = {"cut_at_midnight": True, "idle_timeout": minutes(120)}
    assert lengths(rows, timezone="Europe/Berlin", **rules) == [1, 2]
    assert lengths(rows, timezone="UTC", **rules) == [2, 1]


@pytest.mark.parametrize(
    "before, at, after",
    [
        ("2026-03-28 22:59", "2026-03-28 23:00", "2026-03-29 21:59"),  # a day of 23 hours
        ("2026-10-24 21:59", "2026-10-24 22:00", "2026-10-25 22:59"),  # a day of 25 hours
    ],
)
def test_midnight_follows_the_change_of_the_clock(before: str, at: str, after: str) -> None:
    rows = [("u", before, "a"), ("u", at, "b"), ("u", after, "c")]
    assert lengths(
        rows, cut_at_midnight=True, timezone="Europe/Berlin", idle_timeout=minutes(6_000), max_duration=OFF
    ) == [1, 2]


def test_cut_on_cuts_where_the_column_differs_from_its_last_value_and_missing_never_cuts() -> None:
    web, app = {"channel": "web"}, {"channel": "app"}
    rows = [
        ("u", 0, "a"),
        ("u", 1, "b", web),
        ("u", 2, "c"),
        ("u", 3, "d", web),
        ("u", 4, "e"),
        ("u", 5, "f", app),
        ("u", 6, "g"),
    ]
    assert lengths(rows, cut_on="channel") == [5, 2]
    assert lengths(rows) == [7]


def test_cut_on_forgets_the_value_of_the_session_before() -> None:
    web, app = {"channel": "web"}, {"channel": "app"}
    rows = [("u", 0, "a", web), ("u", 31, "b"), ("u", 32, "c", app), ("u", 52, "d"), ("u", 62, "e", web)]
    assert lengths(rows, cut_on="channel") == [1, 3, 1]
    assert lengths(rows, cut_on="channel", max_duration=minutes(20)) == [
        1,
        2,
        2,
    ]  # 52 is inside; 62 starts a third by its age and value


def test_cut_on_and_max_duration_depend_on_each_other() -> None:
    web, app = {"channel": "web"}, {"channel": "app"}
    rows = [("u", 0, "a", web), ("u", 8, "b", app), ("u", 12, "c"), ("u", 18, "d"), ("u", 19, "e", web)]
    assert lengths(rows, cut_on="channel", max_duration=minutes(10)) == [
        1,
        3,
        1,
    ]  # 12 is 12 after 0, but only 4 after the cut at 8
    rows[3:] = [("u", 19, "d"), ("u", 20, "e", web)]
    assert lengths(rows, cut_on="channel", max_duration=minutes(10)) == [1, 2, 2]  # the cut at 19 by age forgot "app"


def test_passive_events_are_in_no_session_and_keep_none_open() -> None:
    rows = [("u", 0, "a"), ("u", 20, "email_sent"), ("u", 40, "b"), ("u", 45, "email_sent"), ("u", 50, "c")]
    journeys = journeys_of(rows, passive=frozenset({"email_sent"}))
    assert journeys.sessions.index.tolist() == [0, -1, 1, -1, 1]
    assert journeys.sessions.events.tolist() == [1, 2]


def test_a_log_of_passive_events_has_no_sessions() -> None:
    rows = [("u", 0, "email_sent"), ("v", 20, "email_sent")]
    assert lengths(rows, passive=frozenset({"email_sent"})) == []
    assert lengths([]) == []
    assert ask(Transitions(), rows, passive=frozenset({"email_sent"})) == []


def test_events_at_or_after_as_of_do_not_exist() -> None:
    rows = [("u", 0, "a"), ("u", 5, "b"), ("u", 6, "c")]
    assert lengths(rows, as_of=5) == [1]
    assert lengths(rows, as_of=0) == []


def test_recorded_order_decides_ties() -> None:
    rows = [("u", 0, "b"), ("u", 0, "a"), ("u", 0, "c")]
    assert batch_of(rows).event.texts() == ["b", "a", "c"]
    assert columns_of(ask(Transitions(), rows), "source", "target") == [
        ("START", "b"),
        ("a", "c"),
        ("b", "a"),
        ("c", "END"),
    ]


def test_a_session_with_more_than_max_session_events_is_in_no_analysis() -> None:
    rows = [("bot", 0, "a"), ("bot", 1, "a"), ("bot", 2, "b"), ("bot", 60, "b"), ("u", 0, "a"), ("u", 1, "b")]
    journeys = journeys_of(rows, max_session_events=2)
    assert (journeys.excluded_sessions, journeys.sessions.events.tolist()) == (1, [1, 2])
    funnel = ask(Funnel(steps=(step("a"), step("b"))), rows, max_session_events=2)
    assert columns_of(funnel, "reached") == [(1,), (1,)]


def test_summary_counts_excluded_sessions_as_events_not_as_sessions() -> None:
    rows = [("bot", 0, "a"), ("bot", 1, "a"), ("bot", 2, "b"), ("u", 0, "a"), ("u", 1, "b")]
    (row,) = ask(Summary(), rows, max_session_events=2)
    assert [row[c] for c in ("events", "customers", "sessions", "excluded_sessions")] == [5, 2, 1, 1]


def test_an_excluded_session_is_marked_in_the_list() -> None:
    rows = [("bot", 0, "a"), ("bot", 1, "a"), ("bot", 2, "b"), ("u", 0, "a")]
    found = ask(SessionRows(), rows, max_session_events=2)
    assert sorted(columns_of(found, "customer_id", "events", "excluded")) == [("bot", 3, True), ("u", 1, False)]


def test_a_bounce_is_one_event_and_no_goal_and_engaged_is_the_rest() -> None:
    rows = [("t", 0, "a"), ("u", 0, "purchase"), ("v", 0, "a"), ("v", 1, "a"), ("w", 0, "a"), ("w", 1, "email_sent")]
    found = ask(SessionRows(goal=frozenset({"purchase"})), rows, passive=frozenset({"email_sent"}))
    expected = [("t", True, False), ("u", False, True), ("v", False, True), ("w", True, False)]
    assert sorted(columns_of(found, "customer_id", "bounce", "engaged")) == expected


def test_the_session_date_is_that_of_the_first_event_in_the_projects_time_zone() -> None:
    rows = [("u", "2026-01-15 22:50", "a"), ("u", "2026-01-15 23:10", "b"), ("v", "2026-01-15 23:10", "a")]
    found = ask(SessionRows(), rows, timezone="Europe/Berlin")
    assert columns_of(found, "customer_id", "session_date") == [("u", date(2026, 1, 15)), ("v", date(2026, 1, 16))]


def test_sessions_that_start_at_one_instant_are_told_apart_by_their_rank() -> None:
    rows = [("u", 0, "a", {"channel": "web"}), ("u", 0, "b", {"channel": "app"}), ("u", 0, "c", {"channel": "web"})]
    assert journeys_of(rows, cut_on="channel").sessions.rank.tolist() == [0, 1, 2]
    found = ask(SessionRows(), rows, cut_on="channel")
    assert len({row["session_id"] for row in found}) == 3


def test_the_session_id_does_not_depend_on_other_customers() -> None:
    (alone,) = ask(SessionRows(), [("v", 5, "a")])
    among = ask(SessionRows(), [("u", 0, "a"), ("u", 40, "a"), ("v", 5, "a"), ("v", 6, "b")])
    assert alone["session_id"] in {row["session_id"] for row in among}
    assert len({row["session_id"] for row in among}) == 3


def test_the_period_selects_sessions_by_their_first_event() -> None:
    rows = [("u", 0, "a"), ("u", 10, "b"), ("u", 60, "c"), ("u", 70, "d")]
    assert columns_of(ask(Summary(), rows, since=10), "sessions") == [(1,)]
    assert columns_of(ask(Summary(), rows, until=60), "sessions") == [(1,)]
    assert columns_of(ask(SessionRows(), rows, since=0, until=60), "events") == [(2,)]


def test_a_segment_selects_sessions_by_their_first_event_and_never_changes_them() -> None:
    rows = [
        ("u", 0, "a", {"channel": "web"}),
        ("u", 10, "b", {"channel": "app"}),
        ("v", 0, "a", {"channel": "app"}),
        ("v", 5, "b"),
    ]
    (condition,) = step("x", where="channel=web").matchers[0].conditions
    assert columns_of(ask(SessionRows(), rows, segment=(condition,)), "customer_id", "events") == [("u", 2)]


def test_where_filters_events_before_sessionization() -> None:
    rows = [("u", 0, "a"), ("u", 20, "b"), ("u", 40, "a")]
    (condition,) = step("x", where="event!=b").matchers[0].conditions
    assert lengths(rows, where=(condition,)) == [1, 1]


@pytest.mark.parametrize("rules", [{"idle_timeout": OFF}, {"max_duration": minutes(-1)}, {"max_session_events": 0}])
def test_nonsense_rules_are_refused(rules: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=next(iter(rules))):
        SessionRules(**rules)  # type: ignore[arg-type]
