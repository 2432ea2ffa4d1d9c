"""What late rows changed: a sentence for each day that was published before and got further events."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from ingest.loading.loaded import Loaded
from ingest.store.event_store import Snapshot
from paths.timing.outcomes import Outcomes
from pipeline.engines.local import run
from pipeline.project.project import Period, ProjectFolder
from pipeline.project.rules import goal_rules
from sessionize.clock import midnight

MOST = 7


def late_sentences(
    project: ProjectFolder,
    as_of: str,
    before: Snapshot | None,
    after: Snapshot,
    loaded: Loaded,
    newest: Mapping[str, date],
) -> list[str]:
    """ "312 late events for 2026-11-18 changed its conversion by +0.1 points", newest day first.

    `newest` is the newest day of each source that was published before.
    """
    if before is None or loaded.arrivals is None or not newest:
        return []
    counts: dict[str, int] = {}
    for row in loaded.arrivals.to_pylist():
        if row["source"] in newest and row["span"] < newest[row["source"]].isoformat():
            counts[row["span"]] = counts.get(row["span"], 0) + row["rows"]
    days = sorted(counts, reverse=True)[:MOST]
    if not days:
        return []
    zone = project.config.project.timezone
    starts = [date.fromisoformat(d) for d in days]
    question = Outcomes(
        spans=tuple((midnight(d, zone), midnight(d + timedelta(days=1), zone)) for d in starts),
        rules=goal_rules(project.config),
        goal_lookback=timedelta(0),  # no times to a goal are told
    )
    old, new = (run([question], s, project.scope(Period(as_of=as_of), s)[0])[0][0].to_pylist() for s in (before, after))
    return [
        sentence(day, counts[day], was["conversion_rate"], now["conversion_rate"])
        for day, was, now in zip(days, old, new, strict=True)
    ]


def sentence(day: str, events: int, was: float | None, now: float | None) -> str:
    """One day in words."""
    start = f"{events:,} late event{'s' if events != 1 else ''} for {day}"
    if was is None or now is None:
        return f"{start}; its conversion is {'not known' if now is None else f'{now:.1%}, there was none before'}"
    if round(100 * (now - was), 1) == 0:
        return f"{start} left its conversion at {now:.1%}"
    return f"{start} changed its conversion by {100 * (now - was):+.1f} points to {now:.1%}"
