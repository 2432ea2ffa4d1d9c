"""A night reads the new data and the days it touches: counted, on a store of 120 days and on one of 240."""

from __future__ import annotations

import os
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from ingest.loading.digests import Digests
from ingest.loading.seal import seal
from ingest.store.event_days import NOTES, event_days, first_event, name_of, note_days
from paths.journeys.conditions import parse_condition
from paths.lookback import past_of
from pipeline.api import Project
from pipeline.loading.intake import ingest
from pipeline.loading.reading import Intake
from pipeline.nightly.night import RunOptions, run_night
from pipeline.project.project import Period
from pipeline.report.questions import about_all, periods_of, questions
from tests.filling import Filling

CONFIG = """
[project]
goal = ["buy"]
timezone = "Europe/Berlin"
[[source]]
name = "web"
path = "inbox/*.csv"
columns = { customer_id = "u", event = "e", event_at = "t", order_id = "o", value = "v" }
[[funnel]]
name = "a"
steps = ["view", "add_to_cart?", "buy"]
[[funnel]]
name = "b"
steps = ["view", "buy"]
order = "any"
count = "sessions"
[[funnel]]
name = "c"
steps = ["view", "buy"]
order = "strict"
"""
LAST = date(2026, 8, 28)


def rows_of(day: date) -> str:
    n = day.toordinal()
    names = ("view", "view", "add_to_cart", "buy")
    rows = [
        f"c{(3 * n + i) % 17},{names[i % 4]},{day}T{(9 + 5 * i) % 24:02}:{i:02}:00,o{n}-{i},{i}.50" for i in range(12)
    ]
    return "u,e,t,o,v\n" + "\n".join(rows) + "\n"


def last_night(folder: Path, days: int) -> dict[str, Any]:
    """The record of the night after `days` others."""
    (folder / "inbox").mkdir(parents=True)
    (folder / "journeys.toml").write_text(CONFIG)
    for n in range(days, 0, -1):
        (folder / "inbox" / f"{LAST - n * timedelta(days=1)}.csv").write_text(rows_of(LAST - n * timedelta(days=1)))
    run_night(Project(folder), RunOptions(as_of=str(LAST)))
    (folder / "inbox" / f"{LAST}.csv").write_text(rows_of(LAST))
    return run_night(Project(folder), RunOptions()).__dict__


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("long") / "shop"
    found = last_night(folder, 240)
    return Project(folder), found


def test_a_night_reads_no_more_of_a_store_that_is_twice_as_long(shop, tmp_path):
    long, short = shop[1]["read"], last_night(tmp_path / "short" / "shop", 120)["read"]
    assert long["report"]["files_skipped"] > short["report"]["files_skipped"] > 0
    for stage in ("gates", "report", "sessions"):
        assert [long[stage][k] for k in ("files", "rows")] == [short[stage][k] for k in ("files", "rows")]
        assert long[stage]["bytes"] <= 1.1 * short[stage]["bytes"]
    assert long["sessions"]["rows"] < 10 * 12 * os.cpu_count() < long["report"]["rows"]


def test_the_page_is_that_of_a_pass_over_everything(shop, monkeypatch):
    from pipeline.engines import local
    from pipeline.report.gather import gather
    from reports.page.page import render

    project = shop[0]
    found, done = gather(project, Period())
    monkeypatch.setattr(local, "past_of", lambda *_: None)
    whole, everything = gather(project, Period())
    assert render(found) == render(whole)
    assert everything.read.rows > done.read.rows and everything.skipped == 0 < done.skipped


def test_every_question_of_the_report_says_what_it_needs_of_the_past(shop):
    project = shop[0]
    scope, _ = project.scope(Period(), project.store.snapshot())
    periods = periods_of(scope, "Europe/Berlin", True)
    asked = [about_all(project, scope, periods), questions(project, scope, periods, parse_condition("event=view"))]
    for question in (a for q in asked for a in q.analyses.values()):
        assert past_of([question], scope) is not None, (
            question
        )  # else every night reads everything: see Analysis.lookback


def test_files_of_an_inbox_are_hashed_once(tmp_path):
    shop = Filling(tmp_path)
    old = shop.file("a.csv", "who,at,what\nann,2026-01-15,a\n").path
    fresh = shop.file("b.csv", "who,at,what\nbob,2026-01-15,a\n").path
    os.utime(old, (time.time() - 60,) * 2)
    shop.store.root.mkdir()
    first = Digests(shop.store)
    digests = [first.of(old), first.of(fresh)]
    first.note()
    again = Digests(shop.store)
    assert [again.of(old), again.of(fresh)] == digests
    assert (first.read, again.read) == (2, 1)  # one changed so shortly before the notes that it may have changed since
    old.write_text("who,at,what\nann,2026-01-16,a\n")
    os.utime(old, (time.time() - 30,) * 2)
    assert Digests(shop.store).of(old) != digests[0]
    (shop.store.root / "inputs.json").write_text("{")
    assert Digests(shop.store).of(fresh) == digests[1]


def test_days_are_counted_once_per_file_and_alike_in_months(tmp_path):
    shop = Filling(tmp_path)
    shop.csv(*(f"u{i},2026-0{1 + i % 2}-{1 + i % 28:02}T23:30:00,e" for i in range(90)))
    for zone in ("UTC", "Europe/Berlin"):
        before = event_days(shop.store.snapshot(), zone)
        note_days(shop.store, zone)
        assert event_days(shop.store.snapshot(), zone) == before
    first = first_event(shop.store.snapshot())
    seal(shop.store, date(2026, 2, 1))
    assert event_days(shop.store.snapshot(), "Europe/Berlin") == before  # the month is new: it is counted again
    (shop.store.root / NOTES).write_text("nonsense")
    assert event_days(shop.store.snapshot(), "Europe/Berlin") == before
    assert first_event(shop.store.snapshot()) == first


def test_notes_are_of_the_files_there_are(tmp_path):
    import json

    shop = Filling(tmp_path)
    shop.csv("u,2026-01-15,a", "u,2026-02-15,a")
    note_days(shop.store, "Asia/Kolkata")
    seal(shop.store, date(2026, 2, 1))
    note_days(shop.store, "Asia/Kolkata")
    assert set(json.loads((shop.store.root / NOTES).read_text())) == {
        name_of(f.path) for f in shop.store.snapshot().files
    }


def test_an_ingest_leaves_no_replaced_file_that_retain_gives_up(tmp_path):
    (tmp_path / "inbox").mkdir()
    (tmp_path / "journeys.toml").write_text(CONFIG.replace("[project]", '[store]\nretain = "0s"\n[project]'))
    for n in (1, 2):
        (tmp_path / "inbox" / f"{n}.csv").write_text(rows_of(LAST).replace("c", f"n{n}"))
        ingest(Project(tmp_path), Intake())
    snapshot = Project(tmp_path).store.snapshot()
    assert {p for p in snapshot.root.rglob("*.parquet") if "_delta_log" not in p.parts} == {
        f.path for f in snapshot.files
    }
