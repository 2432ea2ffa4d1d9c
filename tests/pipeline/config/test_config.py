from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from ingest.errors import ConfigError, MissingInput
from pipeline.config import ROLE_PRESETS, ColumnSpec, Config, load_config
from pipeline.config.durations import format_duration, parse_duration

WHOLE_FILE = """
[project]
timezone = "Europe/Berlin"
goal = ["purchase"]
currency = "EUR"

[[source]]
name = "web"
path = "inbox/web/*.csv.gz"
format = "csv"
delimiter = ";"
timezone = "UTC"
deduplicate = "event_id"
columns = { customer_id = ["client_id", "clientId"],
            event_at = { join = ["Date", "Time"], format = "%d.%m.%Y %H:%M:%S" },
            event = "event_name", value = "event_data.revenue",
            channel = { constant = "web" } }

[sessions]
idle_timeout = "30m"
passive = ["email_sent"]

[[touchpoint]]
event = "page_viewed"
url = "/products/*"
name = "product page"

[[stage]]
name = "consideration"
touchpoints = ["product page", "collection page"]
owner = "product"

[carts]
quiet_period = "4h"
[carts.roles]
add = ["add_to_cart"]
begin_checkout = ["checkout_started"]
purchase = ["purchase"]

[[funnel]]
name = "buy"
steps = ["product page", "add_to_cart", "checkout_started", "purchase"]
window = "7d"

[[exclude]]
customer_id = "test-*"
"""


def configured(folder: Path, text: str, **environ: str) -> Config:
    (folder / "journeys.toml").write_text(text, encoding="utf-8")
    return load_config(folder, environ=environ)


def complaint(folder: Path, text: str, **environ: str) -> str:
    with pytest.raises(ConfigError) as caught:
        configured(folder, text, **environ)
    return str(caught.value)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("30m", timedelta(minutes=30)),
        ("1h30m", timedelta(minutes=90)),
        ("1h 30m", timedelta(minutes=90)),
        ("45s", timedelta(seconds=45)),
        ("500ms", timedelta(milliseconds=500)),
        ("2w", timedelta(days=14)),
        ("0", timedelta(0)),
        (0, timedelta(0)),
    ],
)
def test_a_duration_is_a_number_and_a_unit(text: object, expected: timedelta) -> None:
    assert parse_duration(text) == expected
    assert parse_duration(format_duration(expected)) == expected


@pytest.mark.parametrize(
    "text", [30, "30", 1.5, True, False, "", "m", "30 minutes", "30m1h", "1h1h", "-5m", "9" * 30 + "w"]
)
def test_what_is_no_duration_is_refused(text: object) -> None:
    with pytest.raises(ConfigError, match="Write a number and a unit"):
        parse_duration(text)


def test_the_example_of_the_architecture_is_read(tmp_path: Path) -> None:
    config = configured(tmp_path, WHOLE_FILE)
    source = config.sources[0]
    assert source.path == ("inbox/web/*.csv.gz",)
    assert source.columns["customer_id"] == ColumnSpec(column=("client_id", "clientId"))
    assert source.columns["event_at"] == ColumnSpec(join=("Date", "Time"), format="%d.%m.%Y %H:%M:%S")
    assert source.columns["channel"] == ColumnSpec(constant="web")
    assert config.touchpoints[0].url == ("/products/*",)
    assert config.stages[0].touchpoints == ("product page", "collection page")
    assert config.carts.roles.add == ("add_to_cart",)
    assert config.funnels[0].steps[1] == "add_to_cart"
    assert config.excludes == ({"customer_id": "test-*"},)
    assert config.store_path == tmp_path / "store"


def test_an_inline_table_may_run_over_lines_and_line_numbers_stay_right(tmp_path: Path) -> None:
    text = '[[source]]\ncolumns = { event = "a{#,", # the name\n  event_at = ["t",\n "u"],\r\n}\nname = \'"""{\'\n'
    source = configured(tmp_path, text).sources[0]
    assert source.columns == {"event": ColumnSpec(column=("a{#,",)), "event_at": ColumnSpec(column=("t", "u"))}
    assert source.name == '"""{'
    assert "(at line 7, column 5)" in complaint(tmp_path, text + "x = y")
    assert "Unclosed inline table" in complaint(tmp_path, "[[source]]\ncolumns = { event = 'a'\n")


