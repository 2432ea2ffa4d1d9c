"""The night warns where events no longer find their customers."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from ingest.identity.stitched_days import StitchedDay
from pipeline.api import Project
from pipeline.nightly.night import RunOptions, run_night
from pipeline.nightly.stitched import fallen


def days(*stitched: int, known: int = 50) -> list[StitchedDay]:
    """Days in a row of 100 events each."""
    return [StitchedDay(date(2026, 1, 1 + i), 100, known, n) for i, n in enumerate(stitched)]


def test_a_share_below_half_of_the_median_of_seven_days_or_more_is_told() -> None:
    (said,) = fallen(days(20, 20, 20, 22, 20, 20, 20, 9))
    assert "9.0% of the events of 2026-01-08" in said
    assert "20.0%" in said


@pytest.mark.parametrize("usual", [days(20, 20, 20, 20, 20, 20, 20, 10), days(20, 20, 9), days(0, 0, known=100), []])
def test_half_of_it_few_days_and_a_store_without_such_events_are_not(usual: list[StitchedDay]) -> None:
    assert fallen(usual) == []


def test_nothing_stitched_at_all_is_loud() -> None:
    (said,) = fallen(days(0, 0))
    assert said.startswith("0 % of 100 events")


def test_a_night_says_it_in_its_manifest_and_the_page_in_its_strip(tmp_path: Path) -> None:
    (tmp_path / "journeys.toml").write_text(
        '[[source]]\nname = "web"\npath = "in/*.csv"\n'
        'columns = { customer_id = "who", anonymous_id = "device", event_at = "at", event = "what" }\n'
    )
    (tmp_path / "in").mkdir()
    log = tmp_path / "in" / "a.csv"
    log.write_text(
        "at,who,device,what\n2026-01-15T12:00,,d1,look\n2026-01-15T12:01,ann,,login\n2026-01-15T12:02,bob,,x\n"
    )
    manifest = run_night(Project(tmp_path), RunOptions())
    assert [w for w in manifest.warnings if w.startswith("0 % of 1 events")]
    assert (
        "0\u202f% of events stitched"
        in (tmp_path / "reports" / "index.html").with_name("2026-01-16").joinpath("index.html").read_text()
    )
