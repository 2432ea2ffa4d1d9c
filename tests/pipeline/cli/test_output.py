from __future__ import annotations

import io
import json
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from ingest.errors import ConfigError, InputError, Locked, MissingInput
from pipeline.cli import cli
from pipeline.cli.formatting import NOTHING, instant, lasting, neutral, readable
from pipeline.cli.main import COMMANDS, Commands
from pipeline.cli.options import (
    OutputOptions,
    ProjectOptions,
    ScopeOptions,
    output_options,
    project_options,
    question_options,
)
from pipeline.cli.output import emit, say, show, warn, write_atomic

ROWS = pa.table(
    {
        "touchpoint": ["home", "=cart|a", None],
        "visits": [31_076, 2, None],
        "drop_off_rate": [0.125, float("nan"), None],
        "median_seconds": [80.0, 0.4, None],
        "first_event_at": pa.array(
            [datetime(2024, 3, 13, 10, 21, 14, tzinfo=UTC), datetime(2024, 3, 13, 10, 21, 14, 123_400, UTC), None],
            pa.timestamp("us", "UTC"),
        ),
        "session_date": pa.array([date(2024, 3, 13), None, None], pa.date32()),
    }
)


def written(tmp_path: Path, name: str, table: pa.Table = ROWS, **options: Any) -> str:
    path = tmp_path / name
    emit(table, **{"format": None, "limit": None, **options}, output=path)
    return path.read_text(encoding="utf-8")


def test_json_is_an_array_of_row_objects(tmp_path: Path) -> None:
    rows = json.loads(written(tmp_path, "a.json"))
    assert rows[0] == {
        "touchpoint": "home",
        "visits": 31_076,
        "drop_off_rate": 0.125,
        "median_seconds": 80.0,
        "first_event_at": "2024-03-13T10:21:14Z",
        "session_date": "2024-03-13",
    }
    assert rows[1]["first_event_at"] == "2024-03-13T10:21:14.1234Z"
    assert rows[1]["drop_off_rate"] is None
    assert set(rows[2].values()) == {None}
    assert json.loads(written(tmp_path, "b.json", ROWS.slice(0, 0))) == []


def test_ndjson_is_a_row_object_a_line(tmp_path: Path) -> None:
    lines = written(tmp_path, "a.ndjson").splitlines()
    assert [json.loads(line)["touchpoint"] for line in lines] == ["home", "=cart|a", None]


def test_json_writes_nested_values_decimals_and_dictionaries(tmp_path: Path) -> None:
    table = pa.table(
        {
            "name": pa.array(["a"]).dictionary_encode(),
            "value": [Decimal("12.50")],
            "seen": [[{"at": datetime(2024, 3, 13, tzinfo=UTC)}]],
        }
    )
    assert json.loads(written(tmp_path, "a.json", table)) == [
        {"name": "a", "value": 12.5, "seen": [{"at": "2024-03-13T00:00:00Z"}]}
    ]


def test_csv_holds_values_as_recorded_and_null_as_nothing(tmp_path: Path) -> None:
    assert written(tmp_path, "a.csv").splitlines() == [
        "touchpoint,visits,drop_off_rate,median_seconds,first_event_at,session_date",
        "home,31076,0.125,80.0,2024-03-13T10:21:14Z,2024-03-13",
        "=cart|a,2,,0.4,2024-03-13T10:21:14.1234Z,",
        ",,,,,",
    ]


def test_markdown_reads_well_and_data_is_no_markup(tmp_path: Path) -> None:
    assert written(tmp_path, "a.md", ROWS.select([0, 1, 2]), title="Leaks", notes=["a note"]).splitlines() == [
        "**Leaks**",
        "",
        "| touchpoint | visits | drop_off_rate |",
        "| --- | ---: | ---: |",
        "| home | 31,076 | 12.5 % |",
        f"| =cart\\|a | 2 | {NOTHING} |",
        f"| {NOTHING} | {NOTHING} | {NOTHING} |",
        "",
        "a note",
    ]


