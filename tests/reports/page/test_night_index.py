"""The index over all nights."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from pipeline.nightly.report_index import nights_of
from reports.page.night_index import MEASURES, NightFacts, index, over_nights

RATE = MEASURES[0]


def night(day: int, rate: float | None = 0.1, **facts: object) -> NightFacts:
    given = {
        "state": "ok",
        "message": "",
        "page": f"2026-01-{day:02}/index.html",
        "warnings": 0,
        "numbers": {"conversion_rate": rate},
    }
    return NightFacts(night=date(2026, 1, day), **{**given, **facts})  # type: ignore[arg-type]


def record(as_of: str, state: str = "ok", published: bool = True, **more: object) -> dict[str, object]:
    return {
        "as_of": as_of,
        "state": state,
        "message": "m",
        "published": ["x"] if published else [],
        "warnings": [],
        "numbers": {},
        **more,
    }


def test_the_newest_night_stands_first_and_leads_to_its_report() -> None:
    text = index("shop", [night(1), night(3), night(2)]).decode()
    assert re.findall(r'<a href="([^"]+)">', text) == [f"2026-01-0{d}/index.html" for d in (3, 2, 1)]
    assert "3 nights, the newest of 3\u00a0Jan\u00a02026" in text
    assert index("shop", [night(1), night(3)]) == index("shop", [night(3), night(1)])


def test_a_night_that_published_nothing_says_why_and_leads_nowhere() -> None:
    text = index("<b>shop</b>", [night(1), night(2, None, state="gated", message="<i>volume</i>", page=None)]).decode()
    assert "stopped by a gate: &lt;i&gt;volume&lt;/i&gt;" in text
    assert "1 published nothing" in text
    assert "<i>" not in text and "<b>" not in text


def test_a_line_has_a_gap_where_a_night_has_no_number() -> None:
    line = over_nights(RATE, [night(1), night(2, 0.2), night(3, None), night(4, 0.3), night(6, 0.4)])
    assert line is not None
    assert (line.value, line.note) == ("40.0\u202f%", "the night before: 30.0\u202f%")
    assert line.spark.count("<line") == 1  # only nights 1 and 2 are neighbours
    assert over_nights(RATE, [night(1, None)]) is None


def test_a_night_is_told_by_its_newest_run_that_published(tmp_path: Path) -> None:
    (tmp_path / "2026-01-02").mkdir()
    (tmp_path / "2026-01-02" / "index.html").write_text("")
    newest_first = [
        record("2026-01-02T00:00:00Z", "gated", False),
        record("2026-01-02T00:00:00Z"),
        record("2026-01-01"),
        record("", "failed", False),
    ]
    found = nights_of(newest_first, tmp_path)
    assert [(f.night.day, f.state, f.page) for f in found] == [(2, "ok", "2026-01-02/index.html"), (1, "ok", None)]
    assert index("s", []).decode().count("No night has run yet") == 1
