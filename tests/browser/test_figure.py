"""The page of a figure in a browser: drawn, quiet, offline, readable."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reports.files.figure_page import figure_page
from tests.browser.checks import axe_faults
from tests.reports.shop import hostile

pytestmark = pytest.mark.browser

STEPS = ["look", "add_to_cart", "purchase"]
ASKED = {
    "funnel": (lambda shop: shop.funnel(STEPS), ".bars .point", 3),
    "dropoff": (lambda shop: shop.dropoff(), ".scatterlayer .point", None),
    "paths": (lambda shop: shop.paths(), ".heatmaplayer image", 1),
    "carts": (lambda shop: shop.carts(), ".bars .point", None),
    "flows": (lambda shop: shop.flows(), ".sankey .sankey-node", None),
    "step matrix": (lambda shop: shop.step_matrix(), ".heatmaplayer image", 1),
}


@pytest.mark.parametrize("title", ASKED)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_figure_is_drawn_from_the_file_alone(browser: Any, tmp_path: Path, title: str, scheme: str) -> None:
    ask, marks, expected = ASKED[title]
    result = ask(hostile())
    file = tmp_path / "figure.html"
    file.write_bytes(figure_page(result.plot(), title, ["as of 2026-03-02"], result.table))
    context = browser.new_context(viewport={"width": 1024, "height": 800}, color_scheme=scheme)
    page, said, asked = context.new_page(), [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda sent: asked.append(sent.url))
    page.goto(file.as_uri())
    page.wait_for_selector("#figure .main-svg")
    drawn = page.locator(f"#figure {marks}").count()
    assert drawn == expected if expected else drawn > 1
    assert page.locator("table.data tbody tr").count() == min(50, result.table.num_rows)
    assert [f for f in axe_faults(page) if f[0] in ("serious", "critical")] == []
    context.close()
    assert said == []
    assert [a for a in asked if not a.startswith(("data:", "blob:"))] == [file.as_uri()]