def test_parquet_keeps_the_types(tmp_path: Path) -> None:
    emit(ROWS, format=None, output=tmp_path / "a.parquet", limit=1)
    assert pq.read_table(tmp_path / "a.parquet").equals(ROWS.slice(0, 1))


def test_the_table_has_a_title_a_line_and_numbers_to_the_right(tmp_path: Path) -> None:
    assert written(tmp_path, "a.txt", ROWS.select([0, 1, 2, 3]), title="Leaks", notes=["a note"]) == (
        "Leaks\n"
        "touchpoint  visits  drop off rate  median seconds\n"
        f"{49 * chr(0x2500)}\n"
        "home        31,076         12.5 %        1 m 20 s\n"
        f"=cart|a          2              {NOTHING}           0.4 s\n"
        f"{NOTHING}                {NOTHING}              {NOTHING}               {NOTHING}\n"
        "a note\n"
    )


def test_a_terminal_gets_a_table_that_says_what_it_leaves_out(monkeypatch: pytest.MonkeyPatch) -> None:
    text = on_terminal(monkeypatch, pa.table({"visits": list(range(143))}))
    assert text.splitlines()[-1] == "showing 40 of 143 rows; --limit 143 shows all"
    assert len(text.splitlines()) == 43


def test_columns_without_room_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    wide = pa.table({f"a_column_{number}": [1_000_000] for number in range(20)})
    text = on_terminal(monkeypatch, wide, columns="40")
    assert "no room for a_column_3, a_column_4" in text
    assert max(len(line) for line in text.splitlines()[:3]) <= 40


def test_a_terminal_never_sees_a_control_character(monkeypatch: pytest.MonkeyPatch) -> None:
    hostile = pa.table({"event\x1b[2J": ["\x1b[31mred\x07\u202e[bold]x[/bold]\n"]})
    text = on_terminal(monkeypatch, hostile, title="\x1b]0;t\x07", notes=["\x9bm"])
    assert "\\x1b[31mred\\x07\\u202e[bold]x[/bold]\\n" in text
    assert not set(text) & set("\x1b\x07\x9b\u202e")


def test_colour_comes_on_demand_only(monkeypatch: pytest.MonkeyPatch) -> None:
    table = pa.table({"visits": [1]})
    assert "\x1b[" in on_terminal(monkeypatch, table, color="always")
    assert "\x1b[" not in on_terminal(monkeypatch, table, color="never")
    assert "\x1b[" in on_terminal(monkeypatch, table, environ={"TERM": "xterm"}, color="auto")
    assert "\x1b[" not in on_terminal(monkeypatch, table, environ={"NO_COLOR": "1"}, color="auto")


def test_parquet_to_a_terminal_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="not for a terminal"):
        on_terminal(monkeypatch, ROWS, format="parquet")


def test_a_pipe_gets_ndjson(capsys: pytest.CaptureFixture[str]) -> None:
    emit(pa.table({"visits": [1, 2, 3]}), format=None, output=None, limit=2)
    output = capsys.readouterr()
    assert output.out == '{"visits": 1}\n{"visits": 2}\n'
    assert output.err == "showing 2 of 3 rows; --limit 3 shows all\n"


def test_a_suffix_that_says_nothing_needs_a_format(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="choose one with -f"):
        emit(ROWS, format=None, output=tmp_path / "a.out", limit=None)


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    def half(file: Any) -> None:
        file.write(b"half")
        raise OSError(28, "No space left on device")

    path = tmp_path / "a.csv"
    path.write_text("old")
    with pytest.raises(InputError, match="No space left"):
        write_atomic(path, half)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("a.csv", "old")]
    with pytest.raises(MissingInput, match="there is no folder"):
        write_atomic(tmp_path / "no" / "a.csv", half)


