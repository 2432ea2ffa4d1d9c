"""Attribution, who comes back and who is there: the numbers of the questions, sentences that hold, and nothing where nothing is."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

import pipeline.report.retention
from paths.retention.table import AVERAGE
from pipeline.engines.local import run
from pipeline.project.project import Period
from pipeline.report.gather import gather
from reports.content.small_cells import few
from reports.files.answers import answers
from reports.files.brief import brief
from reports.files.suppress import suppressed
from reports.files.teams import for_team
from reports.page.page import render
from reports.page.sections.attribution import attribution
from reports.page.sections.lifecycle import lifecycle
from reports.page.sections.missing import missing
from reports.page.sections.retention import retention
from tests.reports.shop import hostile, hostile_report

HISTORY = {"since": "2025-12-08", "until": "2026-03-02", "as_of": "2026-03-02"}


def test_the_sections_have_the_numbers_of_the_questions() -> None:
    report, project = hostile_report(), hostile()
    assert report.attribution is not None and report.cohorts is not None and report.lifecycle is not None
    asked = project.attribution(
        model=report.attribution.models, since="2026-02-02", until="2026-03-02", as_of="2026-03-02"
    )
    shown = report.attribution.table.select(asked.table.column_names)
    assert shown.sort_by("value") == asked.table.sort_by("value")
    assert report.cohorts.table == project.retention(by="week", periods=12, **HISTORY).table
    assert report.lifecycle.table == project.lifecycle(by="week", **HISTORY).table
    assert "--since 2025-12-08" in report.cohorts.command


def test_what_needs_all_of_history_reads_it_alone_where_the_rest_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    passes = []

    def counted(*args: Any, **options: Any) -> Any:
        passes.append(run(*args, **options))
        return passes[-1]

    monkeypatch.setattr(pipeline.report.retention, "run", counted)
    report, done = gather(hostile(), Period(since="2026-02-23", until="2026-03-02"), compare=False)
    assert len(passes) == 2
    assert done.read.rows < passes[1][1].read.rows
    assert report.cohorts is not None
    assert report.cohorts.table == project_cohorts()


def project_cohorts() -> Any:
    return hostile().retention(by="week", periods=12, **HISTORY).table


def test_a_cell_is_blank_where_its_period_is_not_over_and_the_average_shows_both_sums() -> None:
    report = hostile_report()
    view = retention(report)
    assert view is not None and report.cohorts is not None
    rows = report.cohorts.table.to_pylist()
    assert view.heads == [r["period"] for r in rows if r["cohort"] == AVERAGE and r["complete"] and r["period"]]
    over = {(r["cohort"], r["period"]) for r in rows if r["complete"]}
    for line, cohort in zip(view.lines, dict.fromkeys(r["cohort"] for r in rows if r["period"]), strict=False):
        assert [bool(c.text) for c in line.cells] == [(cohort, k) in over for k in view.heads]
    first = next(r for r in rows if r["cohort"] == AVERAGE and r["period"] == 1)
    assert view.average[0].sums == f"{first['returned']}\nof {first['customers']}"
    assert f"({first['returned']} of {first['customers']})" in view.summary
    assert "The data begin on 5" in view.summary


def test_shares_of_a_model_add_up_to_everything() -> None:
    report = hostile_report()
    view = attribution(report)
    assert view is not None and report.attribution is not None
    for m in view.models:
        assert sum(float(r.share.split("\u202f")[0]) for r in m.rows) == pytest.approx(100, abs=0.3)
    firm = report.attribution.robustness
    assert firm is not None
    assert f"first in {firm['times']} of {firm['of']} readings" in view.summary


def test_the_bars_of_a_period_are_all_who_were_active() -> None:
    report = hostile_report()
    view = lifecycle(report)
    assert view is not None and report.lifecycle is not None
    rows = [r for r in report.lifecycle.table.to_pylist() if r["complete"]]
    assert [r.active for r in view.rows] == [str(r["new"] + r["retained"] + r["resurrected"]) for r in rows]
    assert f"<b>{rows[-1]['active']}</b> customers" in view.summary


def test_a_section_with_nothing_to_say_is_not_there_and_the_page_says_what_it_needs() -> None:
    bare = replace(hostile_report(), attribution=None, cohorts=None, lifecycle=None, segments=())
    said = {m.name: m.needs for m in missing(bare, drawn=frozenset())}
    assert "channel" in said["Attribution"]
    assert "3 weeks" in said["Who comes back, who is there"]
    page = render(bare).decode()
    assert 'class="models"' not in page and "cohorts" not in re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)


def test_two_weeks_of_history_are_no_cohorts() -> None:
    report, _ = gather(hostile(), Period(since="2026-01-05", until="2026-01-20", as_of="2026-01-20"))
    assert report.cohorts is None
    assert report.lifecycle is None


def test_the_sections_leave_as_tables_and_in_words() -> None:
    report = hostile_report()
    found = {a.name: a for a in answers(report)}
    assert {"attribution", "retention", "lifecycle"} <= set(found)
    for name in ("attribution", "retention", "lifecycle"):
        hidden, _ = suppressed(found[name])
        counts = [c for c in hidden.table.column_names if c in ("customers", "returned", "new", "active", "touches")]
        assert counts and not any(few(n) for c in counts for n in hidden.table[c].to_pylist())
    text = brief(report)
    assert "**Attribution.**" in text and "**Who comes back.**" in text and "| First touch |" in text
    assert "**Attribution.**" not in brief(for_team(report, "marketing"), guarded=True)


def test_a_team_sees_no_cohort_of_fewer_than_ten() -> None:
    report = for_team(hostile_report(), "product")
    assert report.cohorts is not None
    assert not any(few(n) for c in ("customers", "returned") for n in report.cohorts.table[c].to_pylist())
    assert b"Who comes back" in render(report, parts=("retention", "lifecycle"))