def test_without_a_file_all_is_default(tmp_path: Path) -> None:
    config = load_config(tmp_path, environ={})
    assert (config.project.timezone, config.project.goal, config.project.currency) == ("UTC", ("purchase",), None)
    assert config.project.return_window == timedelta(days=7)
    assert config.sessions.idle_timeout == timedelta(minutes=30)
    assert config.sessions.max_duration == timedelta(hours=24)
    assert (config.carts.quiet_period, config.carts.recovery_window) == (timedelta(hours=4), timedelta(days=7))
    assert (config.carts.reminder_max_age, config.carts.cooldown) == (timedelta(days=3), timedelta(days=7))
    assert config.carts.roles.by_role() == ROLE_PRESETS
    assert {origin for _, _, origin in config.origins()} == {"default"}


def test_a_folder_that_is_not_there_is_missing_input(tmp_path: Path) -> None:
    with pytest.raises(MissingInput, match="is not a folder"):
        load_config(tmp_path / "nowhere", environ={})


def test_the_presets_give_an_event_one_role() -> None:
    names = [name for names in ROLE_PRESETS.values() for name in names]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    "text, message",
    [
        (
            '[sessions]\nidle_timout = "30m"',
            'journeys.toml: [sessions] has no key "idle_timout". Did you mean "idle_timeout"?',
        ),
        ("[sesions]", 'journeys.toml: there is no section or key "sesions". Did you mean "sessions"?'),
        ('[carts.roles]\nbuy = ["x"]\nad = ["y"]', 'journeys.toml: [carts.roles] has no key "ad". Did you mean "add"?'),
        (
            '[[source]]\nname = "web"\nfromat = "csv"',
            'journeys.toml: [[source]] "web" has no key "fromat". Did you mean "format"?',
        ),
        (
            '[[source]]\nname = "web"\nformat = "cvs"',
            'journeys.toml: [[source]] "web" format: must be "csv", "ndjson", "json", "parquet", "excel", "combined", "w3c" or "alb", '
            'not "cvs". Did you mean "csv"?',
        ),
        (
            '[[source]]\nname = "web"\ncolumns = { event = { constant = "x", join = ["a"] } }',
            'journeys.toml: [[source]] "web" columns.event: needs exactly one of column, join, constant, host and query, or is a list',
        ),
        (
            '[project]\ntimezone = "Europe/Berln"',
            'journeys.toml: [project] timezone: "Europe/Berln" is not an IANA time zone such as "Europe/Berlin". '
            'Did you mean "Europe/Berlin"?',
        ),
        ('[project]\ncurrency = "euro"', 'currency: "euro" is not an ISO 4217 code such as "EUR"'),
        ('[project]\nstore = "s3://bucket/store"', 'store: "s3://bucket/store" is an address; a store is a folder'),
        ("[sessions]\nidle_timeout = 30", "journeys.toml: [sessions] idle_timeout: 30 has no unit."),
        ('[sessions]\nidle_timeout = "0"', "journeys.toml: [sessions] idle_timeout: must be longer than 0"),
        (
            "[sessions]\nmax_session_events = 0",
            "[sessions] max_session_events: must be greater than or equal to 1, not 0",
        ),
        ('[carts]\nquiet_period = "8d"', "[carts]: quiet_period is longer than recovery_window"),
        ('[carts.roles]\nadd = ["x"]\nremove = ["x"]', '[carts] roles: "x" appears twice; an event has one role'),
        ('[[touchpoint]]\nname = "START"\nevent = "x"', '[[touchpoint]] "START" name: "START" is reserved'),
        ('[[touchpoint]]\nname = "x"', '[[touchpoint]] "x": needs at least one of event, url and channel'),
        ('[[touchpoint]]\nevent = "x"', 'journeys.toml: [[touchpoint]] number 1 needs the key "name"'),
        ('[[funnel]]\nname = "buy"\nsteps = []', '[[funnel]] "buy" steps: must not be empty'),
        ('[[funnel]]\nname = "buy"\nsteps = ["a", " "]', '[[funnel]] "buy" steps: holds an empty name'),
        ('[[funnel]]\nname="b"\nsteps=["a"]\n[[funnel]]\nname="b"\nsteps=["c"]', 'two [[funnel]] are named "b"'),
        ('[[source]]\nname="b"\n[[source]]\nname="b"', 'two [[source]] are named "b"'),
        ('[[stage]]\nname="b"\n[[stage]]\nname="b"', 'two [[stage]] are named "b"'),
        ('[sessions]\npassive = ["purchase"]', 'the goal "purchase" is passive'),
        (
            '[project]\ngoal = "mail"\n[sessions]\npassive = ["sent"]\n[[touchpoint]]\nname = "mail"\nevent = "sent"',
            'the goal "mail" is passive: [sessions] passive names "sent"',
        ),
        ("[source]\nname = 'b'", "journeys.toml: [source]: must be written with double brackets, [[...]]"),
        ("[project]\ngoal = purchase", "journeys.toml: Invalid value (at line 2, column 8)"),
    ],
)
def test_nonsense_is_refused_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    assert message in complaint(tmp_path, text)


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    assert len(complaint(tmp_path, "[sessions]\nx = 1\n[carts]\ny = 1").splitlines()) == 2


