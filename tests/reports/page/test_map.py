"""The map, the personas, the feelings and the designed journey on the page: the numbers of the commands, and nothing obeys."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from markupsafe import Markup

import pipeline.report.retention
from pipeline.engines.local import run
from pipeline.project.project import Period
from pipeline.questions.journey_map import designed, journey_map, moments, opportunities, pains, personas
from pipeline.report.gather import gather
from reports.content.comment_masking import masked
from reports.content.report import Report
from reports.draw.feelings import Feeling, feelings_curve, felt_text
from reports.formatting import days, interval, number, share
from reports.page.page import render
from reports.page.sections.designed import designed as designed_view
from reports.page.sections.feelings import feelings as feelings_view
from reports.page.sections.feelings import no_theme
from reports.page.sections.map import MapView
from reports.page.sections.map import journey_map as map_view
from reports.page.sections.map_lanes import Cell
from reports.page.sections.personas import personas as personas_view
from tests.reports.map_shop import CONFIG, EVIL, mapped, mapped_report, written
from tests.reports.page.test_page import ALLOWED, tags

PERIOD = {"since": "2026-02-02", "until": "2026-03-02", "as_of": "2026-03-02"}


def view_of(report: Report) -> MapView:
    found = map_view(report)
    assert found is not None
    return found


def lane(view: MapView, key: str) -> list[Cell]:
    return next(lane.cells for lane in view.lanes if lane.key == key)


def text(cell: Cell) -> str:
    return " | ".join(unescape(re.sub(r"<[^>]*>", "", str(line.text))) for line in cell.lines)


@pytest.fixture(scope="module")
def page() -> str:
    return render(mapped_report()).decode()


def test_the_numbers_of_the_map_are_those_of_the_commands() -> None:
    report = mapped_report()
    assert days(report.now.since, report.now.until, report.timezone) == "2\u00a0Feb to 1\u00a0Mar\u00a02026"
    view = view_of(report)
    rows = {r["stage"]: r for r in journey_map(mapped(), by="stage", **PERIOD).rows()}
    assert [h.rank for h in view.heads] == [1, 2, 3, 4]
    for i, name in enumerate(("look", EVIL, "nobody", "buy")):
        row = rows.get(name)
        if row is None:
            assert (view.heads[i].evidence, text(lane(view, "volume")[i])) == ("none", "nobody")
            continue
        assert view.heads[i].customers == f"{number(row['customers'])} customers"
        assert text(lane(view, "volume")[i]) == f"{number(row['customers'])} | {share(row['share'])} of all"
        rates = f"{share(row['drop_off_rate'])} | {interval(row['ci_low'], row['ci_high'])}"
        assert text(lane(view, "dropoff")[i]).startswith(rates)
        assert lane(view, "dropoff")[i].n == f"{number(row['sessions'])} sessions"
        assert text(lane(view, "feelings")[i]).startswith(f"{felt_text(row['sentiment'])} of {row['answers']} answers")
    content = report.map
    assert content is not None
    for table, ask in (
        (content.pains, pains),
        (content.moments, moments),
        (content.opportunities, opportunities),
        (content.designed, designed),
    ):
        assert table.equals(ask(mapped(), **PERIOD).table)
    assert content.cells.equals(journey_map(mapped(), **PERIOD).table)
    compared = journey_map(mapped(), by="stage", compare="previous", **PERIOD).table
    assert content.changes is not None
    assert content.changes.equals(compared)
    both = personas(mapped(), **PERIOD).rows()
    mine = [{"persona": p.name or "(other)", **r} for p in content.personas for r in p.table.to_pylist()]
    assert mine == both


def test_the_map_is_asked_in_the_one_pass_of_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    passes: list[Any] = []

    def counted(*args: Any, **options: Any) -> Any:
        passes.append(run(*args, **options))
        return passes[-1]

    monkeypatch.setattr(pipeline.report.retention, "run", counted)
    monkeypatch.setattr(pipeline.project.project, "run", counted)
    report, done = gather(mapped(), Period())
    assert len(passes) == 1
    assert report.map is not None
    assert done.read.rows == mapped().summary().meta["read"]["rows"]


def test_equal_data_give_equal_bytes() -> None:
    assert render(gather(mapped(), Period())[0]) == render(mapped_report())


def test_hostile_stages_goals_comments_and_annotations_are_text(page: str) -> None:
    found = tags(page)
    assert found.tags <= ALLOWED, found.tags - ALLOWED
    assert not [a for a, _ in found.attributes if a.startswith("on")]
    for said in (
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "&lt;script&gt;alert(2)&lt;/script&gt; no good",
        "Find &lt;b&gt;it&lt;/b&gt;.",
        "store &lt;i&gt;goers&lt;/i&gt;",
        "new &lt;u&gt;checkout&lt;/u&gt;",
    ):
        assert said in page


def test_comments_are_masked_and_none_is_of_a_place_with_few_customers(page: str) -> None:
    assert "anna.b" not in page
    assert "1234" not in page
    assert "Call me: (number), or mail (e-mail)" in page
    assert "only me" not in page


def test_what_unhappy_comments_speak_of_is_told_with_its_shares(page: str) -> None:
    content = mapped_report().map
    assert content is not None
    (first, *_) = content.themes.to_pylist()
    assert first["customers"] >= 10
    shares = f"{100 * first['share']:.1f} % of unhappy comments, {100 * first['share_of_others']:.1f} % of the others"
    assert "What unhappy comments speak of" in page
    assert f"{first['theme']}, {first['unhappy']}: " in Markup(page).striptags()
    assert shares in Markup(page).striptags()


def test_without_a_theme_the_page_says_why() -> None:
    content = mapped_report().map
    assert content is not None
    assert no_theme(content) == ""
    said = {
        (12, 40): f"Themes need {content.min_n} unhappy comments and {content.min_n} others; there are 12 and 40.",
        (500, 500): "No word tells the unhappy comments from the others beyond noise.",
        (0, 0): "",
    }
    for (unhappy, others), expected in said.items():
        counts = {"unhappy": str(unhappy), "others": str(others)}
        bare = replace(content, themes=content.themes.slice(0, 0).replace_schema_metadata(counts))
        assert no_theme(bare) == expected


@pytest.mark.parametrize(
    "written, shown",
    [
        ("order 4711", "order 4711"),
        ("order 12345", "order (number)"),
        ("+49 171 5551234 now", "(number) now"),
        ("card 4111-1111-1111-1111.", "card (number)."),
        ("a@b.example", "(e-mail)"),
        ("5 of 10, 3 weeks", "5 of 10, 3 weeks"),
        ("x" * 400, "x" * 179 + "\u2026"),
    ],
)
def test_addresses_and_long_numbers_are_masked(written: str, shown: str) -> None:
    assert masked(written) == shown


def test_a_stage_without_answers_is_a_gap_in_the_curve() -> None:
    point = Feeling(mean=1.0, low=0.5, high=1.5, thin=False, said="x")
    links = [
        feelings_curve(points, "x").count('class="curve"')
        for points in ([point] * 4, [point, None, point, point], [point, None])
    ]
    assert links == [3, 1, 0]
    bands = [feelings_curve(points, "x").count('class="band"') for points in ([point] * 4, [point, None, point, point])]
    assert bands == [3, 1]


def test_few_answers_are_a_ring_and_a_dashed_line() -> None:
    solid, thin = (Feeling(mean=-1.0, low=None, high=None, thin=t, said="x") for t in (False, True))
    drawn = feelings_curve([solid, thin], "x")
    assert 'class="thin low"' in drawn
    assert 'class="curve thin"' in drawn


def test_targets_reviews_and_opportunities_stand_at_their_stage() -> None:
    view = view_of(mapped_report())
    assert text(lane(view, "targets")[0]).startswith("met ")
    assert text(lane(view, "targets")[3]).startswith("missed ")
    assert text(lane(view, "owners")[0]) == "product | overdue since 1\u00a0Jan\u00a02026"
    assert text(lane(view, "opportunities")[2]) == "no touch at all here"
    assert [(b.name, b.columns) for b in view.bands] == [
        ("Before purchase", 1),
        ("During purchase", 2),
        ("After purchase", 1),
    ]


def test_channels_are_marked_online_and_offline(page: str) -> None:
    assert 'class="channel online" title="online: web"' in page
    assert 'class="channel offline" title="offline: store"' in page


def test_lanes_without_a_setting_are_said_in_a_line(tmp_path: Path) -> None:
    config = (
        CONFIG.split("[sessions]")[0]
        + '[[stage]]\nname = "look"\ntouchpoints = ["look"]\n[[stage]]\nname = "b"\ntouchpoints = ["purchase"]\n'
    )
    report, _ = gather(written(tmp_path, config), Period(), compare=False)
    view = view_of(report)
    assert [str(n).split(":")[0] for n in view.notes] == ["Goals", "Feelings", "Expected against actual", "Owners"]
    assert {"feelings", "changes", "targets", "goal", "owners"}.isdisjoint(lane.key for lane in view.lanes)
    said = render(report).decode()
    for needs in ("<b>Personas</b> need [[persona]]", "<b>Feelings</b> need [[survey]]"):
        assert needs in said
    assert designed_view(report) is not None


def test_without_stages_the_map_takes_those_of_a_shop_and_says_so(tmp_path: Path) -> None:
    config = CONFIG.split("[sessions]")[0] + '[carts.roles]\nadd = ["add"]\n'
    project = written(tmp_path, config)
    report, _ = gather(project, Period())
    view = view_of(report)
    assert "These are the stages of a shop" in view.summary
    assert len(view.heads) == 9
    assert report.stages == []
    content = report.map
    assert content is not None
    assert content.by_stage.equals(journey_map(project, by="stage", **PERIOD).table)
    assert designed_view(report) is None


def test_a_segment_has_no_map_but_the_command_for_it() -> None:
    report = mapped_report()
    assert [s.name for s in report.segments][-2:] == ["persona=store <i>goers</i>", "persona=(other)"]
    part = report.segments[0].report
    assert (part.map, part.map_elsewhere) == (None, True)
    shown = render(replace(report, segments=report.segments[:1])).decode()
    assert "journeys map --by stage" in shown.split("<template")[1]


def test_personas_feelings_and_the_designed_journey_say_what_the_commands_say() -> None:
    report = mapped_report()
    assert report.map is not None
    people, felt, order = personas_view(report), feelings_view(report), designed_view(report)
    assert people is not None and felt is not None and order is not None
    assert [h.customers for h in people.heads] == [
        f"{number(p.totals['customers'])} customers" for p in report.map.personas
    ]
    ranked = report.map.best.to_pylist()
    assert [f.mean for f in felt.lists[0][1]] == [felt_text(r["sentiment"]) for r in reversed(ranked)]
    assert {title for title, _ in felt.quotes} == {"Unhappy", "Happy"}
    assert [r.share.word for r in order.rows] == ["met", "", "", "missed"]
    assert share(report.map.designed_totals["in_order_share"]) in order.summary


def test_annotations_stand_where_time_does(page: str) -> None:
    assert page.count('class="event"') >= 3  # a sparkline of each tile
    assert "Dashed: 5\u00a0Feb\u00a02026: new &lt;u&gt;checkout&lt;/u&gt;." in page
    assert "<b>What happened</b> 5\u00a0Feb\u00a02026" in page
    assert "long ago" not in page
