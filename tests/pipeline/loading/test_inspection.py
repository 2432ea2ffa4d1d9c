"""inspect: where a mapping is tried before anything is stored."""

from __future__ import annotations

from pathlib import Path

import pytest

import journeys


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def seen(desk: Path, file: str, **how):
    return journeys.open(desk).inspect(file, **how)


def test_a_block_is_written_with_the_places_to_fill_in(desk):
    (desk / "e.csv").write_text("a;b\n1;2\n")
    meta = seen(desk, "e.csv").meta
    assert 'event_at = "?"  # one of: a, b' in meta["toml"]
    assert meta["problem"].startswith("cannot tell which column is event_at")


def test_map_comes_before_a_guess_and_a_path_that_leads_nowhere_is_told(desk):
    (desk / "e.ndjson").write_text('{"event":"view","properties":{"time":1709632800,"distinct_id":"a"}}\n')
    meta = seen(
        desk,
        "e.ndjson",
        map={"event_at": "properties.time", "customer_id": "properties.distinct_id", "url": "properties.link"},
    ).meta
    assert (meta["first_event_at"], meta["events"]) == ("2024-03-05 10:00:00+00", (("view", 1),))
    assert "url = properties.link has no value in any of 1 rows; is the path right?" in meta["notes"]
    assert "properties holds JSON; its keys can be mapped: properties.distinct_id, properties.time" in meta["notes"]


def test_the_source_whose_path_fits_is_used(desk):
    (desk / "e.csv").write_text("who,at,what\na,2024-03-05,view\n")
    columns = 'columns = { customer_id = "who", event_at = "at", event = "what" }'
    (desk / "journeys.toml").write_text(f'[[source]]\nname = "web"\npath = "*.csv"\n{columns}\n')
    meta = seen(desk, "e.csv").meta
    assert (meta["source"], meta["problem"], meta["events"]) == ("web", "", (("view", 1),))


def test_the_one_format_that_fits_the_times_is_named_and_used(desk):
    (desk / "eu.csv").write_text("user_id,event,timestamp\na,view,25.03.2024 10:15\n")
    meta = seen(desk, "eu.csv").meta
    assert 'event_at = { column = "timestamp", format = "%d.%m.%Y %H:%M" }' in meta["toml"]
    assert (meta["first_event_at"], meta["reasons"]) == ("2024-03-25 10:15:00+00", {})


def test_all_files_of_a_glob_are_read_and_how_they_differ_is_said(desk):
    (desk / "1.csv").write_text("user_id,event,timestamp\na,view,2024-03-05\n")
    (desk / "2.csv").write_text("user_id;event;when\na;view;2024-03-05\n")
    (desk / "3.csv").write_text("user_id,event,timestamp\nb,view,2024-03-05\n")
    meta = seen(desk, "*.csv").meta
    assert meta["files"] == 3
    assert meta["differences"] == ["2.csv lacks timestamp and has when besides and has the delimiter ';'"]
