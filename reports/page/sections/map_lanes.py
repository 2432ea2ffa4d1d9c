"""The lanes of the journey map: what each stage shows, as a few short lines, with its n and how much that stands on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from reports.content.journey_map import MapContent, MapStage
from reports.content.report import Report
from reports.draw.bars import bar
from reports.draw.feelings import Feeling, felt_text
from reports.formatting import duration, interval, named, number, plain, share, short_money

Row = Mapping[str, Any]

TOUCHPOINTS, PAINS, MOMENTS, THINGS, MOVES = 5, 2, 2, 2, 3
"""So many in a cell; further ones are counted."""

FEW = 10
"""Signals that fewer customers met are not shown."""

SIGNAL_WORDS = {
    "error": "error",
    "repeat": "repeated clicks",
    "back_and_forth": "back and forth",
    "contact": "contact with support",
    "dwell": "long stay",
    "feeling": "unhappy answers",
}
MEASURE_WORDS = {
    "drop_off": "end here",
    "goes_on": "go on",
    "friction": "visits with friction",
    "unhappy": "unhappy answers",
    "visited": "sessions come here",
}
WORSE_WHEN_MORE = {"drop_off": True, "friction": True, "unhappy": True, "goes_on": False}
THING_WORDS = {
    "carts_to_win_back": "carts to win back",
    "silent_after_purchase": "silence after the purchase",
    "unanswered_complaint": "unanswered complaints",
    "avoidable_contact": "avoidable contacts",
    "silent_stage": "no touch at all here",
}


@dataclass(frozen=True)
class Line:
    """One line of a cell; kind is its class: item (a new thing begins), value, quiet, touch, quote, and worse or better."""

    text: str | Markup
    kind: str = "item"


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What a stage shows in a lane. Evidence: solid, thin, none, or "" where nothing is measured."""

    lines: Sequence[Line] = ()
    chart: Markup = field(default_factory=Markup)
    n: str = ""
    evidence: str = ""


