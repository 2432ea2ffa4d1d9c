"""The report's questions: one pass, honest periods, the same numbers as the questions alone."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

import pipeline.report.retention
from ingest.errors import ConfigError
from paths.journeys.scope import Scope
from pipeline.engines.local import run
from pipeline.project.project import Period
from pipeline.questions.carts import carts
from pipeline.questions.changes import said as what_of
from pipeline.report.gather import gather
from pipeline.report.questions import periods_of, settled
from reports.content.changes import all_changes
from reports.content.report import Span
from reports.page.page import render
from sessionize.clock import midnight
from tests.reports.shop import CONFIG, hostile, hostile_report, shop

ZONE = "Europe/Berlin"


def day(text: str) -> int:
    return midnight(date.fromisoformat(text), ZONE)


def span(since: str, until: str) -> Span:
    return Span(since=day(since), until=day(until))


def test_all_questions_of_both_periods_are_one_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    passes = []

    def counted(*args: Any, **options: Any) -> Any:
        passes.append(run(*args, **options))
        return passes[-1]

    monkeypatch.setattr(pipeline.report.retention, "run", counted)
    monkeypatch.setattr(pipeline.project.project, "run", counted)
    _, done = gather(hostile(), Period())
    assert len(passes) == 1
    single = hostile().summary()
    assert done.read.rows == single.meta["read"]["rows"]
    assert done.read.row_groups == len(hostile().store.snapshot().files)


def test_the_default_period_is_the_28_days_before_as_of_against_the_28_before() -> None:
    found = periods_of(Scope(as_of=day("2024-06-30")), ZONE, compare=True)
    assert found.now == span("2024-06-02", "2024-06-30")
    assert found.before == span("2024-05-05", "2024-06-02")
    assert found.weeks[0] == span("2024-05-05", "2024-05-12")
    assert len(found.weeks) == 8


def test_an_as_of_within_a_day_takes_in_that_day() -> None:
    found = periods_of(Scope(as_of=day("2024-06-30") + 1), ZONE, compare=False)
    assert found.now == span("2024-06-03", "2024-07-01")
    assert found.before is None
    assert len(found.weeks) == 4


def test_periods_that_began_before_the_data_draw_no_empty_weeks() -> None:
    found = periods_of(Scope(as_of=day("2024-06-30")), ZONE, compare=True, first_event=day("2024-06-12"))
    assert found.now == span("2024-06-02", "2024-06-30")
    assert found.weeks == tuple(
        span(*w) for w in (("2024-06-09", "2024-06-16"), ("2024-06-16", "2024-06-23"), ("2024-06-23", "2024-06-30"))
    )


def test_a_given_period_is_compared_with_as_many_days_and_clock_changes_do_not_matter() -> None:
    scope = Scope(as_of=day("2024-06-30"), since=day("2024-03-25"), until=day("2024-04-04"))
    found = periods_of(scope, ZONE, compare=True)
    assert found.before == span("2024-03-15", "2024-03-25")
    assert found.weeks == (span("2024-03-21", "2024-03-28"), span("2024-03-28", "2024-04-04"))


def test_an_empty_period_is_refused() -> None:
    with pytest.raises(ConfigError, match="empty"):
        periods_of(Scope(as_of=day("2024-06-30"), since=day("2024-06-30")), ZONE, compare=True)


def test_changes_of_a_funnel_are_judged_where_every_window_is_over() -> None:
    whole = span("2024-06-02", "2024-06-30")
    hour = 3_600_000_000
    cut = settled(whole, timedelta(hours=24), day("2024-06-30"))
    assert cut == Span(since=whole.since, until=whole.until - 24 * hour)
    assert settled(whole, timedelta(days=60), day("2024-06-30")) is None
    assert settled(None, timedelta(days=1), 0) is None


def test_the_report_has_the_numbers_of_the_questions() -> None:
    report, project = hostile_report(), hostile()
    period = {"since": "2026-02-02", "until": "2026-03-02", "as_of": "2026-03-02"}
    assert report.now == span("2026-02-02", "2026-03-02")
    assert report.summary["sessions"] == project.summary(**period).table["sessions"]
    assert report.dropoff == project.dropoff(**period).table
    words = {k: v for k, v in project.saved_funnel("<b>buy</b>").items() if k not in ("segment", "where")}
    assert report.funnels[0].now == project.funnel(**words, **period).table
    assert report.carts is not None
    assert report.carts.table == carts(project, **period).table
    assert report.outcome(0)["converted"] == sum(r["goal"] for r in project.sessions(**period).rows())
    before = {**period, "since": "2026-01-05", "until": "2026-02-02"}
    assert report.dropoff_before == project.dropoff(**before).table


def test_a_segment_and_a_filter_hold_for_every_number(tmp_path: Path) -> None:
    report, _ = gather(hostile(), Period(where=["event!=purchase"]))
    assert report.outcome(0)["converted"] == 0
    assert report.conditions == ["where event!=purchase"]
    assert "--where" in report.commands["dropoff"]
    assert b"Only where event!=purchase" in render(report)


def test_equal_snapshots_give_equal_bytes() -> None:
    again, _ = gather(hostile(), Period())
    assert render(again) == render(hostile_report())
    assert render(hostile_report()) == render(hostile_report())


def test_a_shop_without_goal_funnel_carts_or_period_before_says_what_it_needs(tmp_path: Path) -> None:
    events = [
        {"customer_id": f"c{i % 20}", "event_at": f"2026-03-0{1 + i % 3}T10:00:00", "event": "page"} for i in range(40)
    ]
    project = shop(tmp_path / "bare", '[[source]]\nname = "s"\npath = "events.csv"\n', events)
    text = render(gather(project, Period())[0]).decode()
    for said in (
        "<b>What is lost</b> needs a goal",
        "<b>Funnel</b> needs a [[funnel]]",
        "<b>Carts</b> need",
        "<b>Journey map</b> needs",
        "<b>Paths and leaks</b> need more than one touchpoint",
        "nothing to compare with",
        "The period is incomplete",
    ):
        assert said in text
    assert '<svg class="sankey"' not in text
    assert b"not compared with another period" in render(gather(project, Period(), compare=False)[0])


def test_a_period_without_events_fails_nothing() -> None:
    report, _ = gather(hostile(), Period(since="2025-01-01", until="2025-02-01"))
    text = render(report).decode()
    assert "need sessions; this period has none" in text
    assert "needs events of the first step" in text


def test_a_step_that_never_occurs_is_told_with_the_nearest_name(tmp_path: Path) -> None:
    config = '[project]\ngoal = "look"\n[[source]]\nname = "s"\npath = "events.csv"\n[[funnel]]\nname = "f"\nsteps = ["lok"]\n'
    events = [{"customer_id": "c", "event_at": "2026-03-01T10:00:00", "event": "look"}]
    report, _ = gather(shop(tmp_path, config, events), Period())
    assert len(report.warnings) == 1
    assert report.warnings[0].startswith('the step "lok" of the funnel "f" never occurs.')
    assert "look" in report.warnings[0]


def test_funnels_with_a_segment_of_their_own_are_left_out(tmp_path: Path) -> None:
    own = '\n[[funnel]]\nname = "mobile"\nsteps = ["look"]\nsegment = { channel = "app" }\n'
    events = [{"customer_id": "c", "event_at": "2026-03-01T10:00:00", "event": "look"}]
    report, _ = gather(shop(tmp_path, CONFIG + own, events), Period())
    assert [f.name for f in report.funnels] == ["<b>buy</b>"]
    assert replace(report, funnels=[]).funnels == []


def test_saved_funnels_whose_names_are_parts_of_each_other_keep_their_own_numbers(tmp_path: Path) -> None:
    funnel = '[[funnel]]\nname = "{}"\nsteps = {}\nwindow = "1d"\n'
    config = '[[source]]\nname = "s"\npath = "events.csv"\n' + "".join(
        [
            funnel.format("buy", '["look", "pay"]'),
            funnel.format("buy_before", '["look", "add", "pay"]'),
            funnel.format("funnel:buy", '["look"]'),
        ]
    )
    events = [
        {"customer_id": f"c{day}{name}", "event_at": f"2026-03-{day:02d}T10:00:00", "event": "look"}
        for day in range(1, 29)
        for name in "ab"
    ]
    events += [{**e, "event": "pay", "event_at": e["event_at"].replace("10:", "11:")} for e in events[1::2]]
    report, _ = gather(shop(tmp_path, config, events), Period(since="2026-03-15", until="2026-03-29"))
    reached = {
        f.name: [t["reached"].to_pylist() for t in (f.now, f.before, f.settled_before) if t is not None]
        for f in report.funnels
    }
    assert reached == {"buy": [[28, 14]] * 3, "buy_before": [[28, 0, 0]] * 3, "funnel:buy": [[28]] * 3}
    assert render(report)


def test_a_page_can_be_made_of_any_names(tmp_path: Path) -> None:
    look, pay, stage = "lo\x1fok > |a:b", "signal:pay_before,=", "sta\x1fge:signal:x"
    config = f"""
