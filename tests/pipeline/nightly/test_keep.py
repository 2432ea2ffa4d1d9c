"""[store] keep: older days leave at night with all that came of them, and do not come back."""

from __future__ import annotations

from datetime import date, datetime, tzinfo
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pipeline.loading.keep as keeping
from ingest.errors import ConfigError, MissingInput
from ingest.loading import aged
from ingest.store.delta import published_files
from ingest.store.event_store import EventStore
from pipeline.api import Project
from pipeline.checks.reconcile import reconcile
from pipeline.config.keep import parse_keep
from pipeline.nightly.night import RunOptions, run_night

CONFIG = """
[project]
goal = ["buy"]
[store]
keep = "{keep}"
[[source]]
name = "web"
path = "in/*.csv"
late_window = "2d"
columns = {{ customer_id = "who", anonymous_id = "device", event_at = "at", event = "what" }}
"""
HEAD = "at,who,device,what\n"


def row(day: str, who: str = "", device: str = "", what: str = "look", time: str = "12:00") -> str:
    return f"{day}T{time},{who},{device},{what}\n"


def shop(folder: Path, keep: str = "2 months") -> Project:
    (folder / "in").mkdir(parents=True)
    (folder / "journeys.toml").write_text(CONFIG.format(keep=keep))
    return Project(folder)


def deliver(project: Project, name: str, *rows: str) -> None:
    (project.directory / "in" / name).write_text(HEAD + "".join(rows))


def night(project: Project, as_of: str, **options: Any) -> dict[str, Any]:
    return run_night(Project(project.directory), RunOptions(as_of=as_of, **options)).__dict__


def events(project: Project) -> list[tuple[Any, ...]]:
    """(instant, who, device, owner) of every event."""
    columns = ["event_at", "customer_id", "anonymous_id", "owner_id", "customer_key"]
    files = project.store.snapshot().files
    tables = [pq.read_table(f.path, columns=columns, partitioning=None) for f in files]
    return sorted((tuple(r.values()) for t in tables for r in t.to_pylist()), key=repr)


def holding(folder: Path, text: str) -> list[str]:
    """The files below a folder that hold a text, read as bytes and as tables."""
    found = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        table = (
            str(pq.read_table(path, partitioning=None).to_pylist()) if path.suffix in (".parquet", ".devices") else ""
        )
        if text in table or text.encode() in path.read_bytes():
            found.append(path.name)
    return found


THREE = [row("2026-01-09", "ann-0001"), row("2026-01-10", "bob-0001"), row("2026-03-09", "cid-0001", what="buy")]


def test_at_night_whole_days_before_as_of_less_keep_leave_with_everything_that_says_of_them(tmp_path: Path) -> None:
    project = shop(tmp_path)
    deliver(project, "a.csv", *THREE)
    done = night(project, "2026-03-10")
    assert done["aged"]["from"] == "2026-01-10" and done["aged"]["events"] == 1
    assert (
        done["aged"]["said"]
        == '[store] keep = "2 months": 1 event of 2026-01-09 erased; 2026-01-10 is the first day kept'
    )
    assert [str(e[0])[:10] for e in events(project)] == ["2026-01-10", "2026-03-09"]
    assert {f.parent.name for f in published_files(tmp_path / "store" / "sessions")} == {
        "session_date=2026-01-10",
        "session_date=2026-03-09",
    }
    assert holding(tmp_path / "store", "ann-0001") == []
    assert {
        f.parent.name for f in (tmp_path / "store" / "events").rglob("*.parquet") if "_delta_log" not in f.parts
    } == {
        "span=2026-01-10",
        "span=2026-03-09",
    }
    laws = reconcile(Project(tmp_path))
    assert all(laws["holds"].to_pylist()) and "of them 1 older than [store] keep" in str(laws.to_pylist())
    assert night(project, "2026-03-10")["aged"] == {}


def test_a_file_that_comes_again_does_not_bring_days_back_by_night_nor_by_day(tmp_path: Path) -> None:
    project = shop(tmp_path)
    deliver(project, "a.csv", *THREE)
    night(project, "2026-03-10")
    kept = events(project)
    deliver(project, "again.csv", *THREE[:1], row("2026-01-09", "dan-0001"))
    done = night(project, "2026-03-10", allow_late=True)
    assert done["state"] == "ok" and done["accounting"]["web"]["aged"] == 2
    assert done["accounting"]["web"]["reasons"] == {"too_late": 2}
    deliver(project, "more.csv", row("2026-01-09", "eve-0001"))
    Project(tmp_path).ingest()
    assert events(project) == kept
    assert holding(tmp_path / "store", "dan-0001") + holding(tmp_path / "store", "eve-0001") == []
    assert set(Project(tmp_path).quarantine()["detail"].to_pylist()) == {"older than [store] keep"}