def test_what_is_no_regular_file_is_not_replaced() -> None:
    write_atomic(Path("/dev/null"), lambda file: file.write(b"x"))
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize(
    "seconds, text",
    [
        (0.42, "0.4 s"),
        (12.0, "12 s"),
        (59.6, "1 m"),
        (80, "1 m 20 s"),
        (11_100, "3 h 5 m"),
        (183_600, "2 d 3 h"),
        (0, "0 s"),
    ],
)
def test_seconds_are_read_in_two_units(seconds: float, text: str) -> None:
    assert lasting(seconds) == text


@pytest.mark.parametrize(
    "column, value, text",
    [
        ("ci_low", 0.5, "50.0 %"),
        ("leak", 1234.5, "1,234.50"),
        ("session_id", 123456, "123456"),
        ("value", Decimal("1234.50"), "1,234.50"),
        ("passive", True, "yes"),
        ("steps", ["a"], '["a"]'),
        ("session_date", date(2024, 3, 13), "2024-03-13"),
    ],
)
def test_a_value_is_written_for_a_person(column: str, value: object, text: str) -> None:
    assert readable(column, value) == text


def test_an_instant_has_no_idle_zeros() -> None:
    assert instant(datetime(2024, 3, 10, tzinfo=UTC)) == "2024-03-10T00:00:00Z"
    assert instant(datetime(2024, 3, 10, 0, 0, 0, 500_000, UTC)) == "2024-03-10T00:00:00.5Z"
    assert neutral("a\nb", keep="\n") == "a\nb"


@click.group(cls=Commands)
@project_options
@output_options
@question_options
def fake(**_: object) -> None:
    """Stand in for `journeys`."""


@fake.command()
@project_options
@output_options
@question_options
def ask(project: ProjectOptions, output: OutputOptions, scope: ScopeOptions) -> None:
    """Show what arrived."""
    click.echo(repr((project, output, scope)))
    say("said")
    warn("warned")


@fake.command()
@click.argument("fault")
@project_options
def fail(fault: str, project: ProjectOptions) -> None:
    """Fail as asked."""
    faults: dict[str, BaseException] = {
        "locked": Locked("somebody \x1b[31mwrites"),
        "pipe": BrokenPipeError(),
        "stop": KeyboardInterrupt(),
        "bug": ZeroDivisionError("no"),
    }
    raise faults[fault]


def asked(*arguments: str) -> tuple[ProjectOptions, OutputOptions, ScopeOptions]:
    result = CliRunner().invoke(fake, arguments)
    assert result.exit_code == 0, result.output
    text = result.stdout.splitlines()[0].replace("PosixPath", "Path")
    names = {"Path": Path} | {kind.__name__: kind for kind in (ProjectOptions, OutputOptions, ScopeOptions)}
    answer: tuple[ProjectOptions, OutputOptions, ScopeOptions] = eval(text, names)
    return answer


def test_options_are_taken_before_and_after_the_command() -> None:
    before = asked("-C", "shop", "-f", "json", "--since", "2024-01-01", "ask")
    after = asked("ask", "-C", "shop", "-f", "json", "--since", "2024-01-01")
    assert before == after
    assert before[0].directory == Path("shop")
    assert before[1].format == "json"
    assert before[2].since == "2024-01-01"


def test_the_commands_own_option_wins_and_repeatable_ones_add_up() -> None:
    project, output, scope = asked(
        *("--limit", "3", "-C", "a", "-v", "--segment", "k=v", "ask"),
        *("--limit", "5", "--segment", "p=a=b", "--where", "x", "--no-progress"),
    )
    assert output.limit == 5
    assert (project.directory, project.verbose, project.progress) == (Path("a"), True, False)
    assert scope.segment == (("k", "v"), ("p", "a=b"))
    assert scope.where == ("x",)


def test_nothing_given_is_all_default() -> None:
    assert asked("ask") == (ProjectOptions(), OutputOptions(), ScopeOptions())


def test_a_segment_without_a_value_is_a_usage_error() -> None:
    result = CliRunner().invoke(fake, ["ask", "--segment", "mobile"])
    assert result.exit_code == 2
    assert "not COLUMN=VALUE" in result.stderr