def test_a_flag_comes_before_the_environment_before_the_file_before_the_default(tmp_path: Path) -> None:
    (tmp_path / "journeys.toml").write_text(
        '[sessions]\nidle_timeout = "10m"\nmax_duration = "0"\ncut_on = "channel"\n'
    )
    environ = {"JOURNEYS_SESSIONS_IDLE_TIMEOUT": "20m", "JOURNEYS_SESSIONS_MAX_DURATION": "12h", "PATH": "/bin"}
    config = load_config(tmp_path, {"sessions.idle_timeout": "45m"}, environ=environ)
    origins = {key: (value, origin) for key, value, origin in config.origins()}
    assert origins["sessions.idle_timeout"] == ("45m", "flag")
    assert origins["sessions.max_duration"] == ("12h", "JOURNEYS_SESSIONS_MAX_DURATION")
    assert origins["sessions.cut_on"] == ("channel", "journeys.toml")
    assert origins["sessions.max_session_events"] == ("10000", "default")
    assert config.sessions.idle_timeout == timedelta(minutes=45)


def test_a_variable_is_read_in_the_type_of_its_key(tmp_path: Path) -> None:
    environ = {
        "JOURNEYS_PROJECT_GOAL": "purchase, sign_up",
        "JOURNEYS_SESSIONS_CUT_AT_MIDNIGHT": "true",
        "JOURNEYS_SESSIONS_MAX_SESSION_EVENTS": "500",
    }
    config = load_config(tmp_path, environ=environ)
    assert config.project.goal == ("purchase", "sign_up")
    assert config.sessions.cut_at_midnight
    assert config.sessions.max_session_events == 500


def test_a_faulty_variable_is_named(tmp_path: Path) -> None:
    assert complaint(tmp_path, "", JOURNEYS_CARTS_QUIET_PERIOD="4").startswith(
        "JOURNEYS_CARTS_QUIET_PERIOD: 4 has no unit."
    )
    assert complaint(tmp_path, "", JOURNEYS_CARTS_QUIET="4h").endswith('Did you mean "JOURNEYS_CARTS_QUIET_PERIOD"?')


def test_an_override_that_is_no_setting_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r'no setting "sessions.idle". Did you mean "sessions.idle_timeout"'):
        load_config(tmp_path, {"sessions.idle": "4h"}, environ={})


def test_a_name_given_to_one_role_leaves_the_presets_of_the_others(tmp_path: Path) -> None:
    roles = configured(tmp_path, '[carts.roles]\nbegin_checkout = ["order"]').carts.roles
    assert roles.begin_checkout == ("order",)
    assert "order" not in roles.purchase
    assert "purchase" in roles.purchase


@pytest.mark.parametrize(
    "path, name", [("in/orders.csv.gz", "orders"), ("in/web/*.csv", "web"), ("*.csv", "events"), ("", "events")]
)
def test_a_source_without_a_name_is_named_by_its_path(tmp_path: Path, path: str, name: str) -> None:
    line = f'path = "{path}"' if path else 'timezone = "UTC"'
    assert configured(tmp_path, f"[[source]]\n{line}").sources[0].name == name


def test_the_digest_is_of_the_values_wherever_they_come_from(tmp_path: Path) -> None:
    plain = configured(tmp_path, "").digest()
    assert configured(tmp_path, '[sessions]\nidle_timeout = "1800s"').digest() == plain
    assert configured(tmp_path, "", JOURNEYS_SESSIONS_IDLE_TIMEOUT="30m").digest() == plain
    assert configured(tmp_path, '[sessions]\nidle_timeout = "31m"').digest() != plain


def test_a_configuration_cannot_be_changed(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="frozen"):
        configured(tmp_path, "").sessions.cut_on = "channel"  # type: ignore[misc]


def test_the_configuration_loads_no_heavy_library() -> None:
    code = "import pipeline.config, sys; print(*{m.split('.')[0] for m in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "pydantic" in loaded
    assert not {"numpy", "pyarrow", "duckdb", "pandas", "click"} & set(loaded)