def test_days_can_come_back_where_keep_was_made_longer_or_taken_out(tmp_path: Path) -> None:
    project = shop(tmp_path)
    deliver(project, "a.csv", *THREE)
    night(project, "2026-03-10")
    kept = len(events(project))
    for keep, back in (("59d", kept), ("3 months", len(THREE))):
        (tmp_path / "journeys.toml").write_text(CONFIG.format(keep=keep))
        Project(tmp_path).ingest(str(tmp_path / "in" / "a.csv"), again=True)
        assert len(events(project)) == back
    assert all(reconcile(Project(tmp_path))["holds"].to_pylist())


def test_an_as_of_that_is_still_to_come_empties_no_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Clock:
            return cls(2026, 3, 10, tzinfo=tz)

    monkeypatch.setattr(keeping, "datetime", Clock)
    project = shop(tmp_path)
    deliver(project, "a.csv", *THREE)
    night(project, "2199-01-01")
    assert len(events(project)) == 2


def test_days_that_left_do_not_come_back_on_an_earlier_as_of(tmp_path: Path) -> None:
    project = shop(tmp_path)
    deliver(project, "a.csv", *THREE)
    night(project, "2026-03-20")
    assert Project(tmp_path).store.snapshot().kept["from"] == "2026-01-20"
    deliver(project, "again.csv", *THREE[1:2])
    night(project, "2026-03-10", allow_late=True)
    assert len(events(project)) == 1


def test_where_every_event_is_older_nothing_is_published_and_it_is_said_why(tmp_path: Path) -> None:
    project = shop(tmp_path)
    deliver(project, "a.csv", *THREE)
    with pytest.raises(MissingInput, match="older than"):
        night(project, "2026-06-10")
    assert project.store.snapshot().rows == 0 and holding(tmp_path / "store", "cid-0001") == []


def dies(*_: Any, **__: Any) -> None:
    """What a killed process does next: nothing."""
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    "where, what",
    [(aged, "merge"), (EventStore, "commit"), (keeping, "blank_aged"), (keeping, "expire"), (keeping, "end_history")],
)
def test_what_a_killed_night_left_the_next_one_finishes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: Any, what: str
) -> None:
    project = shop(tmp_path, "3 months")
    deliver(project, "a.csv", *THREE, "never,ann-0001,,look\n")
    night(project, "2026-03-10")
    (tmp_path / "journeys.toml").write_text(CONFIG.format(keep="2 months"))
    with monkeypatch.context() as broken:
        broken.setattr(where, what, dies)
        if what == "end_history":
            broken.setattr("pipeline.nightly.night.end_history", dies)
        with pytest.raises(KeyboardInterrupt):
            night(project, "2026-03-10")
    night(project, "2026-03-10")
    assert [str(e[0])[:10] for e in events(project)] == ["2026-01-10", "2026-03-09"]
    assert [f for f in holding(tmp_path / "store", "ann-0001") if f.startswith("part-")] == quarantined(tmp_path)
    assert not (tmp_path / "store" / "writing.json").exists()
    assert all(reconcile(Project(tmp_path))["holds"].to_pylist())


def quarantined(folder: Path) -> list[str]:
    """The quarantine's files: a row of a file that still has events keeps its content."""
    return [f.name for f in published_files(folder / "store" / "quarantine")]


@pytest.mark.parametrize(
    "keep, said",
    [
        ("25m", "m are minutes, 25 months are written out"),
        ("0 months", "is not a length of time"),
        ("ever", "is not a length of time"),
        ("25", "is not a length of time"),
        ("36h", "whole days"),
        ("0", "whole days"),
        ("1d", "shorter than the late_window of source"),
    ],
)
def test_a_keep_that_makes_no_sense_is_refused_in_words(tmp_path: Path, keep: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        _ = shop(tmp_path, keep).config


@pytest.mark.parametrize(
    "keep, today, first",
    [
        ("25 months", "2026-11-30", "2024-10-30"),
        ("1 month", "2026-03-31", "2026-02-28"),
        ("2 years", "2024-02-29", "2022-02-28"),
        ("90d", "2026-03-31", "2025-12-31"),
        ("9999 years", "2026-03-31", "0001-01-01"),
        ("999999999d", "2026-03-31", "0001-01-01"),
    ],
)
def test_so_many_months_earlier_is_the_same_day_or_the_months_last(keep: str, today: str, first: str) -> None:
    assert parse_keep(keep).start(date.fromisoformat(today)) == date.fromisoformat(first)


@given(st.integers(1, 3000), st.booleans())
def test_a_keep_reads_back_from_its_text(n: int, months: bool) -> None:
    keep = parse_keep(f"{n} months" if months else f"{n}d")
    assert parse_keep(str(keep)) == keep
