"""How much there is."""

from __future__ import annotations

from datetime import UTC, datetime

from paths.journeys.touchpoints import TouchpointRule, TouchpointRules
from paths.overview.names import Names
from paths.overview.summary import Summary
from tests.builder import LATER, ask, journeys_of

ROWS = [("u", 0, "a"), ("u", 40, "b"), ("v", 5, "a"), ("v", 90, "a")]


def test_summary_counts_events_customers_and_sessions_before_as_of() -> None:
    (row,) = ask(Summary(), ROWS, as_of=90)
    expected = {"events": 3, "customers": 2, "sessions": 3, "excluded_sessions": 0}
    assert {k: row[k] for k in expected} == expected
    assert row["first_event_at"] == datetime(2026, 1, 15, tzinfo=UTC)
    assert row["last_event_at"] == datetime(2026, 1, 15, 0, 40, tzinfo=UTC)


def test_names_are_those_of_the_events_and_of_the_touchpoints_of_the_period() -> None:
    rules = TouchpointRules((TouchpointRule(name="shop", event=("a",)),))
    for until, expected in ((LATER, {"a", "b", "shop"}), (30, {"a", "shop"})):
        journeys = journeys_of(ROWS, touchpoints=rules, until=until)
        assert Names().reduce([Names().map(journeys)]) == expected


def test_an_empty_log_has_no_first_and_no_last_event() -> None:
    (row,) = ask(Summary(), [])
    assert row == {
        "events": 0,
        "customers": 0,
        "sessions": 0,
        "first_event_at": None,
        "last_event_at": None,
        "excluded_sessions": 0,
    }
    assert Summary().reduce([]).num_rows == 1
