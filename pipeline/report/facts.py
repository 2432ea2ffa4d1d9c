"""What a report says about itself: rules in force, what became of the rows, and the commands that give its numbers."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Mapping

import pyarrow as pa

from ingest.errors import did_you_mean
from ingest.identity.stitched_days import stitched_days
from ingest.store.event_store import Snapshot
from paths.carts.rules import CartRules
from paths.journeys.conditions import Condition
from paths.journeys.matchers import PAGE
from paths.journeys.names import never_seen, unquoted
from paths.journeys.touchpoints import UNMAPPED
from pipeline.config import Config
from pipeline.config import Funnel as SavedFunnel
from pipeline.config.durations import format_duration
from pipeline.project.as_of import instant_text
from pipeline.project.periods import local_day
from pipeline.project.project import Period, ProjectFolder
from pipeline.project.rules import stage_rules
from pipeline.project.saved_funnels import funnel_of, plain_funnels
from reports.content.report import Quality, Rule, Span, StageFact


def unknown_steps(config: Config, given: Collection[str], occurring: Collection[str]) -> list[str]:
    """A warning for each name of a funnel's step that never occurs, with the nearest one; `given` by [[touchpoint]] rules."""
    warnings, known = [], sorted(occurring)
    for saved in plain_funnels(config):
        steps = funnel_of(saved, lambda: (*occurring, *given)).steps
        names = [m.name for s in steps for m in s.matchers if not m.name.startswith(PAGE)]
        for name in never_seen(names, given, occurring, occurring):
            text = unquoted(name) or name
            warnings.append(f'the step "{text}" of the funnel "{saved.name}" never occurs.{did_you_mean(text, known)}')
    return warnings


Spoken = Callable[..., str]
"""Words of a command -> the command as it is typed."""


def spoken_under(config: Config, period: Period, span: Span, as_of: int, segment: Condition | None = None) -> Spoken:
    """Spells commands with the options of a period, of one more segment where there is one."""
    zone = config.project.timezone
    words = [
        "--since",
        str(local_day(span.since, zone)),
        "--until",
        str(local_day(span.until, zone)),
        "--as-of",
        instant_text(as_of),
    ]
    pairs = period.segment.items() if isinstance(period.segment, Mapping) else period.segment
    further = [] if segment is None else [(segment.column, segment.value)]
    for column, value in [*pairs, *further]:
        words += ["--segment", f"{column}={value}"]
    if period.persona is not None:
        words += ["--persona", period.persona]
    for condition in period.where:
        words += ["--where", condition]

    def spoken(*command: str) -> str:
        return shlex.join(["journeys", *command, *words])

    return spoken


MAP_LISTS = ("pains", "moments", "best", "designed", "opportunities", "personas")


def commands(spoken: Spoken) -> dict[str, str]:
    """Section -> the command that gives its numbers."""
    return {
        "report": spoken("report", "build", "-o", "report"),
        "summary": spoken("summary"),
        "dropoff": spoken("dropoff"),
        "paths": spoken("paths", "--collapse-repeats"),
        "carts": spoken("carts"),
        "drivers": spoken("drivers"),
        "quarantine": "journeys quarantine",
        "map": spoken("map", "--by", "stage"),
        "cells": spoken("map"),
        "changes": spoken("map", "--by", "stage", "--compare", "previous"),
        **{name: spoken("map", name) for name in MAP_LISTS},
    }


def funnel_words(saved: SavedFunnel) -> list[str]:
    """A saved funnel as the command line asks it."""
    words = [*saved.steps, "--window", format_duration(saved.window), "--count", saved.count]
    words += [
        w for name, value in saved.step_window.items() for w in ("--step-window", f"{name}={format_duration(value)}")
    ]
    words += ["--order", saved.order] if saved.order != "ordered" else []
    words += ["--ties", saved.ties] if saved.ties != "recorded" else []
    words += [w for rule in saved.exclude for w in ("--exclude", rule)]
    return words + (["--exclusion", saved.exclusion] if saved.exclusion != "chain" else [])


def stage_facts(config: Config, coverage: pa.Table) -> list[StageFact]:
    """The configured stages in their order; a touchpoint belongs to the first that names it."""
    rules = stage_rules(config)
    names = [r["name"] for r in coverage.to_pylist() if r["kind"] == "touchpoint"]
    stage = {n: rules.stage(n, n, None) for n in names}
    return [
        StageFact(name=s.name, owner=s.owner, touchpoints=[n for n in names if stage[n] == s.name])
        for s in config.stages
    ]


def quality(
    project: ProjectFolder, snapshot: Snapshot, coverage: pa.Table, summary: pa.Table, excluded_sessions: int
) -> Quality:
    """Rows of the whole ingestion, as the store's log adds them up; events of the period."""
    left = {reason: n for reason, n in snapshot.quarantined.items() if n}
    reasons = sorted(left.items(), key=lambda r: (-r[1], r[0]))
    stages = [r for r in coverage.to_pylist() if r["kind"] == "stage"]
    unmapped = sum(int(r["events"]) for r in stages if r["name"] == UNMAPPED) if project.config.stages else None
    return Quality(
        accepted=snapshot.rows,
        duplicates=snapshot.duplicates,
        quarantined=sum(left.values()),
        reasons=reasons,
        excluded_sessions=excluded_sessions,
        unmapped=unmapped,
        events=summary["events"][0].as_py(),
    )


def stitched_share(snapshot: Snapshot, now: Span, as_of: int) -> float | None:
    """Share of the period's events that are a customer's although they do not name it; None without anonymous ids."""
    if not snapshot.identity:
        return None
    days = stitched_days(snapshot.files, now.since, min(now.until, as_of))
    events = sum(d.events for d in days)
    return sum(d.stitched for d in days) / events if events else None


def rules_in_force(config: Config, carts: CartRules) -> list[Rule]:
    """The rules that decide numbers, as journeys.toml spells them."""
    s, p = config.sessions, config.project
    rules = {
        "goal": ", ".join(p.goal) or "none",
        "return_window": format_duration(p.return_window),
        "idle_timeout": format_duration(s.idle_timeout),
        "max_duration": format_duration(s.max_duration),
        "cut_at_midnight": "yes" if s.cut_at_midnight else "",
        "cut_on": s.cut_on or "",
        "passive": ", ".join(s.passive),
        "max_session_events": f"{s.max_session_events:,}",
        "quiet_period": format_duration(carts.quiet_period),
        "recovery_window": format_duration(carts.recovery_window),
        "touchpoint rules": str(len(config.touchpoints) or ""),
        "stages": str(len(config.stages) or ""),
        "excluded customers": str(len(config.excludes) or ""),
        "rules digest": config.digest()[:12],
    }
    return [Rule(name=name, value=value) for name, value in rules.items() if value]
