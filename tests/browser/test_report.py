"""The report in Debian's chromium: quiet, offline, inert, readable at every width, and with the numbers of the API."""

from __future__ import annotations

from typing import Any

import pytest

from tests.reports.shop import hostile

pytestmark = pytest.mark.browser

PERIOD = {"since": "2026-02-02", "until": "2026-03-02", "as_of": "2026-03-02"}


def texts(page: Any, selector: str) -> list[str]:
    return [t.strip() for t in page.locator(selector).all_inner_texts()]


WIDTHS = [{"viewport": {"width": w, "height": 900}} for w in (1440, 768, 390)]
LOOKS: list[dict[str, Any]] = [*WIDTHS, {"color_scheme": "dark"}, {"java_script_enabled": False}]


@pytest.mark.parametrize("page", LOOKS, indirect=True)
def test_the_page_opens_without_a_sound(page: Any) -> None:
    assert page.locator("h1").inner_text().startswith("<i>shop o")
    assert page.locator("section").count() >= 6
    assert page.locator("svg.sankey").is_visible()


@pytest.mark.parametrize("page", WIDTHS, indirect=True)
def test_the_body_never_scrolls_sideways(page: Any) -> None:
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    for view in page.locator("[name=view]").all():
        view.check(force=True)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_hostile_names_stay_text(page: Any) -> None:
    assert page.evaluate("document.querySelectorAll('img, iframe, object, a, form, link').length") == 0
    assert page.evaluate("document.scripts.length") == 3  # ours, and two of data
    assert page.evaluate(
        "[...document.querySelectorAll('*')].every(e => [...e.attributes].every(a => !a.name.startsWith('on')))"
    )
    assert "<script>alert(1)</script>" in texts(page, ".step .name")


def test_a_table_opens_behind_every_chart_without_javascript(browser: Any, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    assert not page.locator("details table").first.is_visible()
    for name in ("First steps", "Graph", "Matrix"):
        page.get_by_text(name, exact=True).click()
        while (closed := page.locator("details:not([open]) > summary:visible")).count():
            closed.first.click()
        assert all(t.is_visible() for t in page.locator("section:has([name=view]) details[open] table:visible").all())
    assert page.locator("details:not([open])").count() == 0
    context.close()


def test_the_numbers_of_the_page_are_those_of_the_api(page: Any) -> None:
    project = hostile()
    words = {k: v for k, v in project.saved_funnel("<b>buy</b>").items() if k not in ("segment", "where")}
    funnel = project.funnel(**words, **PERIOD).rows()
    assert texts(page, ".step .count") == [f"{r['reached']:,}" for r in funnel]
    assert [t.split("\u2212")[1].split()[0] for t in texts(page, ".loss p:first-child")] == [
        str(r["dropped"]) for r in funnel[:-1]
    ]
    leaks = project.dropoff(**PERIOD).rows()[:10]
    assert texts(page, ".leaks tbody td:nth-of-type(5)") == [f"{r['sessions']:,}" for r in leaks]
    summary = project.summary(**PERIOD).rows()[0]
    assert texts(page, ".facts dd")[:3] == [f"{summary[k]:,}" for k in ("customers", "sessions", "events")]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground_at_4_5_to_1(browser: Any, address: str, scheme: str) -> None:
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    page.goto(address)
    colours = page.evaluate(
        "['--paper', '--ink', '--quiet', '--accent', '--warn'].map(n => getComputedStyle(document.documentElement).getPropertyValue(n))"
    )
    ground, *inks = [luminance(c) for c in colours]
    for ink in inks:
        light, dark = max(ground, ink), min(ground, ink)
        assert (light + 0.05) / (dark + 0.05) >= 4.5
    context.close()


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb (WCAG 2)."""
    channels = [int(colour.strip()[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_it_prints_on_a4_within_its_width(browser: Any, address: str) -> None:
    context = browser.new_context(viewport={"width": 688, "height": 1000})  # A4 less its margins, in CSS pixels
    page = context.new_page()
    page.emulate_media(media="print")
    page.goto(address)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.evaluate("[...document.querySelectorAll('.scroll')].every(e => e.scrollWidth <= e.clientWidth + 1)")
    assert not page.locator("details").first.is_visible()
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
    context.close()


def test_the_model_of_attribution_is_switched_without_javascript(browser: Any, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    shown = page.locator(".models .view")
    for radio in page.locator("[name=model]").all():
        radio.check(force=True)
        visible = [v.get_attribute("class") for v in shown.all() if v.is_visible()]
        assert visible == [f"view model-{radio.get_attribute('value')}"]
    context.close()
