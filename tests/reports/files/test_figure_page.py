"""An answer as a page of its own: its figure by the trimmed plotly.js, its table, and nothing else."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import plotly
import plotly.offline
import pyarrow as pa
import pytest

import reports
import reports.files.figure_page as module
from reports.draw import figures
from reports.draw.figures import plot
from reports.files.figure_page import figure_page
from tests.reports.shop import hostile

BUNDLE = Path(reports.__file__).parent / "assets" / "plotly"
STEPS = ["look", "add_to_cart", "purchase"]


def page() -> str:
    result = hostile().paths()
    return figure_page(result.plot(), "paths", ["as of then"], result.table).decode()


def test_the_bundle_is_the_one_that_was_built_and_its_licences_are_with_it() -> None:
    sums = dict(reversed(line.split("  ")) for line in (BUNDLE / "SHA256SUMS").read_text().splitlines())
    assert set(sums) == {"plotly.min.js", "licences.txt"}
    for name, known in sums.items():
        assert hashlib.sha256((BUNDLE / name).read_bytes()).hexdigest() == known
    licences = (BUNDLE / "licences.txt").read_text()
    built = json.loads((BUNDLE / "package.json").read_text())["dependencies"]["plotly.js"]
    assert f"plotly.js {built}\n" in licences
    assert "The MIT License" in licences
    assert len((BUNDLE / "plotly.min.js").read_bytes()) < 1_500_000


def test_the_bundle_is_of_the_version_that_the_figures_are_made_for() -> None:
    lock = json.loads((BUNDLE / "package-lock.json").read_text())["packages"]
    assert lock["node_modules/plotly.js"]["version"] == plotly.offline.get_plotlyjs_version()


def test_every_figure_is_of_traces_that_the_bundle_has() -> None:
    there = set(re.findall(r"plotly\.js/lib/(\w+)", (BUNDLE / "traces.js").read_text())) | {"scatter"}
    shop = hostile()
    made = [
        shop.funnel(STEPS),
        shop.dropoff(),
        shop.paths(),
        shop.carts(),
        shop.flows(),
        shop.steps(),
        shop.step_matrix(),
        shop.retention(),
        shop.retention(second_goal=True),
        shop.lifecycle(),
        shop.drivers(["look", "purchase"]),
    ]
    assert {r.title for r in made} == set(figures.FIGURES)
    assert {t.type for r in made for t in r.plot().data} <= there


def test_equal_answers_give_equal_bytes() -> None:
    assert page() == page()


def test_nothing_is_fetched_and_names_stay_text() -> None:
    head, _, _ = page().partition("<script>")
    assert "default-src 'none'" in head
    assert "<script>alert(1)" not in page()
    assert "<img src=x" not in page()
    data = re.search(r'<script id="figure-data" type="application/json">(.*?)</script>', page(), re.S)
    assert data is not None
    assert json.loads(data[1])["data"][0]["type"] == "heatmap"


def test_the_table_has_the_numbers_for_people_and_for_programs() -> None:
    table = pa.table({"name": ["a", None], "share": [0.123456789, None], "n": [1234567, 2]})
    cells = module.sheet("t", table, module.columns(table)).cells
    assert [(c.text, c.value) for c in cells[0]] == [("a", ""), ("0.1235", "0.123457"), ("1,234,567", "1234567")]
    assert [c.text for c in cells[1]] == ["\u2013", "\u2013", "2"]
    assert (module.shown(12345.6), module.shown(True)) == ("12,346", "True")


def test_an_answer_without_a_figure_has_no_page() -> None:
    with pytest.raises(TypeError, match="no figure"):
        plot("summary", hostile().summary().table)
