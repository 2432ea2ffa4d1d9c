"""as_of: events at or after it do not exist; without one it is the midnight after the newest day that does not stand apart."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

import journeys
from ingest.errors import ConfigError
from pipeline.project.as_of import default_as_of, instant_text, parse_day, parse_instant

FIRST = date(2026, 1, 1)


def days(*counts: int, gap: int = 0, after: int | None = None) -> dict[date, int]:
    """Consecutive days with so many events; `gap` more days lie before number `after`."""
    found = {}
    for i, n in enumerate(counts):
        found[FIRST + timedelta(days=i + (gap if after is not None and i >= after else 0))] = n
    return found


def newest(counted: dict[date, int], timezone: str = "UTC") -> str:
    return instant_text(default_as_of(counted, timezone)[0])


def test_the_default_is_the_midnight_after_the_newest_event_day():
    assert newest(days(5)) == "2026-01-02T00:00:00Z"
    assert newest(days(*[5] * 20)) == "2026-01-21T00:00:00Z"
    assert default_as_of({}, "UTC") == (0, [])


def test_the_midnight_is_that_of_the_projects_zone():
    assert newest(days(5), "Europe/Berlin") == "2026-01-01T23:00:00Z"
    assert newest({date(2026, 3, 28): 1}, "Europe/Berlin") == "2026-03-28T23:00:00Z"
    assert newest({date(2026, 3, 29): 1}, "Europe/Berlin") == "2026-03-29T22:00:00Z"


@pytest.mark.parametrize("gap, expected", [(29, "2026-02-09T00:00:00Z"), (30, "2026-01-10T00:00:00Z")])
def test_a_newest_day_more_than_30_days_after_the_one_before_is_passed_over(gap, expected):
    assert newest(days(*[5] * 10, gap=gap, after=9)) == expected


@pytest.mark.parametrize("last, expected", [(2, "2026-01-11T00:00:00Z"), (1, "2026-01-10T00:00:00Z")])
def test_a_newest_day_under_one_percent_of_the_median_is_passed_over(last, expected):
    assert newest(days(*[200] * 9, last)) == expected


def test_below_ten_event_days_no_day_is_passed_over():
    assert newest(days(*[1000] * 8, 1)) == "2026-01-10T00:00:00Z"
    assert newest(days(*[1000] * 9, 1)) == "2026-01-10T00:00:00Z"


def test_days_are_passed_over_again_until_one_does_not_stand_apart_and_each_is_warned_about():
    as_of, warnings = default_as_of(days(*[1000] * 10, 3, 2), "UTC")
    assert instant_text(as_of) == "2026-01-11T00:00:00Z"
    assert [w[:10] for w in warnings] == ["2026-01-12", "2026-01-11"]
    assert warnings[0] == (
        "2026-01-12 stands apart (2 events, 1 days after the day before it) and was passed over; "
        "as_of is the midnight after 2026-01-11. Give --as-of to include it."
    )


@pytest.mark.parametrize(
    "text, timezone, expected",
    [
        ("2026-01-31", "UTC", "2026-01-31T00:00:00Z"),
        ("2026-01-31", "Europe/Berlin", "2026-01-30T23:00:00Z"),
        ("2026-01-31T12:00", "Europe/Berlin", "2026-01-31T11:00:00Z"),
        ("2026-01-31T12:00Z", "Europe/Berlin", "2026-01-31T12:00:00Z"),
        (" 2026-01-31T12:00:00.5+02:00 ", "UTC", "2026-01-31T10:00:00.500000Z"),
    ],
)
def test_as_of_is_a_day_or_an_instant(text, timezone, expected):
    assert instant_text(parse_instant(text, timezone)) == expected


@pytest.mark.parametrize("text", ["", "soon", "2026-02-30", "31.01.2026"])
def test_what_is_no_instant_is_refused(text):
    with pytest.raises(
        ConfigError, match=r'^--as-of ".*" is neither a day \(2026-01-31\) nor an instant \(2026-01-31T12:00Z\)\.'
    ):
        parse_instant(text, "UTC")


@pytest.mark.parametrize("text", ["", "soon", "2026-01-31T12:00", "2026-02-30"])
def test_since_and_until_are_days(text):
    with pytest.raises(ConfigError, match=r'^--since ".*" is not a day; write it as 2026-01-31\.'):
        parse_day(text, "UTC", "--since")


# --- In a project --------------------------------------------------------------------------------------------------


@pytest.fixture
def shop(tmp_path: Path) -> journeys.Project:
    lines = [f"ann,2026-01-{d:02}T10:00,a" for d in range(1, 12)] + [
        "bob,2026-06-01T10:00,late",
        "cy,2026-01-11T23:30,a",
    ]
    (tmp_path / "log.csv").write_text("user,time,event\n" + "\n".join(lines) + "\n")
    found = journeys.open(tmp_path)
    found.ingest(tmp_path / "log.csv")
    return found


def test_events_at_or_after_as_of_do_not_exist(shop):
    assert [
        shop.summary(as_of=t).rows()[0]["events"]
        for t in ("2026-01-01", "2026-01-01T10:00Z", "2026-01-01T10:00:00.000001Z", "2027-01-01")
    ] == [0, 0, 1, 13]


def test_a_day_that_stands_apart_is_warned_about_in_the_answer(shop):
    found = shop.summary()
    assert (found.rows()[0]["events"], found.meta["as_of"]) == (12, "2026-01-12T00:00:00Z")
    assert found.meta["warnings"] == [
        "2026-06-01 stands apart (1 events, 141 days after the day before it) and was passed over; "
        "as_of is the midnight after 2026-01-11. Give --as-of to include it."
    ]


def test_event_days_are_those_of_the_projects_calendar(tmp_path, shop):
    (tmp_path / "journeys.toml").write_text('[project]\ntimezone = "Asia/Tokyo"\n')
    found = journeys.open(tmp_path).summary()
    assert found.meta["as_of"] == "2026-01-12T15:00:00Z"  # 23:30 UTC is the 12th in Tokyo


def test_an_empty_store_answers_nothing(tmp_path):
    (tmp_path / "log.csv").write_text("user,time,event\n")
    found = journeys.open(tmp_path)
    found.ingest(tmp_path / "log.csv")
    assert found.summary().rows()[0] | {"first_event_at": None} == {
        "events": 0,
        "customers": 0,
        "sessions": 0,
        "first_event_at": None,
        "last_event_at": None,
        "duplicates": 0,
        "quarantined": 0,
        "excluded_sessions": 0,
    }
    assert found.funnel(["a", "b"]).table["reached"].to_pylist() == [0, 0]
    assert (found.paths().table.num_rows, found.sessions().table.num_rows, found.dropoff().table.num_rows) == (0, 0, 0)
