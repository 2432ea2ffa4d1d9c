"""Leaks: where sessions end without a goal, ranked by what is at stake."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from markupsafe import Markup

from paths.compare.changes import Change
from paths.statistics.pairs import MIN_N
from paths.visits.visits import START
from reports.content.changes import Changes
from reports.content.least import LEAST
from reports.content.report import Report
from reports.draw.bars import bar, interval_dot
from reports.draw.sheets import Column, Sheet, figures, raw, sheet, words
from reports.draw.svg import places
from reports.formatting import (
    NOTHING,
    about,
    counted,
    duration,
    instant,
    interval,
    named,
    number,
    plain,
    points_interval,
    share,
    short_money,
    signed,
    span_text,
)

SHOWN = 10

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Leak:
    """One place."""

    rank: int
    place: Markup
    stake: str
    bar: Markup
    lost: str
    ended: str
    sessions: str
    rate: str
    dot: Markup
    change: str
    direction: str
    route: Markup
    thin: bool  # fewer than MIN_N sessions
    places: str
    raw: dict[str, str]  # what each column sorts by
    owner: Markup
    question: Markup
    newest: list[Markup]  # the last lost sessions, a line each
    command: str


@dataclass(frozen=True, kw_only=True)
class LeaksView:
    """The ranking."""

    summary: Markup
    stake_head: str
    leaks: list[Leak]
    table: Sheet
    goal: bool
    compared: bool
    owned: bool  # does a stage say who answers for it?


def leaks(report: Report, changes: Changes) -> LeaksView | None:
    """None where there are not two places to compare."""
    rows = report.dropoff.to_pylist()
    if len(rows) < 2:
        return None
    valued = any(r["value_at_risk"] for r in rows)
    goal = bool(report.goal) and report.goal_seen
    key = "value_at_risk" if valued else "leak" if goal and any(r["leak"] for r in rows) else "drop_off"
    moved = {c.place: c for c in changes.values() if c.kind == "dropoff"}
    top = rows[:SHOWN]
    largest = max((r[key] or 0 for r in top), default=0)
    rings = [c.hits_before / c.trials_before for r in top if (c := moved.get(r["touchpoint"]))]
    reach = max([*(r["ci_high"] or 0 for r in top), *rings], default=1) or 1
    head = {"value_at_risk": "Value at risk", "leak": "Conversions at stake", "drop_off": "Sessions that end here"}[key]
    return LeaksView(
        summary=summary(report, rows, goal),
        stake_head=head,
        table=table(report, rows, moved),
        goal=goal,
        compared=bool(moved),
        owned=any(r["touchpoint"] in report.owners for r in top),
        leaks=[leak(i, r, key, largest, reach, moved.get(r["touchpoint"]), report) for i, r in enumerate(top, 1)],
    )


def leak(rank: int, row: Row, key: str, largest: float, reach: float, change: Change | None, report: Report) -> Leak:
    """One row of the ranking."""
    stake = {"value_at_risk": lambda v: short_money(v, report.currency), "leak": about, "drop_off": number}[key](
        row[key]
    )
    before = change.hits_before / change.trials_before if change is not None else None
    said = f"{share(row['drop_off_rate'])}, 95 % interval {interval(row['ci_low'], row['ci_high'])}"
    moved, direction = moved_words(change)
    name = plain(row["touchpoint"])
    return Leak(
        rank=rank,
        place=named(row["touchpoint"]),
        stake=stake,
        bar=bar(row[key] or 0, largest, f"{name}: {stake}", True),
        lost=number(row["lost"]),
        ended=number(row["drop_off"]),
        sessions=number(row["sessions"]),
        rate=share(row["drop_off_rate"]),
        dot=interval_dot(row["drop_off_rate"], row["ci_low"], row["ci_high"], before, reach, said),
        change=moved,
        direction=direction,
        route=route(row),
        thin=row["sessions"] < MIN_N,
        places=places(row["touchpoint"]),
        raw={k: raw(row[k]) for k in ("lost", "drop_off", "sessions", "drop_off_rate")}
        | {"stake": raw(row[key]), "change": raw(change.difference if change else None)},
        owner=named(owner, 40) if (owner := report.owners.get(row["touchpoint"])) else Markup(),
        question=question(row),
        newest=newest(row, report),
        command=plain(c, 600) if (c := people_command(row, report)) else "",
    )


def question(row: Row) -> Markup:
    """What to ask first: by where the lost came from, and by what those do who come back."""
    place, before = named(row["touchpoint"], 40), row["lost_after"]
    if before is None:
        return Markup("What do those who leave at {} still look for?").format(place)
    if before == START:
        return Markup("What did visitors who leave after {} expect to find there?").format(place)
    if before == row["touchpoint"]:
        return Markup("Why is {} tried again and again, and then left?").format(place)
    if row["returned_at"] not in (None, row["touchpoint"]):
        return Markup("Those who come back begin at {}: what did {} not tell them?").format(
            named(row["returned_at"], 40), place
        )
    return Markup("What do those who come from {} miss at {}?").format(named(before, 40), place)


def newest(row: Row, report: Report) -> list[Markup]:
    """How the newest lost sessions went; none where so few are lost that a line might tell who it was."""
    if (row["lost"] or 0) < LEAST:
        return []
    mine = report.last_lost.filter(pc.equal(report.last_lost["touchpoint"], row["touchpoint"]))
    ends = mine["ended_at"].cast(pa.int64()).to_pylist()
    return [went(lost, instant(at, report.timezone)) for lost, at in zip(mine.to_pylist(), ends, strict=True)]


def went(lost: Row, ended: str) -> Markup:
    """When a session ended, how long it was, and its last steps."""
    steps = Markup(" → ").join(named(s, 30) for s in lost["steps"])
    before = "… → " if lost["visits"] > len(lost["steps"]) else ""
    took = f" in {duration(lost['seconds'])}" if lost["events"] > 1 else ""
    return Markup("{}, {}{}<br>{}{}").format(ended, counted(lost["events"], "event"), took, before, steps)


def people_command(row: Row, report: Report) -> str:
    """The command that lists the lost, masked; none for a name that a page cannot show to the letter."""
    if not row["lost"] or plain(row["touchpoint"]) != row["touchpoint"]:
        return ""
    words = shlex.split(report.commands["dropoff"])
    return shlex.join(["journeys", "customers", "--lost", row["touchpoint"], *words[2:]])


def moved_words(change: Change | None) -> tuple[str, str]:
    """(the change of the rate, worse | better | same)."""
    if change is None:
        return NOTHING, "same"
    if not change.certain:
        return f"{signed(change.difference, '')}, noise", "same"
    return signed(change.difference, ""), "worse" if change.difference > 0 else "better"


def route(row: Row) -> Markup:
    """What the lost did last before, and where those who came back returned."""
    parts = []
    if row["lost_after"] is not None:
        came = (
            Markup("at the start")
            if row["lost_after"] == START
            else Markup("after {}").format(named(row["lost_after"], 30))
        )
        parts.append(Markup("mostly {}").format(came))
    if row["returned_at"] is not None:
        parts.append(Markup("back at {}").format(named(row["returned_at"], 30)))
    return Markup("; ").join(parts)


def where(name: str | None) -> Markup:
    """A touchpoint, the start, or nothing."""
    return Markup(NOTHING) if name is None else Markup("(start)") if name == START else named(name, 40)


def summary(report: Report, rows: Sequence[Row], goal: bool) -> Markup:
    """The sentence of the figure."""
    ended = sum(r["drop_off"] for r in rows)
    if not goal:
        return Markup("{} end at {}. No goal occurs, so none of them counts as lost or won.").format(
            counted(ended, "session"), counted(len(rows), "place")
        )
    lost, back, still = (sum(r[k] or 0 for r in rows) for k in ("lost", "returned", "in_progress"))
    return Markup(
        "{} sessions ended without a goal: {} lost, {} came back within {}, {} may still come back. Bars: what is at stake."
    ).format(number(ended), number(lost), number(back), span_text(report.return_window), number(still))


def table(report: Report, rows: Sequence[Row], changes: Mapping[str, Change]) -> Sheet:
    """All columns of the answer."""

    def moved(row: Row) -> str:
        change = changes.get(row["touchpoint"])
        return (
            NOTHING
            if change is None or change.fewest < MIN_N
            else f"{signed(change.difference)} ({points_interval(*change.interval)})"
        )

    columns = [
        words("Place", "touchpoint", named),
        figures("Visits", "visits", number),
        figures("Sessions", "sessions", number),
        figures("Drop-off", "drop_off", number),
        figures("Rate", "drop_off_rate", share),
        Column(head="95 % interval", cell=lambda r: interval(r["ci_low"], r["ci_high"])),
        figures("Returned", "returned", number),
        figures("Lost", "lost", number),
        figures("May still return", "in_progress", number),
        figures("Conversion", "conversion", share),
        figures("At stake", "leak", lambda v: NOTHING if v is None else f"{v:.2f}"),
        figures("Value at risk", "value_at_risk", lambda v: short_money(v, report.currency)),
        words("Lost after", "lost_after", where),
        words("Came back at", "returned_at", where),
    ]
    if changes:
        columns.append(Column(head="Change of the rate", cell=moved))
    return sheet("Drop-off by touchpoint", rows, columns, report.commands["dropoff"])
