"""Funnels: one bar per step with the previous period's outline, and between two steps what was lost and where it went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from markupsafe import Markup

from paths.compare.changes import Change, needed
from paths.statistics.intervals import wilson
from paths.visits.visits import END
from reports.content.changes import Changes
from reports.content.report import FunnelAnswer, Report
from reports.draw.bars import funnel_bar
from reports.draw.sheets import Column, Sheet, figures, sheet, words
from reports.draw.svg import places
from reports.formatting import duration, interval, named, number, plain, points_interval, share, signed, span_text

WENT = 3
"""So many ways that the dropped took instead."""

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Loss:
    """Between a step and the next."""

    lost: str
    rate: str
    going: str
    took: str
    change: str
    worse: bool
    instead: list[Markup]


@dataclass(frozen=True, kw_only=True)
class StepView:
    """One step; `loss` is None at the last."""

    number: int
    name: Markup
    reached: str
    bar: Markup
    loss: Loss | None
    optional: bool
    places: str


@dataclass(frozen=True, kw_only=True)
class FunnelView:
    """One funnel."""

    name: Markup
    summary: Markup
    steps: list[StepView]
    table: Sheet


def funnels(report: Report, changes: Changes) -> list[FunnelView]:
    """All saved funnels in which somebody took a step."""
    return [view(answer, changes) for answer in report.funnels if answer.now["reached"][0].as_py()]


def view(answer: FunnelAnswer, changes: Changes) -> FunnelView:
    """One funnel for the page."""
    rows = answer.now.to_pylist()
    before = answer.before.to_pylist() if answer.before is not None and answer.before["reached"][0].as_py() else []
    main = needed(answer.now)
    following = {a["step"]: b for a, b in pairwise(main)}
    steps = []
    for i, r in enumerate(rows):
        after = following.get(r["step"])
        change = None if after is None else changes.get(("step", answer.name, r["step"], r["name"]))
        steps.append(
            StepView(
                number=r["step"],
                name=named(r["name"]),
                reached=number(r["reached"]),
                places=places(r["name"]),
                optional=bool(r.get("optional")),
                bar=bar_of(r, before[i] if before else None, answer.count),
                loss=None if after is None or r["dropped"] is None else loss(r, after, change),
            )
        )
    return FunnelView(
        name=named(answer.name),
        summary=summary(answer, main, bool(before)),
        steps=steps,
        table=table(answer, rows, before),
    )


def bar_of(row: Row, before: Row | None, count: str) -> Markup:
    """The bar of one step."""
    label = f"{plain(row['name'])}: {number(row['reached'])} {count}, {share(row['conversion_rate'])} of the first step"
    old = before["conversion_rate"] if before else None
    return funnel_bar(row["conversion_rate"], old, label + (f", before {share(old)}" if before else ""))


def loss(row: Row, following: Row, change: Change | None) -> Loss:
    """What happened between two steps."""
    n = row["reached"]
    low, high = wilson(row["dropped"], n)
    moved, worse = "", False
    if change is not None and change.certain:
        moved = f"going on {signed(change.difference)} ({points_interval(*change.interval)})"
        worse = change.difference < 0
    return Loss(
        lost=number(row["dropped"]),
        rate=f"{share(row['dropped'] / n)}, {interval(low, high)}" if n else "",
        going=number(row["in_progress"]) if row["in_progress"] else "",
        took=duration(following["median_seconds"]) if following["median_seconds"] is not None else "",
        change=moved,
        worse=worse,
        instead=[went(g) for g in (row["dropped_next"] or [])[:WENT]],
    )


def went(gone: Mapping[str, Any]) -> Markup:
    """One way out."""
    name = Markup("left") if gone["touchpoint"] == END else named(gone["touchpoint"], 30)
    return Markup('{}<span class="count">{}</span>').format(name, Markup("\u00a0") + number(gone["units"]))


def summary(answer: FunnelAnswer, main: Sequence[Row], compared: bool) -> Markup:
    """The sentence of the figure."""
    first, last = main[0], main[-1]
    window = f" within {span_text(answer.window)}" if answer.window else ""
    text = Markup("Of {} {} that reached <b>{}</b>, {} ({}) got to <b>{}</b>{}.").format(
        number(first["reached"]),
        answer.count,
        named(first["name"]),
        number(last["reached"]),
        share(last["conversion_rate"]),
        named(last["name"]),
        window,
    )
    outline = (
        " The outline is the period before; changes are judged among those whose window is over." if compared else ""
    )
    return text + outline


def table(answer: FunnelAnswer, rows: Sequence[Row], before: Sequence[Row]) -> Sheet:
    """The numbers behind the bars."""
    old = {r["step"]: r for r in before}
    columns = [
        words("Step", "name", named),
        figures(answer.count.capitalize(), "reached", number),
        figures("Of the first", "conversion_rate", share),
        Column(head="95 % interval", cell=lambda r: interval(r["ci_low"], r["ci_high"])),
        figures("Of the step before", "step_conversion_rate", share),
        figures("Dropped", "dropped", number),
        figures("On their way", "in_progress", number),
        figures("Median time", "median_seconds", duration),
        figures("90 % within", "p90_seconds", duration),
    ]
    if before:
        columns.append(Column(head="Before: reached", cell=lambda r: number(old[r["step"]]["reached"])))
        columns.append(Column(head="Before: of the first", cell=lambda r: share(old[r["step"]]["conversion_rate"])))
    return sheet(f"Funnel {plain(answer.name)}", rows, columns, answer.command)
