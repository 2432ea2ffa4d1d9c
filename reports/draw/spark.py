"""Sparklines: the shape of eight weeks beside a number."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from markupsafe import Markup

from reports.draw.svg import element, percent, picture

HEIGHT = 36
PAD = 4


def sparkline(
    values: Sequence[float | None], label: str, current: int = 0, events: Sequence[tuple[float, str]] = ()
) -> Markup:
    """One point a week, oldest first; a gap where there is none, never interpolated. The last `current` points are the period.

    `events`: (where on the scale of the points' numbers, what happened there).
    """
    known = [v for v in values if v is not None]
    if len(known) < 3:
        return Markup()
    low, high = min(known), max(known)
    spread = (high - low) or 1.0

    def x(i: float) -> str:
        return percent(0.02 + 0.95 * i / (len(values) - 1))

    def y(v: float) -> float:
        return PAD + (HEIGHT - 2 * PAD) * (1 - (v - low) / spread)

    lines = [
        element("line", x1=x(i), y1=y(a), x2=x(i + 1), y2=y(b), class_="now" if i >= len(values) - current else "past")
        for i, (a, b) in enumerate(pairwise(values))
        if a is not None and b is not None
    ]
    alone = [
        element("circle", cx=x(i), cy=y(v), r=1.5, class_="point")
        for i, v in enumerate(values)
        if v is not None and not neighbours(values, i)
    ]
    last = max(i for i, v in enumerate(values) if v is not None)
    end = element("circle", cx=x(last), cy=y(values[last] or 0.0), r=3, class_="end")
    marks = [
        element("line", element("title", said), x1=x(at), x2=x(at), y1=0, y2=HEIGHT, class_="event")
        for at, said in events
    ]
    return picture([*marks, *lines, *alone, end], height=HEIGHT, label=label, class_="spark")


def neighbours(values: Sequence[float | None], i: int) -> bool:
    """Has the point a line to one side?"""
    return (i > 0 and values[i - 1] is not None) or (i + 1 < len(values) and values[i + 1] is not None)
