"""inspect: where a mapping is tried before anything is stored."""

from __future__ import annotations

from pathlib import Path

import pytest

import journeys
from ingest import guess_file
from pipeline.loading import intake
from pipeline.loading.reading import Intake


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


VISITS = (
    '[{"visitorId": "v1", "serverTimestamp": 1709632860, "pageviews": [{"type": "action", "timestamp": 1709632800}, '
    '{"type": "goal", "timestamp": 1709632860}]}, {"visitorId": "v2", "serverTimestamp": 1, "pageviews": []}]'
)


def test_a_list_of_records_in_each_record_is_named_with_what_to_paste(desk):
    (desk / "visits.json").write_text(VISITS)
    meta = seen(desk, "visits.json").meta
    assert 'records = "pageviews" in the [[source]]' in meta["problem"]
    with pytest.raises(journeys.ConfigError, match=r"--records pageviews"):
        journeys.open(desk).ingest("visits.json")
    meta = seen(desk, "visits.json", records="pageviews").meta
    assert (meta["problem"], meta["rows"], meta["events"]) == ("", 2, (("action", 1), ("goal", 1)))
    assert 'records = "pageviews"' in meta["toml"] and 'customer_id = "visitorId"' in meta["toml"]
    (desk / "journeys.toml").write_text(meta["toml"])
    shop = journeys.open(desk)
    assert shop.ingest().accounting["visits"].accepted == 2
    assert shop.sql("select properties from events limit 1").to_pylist() == [
        {"properties": '{"serverTimestamp":"1709632860"}'}
    ]


def test_a_list_that_only_describes_an_event_is_no_list_of_records(desk):
    event = '{"user_id": "a", "event": "view", "timestamp": 1709632800, "items": [{"sku": "x"}]'
    params = '"event_params": [{"key": "session_time", "value": "1"}]'
    (desk / "e.ndjson").write_text(f"{event}, {params}}}\n")
    assert not any("list of objects" in note for note in seen(desk, "e.ndjson").meta["notes"])


LOG = "user_id,event,timestamp,agent\n" + "".join(
    f"u{i},view,2024-03-05,{agent}\n"
    for i, agent in enumerate(["Googlebot/2.1", "Mozilla/5.0 (X11) Firefox/125.0"] * 2)
)


@pytest.mark.parametrize("how", [{"map": {"user_agent": "agent"}}, {"source": "web"}])
def test_the_share_of_bots_is_said_of_a_mapped_column_too(desk, how):
    (desk / "e.csv").write_text(LOG)
    columns = 'columns = { customer_id = "user_id", event_at = "timestamp", event = "event", user_agent = "agent" }'
    (desk / "journeys.toml").write_text(f'[[source]]\nname = "web"\npath = "in/*.csv"\n{columns}\n')
    meta = seen(desk, "e.csv", **how).meta
    assert "50 % of the user agents are bots (2 of 4 rows): those rows are quarantined" in meta["notes"]
    assert meta["reasons"] == {"bot": 2}
    assert seen(desk, "e.csv", bots="keep", **how).meta["reasons"] == {}


def test_the_share_of_bots_is_said_of_a_servers_log(desk):
    line = '10.0.0.{} - - [05/Mar/2024:10:00:00 +0000] "GET / HTTP/1.1" 200 1 "-" "{}"\n'
    agents = ["Googlebot/2.1", "Mozilla/5.0 (X11) Firefox/125.0"]
    (desk / "a.log").write_text("".join(line.format(i, agent) for i, agent in enumerate(agents)))
    assert any(n.startswith("50 % of the user agents are bots") for n in seen(desk, "a.log").meta["notes"])


def keys_of(toml: str) -> list[str]:
    return [line.partition(" = ")[0] for line in toml.partition("\n\n")[0].splitlines()[1:]]


def test_the_block_has_each_key_once_and_reads_the_file_as_it_was_read(desk):
    (desk / "e.csv").write_bytes("user_id;event;timestamp\nä;view;05.03.2024 10:15\n".encode("cp1252"))
    said = 'timezone = "Europe/Paris"\nencoding = "cp1252"\nmissing = ["-"]\nid_space = "web"\n'
    (desk / "journeys.toml").write_text(f'[[source]]\nname = "web"\npath = "e.csv"\n{said}')
    how = {"timezone": "Europe/Berlin", "time_formats": ["%d.%m.%Y %H:%M"], "deduplicate": "off"}
    meta = seen(desk, "e.csv", **how).meta
    assert (meta["first_event_at"], meta["reasons"]) == ("2024-03-05 09:15:00+00", {})
    keys = keys_of(meta["toml"])
    assert len(set(keys)) == len(keys)
    assert {"timezone", "encoding", "missing", "id_space", "deduplicate", "format", "delimiter"} <= set(keys)
    (desk / "journeys.toml").write_text(meta["toml"])
    again = seen(desk, "e.csv").meta
    assert (again["first_event_at"], again["toml"]) == (meta["first_event_at"], meta["toml"])


def test_an_encoding_that_was_found_stands_in_the_block(desk):
    (desk / "e.csv").write_bytes("user_id;event;timestamp\nMüller;Käse gesehen;2024-03-05\n".encode("cp1252"))
    assert keys_of(seen(desk, "e.csv").meta["toml"]).count("encoding") == 1


def test_a_row_of_several_events_keeps_them_in_the_block(desk):
    (desk / "o.csv").write_text("user,placed,paid\na,2024-03-05,2024-03-06\n")
    events = "".join(f'[[source.event]]\nname = "{n}"\ntime = "{n}"\n' for n in ("placed", "paid"))
    (desk / "journeys.toml").write_text(f'[[source]]\npath = "o.csv"\ncolumns = {{ customer_id = "user" }}\n{events}')
    toml = seen(desk, "o.csv").meta["toml"]
    (desk / "journeys.toml").write_text(toml)
    assert seen(desk, "o.csv").meta["toml"] == toml


def test_a_format_that_is_none_is_refused(desk):
    (desk / "e.csv").write_text("user_id,event,timestamp\na,view,1\n")
    with pytest.raises(journeys.ConfigError, match="no time format"):
        seen(desk, "e.csv", time_formats=["soon"])


def test_of_ten_thousand_files_that_do_not_tell_only_the_first_are_asked(desk, monkeypatch):
    asked = []
    monkeypatch.setattr(intake, "TRIED", 2)
    guessed = intake.guess_file
    monkeypatch.setattr(intake, "guess_file", lambda path, *a, **k: (asked.append(path), guessed(path, *a, **k))[1])
    for i in range(5):
        (desk / f"{i}.csv").write_text("a,b\n1,2\n")
    with pytest.raises(journeys.ConfigError, match="cannot tell which column is event_at"):
        journeys.open(desk).ingest("*.csv")
    assert len(asked) == 2


ROWS = [f"u{i % 50},2026-01-05T10:00:00Z,view,{i % 9}" for i in range(4_000)]


@pytest.mark.parametrize("line, taken", [("u1,2026-01-05T10:00:00Z,view,12 pieces", False), (ROWS[0], True)])
def test_a_guess_looks_at_the_end_of_a_large_file_too_and_says_that_it_is_of_a_part(desk, monkeypatch, line, taken):
    monkeypatch.setattr(guess_file, "LOOKED_AT", 1 << 15)
    (desk / "e.csv").write_text("\n".join(["user_id,timestamp,event,quantity", *ROWS, line]) + "\n")
    _, notes = intake.ingest(journeys.open(desk), Intake(files=["e.csv"]))
    assert any("quantity = quantity" in note for note in notes) is taken
    assert any("guessed by a part of it" in note for note in notes)
