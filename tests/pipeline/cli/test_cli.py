"""The command line: every example of every help text, stable fields, exit codes, and messages for a stranger."""

from __future__ import annotations

import gzip
import json
import os
import shlex
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import copytree
from typing import Any

import click
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from ingest.store.lock import writer_lock
from pipeline.cli import cli

Run = Callable[..., Result]


def call(*words: str, stdin: str | None = None) -> Result:
    """One command in this process."""
    found = CliRunner().invoke(cli, list(words), input=stdin, catch_exceptions=False)
    assert "Traceback" not in found.stderr
    return found


def rows(*words: str) -> list[dict[str, Any]]:
    """The rows that a command prints as JSON."""
    found = call(*words, "-f", "json")
    assert found.exit_code == 0, found.stderr
    answer: list[dict[str, Any]] = json.loads(found.stdout)
    return answer


@pytest.fixture
def demo(sample_shop: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The demo's project as the folder one is in; only to be read."""
    monkeypatch.chdir(sample_shop)
    return sample_shop


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that one is in."""
    folder = tmp_path / "desk"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


# --- Help ----------------------------------------------------------------------------------------------------------


def commands(group: click.Group, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, f"{name} is in the table of commands and cannot be imported"
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)
        else:
            yield (*path, name), command


def examples(command: click.Command) -> list[str]:
    assert command.help is not None
    _, found, after = command.help.partition("Example:\n")
    return [line.strip() for line in after.splitlines() if line.strip()] if found else []


@pytest.mark.parametrize("path, command", [pytest.param(p, c, id=" ".join(p)) for p, c in commands(cli)])
def test_the_help_of_each_command_ends_with_an_example_of_it(path, command):
    found = examples(command)
    assert found
    assert all(shlex.split(line)[: len(path) + 1] == ["journeys", *path] for line in found)
    assert call(*path, "--help").exit_code == 0


def test_every_example_does_what_it_says(sample_shop, tmp_path, monkeypatch):
    folder = tmp_path / "shop"
    copytree(sample_shop, folder)
    monkeypatch.chdir(folder)
    (folder / "events.csv").write_text("user,timestamp,event\nuser_0000,2024-01-01 10:00,home\nuser_0000,never,home\n")
    track = {"type": "track", "event": "Order Completed", "userId": "user_0000", "messageId": "m1"}
    (folder / "calls.ndjson").write_text(json.dumps({**track, "timestamp": "2024-01-01T10:00:00Z"}) + "\n")
    failed = {}
    for _, command in commands(cli):
        for line in examples(command):
            found = call(*shlex.split(line)[1:])
            if found.exit_code != 0:
                failed[line] = (found.exit_code, found.stderr)
    assert failed == {}


# --- Fields --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words, fields",
    [
        (["summary"], "events customers sessions first_event_at last_event_at duplicates quarantined"),
        (["sessions", "--limit", "2"], "session_id customer_id session_date"),
        (
            ["paths", "--limit", "2"],
            "source target transitions sessions customers probability median_seconds p90_seconds",
        ),
        (
            ["dropoff", "--limit", "2"],
            "touchpoint visits sessions drop_off drop_off_rate ci_low ci_high returned lost in_progress conversion leak value_at_risk",
        ),
        (
            ["dropoff", "--by", "stage"],
            "stage visits sessions drop_off drop_off_rate ci_low ci_high returned lost in_progress conversion leak value_at_risk",
        ),
        (
            ["funnel", "product_view", "add_to_cart", "purchase", "--window", "7d", "--count", "sessions"],
            "step name reached conversion_rate step_conversion_rate dropped in_progress median_seconds p90_seconds",
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_the_fields_of_an_answer_are_stable(demo, words, fields):
    for row in rows(*words):
        assert list(row)[: len(fields.split())] == fields.split() or set(fields.split()) <= set(row)


def test_the_sample_is_accounted_for(demo):
    (found,) = rows("summary")
    assert (found["events"], found["customers"], found["sessions"], found["duplicates"], found["quarantined"]) == (
        31_076,
        600,
        3_605,
        30,
        0,
    )
    assert found["first_event_at"].endswith("Z")


def test_json_is_an_array_and_a_pipe_gets_a_row_a_line(demo):
    assert isinstance(json.loads(call("summary", "-f", "json").stdout), list)
    lines = call("paths", "--limit", "3").stdout.splitlines()
    assert [sorted(json.loads(line))[0] for line in lines] == ["customers"] * 3


@pytest.mark.parametrize("format", ["table", "json", "ndjson", "csv", "markdown"])
def test_an_answer_has_all_formats(demo, format):
    found = call("funnel", "product_view", "purchase", "-f", format)
    assert found.exit_code == 0
    assert "product_view" in found.stdout


# --- Options -------------------------------------------------------------------------------------------------------


def test_options_may_stand_before_the_command_and_the_commands_own_win(demo, tmp_path):
    assert call("--limit", "2", "paths").stdout == call("paths", "--limit", "2").stdout
    assert len(call("--limit", "2", "paths", "--limit", "3").stdout.splitlines()) == 3
    os.chdir(tmp_path)
    assert call("-C", str(demo), "summary").stdout == call("summary", "-C", str(demo)).stdout != ""


def test_since_until_and_as_of_choose_units_by_their_start(demo):
    (whole,) = rows("summary")
    (until,) = rows("summary", "--until", "2024-03-01")
    (since,) = rows("summary", "--since", "2024-03-01")
    assert until["sessions"] + since["sessions"] == whole["sessions"]
    (seen,) = rows("summary", "--as-of", "2024-03-01")
    assert 0 < seen["events"] < whole["events"]


def test_segments_are_taken_from_promoted_columns_and_from_properties(demo):
    (whole,) = rows("summary")
    for column, text in (("platform", "platform"), ("user_cohort", "properties->>'user_cohort'")):
        seen = [
            r["v"] for r in rows("sql", f"select {text} as v, count(*) as n from events group by all order by n desc")
        ]
        found = [rows("summary", "--segment", f"{column}={v}")[0]["sessions"] for v in seen]
        assert len(found) < 8
        assert sum(found) == whole["sessions"]


def test_meta_says_how_the_answer_came_about(demo, tmp_path):
    found = call("funnel", "product_view", "purchase", "--meta", str(tmp_path / "m.json"), "--since", "2024-02-01")
    assert found.exit_code == 0
    meta = json.loads((tmp_path / "m.json").read_text())
    assert (
        meta.items()
        >= {
            "since": "2024-02-01T00:00:00Z",
            "until": None,
            "timezone": "UTC",
            "count": "customers",
            "window": 604_800.0,
        }.items()
    )
    assert meta["as_of"].endswith("Z")
    assert meta["snapshot"] >= 1


def test_a_file_is_written_whole_or_not_at_all(demo, tmp_path):
    target = tmp_path / "paths.parquet"
    assert call("paths", "-o", str(target)).exit_code == 0
    before = target.read_bytes()
    assert pq.read_table(target).num_rows == len(rows("paths"))
    assert call("paths", "-o", str(target), "--since", "nonsense").exit_code == 2
    assert (target.read_bytes(), sorted(p.name for p in tmp_path.iterdir())) == (before, ["paths.parquet"])


def test_quiet_says_nothing_but_warnings(demo):
    found = call("-q", "funnel", "product_veiw", "purchase")
    assert found.stderr.splitlines() == [
        'warning: no event is named "product_veiw" (step). Did you mean "product_view"?'
    ] or found.stderr.startswith("warning: ")


# --- Exit codes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words, message",
    [
        (["summry"], 'there is no command "summry". Did you mean "summary"?'),
        (["summary", "--sinc", "x"], "No such option"),
        (["funnel"], "name the steps, or a saved funnel with --name"),
        (["funnel", "a", "b", "--window", "7"], "7 has no unit. Write a number and a unit, such as"),
        (["funnel", "a", "b", "--step-window", "c=1h"], "c"),
        (["summary", "--since", "31.01.2026"], '--since "31.01.2026" is not a day; write it as 2026-01-31.'),
        (["summary", "--segment", "platform"], '"platform" is not COLUMN=VALUE'),
        (["paths", "-o", "x.xyz"], 'the suffix of "x.xyz" does not say a format'),
        (["graph", "-o", "x.png"], 'graph writes .graphml, .json, .mmd, not ".png"'),
        (["sql", "drop view events"], "sql reads, it never writes"),
        (["ingest", "--map", "customer_id"], "is not TARGET=COLUMN, such as event_at=timestamp"),
        (["ingest", "ecom.csv.gz", "--source", "shp"], 'there is no [[source]] named "shp". Did you mean "shop"?'),
        (["init"], "journeys.toml is there already; nothing was changed."),
    ],
)
def test_a_usage_error_is_2_and_says_what_to_write(demo, words, message):
    found = call(*words)
    assert (found.exit_code, found.stdout) == (2, "")
    assert message in found.stderr


def test_an_unknown_key_is_2_and_names_the_near_one(desk):
    (desk / "journeys.toml").write_text("[sessions]\nidle_timout = '30m'\n")
    found = call("config", "show")
    assert (found.exit_code, found.stderr) == (
        2,
        'journeys: journeys.toml: [sessions] has no key "idle_timout". Did you mean "idle_timeout"?\n',
    )


@pytest.mark.parametrize(
    "words", [["summary"], ["sessions"], ["paths"], ["dropoff"], ["funnel", "a", "b"], ["graph"], ["sql", "select 1"]]
)
def test_without_a_store_a_question_is_4_and_says_how_to_begin(desk, words):
    found = call(*words)
    assert (found.exit_code, found.stdout) == (4, "")
    assert "there is no event store at" in found.stderr
    assert "start with: journeys ingest FILE" in found.stderr
    assert list(desk.iterdir()) == []


@pytest.mark.parametrize(
    "words, message",
    [
        (["ingest", "none.csv"], "There is no file"),
        (["ingest", "*.csv"], 'No file matches "*.csv"'),
        (["ingest", "."], "is a directory; name its files, for example"),
        (["inspect", "none.csv"], "There is no file"),
        (["-C", "nowhere", "summary"], "nowhere is not a folder"),
    ],
)
def test_missing_input_is_4(desk, words, message):
    found = call(*words)
    assert found.exit_code == 4
    assert message in found.stderr
    assert list(desk.iterdir()) == []


def test_bad_input_is_1_and_leaves_nothing_behind(desk):
    (desk / "a.csv.gz").write_bytes(gzip.compress(b"user,time,event\n" * 99)[:30])
    found = call("ingest", "a.csv.gz")
    assert (found.exit_code, found.stderr) == (
        1,
        "journeys: a.csv.gz is cut off: its gzip data ends too early; nothing of it was loaded. Fetch the file again.\n",
    )
    assert call("summary").exit_code == 4


def test_files_are_set_aside_and_the_exit_code_says_so(desk):
    (desk / "a.csv").write_text("user,time,event\nann,2026-01-15,a\n")
    (desk / "b.csv").write_text("user,event\nann,a\n")
    (desk / "empty.csv").write_text("")
    found = call("ingest", "a.csv", "b.csv", "empty.csv")
    assert found.exit_code == 4
    assert "empty.csv: it is empty" in found.stderr
    assert '1 file was set aside, everything else was taken in:\n  b.csv: no column "time" for event_at' in found.stderr
    assert (
        "set aside, nothing of it was loaded: b.csv"
        in call("quarantine", "-f", "table").stderr + call("quarantine", "-f", "table").stdout
    )
    (desk / "b.csv").write_text("user,time,event\nann,never,a\n")
    assert call("ingest", "a.csv", "b.csv").exit_code == 3
    assert call("ingest", "empty.csv").exit_code == 0


def test_a_source_is_used_for_a_file_that_its_glob_or_its_name_fits_wherever_it_lies(desk):
    (desk / "journeys.toml").write_text(
        '[[source]]\nname = "web"\npath = "in/*.csv"\ncolumns = { customer_id = "u", event_at = "t", event = "e" }\n'
        '[[source]]\nname = "shop"\npath = "in/*.csv"\ncolumns = { customer_id = "x", event_at = "t", event = "e" }\n'
    )
    (desk / "web-2024.csv").write_text("u,t,e\nann,2026-01-15,a\n")
    (desk / "other.csv").write_text("u,t,e\nbob,2026-01-15,a\n")
    (desk / "log.ndjson").write_text('{"user_id": "cy", "timestamp": "2026-01-15", "event": "a"}\n')
    found = call("ingest", "web-2024.csv")
    assert found.exit_code == 0 and "web-2024.csv: read as [[source]] web, which its name fits" in found.stderr
    assert (
        "its name fits web, shop: say which it is, for example with --source web" in call("ingest", "other.csv").stderr
    )
    assert call("ingest", "other.csv", "--source", "web").exit_code == 0
    assert "no [[source]] of journeys.toml fits; it is read by a guess" in call("ingest", "log.ndjson").stderr


def test_the_quarantine_says_how_to_mend_and_try_again(desk):
    config = '[[source]]\nname = "eu"\npath = "eu.csv"\n[source.columns]\nevent = "e"\ncustomer_id = "u"\nevent_at = '
    (desk / "journeys.toml").write_text(config + '"t"\n')
    (desk / "eu.csv").write_text("u,t,e\na,05.03.2024 10:15,view\nb,2024-03-05,view\n")
    assert call("ingest").exit_code == 0
    assert "bad_timestamp: say how the times are written" in call("quarantine", "-f", "table").output
    (desk / "journeys.toml").write_text(config + '{ column = "t", format = "%d.%m.%Y %H:%M" }\n')
    assert "was read by another mapping than today's" in call("quarantine", "-f", "table").output
    assert "was read by another mapping than today's" in call("ingest").stderr
    again = call("ingest", "--again")
    assert again.exit_code == 0 and "eu.csv: read anew" in again.stderr
    assert [
        row["line"] for row in map(json.loads, call("quarantine", "--rows", "-f", "ndjson").stdout.splitlines())
    ] == [3]


def test_a_locked_store_is_75(desk):
    (desk / "a.csv").write_text("user,time,event\nann,2026-01-15,a\n")
    (desk / "store").mkdir()
    with writer_lock(desk / "store" / "writer.lock"), ThreadPoolExecutor(1) as other:  # the holder itself may ask again
        found = other.submit(call, "ingest", "a.csv").result()
    assert found.exit_code == 75
    assert f"another run is writing to this store (process {os.getpid()}); try again later." in found.stderr
    assert call("ingest", "a.csv").exit_code == 0


def test_a_second_process_waits_or_gives_up(desk):
    (desk / "a.csv").write_text("user,time,event\nann,2026-01-15,a\n")
    (desk / "store").mkdir()
    command = [sys.executable, "-c", "from pipeline.cli import cli; cli()", "ingest", "a.csv"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    with writer_lock(desk / "store" / "writer.lock"):
        assert subprocess.run(command, env=environment, capture_output=True, check=False).returncode == 75
        waiting = subprocess.Popen(
            [*command, "--wait", "60"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    assert waiting.wait(120) == 0


def test_a_sql_error_is_1_and_shows_the_statement(demo):
    found = call("sql", "select nonsense from events")
    assert found.exit_code == 1
    assert "select nonsense from events" in found.stderr


def test_the_reader_may_leave(demo):
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    command = f"{shlex.quote(sys.executable)} -c 'from pipeline.cli import cli; cli()' sessions -f csv | head -1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "as of 2024-06-30T00:00:00Z\n")
    assert done.stdout.startswith("session_id")


def test_nothing_opens_a_socket(desk, demo, monkeypatch):
    def refused(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refused)
    monkeypatch.setattr(socket, "create_connection", refused)
    monkeypatch.chdir(desk)
    (desk / "a.csv").write_text("user,time,event\nann,2026-01-15,a\n")
    for words in (
        ["ingest", "a.csv"],
        ["inspect", "a.csv"],
        ["summary"],
        ["paths"],
        ["dropoff"],
        ["sql", "select 1"],
        ["doctor"],
        ["graph"],
    ):
        assert call(*words).exit_code == 0


# --- Ingest --------------------------------------------------------------------------------------------------------


def test_three_columns_are_enough_and_what_was_guessed_is_said(desk):
    (desk / "log.csv").write_text(
        "user_id,timestamp,event\nann,2026-01-15 10:00,a\nann,2026-01-15 10:01,b\nann,2026-01-15 10:01,b\n,2026-01-15,b\n"
    )
    found = call("ingest", "log.csv", "-f", "json")
    assert "log.csv: guessed event_at = timestamp, event = event, customer_id = user_id" in found.stderr
    assert "events: 4 rows = 2 accepted + 1 duplicates + 1 quarantined (1 missing_customer)" in found.stderr
    (row,) = json.loads(found.stdout)
    assert {k: row[k] for k in ("source", "rows", "accepted", "duplicates", "conflicting", "quarantined")} == {
        "source": "events",
        "rows": 4,
        "accepted": 2,
        "duplicates": 1,
        "conflicting": 0,
        "quarantined": 1,
    }
    assert row["reasons"] == [{"reason": "missing_customer", "rows": 1}]
    again = call("ingest", "log.csv")
    assert "log.csv: already in the store, 0 new rows" in again.stderr


def test_where_the_guess_is_ambiguous_it_says_what_to_choose(desk):
    (desk / "log.csv").write_text("user,time,date,event\nann,10:00,2026-01-15,a\n")
    found = call("ingest", "log.csv")
    assert found.exit_code == 2
    assert (
        "date is a day and time a time of day. Read both as event_at with --map event_at=date+time, or in a [[source]]"
        in found.stderr
    )
    assert call("ingest", "log.csv", "--map", "event_at=date+time").exit_code == 0
    assert rows("summary")[0]["first_event_at"] == "2026-01-15T10:00:00Z"


def test_ingest_tells_clock_warnings(desk):
    (desk / "log.csv").write_text("user,time,event\nann,2026-10-25 02:30,a\n")
    found = call("ingest", "log.csv", "--timezone", "Europe/Berlin")
    assert (
        "warning: events: the clocks of Europe/Berlin showed 1 of the times twice: the earlier offset was taken."
        in found.stderr
    )


@pytest.mark.parametrize("words", [["--timezone", "Berlin"], ["--timezone", "Europe/Berln"]])
def test_an_unknown_time_zone_is_2(desk, words):
    (desk / "log.csv").write_text("user,time,event\nann,2026-10-25 02:30,a\n")
    found = call("ingest", "log.csv", *words)
    assert found.exit_code == 2
    assert words[1] in found.stderr
    assert len(found.stderr) < 300


def test_standard_input_has_a_name(desk):
    found = call("ingest", "-", "--as-name", "night.csv", stdin="user,time,event\nann,2026-01-15,a\nann,never,a\n")
    assert found.exit_code == 0
    (row,) = rows("quarantine", "--rows")
    assert (row["input"], row["line"], row["reason"], row["detail"]) == ("night.csv", 3, "bad_timestamp", "never")


def test_quarantine_counts_reasons_and_lists_rows(desk):
    (desk / "log.csv").write_text("user,time,event\nann,never,a\nbob,2026-01-15,\ncy,never,a\ndan,2026-01-15,a\n")
    call("ingest", "log.csv")
    assert [(r["reason"], r["rows"], r["line"], r["detail"]) for r in rows("quarantine")] == [
        ("bad_timestamp", 2, 2, "never"),
        ("missing_event", 1, 3, None),
    ]
    assert [r["line"] for r in rows("quarantine", "--rows", "--reason", "bad_timestamp")] == [2, 4]
    assert rows("quarantine", "--reason", "missing_customer") == []
    found = call("quarantine", "--reason", "bad_timestmp")
    assert (found.exit_code, 'Did you mean "bad_timestamp"?' in found.stderr) == (2, True)


def test_inspect_shows_a_source_to_paste_and_the_paste_works(desk):
    (desk / "log.csv").write_text("user_id;timestamp;event;note\nann;2026-01-15 10:00;a;x\nbob;never;a;\n")
    found = call("inspect", "log.csv", "-f", "table")
    assert found.exit_code == 0
    for word in (
        "customer_id",
        "log.csv: 2 records, csv",
        "from 2026-01-15 10:00:00",
        "events: a 1",
        "would be quarantined: 1 bad_timestamp",
    ):
        assert word in found.stdout
    (desk / "journeys.toml").write_text(found.stdout[found.stdout.index("[[source]]") :])
    done = call("ingest", "-f", "json")
    assert json.loads(done.stdout)[0]["source"] == "log"
    assert rows("summary")[0]["events"] == 1


def test_sources_of_the_project_are_read_by_name_and_all_together(desk):
    (desk / "in").mkdir()
    (desk / "in" / "a.csv").write_text("u,t,e\nann,2026-01-15,a\n")
    (desk / "in" / "b.ndjson").write_text('{"u":"bob","t":"2026-01-15","e":"b"}\n')
    columns = 'columns = { customer_id = "u", event_at = "t", event = "e" }'
    (desk / "journeys.toml").write_text(
        f'[[source]]\nname = "one"\npath = "in/*.csv"\n{columns}\n[[source]]\nname = "two"\npath = "in/*.ndjson"\n{columns}\n'
    )
    assert [r["source"] for r in json.loads(call("ingest", "--source", "two", "-f", "json").stdout)] == ["two"]
    assert [(r["source"], r["accepted"]) for r in json.loads(call("ingest", "-f", "json").stdout)] == [
        ("one", 1),
        ("two", 0),
    ]
    assert rows("summary")[0]["events"] == 2


def test_init_writes_a_file_that_makes_sense(desk):
    assert call("init", "shop").exit_code == 0
    assert call("-C", "shop", "config", "show", "--origin").exit_code == 0


def test_doctor_finds_a_file_that_is_gone(desk):
    (desk / "log.csv").write_text("user,time,event\nann,2026-01-15,a\n")
    assert [r["state"] for r in rows("doctor")] == ["ok", "ok", "ok", "missing", "ok"]
    call("ingest", "log.csv")
    assert {r["state"] for r in rows("doctor")} == {"ok"}
    (file,) = (desk / "store" / "events").glob("span=*/*.parquet")
    file.unlink()
    found = call("doctor", "-f", "json")
    assert (found.exit_code, "1 files are missing, such as part-" in found.stdout) == (1, True)
    assert "doctor found something that does not work; see the rows marked failed." in found.stderr


def test_sql_sees_the_sessions_table_of_the_newest_events(desk):
    (desk / "a.csv").write_text("user,time,event\nann,2026-01-15,a\n")
    (desk / "b.csv").write_text("user,time,event\nbob,2026-01-16,a\n")
    for n, name in enumerate(("a.csv", "b.csv"), 1):
        call("ingest", name)
        assert rows("sql", "select count(*) as n, max(session_date)::varchar as d from sessions") == [
            {"n": n, "d": f"2026-01-1{4 + n}"}
        ]
    assert rows("sql", "select distinct span from events order by 1") == [
        {"span": "2026-01-15"},
        {"span": "2026-01-16"},
    ]


def test_a_flag_comes_before_what_the_file_says_of_the_source(desk):
    (desk / "log.csv").write_text("u;t;e;other\nann;2026-01-15 10:00;a;zed\n")
    (desk / "journeys.toml").write_text(
        '[[source]]\nname = "web"\npath = "*.csv"\ndelimiter = ","\ntimezone = "Asia/Tokyo"\n'
        'columns = { customer_id = "u", event_at = "t", event = "e" }\n'
    )
    words = ("--delimiter", ";", "--timezone", "Europe/Berlin", "--map", "customer_id=other")
    assert call("ingest", "log.csv", *words).exit_code == 0
    assert rows("sql", "select source, customer_id, event_at from events") == [
        {"source": "web", "customer_id": "zed", "event_at": "2026-01-15T09:00:00Z"}
    ]
