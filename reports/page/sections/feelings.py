"""Feelings per touchpoint: as many words for what works as for what does not, and what people wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from reports.content.journey_map import Comment, MapContent
from reports.content.report import Report
from reports.draw.feelings import feeling_dot, felt_text
from reports.draw.sheets import Column, Sheet, figures, sheet, words
from reports.draw.svg import places
from reports.formatting import named, number, share
from reports.page.sections.map_lanes import feeling_of

EACH = 5
QUOTES = 5

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Felt:
    """One touchpoint."""

    place: Markup
    places: str
    dot: Markup
    mean: str
    low: bool  # below 0
    answers: str


@dataclass(frozen=True, kw_only=True)
class Quote:
    """What somebody wrote, and of what."""

    text: Markup
    place: Markup
    feeling: str


@dataclass(frozen=True, kw_only=True)
class Theme:
    """What unhappy comments speak of."""

    name: Markup
    count: str
    shares: str


@dataclass(frozen=True, kw_only=True)
class FeelingsView:
    """Two rankings, what unhappy comments speak of, and a few comments of either mood."""

    summary: Markup
    lists: list[tuple[str, list[Felt]]]
    themes: list[Theme]
    no_theme: str  # why there is none
    quotes: list[tuple[str, list[Quote]]]
    table: Sheet


def feelings(report: Report) -> FeelingsView | None:
    """None where nobody answered."""
    content = report.map
    rows = [] if content is None else [r for r in content.cells.to_pylist() if r["answers"]]
    if content is None or not rows:
        return None
    ranked = content.best.to_pylist()
    return FeelingsView(
        summary=summary(content, rows, ranked),
        lists=lists(ranked, content.min_n),
        themes=themes(content),
        no_theme=no_theme(content),
        quotes=quotes(content.comments, ranked),
        table=table(rows, content),
    )


def summary(content: MapContent, rows: Sequence[Row], ranked: Sequence[Row]) -> Markup:
    """How many answers speak of how many touchpoints."""
    answers = sum(r["answers"] for r in rows)
    text = Markup("{} answers are about {} touchpoints, {} of them with at least {}: those are ranked.").format(
        number(answers), number(len(rows)), number(len(ranked)), content.min_n
    )
    off, nothing = content.totals["answers_off_scale"], content.totals["answers_of_nothing"]
    text += f" {number(nothing)} are about no visit." if nothing else ""
    return text + (f" {number(off)} are off their scale." if off else "")


def lists(ranked: Sequence[Row], min_n: int) -> list[tuple[str, list[Felt]]]:
    """The worst and the best, or all where they are few."""
    worst = [felt(r, min_n) for r in reversed(ranked)]
    if len(ranked) <= 2 * EACH:
        return [("Worst first", worst)] if worst else []
    return [("Worst", worst[:EACH]), ("Best", [felt(r, min_n) for r in ranked[:EACH]])]


def felt(row: Row, min_n: int) -> Felt:
    """One row of a ranking."""
    point = feeling_of(row, min_n)
    assert point is not None
    return Felt(
        place=named(row["touchpoint"], 40),
        places=places(row["touchpoint"]),
        dot=feeling_dot(point),
        mean=felt_text(row["sentiment"]),
        low=row["sentiment"] < 0,
        answers=number(row["answers"]),
    )


def themes(content: MapContent) -> list[Theme]:
    """The terms that tell unhappy comments from the others, most comments first."""
    return [
        Theme(
            name=named(r["theme"], 40),
            count=number(r["unhappy"]),
            shares=f"{share(r['share'])} of unhappy comments, {share(r['share_of_others'])} of the others",
        )
        for r in content.themes.slice(0, EACH).to_pylist()
    ]


def no_theme(content: MapContent) -> str:
    """Nothing where nobody wrote, or where there are themes."""
    unhappy, others = (int((content.themes.schema.metadata or {}).get(k, b"0")) for k in (b"unhappy", b"others"))
    if len(content.themes) or not unhappy + others:
        return ""
    if min(unhappy, others) < content.min_n:
        return (
            f"Themes need {content.min_n} unhappy comments and {content.min_n} others; "
            f"there are {number(unhappy)} and {number(others)}."
        )
    return "No word tells the unhappy comments from the others beyond noise."


def quotes(comments: Sequence[Comment], ranked: Sequence[Row]) -> list[tuple[str, list[Quote]]]:
    """Of either mood, one a touchpoint and no text twice: unhappy ones of the worst touchpoints first, happy ones of the best."""
    place = {(r["stage"], r["touchpoint"]): r["best"] for r in ranked}
    quoted = []
    for title, sign in (("Unhappy", -1), ("Happy", 1)):
        mine = [c for c in comments if c.feeling * sign > 0]
        mine.sort(key=lambda c: -sign * -place.get((c.stage, c.touchpoint), sign * 1_000))
        chosen: list[Comment] = []
        for c in mine:
            if (
                len(chosen) < QUOTES
                and c.text not in {o.text for o in chosen}
                and c.touchpoint not in {o.touchpoint for o in chosen}
            ):
                chosen.append(c)
        if chosen:
            quoted.append((title, [quote(c) for c in chosen]))
    return quoted


def quote(c: Comment) -> Quote:
    """One comment."""
    return Quote(text=named(c.text, 180), place=named(c.touchpoint, 40), feeling=felt_text(c.feeling))


def table(rows: Sequence[Row], content: MapContent) -> Sheet:
    """All touchpoints that any answer speaks of."""

    def bounds(r: Row) -> str:
        if r["sentiment_low"] is None:
            return "\u2013"
        return f"{felt_text(r['sentiment_low'])} to {felt_text(r['sentiment_high'])}"

    columns = [
        words("Touchpoint", "touchpoint", named),
        words("Stage", "stage", named),
        figures("Answers", "answers", number),
        figures("Feeling", "sentiment", felt_text),
        Column(head="95 % interval", cell=bounds),
        figures("Unhappy", "unhappy", share),
        figures("Friction", "friction", share),
    ]
    return sheet("Feelings by touchpoint", rows, columns, content.commands["best"])
