"""What the page says, and that nothing on it obeys the data."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pyarrow as pa
import pytest

from paths.compare.changes import Change, judged
from reports.content.changes import all_changes
from reports.content.findings import findings, largest_leak, look_first, what_changed
from reports.content.report import Report, Segment
from reports.draw.sheets import MOST_ROWS, figures, sheet
from reports.page.page import policy, render, script
from reports.page.sections.leaks import leaks
from reports.page.sections.method import method
from reports.page.sections.tiles import tiles
from tests.reports.shop import hostile_report

TAGS = """html head meta title style body div p h1 h2 h3 b span bdi br i ul ol li dl dt dd section header main figure figcaption
details summary table caption thead tbody tr th td code fieldset legend label input template script svg g defs pattern rect text tspan
circle line path marker blockquote"""
ALLOWED = set(TAGS.split())


class Tags(HTMLParser):
    """Every tag and attribute."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs


def tags(text: str) -> Tags:
    parser = Tags()
    parser.feed(text)
    return parser


@pytest.fixture(scope="module")
def page() -> str:
    return render(hostile_report()).decode()


def test_hostile_names_are_text_on_the_page(page: str) -> None:
    found = tags(page)
    assert found.tags <= ALLOWED, found.tags - ALLOWED
    assert not [a for a, _ in found.attributes if a.startswith("on")]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "{{7*7}}" in page
    assert "\u202e" not in page
    assert "x" * 100 not in page


def test_no_id_and_no_e_mail_address_reaches_the_page(page: str) -> None:
    assert "@shop.example" not in page
    assert "@mail.example" not in page
    assert not re.search(r"\bc\d+@", page)
    assert "(e-mail)" in page


def test_the_page_fetches_nothing_and_runs_nothing_but_its_own_script(page: str) -> None:
    addresses = [v for a, v in tags(page).attributes if a in ("src", "href", "xlink:href", "action", "data")]
    assert addresses == []
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data: blob:; script-src 'sha256-" in page
    assert not re.search(r"@import|url\((?!#)", page)


def test_every_figure_has_a_sentence_and_a_table(page: str) -> None:
    figures_ = re.findall(r"<figure>.*?</figure>", page, re.DOTALL)
    assert len(figures_) >= 5
    for figure in figures_:
        assert "<figcaption" in figure
        assert "<table" in figure
    assert all(f'aria-label="{""}"' not in f for f in figures_)


def test_the_page_is_small(page: str) -> None:
    assert len(page) < 2_500_000
    assert len(render(replace(hostile_report(), segments=()))) < 300_000


def test_scripts_are_the_page_s_own_and_data_that_cannot_run(page: str) -> None:
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", page, re.DOTALL)
    running = [text for given, text in scripts if not given]
    assert running == [script()]
    assert policy(running[0], beside=False) in unescape(page)
    assert {given.split(" class")[0].split(" id")[0] for given, _ in scripts if given} == {' type="application/json"'}
    assert all(json.loads(text) for given, text in scripts if given)


def test_segments_beyond_the_budget_are_left_out_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    report = replace(hostile_report(), segments=())
    parts = [Segment(column="channel", value=f"{i}", report=report) for i in range(4)]
    one = len(render(replace(report, segments=parts[:1]))) - len(render(report))
    monkeypatch.setattr("reports.page.page.DATA_BUDGET", round(2.5 * one))
    page = render(replace(report, segments=parts, segments_left_out=5)).decode()
    assert re.findall(r'<template [^>]*data-name="([^"]*)"', page) == ["channel=0", "channel=1"]
    assert '"leftOut":7' in page


def test_the_laws_of_the_page_hold() -> None:
    lines = method(hostile_report()).lines
    assert len(lines) >= 6
    assert all(line.holds for line in lines)


def test_a_broken_law_is_said() -> None:
    report = hostile_report()
    broken = replace(report, summary=report.summary.set_column(2, "sessions", pa.array([1], pa.int64())))
    assert [line.law for line in method(broken).lines if not line.holds] == ["sessions = with a goal + drop_off"]
    assert "does not hold" in render(broken).decode()