[project]
goal = [{json.dumps(pay)}]
segments = ["channel"]
[[source]]
name = "s"
path = "events.csv"
[[stage]]
name = {json.dumps(stage)}
events = [{json.dumps(look)}]
[[persona]]
name = "cells_before"
did = [{json.dumps(pay)}]
[[funnel]]
name = "x\\u001fmap:stages"
steps = ["event"]
"""
    events = [
        {
            "customer_id": f"c{n}",
            "event_at": f"2026-03-{n % 28 + 1:02d}T10:{m:02d}:00",
            "event": event,
            "channel": channel,
        }
        for n, channel in enumerate(["(none)", "(other)", "a\x1fb", ""] * 20)
        for m, event in enumerate([look, pay, "event"])
    ]
    project = shop(tmp_path, config, events)
    report, _ = gather(project, Period())
    assert render(report)
    assert {"(none)", "value:(none)", "value:(other)"} <= {
        r["channel"] for r in project.map(by="channel").table.to_pylist()
    }
    assert (stage, look) in {(r["stage"], r["touchpoint"]) for r in project.map().table.to_pylist()}
    assert {s.value for s in report.segments} == {"value:(none)", "value:(other)", "a\x1fb", "cells_before"}
    assert project.changes().table.num_rows == 0


def test_the_page_and_the_command_say_the_same_of_the_same_periods() -> None:
    page = {what_of(c): (c.trials, c.trials_before, round(c.rate, 6)) for c in all_changes(hostile_report())}
    rows = hostile().changes(days=28, against=28).table.to_pylist()
    told = {r["what"]: (r["n"], r["n_before"], r["rate"]) for r in rows if "of those at" not in r["what"]}
    assert {"sessions with the goal"} <= told.keys()
    assert {what: page[what] for what in told} == told
