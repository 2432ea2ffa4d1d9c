"""A share that grows with time, with its band: time runs in doublings, so that minutes and weeks both have room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log
from typing import Any

from markupsafe import Markup

from reports.draw.svg import element, picture, shown
from reports.formatting import duration, share

WIDTH, HEIGHT, LEFT, RIGHT, TOP, FOOT = 840.0, 220.0, 44.0, 76.0, 12.0, 28.0
APART = 46.0
"""Labels on the time axis keep this distance."""

Row = Mapping[str, Any]


def curve(rows: Sequence[Row], label: str) -> Markup:
    """TIME_TO_GOAL rows in, SVG out; the last point carries its value. Nothing below three points."""
    if len(rows) < 3:
        return Markup()
    low, high = log(rows[0]["seconds"]), log(rows[-1]["seconds"])
    top = ceiling(max(r["ci_high"] or r["share"] for r in rows))

    def x(row: Row) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (log(row["seconds"]) - low) / (high - low)

    def y(value: float) -> float:
        return TOP + (HEIGHT - TOP - FOOT) * (1 - value / top)

    band = [(x(r), y(r["ci_high"])) for r in rows if r["ci_high"] is not None]
    band += [(x(r), y(r["ci_low"])) for r in reversed(rows) if r["ci_low"] is not None]
    line = [(x(r), y(r["share"])) for r in rows]
    last = rows[-1]
    shapes = [
        *grid(top, y),
        *ticks(rows, x),
        element("path", d=path(band, close=True), class_="band"),
        element("path", d=path(line), class_="curve"),
        *(element("circle", element("title", said(r)), cx=x(r), cy=y(r["share"]), r=3, class_="dot") for r in rows),
        element("text", share(last["share"]), x=x(last) + 9, y=y(last["share"]) + 4, class_="heading"),
    ]
    told = f"{label}: {said(rows[0])}; {said(last)}"
    return picture(shapes, height=HEIGHT, label=told, class_="wait", box=f"0 0 {shown(WIDTH)} {shown(HEIGHT)}")


def ceiling(value: float) -> float:
    """The top of the axis: the next of a few round shares."""
    return next((c for c in (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8) if value <= c), 1.0)


def grid(top: float, y: Any) -> list[Markup]:
    """Three lines and their shares."""
    marks = [0.0, top / 2, top]
    lines = [element("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y(v), y2=y(v), class_="axis") for v in marks]
    return lines + [
        element(
            "text", share(v, 0 if 100 * v % 1 == 0 else 1), x=LEFT - 8, y=y(v) + 4, text_anchor="end", class_="quiet"
        )
        for v in marks
    ]


def ticks(rows: Sequence[Row], x: Any) -> list[Markup]:
    """Times under the axis, where they have room."""
    marks: list[Markup] = []
    at = -APART
    for r in rows:
        if x(r) - at >= APART:
            at = x(r)
            marks.append(
                element("text", duration(r["seconds"]), x=at, y=HEIGHT - 8, text_anchor="middle", class_="quiet")
            )
    return marks


def path(points: Sequence[tuple[float, float]], close: bool = False) -> str:
    """Straight lines between points."""
    if not points:
        return ""
    first, *rest = points
    steps = [f"M{shown(first[0])} {shown(first[1])}", *(f"L{shown(px)} {shown(py)}" for px, py in rest)]
    return "".join(steps) + ("Z" if close else "")


def said(row: Row) -> str:
    """One point in words."""
    return f"within {duration(row['seconds'])}: {share(row['share'])}"