def test_the_findings_name_the_leak_the_change_and_where_to_look() -> None:
    report = hostile_report()
    found = findings(report, all_changes(report))
    assert [f.kind for f in found] == ["leak", "change", "first"]
    top = report.dropoff.to_pylist()[0]
    assert f"{top['drop_off']} of {top['sessions']} sessions" in found[0].sentence.replace(",", "")
    assert "EUR</b> at stake" in found[0].sentence
    assert "more often than before" in found[1].sentence or "less often than before" in found[1].sentence
    assert "compared rates moved beyond noise" in found[1].evidence


def test_nothing_is_claimed_below_thirty() -> None:
    report = hostile_report()
    few = report.dropoff.slice(0, 1)
    few = few.set_column(few.schema.get_field_index("sessions"), "sessions", pa.array([29], pa.int64()))
    small = replace(report, dropoff=few, funnels=[])
    assert largest_leak(small) is None
    assert look_first(small) is None
    assert judged([Change(hits=20, trials=29, hits_before=1, trials_before=1000)]) == []


def test_noise_is_called_noise() -> None:
    report = hostile_report()
    same = judged([Change(hits=50, trials=100, hits_before=51, trials_before=100, place="a")])
    finding = what_changed(report, same)
    assert finding is not None
    assert "Nothing moved beyond noise" in finding.sentence


def test_a_change_of_the_whole_is_told_where_no_part_moved() -> None:
    whole = Change(kind="sessions", hits=300, trials=1000, hits_before=200, trials_before=1000)
    part = Change(hits=50, trials=100, hits_before=51, trials_before=100, place="a")
    finding = what_changed(hostile_report(), judged([part, whole]))
    assert finding is not None
    assert finding.sentence == "More sessions convert than before: 30.0\u202f%, <b>+10.0\u202fpoints</b>."
    assert "No single step" in finding.evidence


def test_the_largest_of_the_certain_changes_is_told_with_its_interval() -> None:
    changes = judged(
        [
            Change(hits=300, trials=1000, hits_before=200, trials_before=1000, place="a"),
            Change(hits=500, trials=1000, hits_before=700, trials_before=1000, place="b", target="c", kind="step"),
        ]
    )
    finding = what_changed(hostile_report(), changes)
    assert finding is not None
    assert finding.sentence.startswith("The step from <b><bdi>b</bdi></b> to <b><bdi>c</bdi></b> is taken less often")
    assert "\u221224.1 to \u221215.8" in finding.evidence
    assert "500 of 1,000, before 700 of 1,000. 2 of 2" in finding.evidence


def test_tiles_say_value_change_and_n() -> None:
    report = hostile_report()
    found = {t.label: t for t in tiles(report, {}).tiles}
    row = report.outcome(0)
    assert found["Sessions that convert"].n == f"{row['converted']} of {row['sessions']} sessions"
    assert report.carts is not None
    value = report.carts.spans["recovered_value"][0].as_py() / 100
    assert f"{value:,.0f}" in found["Recovered value"].value
    assert {t.label for t in tiles(replace(report, goal_seen=False), {}).tiles} == {
        "Sessions",
        "Carts left behind",
        "Recovered value",
    }


def test_the_ranking_is_that_of_the_answer() -> None:
    report = hostile_report()
    view = leaks(report, {})
    assert view is not None
    expected: list[dict[str, Any]] = report.dropoff.to_pylist()[:10]
    assert [leak.sessions for leak in view.leaks] == [f"{r['sessions']:,}" for r in expected]
    assert view.stake_head == "Value at risk"


def test_long_tables_are_cut_and_say_so() -> None:
    found = sheet("many", [{"n": i} for i in range(MOST_ROWS + 7)], [figures("n", "n", str)], "journeys x")
    assert (len(found.cells), found.left_out) == (MOST_ROWS, 7)


def test_quality_that_is_bad_warns_in_words() -> None:
    report = hostile_report()
    bad = replace(report, quality=replace(report.quality, quarantined=500, reasons=[("bot", 500)]))
    text = render(bad).decode()
    assert "Data quality: check" in text
    assert "500 rows quarantined: bot." in text


def test_a_longer_return_window_is_said_in_words() -> None:
    report: Report = replace(hostile_report(), return_window=timedelta(days=14))
    assert "within 14 days" in render(report).decode()
