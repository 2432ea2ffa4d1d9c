"""The journey map in Debian's chromium: it alone scrolls sideways, its first column stays, and it prints on one landscape page."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from reports.page.page import render
from tests.browser.checks import axe_faults
from tests.reports.map_shop import mapped_report

pytestmark = pytest.mark.browser

LANDSCAPE, UPRIGHT = (842, 595), (595, 842)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    file: Path = tmp_path_factory.mktemp("map") / "index.html"
    file.write_bytes(render(mapped_report()))
    return file.as_uri()


LOOKS: list[dict[str, Any]] = [{"viewport": {"width": w, "height": 900}} for w in (1440, 768, 390)]
LOOKS.append({**LOOKS[-1], "java_script_enabled": False})


def box(page: Any, selector: str) -> dict[str, float]:
    found: dict[str, float] = page.locator(selector).first.bounding_box()
    return found


@pytest.mark.parametrize("page", LOOKS, indirect=True)
def test_only_the_map_scrolls_sideways_and_its_first_column_stays(page: Any) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    narrow = page.viewport_size["width"] == 390
    scroll, grid = box(page, ".map-scroll"), box(page, ".map-grid")
    assert (grid["width"] > scroll["width"] + 1) == narrow
    lane, cell = box(page, ".lane-volume .lane-name"), box(page, ".lane-volume .map-cell")
    page.evaluate("document.querySelector('.map-scroll').scrollLeft = 100")
    assert box(page, ".lane-volume .lane-name")["x"] == pytest.approx(lane["x"], abs=1)
    moved = 100 if narrow else 0
    assert cell["x"] - box(page, ".lane-volume .map-cell")["x"] == pytest.approx(moved, abs=1)


@pytest.mark.parametrize("page", LOOKS, indirect=True)
def test_points_of_the_curve_stand_in_the_middle_of_their_columns(page: Any) -> None:
    cells = [c.bounding_box() for c in page.locator(".lane-feelings .map-cell").all()]
    dots = [d.bounding_box() for d in page.locator(".overlay circle").all()]
    heads = [c.bounding_box() for c in page.locator(".map-head").all()]
    assert [c["x"] for c in cells] == [h["x"] for h in heads]
    asked = [c for i, c in enumerate(cells) if i != 2]  # nobody comes to the third stage
    assert len(dots) == len(asked)
    for dot, cell in zip(dots, asked, strict=True):
        assert dot["x"] + dot["width"] / 2 == pytest.approx(cell["x"] + cell["width"] / 2, abs=1.5)
        assert cell["y"] <= dot["y"] <= cell["y"] + cell["height"] - dot["height"]


def test_the_map_is_one_landscape_page_among_upright_ones(browser: Any, address: str) -> None:
    page = browser.new_page()
    page.goto(address)
    pdf = page.pdf(prefer_css_page_size=True)
    sizes = [tuple(round(float(v)) for v in s.split()[2:]) for s in re.findall(rb"/MediaBox\s*\[([^\]]*)\]", pdf)]
    assert sizes.count(LANDSCAPE) == 1
    assert set(sizes) == {LANDSCAPE, UPRIGHT}
    page.close()


@pytest.mark.parametrize("width, scheme", [(1440, "light"), (390, "dark")])
def test_axe_finds_nothing_on_the_map(browser: Any, address: str, scheme: str, width: int) -> None:
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
    page = context.new_page()
    page.goto(address + "#place=look")
    faults = axe_faults(page)
    assert not faults, json.dumps(faults, indent=1)
    context.close()
