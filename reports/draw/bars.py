"""Bars and intervals of one row each: a list of them is a chart that bends to any width."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from reports.draw.svg import DROP, element, percent, picture
from reports.formatting import share

FUNNEL_HEIGHT = 30
BAR_HEIGHT = 10
DOT_HEIGHT = 18
ROOM = 0.86
"""A funnel bar longer than this carries its label inside."""


def funnel_bar(rate: float | None, before: float | None, label: str) -> Markup:
    """One step: the share of step 1 as a bar with its number, the previous period's as an outline."""
    value = rate or 0.0
    parts = [element("rect", x=0, y=4, width=percent(value), height=22, class_="bar")]
    if before is not None:
        parts.append(element("rect", x=0, y=1, width=percent(before), height=28, class_="ghost"))
    edge = max(value, before or 0.0) if before is not None and before - value < 0.12 else value
    if edge > ROOM:
        parts.append(element("text", share(rate), x=percent(value), dx=-8, y=19, class_="inside", text_anchor="end"))
    else:
        parts.append(element("text", share(rate), x=percent(edge), dx=8, y=19, class_="label"))
    return picture(parts, height=FUNNEL_HEIGHT, label=label, class_="funnel-bar")


def bar(value: float | None, largest: float, label: str, hatched: bool = False) -> Markup:
    """A thin bar; the longest of its column is as wide as the column. Of a value that is not told there is none."""
    if value is None:
        return Markup()
    width = percent(value / largest if largest else 0.0)
    fill = {"fill": DROP, "class_": "hatched"} if hatched else {"class_": "bar"}
    return picture(
        [element("rect", x=0, y=1, width=width, height=8, **fill)], height=BAR_HEIGHT, label=label, class_="thin"
    )


def target_bar(value: float, target: float | None, label: str) -> Markup:
    """A share as a thin bar on a line from 0 to 1, with a tick where it should be."""
    parts = [
        element("line", x1="0", x2="100%", y1=9, y2=9, class_="axis"),
        element("rect", x=0, y=3, width=percent(value), height=6, class_="bar"),
    ]
    if target is not None:
        parts.append(element("line", x1=percent(target), x2=percent(target), y1=0, y2=12, class_="tick"))
    return picture(parts, height=12, label=label, class_="target")


def interval_dot(
    rate: float | None, low: float | None, high: float | None, before: float | None, top: float, label: str
) -> Markup:
    """A rate with its interval; the previous period's as a ring."""
    if rate is None or low is None or high is None or not top:
        return Markup()
    middle = DOT_HEIGHT / 2

    def x(value: float) -> str:
        return percent(0.05 + 0.9 * min(value / top, 1.0))

    parts = [
        element("line", x1="0", x2="100%", y1=middle, y2=middle, class_="axis"),
        element("line", x1=x(low), x2=x(high), y1=middle, y2=middle, class_="range"),
        element("circle", cx=x(rate), cy=middle, r=4, class_="dot"),
    ]
    if before is not None:
        parts.insert(1, element("circle", cx=x(before), cy=middle, r=4, class_="ring"))
    return picture(parts, height=DOT_HEIGHT, label=label, class_="interval")


def difference_dot(
    value: float, low: float | None, high: float | None, reach: float, label: str, worse: bool
) -> Markup:
    """A difference with its interval on both sides of zero; a ring where it is for the worse, a dot where for the better."""
    if low is None or high is None or not reach:
        return Markup()
    middle = DOT_HEIGHT / 2

    def x(v: float) -> str:
        return percent(0.5 + 0.45 * v / reach)

    mark = element("circle", cx=x(value), cy=middle, r=4, class_="worse" if worse else "better")
    parts = [
        element("line", x1="0", x2="100%", y1=middle, y2=middle, class_="axis"),
        element("line", x1="50%", x2="50%", y1=1, y2=DOT_HEIGHT - 1, class_="zero"),
        element("line", x1=x(low), x2=x(high), y1=middle, y2=middle, class_="range"),
        mark,
    ]
    return picture(parts, height=DOT_HEIGHT, label=label, class_="difference")


def stack(parts: Sequence[tuple[str, int]], total: int, label: str) -> Markup:
    """Counts side by side as shares of a total; each part is drawn in its own manner (class = its name)."""
    shapes, at = [], 0.0
    for name, count in parts:
        if not count:
            continue
        width = count / total if total else 0.0
        fill = DROP if name == "abandoned" else None
        shapes.append(
            element("rect", x=percent(at), y=1, width=percent(width), height=20, class_=f"part {name}", fill=fill)
        )
        at += width
    return picture(shapes, height=22, label=label, class_="stack")
