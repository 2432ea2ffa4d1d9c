"""The examples of docs/scheduling: they parse, their commands are ours, and the script does with each exit code what it says."""

from __future__ import annotations

import ast
import configparser
import re
import shlex
import shutil
import subprocess
from datetime import date
from pathlib import Path

import click
import pyarrow as pa
import pytest

from ingest import errors
from ingest.load import Accounting
from pipeline.cli import cli
from pipeline.config import Gates
from pipeline.nightly.gates import Trailing, judge
from pipeline.nightly.late_rows import sentence
from pipeline.project.as_of import default_as_of

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "scheduling"
SCRIPTS = ("airflow_dag.py", "dagster_job.py")


def understood(words: list[str]) -> str:
    """The name of the command that these words are; raises UsageError for options that do not exist."""
    context = cli.make_context("journeys", list(words))
    command: click.Command = cli
    names, rest = [], [*context._protected_args, *context.args]
    while isinstance(command, click.Group) and rest:  # `journeys touchpoints` is a group that answers by itself
        name, found, rest = command.resolve_command(context, rest)
        assert name is not None and found is not None, words
        context, command = found.make_context(name, list(rest), parent=context), found
        names.append(name)
        rest = [*context._protected_args, *context.args]
    return " ".join(names)


def commands(text: str) -> list[list[str]]:
    """Every call of journeys in a shell text; what the shell or a template fills in stands for a day."""
    plain = re.sub(r"\$\(.*?\)|\{\{.*?\}\}|\"?\$\{?\w+\}?\"?|\$\(date[^)]*\)", "2026-01-31", text)
    found = re.findall(r"journeys (-C .*?)(?:>>|2>&1|\"$|$)", plain, re.MULTILINE)
    return [shlex.split(f.rstrip('"')) for f in found]


def test_the_crontab_has_five_fields_and_commands_that_exist() -> None:
    lines = [
        x
        for x in (FOLDER / "crontab").read_text().splitlines()
        if x and not x.startswith("#") and not re.match(r"\w+=", x)
    ]
    limits = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 7)]
    for line in lines:
        fields = line.split(maxsplit=5)
        assert len(fields) == 6
        for field, (low, high) in zip(fields[:5], limits, strict=True):
            assert field == "*" or low <= int(field) <= high
        assert "%" not in fields[5].replace("\\%", "")  # cron ends a command at a bare one
    assert [understood(c) for line in lines for c in commands(line)] == ["backfill"]
    assert lines[0].split()[5].endswith("/night.sh")


@pytest.mark.parametrize("unit", ["journeys.service", "journeys.timer"])
def test_the_units_are_read_by_systemd(unit: str, tmp_path: Path) -> None:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string((FOLDER / unit).read_text())
    assert "Description" in parser["Unit"]
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze on this machine: the unit was read as an INI file only")
    if unit == "journeys.timer":
        done = subprocess.run(
            ["systemd-analyze", "calendar", parser["Timer"]["OnCalendar"]], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return
    script = tmp_path / "night.sh"
    shutil.copy(FOLDER / "night.sh", script)
    text = (FOLDER / unit).read_text().replace("/srv/shop/night.sh", str(script)).replace("User=journeys\n", "")
    (tmp_path / unit).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / unit)], capture_output=True, text=True, check=False
    )
    assert unit not in done.stderr, done.stderr  # it complains by name of the file


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_python_examples_parse_and_their_commands_exist(name: str) -> None:
    tree = ast.parse((FOLDER / name).read_text())
    texts = [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    found = [understood(c) for t in texts if t.startswith("journeys ") for c in commands(t)]
    lists = [
        n.elts
        for n in ast.walk(tree)
        if isinstance(n, ast.List) and n.elts and getattr(n.elts[0], "value", "") == "journeys"
    ]
    found += [understood([str(getattr(e, "value", "2026-01-31")) for e in words[1:]]) for words in lists]
    assert found == {"airflow_dag.py": ["run", "changes"], "dagster_job.py": ["run", "runs show"]}[name]


@pytest.mark.parametrize(
    "code, said",
    [
        (0, ""),
        (3, "a gate stopped"),
        (4, "nothing new arrived"),
        (5, "is published, and a condition"),
        (75, "another run"),
        (1, "exit code 1"),
    ],
)
def test_the_script_says_what_each_exit_code_means(code: int, said: str, tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    (tmp_path / "journeys").write_text(f'#!/bin/sh\necho "$@" >> {calls}\necho the last line of the log\nexit {code}\n')
    (tmp_path / "journeys").chmod(0o755)
    done = subprocess.run(
        ["sh", FOLDER / "night.sh", "/srv/shop", "2026-01-31"],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "JOURNEYS_NIGHT_PAUSE": "0"},
    )
    assert done.returncode == code
    assert (
        said in done.stdout
        and ("the last line of the log" in done.stdout) == bool(code)
        and bool(done.stdout) == bool(code)
    )
    assert len(calls.read_text().splitlines()) == (3 if code == 75 else 1)
    assert understood(shlex.split(calls.read_text().splitlines()[0])) == "run"


# --- The page about operations -------------------------------------------------------------------------------------

PAGE = (FOLDER.parent / "operations.md").read_text()


def test_the_page_says_what_to_do_for_every_exit_code() -> None:
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)}
    raised = {e.exit_code for e in vars(errors).values() if isinstance(e, type) and issubclass(e, errors.JourneysError)}
    assert told == raised | {0, 130}


def test_the_page_says_what_to_do_for_every_warning_of_a_night() -> None:
    patterns = [re.escape(w).replace(r"\.\.\.", ".*") for w in re.findall(r"^\| `(.*?)` \|", PAGE, re.MULTILINE)]
    rules, past = (
        Gates(),
        Trailing(days={("web", f"2026-01-{d:02}"): 100 for d in range(1, 20)}, names={"gone": "2026-01-19"}),
    )
    arrivals = pa.table({"source": ["web"], "span": ["2026-01-20"], "event": ["new"], "rows": [1]})
    verdicts = judge(rules, past, {"web": Accounting(rows=10, quarantined={"bad_timestamp": 9})}, arrivals)
    assert {v.gate for v in verdicts} == {"quarantine_share", "volume", "new_events", "vanished_events"}
    apart = default_as_of({date(2026, 1, d): 100 for d in range(1, 20)} | {date(2027, 1, 1): 1}, "UTC")[1]
    for message in [*(v.message for v in verdicts), *apart, sentence("2026-01-19", 3, 0.1, 0.2)]:
        assert any(re.search(p, message) for p in patterns), message


def test_the_commands_of_the_page_exist() -> None:
    found = set(re.findall(r"`journeys ([^`]*)`", PAGE.replace("\n", " ")))
    wanted = {"run", "backfill", "reconcile", "doctor", "quarantine", "runs show"}
    assert {understood(shlex.split(c)) for c in found} >= wanted