@dataclass(frozen=True, kw_only=True)
class Lane:
    """A row of the map."""

    key: str
    name: str
    hint: str
    cells: list[Cell]


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What the lanes are drawn from."""

    report: Report
    content: MapContent

    @property
    def rows(self) -> dict[str, dict[str, Any]]:
        """Stage -> its row."""
        return self.content.rows

    def lane(self, key: str, name: str, hint: str, cell: Callable[[MapStage], Cell]) -> Lane:
        """One cell a stage."""
        return Lane(key=key, name=name, hint=hint, cells=[cell(s) for s in self.content.stages])

    def counted(self, n: int, unit: str, **cell: Any) -> Cell:
        """A cell that says what it stands on."""
        evidence = "none" if not n else "solid" if n >= self.content.min_n else "thin"
        return Cell(n=f"{number(n)} {unit}", evidence=evidence, **cell)


def rest(left: int) -> list[Line]:
    """What a cell leaves out."""
    return [Line(f"{left} more", "quiet")] if left > 0 else []


def goal(ground: Ground) -> Lane:
    """What the customer wants here."""
    return ground.lane(
        "goal", "Goal", "of the customer", lambda s: Cell(lines=[Line(named(s.goal, 120))] if s.goal else [])
    )


def touchpoints(ground: Ground) -> Lane:
    """Where the stage meets its customers."""
    content = ground.content
    rows = content.cells.to_pylist()

    def cell(stage: MapStage) -> Cell:
        mine = [r for r in rows if r["stage"] == stage.name and r["customers"]]
        lines = [Line(touch(r, content), "touch") for r in mine[:TOUCHPOINTS]]
        return Cell(lines=[*lines, *rest(len(mine) - TOUCHPOINTS)])  # each line has its own n

    return ground.lane("touchpoints", "Touchpoints", "customers at each", cell)


def touch(row: Row, content: MapContent) -> Markup:
    """A touchpoint with its mark, and its customers."""
    channels = content.channels.get(row["touchpoint"], ())
    offline = [c for c in channels if c in content.offline]
    kind = "" if not channels else "online" if not offline else "offline" if len(offline) == len(channels) else "both"
    if not content.channels:
        return Markup(
            '<span></span><span class="name place" data-place="{}">{}</span><span class="count">{}</span>'
        ).format(plain(row["touchpoint"]), named(row["touchpoint"], 32), number(row["customers"]))
    said = {"": "no channel", "online": "online", "offline": "offline", "both": "online and offline"}[kind]
    told = f"{said}: {', '.join(plain(c, 20) for c in channels[:6])}" if channels else said
    return Markup(
        '<span class="channel {}" title="{}"><span class="unseen">{}</span></span><span class="name place" data-place="{}">{}</span>'
        '<span class="count">{}</span>'
    ).format(kind, told, told, plain(row["touchpoint"]), named(row["touchpoint"], 32), number(row["customers"]))


def volume(ground: Ground) -> Lane:
    """How many come."""
    most = max((r["customers"] for r in ground.rows.values()), default=0)

    def cell(stage: MapStage) -> Cell:
        row = ground.rows.get(stage.name)
        if row is None:
            return Cell(lines=[Line("nobody", "quiet")], n="0 events", evidence="none")
        chart = bar(row["customers"], most, f"{number(row['customers'])} customers")
        lines = [Line(number(row["customers"]), "value"), Line(f"{share(row['share'])} of all", "quiet")]
        return ground.counted(row["events"], "events", chart=chart, lines=lines)

    return ground.lane("volume", "Volume", "customers", cell)


def drop_off(ground: Ground) -> Lane:
    """How many sessions end here without a goal, and what became of them."""
    after = {r["stage"]: r for r in ground.content.dropoff.to_pylist()}

    def cell(stage: MapStage) -> Cell:
        row = ground.rows.get(stage.name)
        if row is None or not row["sessions"]:
            return Cell(evidence="none")
        rate = row["drop_off_rate"]
        lines = [Line(share(rate), "value"), Line(interval(row["ci_low"], row["ci_high"]), "quiet")]
        lines += went(after.get(stage.name))
        chart = bar(rate, 1.0, f"{share(rate)} end here without a goal", hatched=True)
        return ground.counted(row["sessions"], "sessions", chart=chart, lines=lines)

    return ground.lane("dropoff", "Drop-off", "sessions that end here, 95\u00a0%", cell)


def went(row: Row | None) -> list[Line]:
    """Where they went who dropped off."""
    if row is None or not row["drop_off"]:
        return []
    lines = [Line(f"{number(row['lost'])} lost", "quiet")]
    if row["returned"]:
        at = Markup(", most at {}").format(named(row["returned_at"], 24)) if row["returned_at"] else Markup("")
        lines.append(Line(Markup("{} came back{}").format(number(row["returned"]), at), "quiet"))
    return lines


def time(ground: Ground) -> Lane:
    """How long they stay, and how long they take from the stage before."""
    waits = {r["stage"]: r["median_seconds"] for r in ground.content.designed.to_pylist()}

    def cell(stage: MapStage) -> Cell:
        row = ground.rows.get(stage.name)
        if row is None:
            return Cell(evidence="none")
        lines = []
        if row["median_seconds"] is not None:
            lines = [
                Line(duration(row["median_seconds"]), "value"),
                Line(f"90 % in {duration(row['p90_seconds'])}", "quiet"),
            ]
        if waits.get(stage.name) is not None:
            lines.append(Line(f"wait {duration(waits[stage.name])}", "quiet"))
        return ground.counted(row["visits"], "visits", lines=lines)

    return ground.lane("time", "Time", "there, median; wait: since the stage before", cell)


def feelings(ground: Ground) -> Lane:
    """What the curve shows, in words for who cannot see it."""

    def cell(stage: MapStage) -> Cell:
        row = ground.rows.get(stage.name)
        if row is None or row["sentiment"] is None:
            return Cell(lines=[Line("nobody asked", "nobody")], n="0 answers", evidence="none")
        return ground.counted(row["answers"], "answers", lines=[Line(feeling_said(row), "unseen")])

    return ground.lane("feelings", "Feelings", "mean answer, with 95\u00a0%", cell)


def feeling_said(row: Row) -> str:
    """A feeling in words."""
    text = f"{felt_text(row['sentiment'])} of {number(row['answers'])} answers"
    if row["sentiment_low"] is None:
        return text
    return f"{text}, 95 % interval {felt_text(row['sentiment_low'])} to {felt_text(row['sentiment_high'])}"


def feeling_of(row: Row | None, min_n: int) -> Feeling | None:
    """The point of a cell; None where nobody was asked."""
    if row is None or row["sentiment"] is None:
        return None
    return Feeling(
        mean=row["sentiment"],
        low=row["sentiment_low"],
        high=row["sentiment_high"],
        thin=row["answers"] < min_n,
        said=feeling_said(row),
    )


def targets(ground: Ground) -> Lane:
    """What was expected of the stage, and what came."""
    rows = {r["stage"]: r for r in ground.content.designed.to_pylist()}

    def cell(stage: MapStage) -> Cell:
        row = rows.get(stage.name)
        lines = [] if row is None else target_lines(row)
        if row is None or not lines:
            return Cell()
        return ground.counted(row["customers"], "customers", lines=lines)

    return ground.lane("targets", "Expected", "against actual", cell)


def target_lines(row: Row) -> list[Line]:
    """The targets of one stage: met or missed, in a word."""
    pairs = (
        ("share", share, "target_share", "share_met", "come"),
        ("median_seconds", duration, "target_seconds", "time_met", "wait"),
        ("sentiment", felt_text, "target_sentiment", "sentiment_met", "feeling"),
    )
    lines = []
    for actual, shown, target, met, what in pairs:
        if row[target] is None:
            continue
        has = "\u2013" if row[actual] is None else shown(row[actual])
        text = f"{has} {what}, expected {shown(row[target])}"
        word = {True: "met", False: "missed", None: "nothing to compare"}[row[met]]
        lines.append(Line(Markup("<b>{}</b> {}").format(word, text), "item worse" if row[met] is False else "item"))
    return lines


def pains(ground: Ground) -> Lane:
    """Signals of friction, the most expensive first, and what somebody wrote."""
    rows = ground.content.pains.to_pylist()

    def cell(stage: MapStage) -> Cell:
        mine = [r for r in rows if r["stage"] == stage.name and r["customers"] >= FEW]
        solid = [r for r in mine if r["evidence"] == "solid"] or mine[:1]
        lines = [line for r in solid[:PAINS] for line in pain_lines(r, ground.report.currency)]
        quote = next((c for c in ground.content.comments if c.stage == stage.name and c.feeling < 0), None)
        lines += rest(len(solid) - PAINS)
        lines += [Line(Markup("\u201c{}\u201d").format(named(quote.text, 90)), "quote")] if quote else []
        if not lines or not solid:
            return Cell(lines=lines)
        return ground.counted(max((r["customers"] for r in solid), default=0), "customers", lines=lines)

    return ground.lane("pains", "Pain points", "signals of friction", cell)


def pain_lines(row: Row, currency: str | None) -> list[Line]:
    """One signal at one touchpoint."""
    head = Markup("<b>{}</b> at {}").format(
        SIGNAL_WORDS.get(row["signal"], plain(row["signal"])), named(row["touchpoint"], 28)
    )
    cost = f", {short_money(row['value'], currency)}" if row["value"] else ""
    return [Line(head), Line(f"{share(row['rate'])} of visits{cost}", "quiet")]
