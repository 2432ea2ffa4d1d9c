"""Feelings along the stages, -2 to +2, with their band: a gap where nobody was asked, never interpolated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from reports.draw.svg import element, percent, picture, shown
from reports.formatting import MINUS

BEST = 2.0
HEIGHT = 132.0
PAD = 14.0
MARGIN = 0.06
"""Of the width, on either side of a dot's scale."""


@dataclass(frozen=True, kw_only=True)
class Feeling:
    """The mean of some answers with its interval; `thin`: fewer than min_n of them."""

    mean: float
    low: float | None
    high: float | None
    thin: bool
    said: str


def felt_text(value: float) -> str:
    """+0.38, 0.00 or the like with a minus."""
    text = f"{abs(value):.2f}"
    return text if text == "0.00" else f"{'+' if value > 0 else MINUS}{text}"


def level(value: float, height: float = HEIGHT) -> float:
    """How far down a feeling stands."""
    return PAD + (height - 2 * PAD) * (BEST - value) / (2 * BEST)


def feelings_curve(points: Sequence[Feeling | None], label: str) -> Markup:
    """One point a stage, in the middle of its column; a line between neighbours that both have answers."""
    n = len(points)
    lines = [
        element("line", x1="0", x2="100%", y1=level(v), y2=level(v), class_="zero" if v == 0 else "axis")
        for v in (BEST, 0.0, -BEST)
    ]
    links = [
        element(
            "line",
            x1=percent((i + 0.5) / n),
            y1=level(a.mean),
            x2=percent((i + 1.5) / n),
            y2=level(b.mean),
            class_="curve thin" if a.thin or b.thin else "curve",
        )
        for i, (a, b) in enumerate(pairwise(points))
        if a is not None and b is not None
    ]
    dots = [mark for i, p in enumerate(points) if p is not None for mark in dot(p, (i + 0.5) / n)]
    return picture([*lines, band(points), *links, *dots], height=HEIGHT, label=label, class_="feelings")


def band(points: Sequence[Feeling | None]) -> Markup:
    """The intervals: an area between neighbours that have one, in a picture of its own that stretches with the columns."""
    areas = []
    for i, (a, b) in enumerate(pairwise(points)):
        if a is None or b is None or a.low is None or a.high is None or b.low is None or b.high is None:
            continue
        corners = [(i + 0.5, a.high), (i + 1.5, b.high), (i + 1.5, b.low), (i + 0.5, a.low)]
        d = "M" + "L".join(f"{shown(x)} {shown(level(v))}" for x, v in corners) + "Z"
        areas.append(element("path", d=d, class_="band"))
    return element(
        "svg",
        *areas,
        viewBox=f"0 0 {len(points)} {shown(HEIGHT)}",
        width="100%",
        height=HEIGHT,
        preserveAspectRatio="none",
    )


def dot(p: Feeling, at: float) -> list[Markup]:
    """The mean with its interval and its number: filled where the evidence is solid, a ring where it is thin."""
    x, kind = percent(at), ("thin" if p.thin else "solid") + (" low" if p.mean < 0 else "")
    whisker = (
        []
        if p.low is None or p.high is None
        else [element("line", x1=x, x2=x, y1=level(p.low), y2=level(p.high), class_="whisker")]
    )
    above = p.mean < 1.6
    number = element(
        "text",
        felt_text(p.mean),
        x=x,
        y=level(p.mean) + (-9 if above else 19),
        text_anchor="middle",
        class_=f"value {kind}",
    )
    return [*whisker, element("circle", element("title", p.said), cx=x, cy=level(p.mean), r=4.5, class_=kind), number]


def feeling_dot(p: Feeling, height: float = 18.0) -> Markup:
    """One feeling on its scale from left (-2) to right (+2)."""
    middle = height / 2

    def x(value: float) -> str:
        return percent(MARGIN + (1 - 2 * MARGIN) * (value + BEST) / (2 * BEST))

    parts = [
        element("line", x1=x(-BEST), x2=x(BEST), y1=middle, y2=middle, class_="axis"),
        element("line", x1=x(0.0), x2=x(0.0), y1=2, y2=height - 2, class_="zero"),
    ]
    if p.low is not None and p.high is not None:
        parts.append(element("line", x1=x(p.low), x2=x(p.high), y1=middle, y2=middle, class_="whisker"))
    kind = ("thin" if p.thin else "solid") + (" low" if p.mean < 0 else "")
    parts.append(element("circle", cx=x(p.mean), cy=middle, r=4.5, class_=kind))
    return picture(parts, height=height, label=p.said, class_="feelings one")