def test_quiet_silences_what_is_said_but_no_warning() -> None:
    assert CliRunner().invoke(fake, ["ask"]).stderr == "said\nwarning: warned\n"
    assert CliRunner().invoke(fake, ["-q", "ask"]).stderr == "warning: warned\n"


@pytest.mark.parametrize(
    "fault, code, message",
    [
        ("locked", 75, "journeys: somebody \\x1b[31mwrites\n"),
        ("pipe", 0, ""),
        ("stop", 130, "journeys: interrupted\n"),
        ("bug", 1, "journeys: unexpected ZeroDivisionError: no\njourneys: run with -v for the traceback\n"),
    ],
)
def test_an_error_becomes_a_message_and_an_exit_code(fault: str, code: int, message: str) -> None:
    result = CliRunner().invoke(fake, ["fail", fault])
    assert (result.exit_code, result.stderr, result.stdout) == (code, message, "")


def test_verbose_shows_the_traceback() -> None:
    assert "Traceback" in CliRunner().invoke(fake, ["fail", "bug", "-v"]).stderr


def test_an_unknown_command_is_answered_with_the_near_one() -> None:
    result = CliRunner().invoke(fake, ["aks"])
    assert result.exit_code == 2
    assert 'there is no command "aks". Did you mean "ask"?' in result.stderr


def test_show_writes_how_the_answer_came_about(tmp_path: Path) -> None:
    options = OutputOptions(output=tmp_path / "a.csv", meta=tmp_path / "meta.json")
    show(ROWS, options, meta={"as_of": datetime(2024, 3, 13, tzinfo=UTC)})
    assert json.loads((tmp_path / "meta.json").read_text()) == {"as_of": "2024-03-13T00:00:00Z"}


def test_a_command_whose_module_is_not_there_is_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(COMMANDS, "Later", {"divine": ("no_such_module", "Tell the future.")})
    result = CliRunner().invoke(cli, ["--help"])
    assert result.exit_code == 0
    assert "divine" not in result.stdout
    assert CliRunner().invoke(cli, ["divine"]).exit_code == 2


def test_help_imports_nothing_heavy() -> None:
    code = "import sys; from pipeline.cli import cli; cli(['--help'], standalone_mode=False); print(*sys.modules)"
    loaded = {name.split(".")[0] for name in run(code).stdout.splitlines()[-1].split()}
    assert "click" in loaded
    assert not {"numpy", "pyarrow", "duckdb", "plotly", "pydantic", "rich", "networkx", "pandas"} & loaded


def test_head_ends_quietly() -> None:
    code = (
        "import pyarrow as pa, click; from pipeline.cli.main import Commands; from pipeline.cli.output import emit\n"
        "group = Commands('journeys')\n"
        "@group.command()\n"
        "def many(): emit(pa.table({'n': list(range(200_000))}), format='csv', output=None, limit=None)\n"
        "group(['many'])"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stderr is not None
    assert child.stdout.readline() == "n\n"
    child.stdout.close()
    assert child.stderr.read() == ""
    child.stderr.close()
    assert child.wait() == 0


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)


class Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


def on_terminal(
    monkeypatch: pytest.MonkeyPatch,
    table: pa.Table,
    columns: str = "100",
    environ: dict[str, str] | None = None,
    **options: Any,
) -> str:
    """What `emit` writes to a terminal of that width."""
    screen = io.BytesIO()
    terminal = Terminal(screen, encoding="utf-8")
    with monkeypatch.context() as patched:
        patched.delenv("NO_COLOR", raising=False)
        for name, value in {"COLUMNS": columns, "LINES": "40", **(environ or {})}.items():
            patched.setenv(name, value)
        patched.setattr(sys, "stdout", terminal)
        emit(table, **{"format": None, "limit": None, "color": "never", **options}, output=None)
    return screen.getvalue().decode()
