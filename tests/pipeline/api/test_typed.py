"""A notebook is checked: mypy says nothing of right words, and names the line of each wrong one."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import journeys

ROOT = Path(__file__).parents[3]

NOTEBOOK = """\
from datetime import date, timedelta

import journeys

shop = journeys.open("shop")
shop.ingest("events.csv", map={"event_at": "timestamp"}, deduplicate="content")
shop.summary(since=date(2026, 1, 1), until="2026-02-01").to_pandas()
shop.dropoff(by="stage", goal="purchase", segment={"platform": "mobile"}, where="price>50")
shop.funnel(["view", "buy"], window=timedelta(days=1), count="sessions", order="strict", top=3).rows()
shop.funnel("buy", window=None, step_window={"buy": "30m"}, by="week")
shop.customers(edge=("cart", "buy"), segment=["platform=mobile", ("channel", "web")])
shop.carts_list(status=["open", "abandoned"]).table.num_rows
people: int = shop.map_personas().table.num_rows
shop.dropoff(by="channel")  # wrong
shop.paths(by="stages")  # wrong
shop.flows(by="channel")  # wrong
shop.funnel(["view"], windw="7d")  # wrong
shop.funnel(["view"], window=7)  # wrong
shop.funnel(["view"], count="people")  # wrong
shop.customers(cart="abandonned")  # wrong
shop.summary(since=20260101)  # wrong
shop.variants(top="ten")  # wrong
shop.carts_list(unmask="yes")  # wrong
shop.summary().to_panda()  # wrong
shop.map_bst()  # wrong
"""


def test_mypy_finds_what_is_wrong_in_a_notebook_and_nothing_else(tmp_path: Path) -> None:
    page = tmp_path / "notebook.py"
    page.write_text(NOTEBOOK)
    asked = [
        sys.executable,
        "-m",
        "mypy",
        "--config-file",
        str(ROOT / "pyproject.toml"),
        "--no-error-summary",
        str(page),
    ]
    found = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    reported = {int(n) for n in re.findall(r"notebook\.py:(\d+): error: ", found.stdout)}
    wrong = {n for n, line in enumerate(NOTEBOOK.splitlines(), 1) if line.endswith("# wrong")}
    assert reported == wrong, found.stdout + found.stderr


def test_what_is_installed_says_that_it_is_typed() -> None:
    folders = [p.parent for p in ROOT.glob("*/__init__.py") if p.parent.name not in ("tests", "bench")]
    assert "journeys" in {f.name for f in folders}
    assert [f.name for f in folders if not (f / "py.typed").exists()] == []


def test_the_version_is_the_installed_one_and_the_changelog_tells_of_it() -> None:
    assert journeys.__version__ == version("journeys")
    said = re.search(r'^version = "(.*)"$', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert said is not None
    assert re.search(
        rf"^## \[{re.escape(said[1])}\] - \d{{4}}-\d\d-\d\d$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE
    )
