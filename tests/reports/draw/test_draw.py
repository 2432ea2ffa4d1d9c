"""Numbers in a chart are those of its table, and names in it stay text."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Any

import pyarrow as pa
import pytest

from paths.sequences.first_steps import STEPS
from reports.draw.bars import bar, funnel_bar, interval_dot, stack
from reports.draw.flows import laid_out, merged
from reports.draw.sankey import sankey
from reports.draw.spark import sparkline
from reports.draw.svg import element, shown
from tests.reports.shop import HOSTILE

SVG = "{http://www.w3.org/2000/svg}"


def parsed(svg: object) -> ET.Element:
    return ET.fromstring(str(svg))


def table(*flows: tuple[Any, ...]) -> pa.Table:
    return pa.Table.from_pylist([dict(zip(STEPS.names, f, strict=True)) for f in flows], schema=STEPS)


FLOWS = table(
    (0, "START", "a", 60, 25),
    (0, "START", "b", 40, 5),
    (1, "a", "b", 30, 20),
    (1, "a", "END", 30, 5),
    (1, "b", "END", 40, 5),
)


def test_a_funnel_bar_is_as_wide_as_its_rate_and_says_it() -> None:
    svg = parsed(funnel_bar(0.534, 0.25, "step"))
    assert [r.get("width") for r in svg.findall(f"{SVG}rect")] == ["53.4%", "25%"]
    assert [t.text for t in svg.findall(f"{SVG}text")] == ["53.4\u202f%"]


def test_the_label_of_a_full_bar_stands_inside() -> None:
    text = parsed(funnel_bar(1.0, None, "step")).find(f"{SVG}text")
    assert text is not None
    assert text.get("class") == "inside"


def test_a_thin_bar_is_a_share_of_the_largest() -> None:
    rect = parsed(bar(3, 12, "x")).find(f"{SVG}rect")
    assert rect is not None
    assert rect.get("width") == "25%"
    assert "0%" in bar(0, 0, "nothing")


def test_an_interval_reaches_from_low_to_high_and_the_ring_is_the_period_before() -> None:
    svg = parsed(interval_dot(0.5, 0.25, 0.75, 0.1, 1.0, "rate"))
    line = svg.findall(f"{SVG}line")[1]
    assert (line.get("x1"), line.get("x2")) == ("27.5%", "72.5%")
    assert [c.get("cx") for c in svg.findall(f"{SVG}circle")] == ["14%", "50%"]
    assert not interval_dot(None, None, None, None, 1.0, "nothing")


def test_a_stack_adds_up_to_its_share_of_the_total() -> None:
    parts = parsed(stack([("converted", 10), ("abandoned", 30), ("open", 0)], 80, "carts")).findall(f"{SVG}rect")
    assert [(p.get("x"), p.get("width")) for p in parts] == [("0%", "12.5%"), ("12.5%", "37.5%")]
    assert parts[1].get("fill") == "url(#drop)"


def test_a_sparkline_leaves_a_gap_where_there_is_no_value() -> None:
    svg = parsed(sparkline([1.0, 2.0, None, 3.0], "weeks", current=2))
    assert len(svg.findall(f"{SVG}line")) == 1
    assert len(svg.findall(f"{SVG}circle")) == 2
    assert not sparkline([1.0, None, 2.0], "too few")


def test_the_flows_of_a_sankey_are_as_high_as_their_sessions() -> None:
    layout = laid_out(merged(FLOWS, 5))
    a, b = layout.boxes[1, "a"], layout.boxes[1, "b"]
    assert (a.sessions, a.dropped, a.done, dict(a.out)) == (60, 25, 5, {"b": 30})
    assert (b.sessions, b.dropped, b.done) == (40, 35, 5)
    assert layout.sessions(2) == 30
    svg = parsed(sankey(FLOWS))
    nodes = [r for r in svg.iter(f"{SVG}rect") if r.get("class") == "node"]
    assert [float(n.get("height") or 0) for n in nodes] == pytest.approx(
        [s * layout.scale for s in (60, 40, 30)], abs=0.01
    )
    stubs = [
        (r.get("class"), float(r.get("height") or 0))
        for r in svg.iter(f"{SVG}rect")
        if "stub" in (r.get("class") or "")
    ]
    assert [c for c, _ in stubs] == ["stub drop", "stub done", "stub drop", "stub done"]
    assert [h for _, h in stubs] == pytest.approx([n * layout.scale for n in (25, 5, 35, 5)], abs=0.01)
    titles = [t.text for t in svg.iter(f"{SVG}title")]
    assert "a \u2192 b: 30 sessions" in titles
    assert "a, step 1: 60 sessions, 25 end here without a goal, 5 with one" in titles


def test_rare_touchpoints_are_one_and_nothing_is_lost() -> None:
    many = table(
        *((0, "START", f"t{i}", 10 - i, 0) for i in range(10)), *((1, f"t{i}", "END", 10 - i, 0) for i in range(10))
    )
    layout = laid_out(merged(many, 3, always=("t9",)))
    assert layout.columns == [["t0", "t1", "t2", "t9", "other"]]
    assert layout.boxes[1, "other"].sessions == sum(range(2, 8))
    assert layout.sessions(1) == 55
    assert not sankey(STEPS.empty_table())


def test_a_touchpoint_that_is_called_other_is_not_the_rest() -> None:
    names = ("other", "a", "b", "c")
    flows = table(*((0, "START", n, 9 - i, 0) for i, n in enumerate(names)))
    layout = laid_out(merged(flows, 2))
    assert {n: layout.boxes[1, n].sessions for n in layout.columns[0]} == {"event:other": 9, "a": 8, "other": 7 + 6}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_in_a_sankey_is_text(name: str) -> None:
    svg = str(sankey(table((0, "START", name, 60, 0), (1, name, "b", 50, 0), (1, name, "END", 10, 0))))
    tags = {t.tag.removeprefix(SVG) for t in parsed(svg).iter()}
    assert tags <= {"svg", "g", "text", "rect", "path", "title"}
    assert not re.search(r"[\x00-\x1f\u202a-\u202e]|anna\.b@", svg)


def test_numbers_in_svg_have_two_decimals_at_most_and_no_minus_zero() -> None:
    assert [shown(v) for v in (1.0, 0.1 + 0.2, -0.001, 12.345)] == [
        "1",
        "0.3",
        "0",
        "12.35" if f"{12.345:.2f}" == "12.35" else "12.34",
    ]
    assert element("a", "<", b_c='"') == '<a b-c="&#34;">&lt;</a>'
