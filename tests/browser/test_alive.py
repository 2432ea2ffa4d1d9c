"""The report's script: every interaction, with the keyboard too, and nothing serious found by axe."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from reports.content.report import Report
from reports.draw.sankey import sankey
from reports.page.page import render
from tests.browser.checks import axe_faults, wait_for
from tests.reports.shop import CHANNELS, hostile, hostile_report

pytestmark = pytest.mark.browser

PERIOD = {"since": "2026-02-02", "until": "2026-03-02", "as_of": "2026-03-02"}
SCRIPT = "<script>alert(1)</script>"


def texts(page: Any, selector: str) -> list[str]:
    return [t.strip() for t in page.locator(selector).all_inner_texts()]


def address_of(page: Any) -> str:
    return str(page.evaluate("decodeURIComponent(location.hash)"))


def test_a_segment_shows_the_numbers_of_the_question_with_that_segment(page: Any) -> None:
    project = hostile()
    for channel in CHANNELS:
        page.select_option("#segment", f"channel={channel}")
        expected = project.dropoff(**PERIOD, segment={"channel": channel}).rows()[:10]
        assert texts(page, ".leaks tbody td:nth-of-type(5)") == [f"{r['sessions']:,}" for r in expected]
        summary = project.summary(**PERIOD, segment={"channel": channel}).rows()[0]
        assert texts(page, ".facts dd")[:3] == [f"{summary[k]:,}" for k in ("customers", "sessions", "events")]
        assert page.locator("svg.sankey").is_visible()
    page.select_option("#segment", "")
    assert texts(page, ".facts dd")[1] == f"{project.summary(**PERIOD).rows()[0]['sessions']:,}"


def test_the_sankey_of_the_script_is_that_of_the_server(page: Any) -> None:
    report = hostile_report()
    for k in (3, 7, 12):
        page.locator("#top").evaluate("(e, k) => { e.value = k; e.dispatchEvent(new Event('input')) }", k)
        svg = page.locator("svg.sankey").evaluate(
            "e => { for (const n of e.querySelectorAll('*')) n.classList.remove('on', 'off'); return new XMLSerializer().serializeToString(e) }"
        )
        assert marks(svg) == marks(str(sankey(report.flows, report.goal, k)))


def marks(svg: str) -> list[tuple[str, dict[str, str], str]]:
    """Every element in order, as XML says it."""
    from xml.etree import ElementTree

    return [(e.tag.split("}")[-1], dict(e.attrib), e.text or "") for e in ElementTree.fromstring(svg).iter()]


def test_a_column_sorts_down_up_and_back_with_the_keyboard(page: Any) -> None:
    lost = ".leaks tbody td:nth-of-type(3)"
    given = texts(page, lost)
    head = page.locator(".leaks thead th:has-text('Lost') button")
    head.focus()
    numbers = [int(t.replace(",", "")) for t in given]
    for expected, word in ((sorted(numbers, reverse=True), "descending"), (sorted(numbers), "ascending")):
        page.keyboard.press("Enter")
        assert [int(t.replace(",", "")) for t in texts(page, lost)] == expected
        assert page.locator(".leaks thead th:has-text('Lost')").get_attribute("aria-sort") == word
    page.keyboard.press("Space")
    assert texts(page, lost) == given
    assert address_of(page) == ""


def test_a_touchpoint_filters_the_rest_and_escape_shows_everything(page: Any) -> None:
    name = page.locator(".step .place", has_text="add_to_cart")
    name.focus()
    page.keyboard.press("Enter")
    assert address_of(page) == "#place=add_to_cart"
    assert texts(page, ".leaks tbody tr:visible .place") == ["add_to_cart"]
    assert name.get_attribute("aria-pressed") == "true"
    assert page.locator(".ribbon.off").count() > 0
    on = page.locator(".ribbon.on").evaluate_all("found => found.map(e => e.dataset.place)")
    assert on
    assert all("add_to_cart" in p for p in on)
    page.keyboard.press("Escape")
    assert page.locator(".leaks tbody tr:visible").count() > 1
    assert address_of(page) == ""


def test_a_mark_of_the_chart_and_a_stage_choose_as_well(page: Any) -> None:
    page.locator("svg.sankey rect.node").first.click()
    assert address_of(page).startswith("#place=")
    page.select_option("#focus", "stage:all")
    shown = set(texts(page, ".leaks tbody tr:visible .place"))
    assert shown <= {"look", "add_to_cart"}
    assert shown


def test_the_paths_switch_with_the_keyboard_and_the_slider_sets_how_many(page: Any) -> None:
    page.locator("[name=view][value=flows]").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("svg.graph").is_visible() and not page.locator("svg.sankey").is_visible()
    page.keyboard.press("ArrowRight")
    rows = page.locator(".matrix tbody tr:visible")
    assert rows.count() == 8
    page.locator("#top").focus()
    page.keyboard.press("ArrowRight")
    assert rows.count() == 9
    assert page.locator(".matrix thead th:visible").count() == 2 + 8 + 1
    assert address_of(page) == "#view=matrix&top=8"


def test_a_link_shows_what_was_chosen(browser: Any, address: str) -> None:
    page = browser.new_page()
    page.goto(f"{address}#segment=channel%3Dapp&view=matrix&place=add_to_cart&sort=leaks.0.3d&top=4")
    assert page.locator("#segment").input_value() == "channel=app"
    assert page.locator(".matrix").is_visible()
    assert page.locator("#focus").input_value() == "add_to_cart"
    assert page.locator(".leaks thead th:has-text('Lost')").get_attribute("aria-sort") == "descending"
    page.goto(f"{address}#segment=channel%3Dnever&view=no&place=nowhere&sort=x&top=-7")
    assert page.locator("h1").is_visible()
    page.close()


@pytest.mark.parametrize("kind", ["CSV", "SVG", "PNG"])
def test_a_figure_is_saved(page: Any, kind: str, tmp_path: Path) -> None:
    figure = page.locator("figure", has=page.locator(".funnel"))
    figure.hover()
    figure.locator(".take").click()
    with page.expect_download() as waiting:
        figure.get_by_role("button", name=f"Save as {kind}").click()
    waiting.value.save_as(tmp_path / "f")
    data = (tmp_path / "f").read_bytes()
    assert waiting.value.suggested_filename.endswith(f"funnel-b-buy-b.{kind.lower()}")
    if kind == "CSV":
        lines = data.decode("utf-8-sig").splitlines()
        assert lines[0].startswith("Step,Customers,Of the first")
        assert len(lines) == 5
    elif kind == "PNG":
        assert data.startswith(b"\x89PNG")
    else:
        found = marks(data.decode())
        assert [t for tag, _, t in found if tag == "text" and t == SCRIPT]
        assert not [tag for tag, _, _ in found if tag in ("script", "foreignObject", "image")]


def test_a_figure_is_copied(browser: Any, address: str) -> None:
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(address)
    figure = page.locator("figure", has=page.locator(".funnel"))
    figure.locator(".take").focus()
    page.keyboard.press("Enter")
    figure.get_by_role("button", name="Copy as CSV").click()
    wait_for(page, "document.querySelector('[role=status]').textContent === 'CSV copied'")
    assert page.evaluate("navigator.clipboard.readText()").startswith("Step,Customers")
    page.keyboard.press("Escape")
    assert figure.locator(".list").is_hidden()
    context.close()


def test_text_that_a_spreadsheet_would_run_is_defused_in_a_copy(page: Any) -> None:
    page.evaluate(
        "document.querySelector('.funnel').closest('figure').querySelector('table.data tbody th').textContent = '=1+1'"
    )
    figure = page.locator("figure", has=page.locator(".funnel"))
    figure.hover()
    figure.locator(".take").click()
    with page.expect_download() as waiting:
        figure.get_by_role("button", name="Save as CSV").click()
    assert "\n'=1+1," in Path(waiting.value.path()).read_text(encoding="utf-8-sig")


def test_without_the_script_nothing_is_lost_but_choosing(browser: Any, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    assert page.locator(".choices, .menu, .sort, .top").count() == 0
    for name, chart in (("Graph", "svg.graph"), ("Matrix", "table.matrix"), ("First steps", "svg.sankey")):
        page.get_by_text(name, exact=True).click()
        assert page.locator(chart).is_visible()
    assert page.locator(".matrix tbody tr:visible").count() == 0
    context.close()


GRAPH, MATRIX = "#view=graph&place=add_to_cart", "#view=matrix&segment=channel%3Dapp"


@pytest.mark.parametrize("scheme, state", [("light", ""), ("light", MATRIX), ("dark", ""), ("dark", GRAPH)])
def test_axe_finds_nothing(browser: Any, address: str, state: str, scheme: str) -> None:
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    page.goto(address + state)
    faults = axe_faults(page)
    assert not faults, json.dumps(faults, indent=1)
    context.close()


def test_the_page_is_painted_at_once(page: Any) -> None:
    wait_for(page, "performance.getEntriesByType('paint').length == 2")  # noted some time after it is drawn
    paints = page.evaluate("performance.getEntriesByType('paint').map(p => [p.name, p.startTime])")
    assert [name for name, _ in paints] == ["first-paint", "first-contentful-paint"]


def test_style_and_script_may_lie_beside_the_page(browser: Any, tmp_path: Path) -> None:
    from reports.page.page import pages

    report: Report = hostile_report()
    built = pages(report, beside=True)
    assert len(built.html) < len(render(report)) - 20_000
    for name, data in {"index.html": built.html, **built.assets}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    page, said = browser.new_page(), []
    page.on("console", lambda message: said.append(message.text))
    page.goto((tmp_path / "index.html").as_uri())
    assert page.locator("#segment").is_visible()
    assert page.evaluate("getComputedStyle(document.querySelector('.tiles')).display") == "grid"
    assert said == []
    page.close()


def test_nothing_of_the_script_can_be_reached_from_outside(page: Any) -> None:
    names = page.evaluate("Object.keys(window)")
    assert not [n for n in names if re.match("state|choose|data|drawSankey|show$", n)]
