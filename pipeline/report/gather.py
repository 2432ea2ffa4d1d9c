"""The report: all its questions in one pass over the store, and what they are about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ingest.store.event_days import first_event
from ingest.store.event_store import Snapshot
from paths.journeys.conditions import Condition
from paths.journeys.scope import NEVER, Scope
from pipeline.config import Funnel as SavedFunnel
from pipeline.engines.local import Pass
from pipeline.project.goal_warnings import goal_warnings
from pipeline.project.privacy import refuse_few, refuse_personal
from pipeline.project.project import Period, ProjectFolder
from pipeline.project.rules import cart_rules, goal_rules
from pipeline.project.saved_funnels import plain_funnels
from pipeline.report.facts import (
    Spoken,
    commands,
    funnel_words,
    quality,
    rules_in_force,
    spoken_under,
    stage_facts,
    stitched_share,
    unknown_steps,
)
from pipeline.report.journey_map import dated, map_columns, map_content, map_questions
from pipeline.report.questions import Key, Periods, about_all, periods_of, questions
from pipeline.report.retention import (
    answered,
    attribution_content,
    attribution_question,
    history_content,
    history_questions,
    touches_by,
)
from pipeline.report.segments import segment_values
from reports.content.report import CartAnswer, FunnelAnswer, Report, Segment
from reports.files.strict import strict

Answers = Mapping[Key, Any]


@dataclass(frozen=True)
class About:
    """What all parts of a report share."""

    project: ProjectFolder
    period: Period
    scope: Scope
    periods: Periods


def gather(
    project: ProjectFolder, period: Period, *, compare: bool = True, segments: bool = True
) -> tuple[Report, Pass]:
    """(everything the report shows, what the one pass read). Raises ConfigError for a period that makes no sense."""
    report, done = project.store.read(lambda snapshot: gathered(project, period, snapshot, compare, segments))
    if project.config.project.privacy == "strict":
        refuse_few(report.summary)
        report = strict(report)
    return report, done


def gathered(
    project: ProjectFolder, period: Period, snapshot: Snapshot, compare: bool, segments: bool
) -> tuple[Report, Pass]:
    """The same, of one snapshot."""
    columns = map_columns(project).union(project.config.project.segments)
    scope, warnings = project.scope(period, snapshot, columns)
    if project.config.project.privacy == "strict":
        asked_by = frozenset[str]().union(*(c.columns for c in (*scope.segment, *scope.where)))
        refuse_personal([*asked_by, *project.config.project.segments])
    periods = periods_of(scope, project.config.project.timezone, compare, first_event(snapshot))
    about = About(project, period, scope, periods)
    values, left_out = segment_values(project, snapshot, scope, about.periods.now) if segments else ([], 0)
    asked = [about_all(project, scope, about.periods), *(questions(project, scope, about.periods, c) for c in values)]
    if touches_by(project, snapshot) is not None:
        asked[0].add(Key("attribution"), attribution_question(project), about.periods.now)
    asked.append(map_questions(project, about.periods))
    history = history_questions(project, about.periods)
    flat = [a for q in asked for a in q.analyses.values()]
    whole_scope = replace(scope, since=-NEVER, until=NEVER)
    found, done = answered(flat, list(history.analyses.values()), snapshot, whole_scope)
    rest = iter(found)
    answers: list[Answers] = [dict(zip(q.analyses, rest, strict=False)) for q in asked]
    of_history = dict(zip(history.analyses, rest, strict=True))
    whole = whole_report(about, answers[0], snapshot, done, warnings)
    mapped = map_content(project, scope, answers[-1], answers[0][Key("carts")].table, whole.commands)
    context = project, period, periods, scope.as_of
    cohorts, life = history_content(*context, of_history)
    whole = replace(
        whole,
        map=mapped,
        annotations=dated(project),
        attribution_by=project.config.attribution.by,
        attribution=attribution_content(*context, answers[0]),
        cohorts=cohorts,
        lifecycle=life,
    )
    parts = [part_of(whole, about, c, a) for c, a in zip(values, answers[1:-1], strict=True)]
    return replace(
        whole, segments=[p for p in parts if p.report.summary["sessions"][0].as_py()], segments_left_out=left_out
    ), done


def whole_report(about: About, found: Answers, snapshot: Snapshot, done: Pass, warnings: Sequence[str]) -> Report:
    """About everybody."""
    project, scope, periods = about.project, about.scope, about.periods
    config, rules = project.config, goal_rules(project.config)
    spoken = spoken_under(config, about.period, periods.now, scope.as_of)
    names, given = found[Key("names")], scope.touchpoints.given
    unseen = goal_warnings(rules.goal, config, given, names, names)
    return Report(
        shop=config.directory.resolve().name,
        timezone=config.project.timezone,
        currency=config.project.currency,
        minor_units=project.minor_units,
        goal=sorted(rules.goal),
        goal_seen=len(unseen) < len(rules.goal),
        goal_unseen=" ".join(unseen),
        as_of=scope.as_of,
        now=periods.now,
        before=periods.before,
        weeks=periods.weeks,
        first_event=first_event(snapshot),
        conditions=[*(str(c) for c in scope.segment), *(f"where {c}" for c in scope.where)],
        data=found[Key("data")],
        return_window=config.project.return_window,
        coverage=found[Key("coverage")],
        stages=stage_facts(config, found[Key("coverage")]),
        quality=replace(
            quality(project, snapshot, found[Key("coverage")], found[Key("summary")], done.excluded_sessions),
            stitched=stitched_share(snapshot, periods.now, scope.as_of),
        ),
        rules=rules_in_force(config, cart_rules(project.config)),
        commands=commands(spoken),
        drivers=found.get(Key("drivers")),
        warnings=[*warnings, *unseen, *unknown_steps(config, given, names)],
        **tables(about, found, spoken),
    )


def part_of(whole: Report, about: About, segment: Condition, found: Answers) -> Segment:
    """About one segment: the same page with other numbers."""
    spoken = spoken_under(about.project.config, about.period, about.periods.now, about.scope.as_of, segment)
    report = replace(
        whole,
        conditions=[*whole.conditions, str(segment)],
        commands=commands(spoken),
        warnings=(),
        map=None,
        drivers=None,
        map_elsewhere=whole.map is not None,
        attribution=None,
        cohorts=None,
        lifecycle=None,
        **tables(about, found, spoken),
    )
    return Segment(column=segment.column, value=segment.value, report=report)


def tables(about: About, found: Answers, spoken: Spoken) -> dict[str, Any]:
    """The fields of a Report that are answers."""
    config = about.project.config
    plain = ("summary", "outcomes", "flows", "edges", "hours", "goal_times", "dropoff", "last_lost")
    return {
        **{name: found[Key(name)] for name in plain},
        "nodes": found.get(Key("nodes")),
        "crossings": found.get(Key("crossings")),
        "summary_before": found.get(Key("summary", before=True)),
        "dropoff_before": found.get(Key("dropoff", before=True)),
        "carts": cart_answer(found),
        "funnels": [funnel_answer(found, f, spoken) for f in plain_funnels(config)],
    }


def funnel_answer(found: Answers, saved: SavedFunnel, spoken: Spoken) -> FunnelAnswer:
    """One saved funnel."""
    name = saved.name
    return FunnelAnswer(
        name=name,
        count=saved.count,
        window=saved.window,
        now=found[Key("funnel", name)],
        before=found.get(Key("funnel", name, before=True)),
        settled=found.get(Key("settled", name)),
        settled_before=found.get(Key("settled", name, before=True)),
        command=spoken("funnel", *funnel_words(saved)),
    )


def cart_answer(found: Answers) -> CartAnswer:
    """The carts of the period."""
    answer = found[Key("carts")]
    return CartAnswer(
        table=answer.table,
        totals=answer.totals,
        recovery_hours=answer.recovery_hours,
        idle_hours=answer.idle_hours,
        last_steps=found[Key("last_steps")].table,
        spans=found[Key("cart_spans")],
    )
