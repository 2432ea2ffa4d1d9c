"""The matrix: from each touchpoint (row) to each other one (column), as shares of the steps from there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from paths.visits.visits import END, START
from reports.content.report import Report
from reports.draw.graph import ranked
from reports.draw.sankey import TOP_K
from reports.draw.svg import places
from reports.formatting import named, number

MOST = 15


@dataclass(frozen=True, kw_only=True)
class Square:
    """A cell: the share, its tint in percent, and is its column beyond those shown at first?"""

    text: str
    tint: int
    beyond: bool


@dataclass(frozen=True, kw_only=True)
class Line:
    """A heading of a row or a column, and the cells of the row."""

    name: Markup
    place: str
    rank: int
    steps: str
    squares: list[Square]


@dataclass(frozen=True, kw_only=True)
class MatrixView:
    """Rows from START on, columns up to END; beyond the `shown` most visited they are there, but not shown."""

    heads: list[Line]
    lines: list[Line]
    shown: int


def matrix(report: Report) -> MatrixView | None:
    """None where there are not two touchpoints."""
    names = ranked(report.edges)[:MOST]
    if len(names) < 2:
        return None
    edges = {(r["source"], r["target"]): r for r in report.edges.to_pylist()}
    most = max(r["probability"] for (a, _), r in edges.items() if a != START)
    rank = {n: i for i, n in enumerate(names)} | {START: -1, END: -1}
    heads = [head(n, rank[n], "", []) for n in [*names, END]]
    lines = [line(n, names, edges, rank, most) for n in [START, *names]]
    return MatrixView(heads=heads, lines=lines, shown=TOP_K)


def head(name: str, rank: int, steps: str, squares: list[Square]) -> Line:
    """A named line."""
    said = {START: Markup("(start)"), END: Markup("(end)")}.get(name)
    place = "" if said else places(name)
    return Line(name=said or named(name, 22), place=place, rank=rank, steps=steps, squares=squares)


def line(
    source: str, names: Sequence[str], found: Mapping[tuple[str, str], Any], rank: Mapping[str, int], most: float
) -> Line:
    """One row."""
    steps = sum(r["transitions"] for (a, _), r in found.items() if a == source)
    squares = [square(found.get((source, n)), rank[n], most) for n in [*names, END]]
    return head(source, rank[source], number(steps), squares)


def square(row: Mapping[str, Any] | None, rank: int, most: float) -> Square:
    """One cell, in whole percent; a dot is less than half of one."""
    if row is None:
        return Square(text="", tint=0, beyond=rank >= TOP_K)
    p = row["probability"]
    text = "\u00b7" if p < 0.005 else f"{100 * p:.0f}"
    return Square(text=text, tint=min(60, round(60 * p / most)), beyond=rank >= TOP_K)
