"""The lanes of the journey map that say what to do: moments of truth, opportunities, owners, and what changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from reports.content.journey_map import MapStage
from reports.formatting import named, number, points_interval, share, short_money, signed, spoken_day
from reports.page.sections.map_lanes import (
    MEASURE_WORDS,
    MOMENTS,
    MOVES,
    THING_WORDS,
    THINGS,
    WORSE_WHEN_MORE,
    Cell,
    Ground,
    Lane,
    Line,
    rest,
)

Row = Mapping[str, Any]


def moments(ground: Ground) -> Lane:
    """Touchpoints at which a good or a bad visit decides, beyond noise."""
    rows = ground.content.moments.to_pylist()

    def cell(stage: MapStage) -> Cell:
        mine = [r for r in rows if r["stage"] == stage.name]
        sure = [r for r in mine if r["significant"]]
        if not mine:
            return Cell()
        if not sure:
            return Cell(lines=[Line("none beyond noise", "quiet")])
        lines = [line for r in sure[:MOMENTS] for line in moment_lines(r)]
        return ground.counted(
            sum(r["good"] + r["bad"] for r in sure[:MOMENTS]), "visits", lines=[*lines, *rest(len(sure) - MOMENTS)]
        )

    return ground.lane("moments", "Moments of truth", "where a visit decides", cell)


def moment_lines(row: Row) -> list[Line]:
    """One moment: the goal after a good and after a bad visit, and what that does to all."""
    star = Markup('<span class="star" aria-hidden="true">\u2605</span> <b>{}</b>').format(named(row["touchpoint"], 28))
    return [
        Line(star, "item"),
        Line(f"goal {share(row['p_goal_good'])} after a good visit, {share(row['p_goal_bad'])} after a bad one", ""),
        Line(f"effect {share(row['effect'])}, {points(row)}", "quiet"),
    ]


def points(row: Row) -> str:
    """The interval of an effect."""
    return f"{100 * row['effect_low']:.1f} to {100 * row['effect_high']:.1f}"


def opportunities(ground: Ground) -> Lane:
    """What could be done here, what it is worth, and how it stands."""
    content = ground.content
    placed = list(zip(content.opportunity_stage, content.opportunities.to_pylist(), strict=True))

    def cell(stage: MapStage) -> Cell:
        mine = [r for s, r in placed if s == stage.name and (r["n"] or r["opportunity"] == "silent_stage")]
        if not mine:
            return Cell()
        lines = [line for r in mine[:THINGS] for line in thing_lines(r, ground.report.currency)]
        n = max(r["of"] for r in mine[:THINGS])
        return ground.counted(n, "cases", lines=[*lines, *rest(len(mine) - THINGS)])

    return ground.lane("opportunities", "Opportunities", "value and status", cell)


def thing_lines(row: Row, currency: str | None) -> list[Line]:
    """One thing to do."""
    value = Markup(" <b>{}</b>").format(short_money(row["value"], currency)) if row["value"] else Markup("")
    at = Markup(" after friction at {}").format(named(row["touchpoint"], 28)) if row["touchpoint"] else Markup("")
    head = Line(Markup("{}{}{}").format(THING_WORDS.get(row["opportunity"], row["opportunity"]), at, value))
    if row["opportunity"] == "silent_stage":
        return [head]
    open_ = f", {number(row['open'])} open" if row["open"] else ""
    return [head, Line(f"{number(row['n'])} of {number(row['of'])}{open_}", "quiet")]


def owners(ground: Ground) -> Lane:
    """Who answers for it, and when they look at it again."""

    def cell(stage: MapStage) -> Cell:
        lines = [Line(named(stage.owner, 40))] if stage.owner else []
        if stage.review_by is not None:
            day = spoken_day(stage.review_by)
            lines.append(
                Line(Markup("<b>overdue</b> since {}").format(day), "item worse")
                if stage.overdue
                else Line(f"review by {day}", "quiet")
            )
        return Cell(lines=lines)

    return ground.lane("owners", "Owner", "and review", cell)


def changes(ground: Ground) -> Lane:
    """What moved beyond noise since the period before."""
    rows = [] if ground.content.changes is None else ground.content.changes.to_pylist()

    def cell(stage: MapStage) -> Cell:
        mine = [r for r in rows if r["stage"] == stage.name]
        sure = [r for r in mine if r["significant"]]
        compared = sum(r["difference"] is not None for r in mine)
        if not sure:
            return Cell(lines=[Line("within noise" if compared else "too few", "quiet")])
        lines = [line for r in sure[:MOVES] for line in change_lines(r)]
        return ground.counted(min(min(r["n"], r["n_before"]) for r in sure[:MOVES]), "compared", lines=lines)

    return ground.lane("changes", "Change", "since the period before; beyond noise", cell)


def change_lines(row: Row) -> list[Line]:
    """One rate that moved."""
    worse = WORSE_WHEN_MORE.get(row["measure"])
    kind = "" if worse is None else "worse" if (row["difference"] > 0) == worse else "better"
    word = f" {kind}" if kind else ""
    return [
        Line(
            Markup("<b>{}</b> {}{}").format(signed(row["difference"]), MEASURE_WORDS[row["measure"]], word),
            f"item {kind}".strip(),
        ),
        Line(points_interval(row["ci_low"], row["ci_high"]), "quiet"),
    ]
