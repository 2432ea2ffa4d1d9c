"""The sections on where conversions come from and on who stays: their questions, and what becomes of their answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from ingest.scan.batches import NONE
from ingest.store.event_store import Snapshot
from paths.analysis import Analysis, Lookback
from paths.attribution.attribution import LOOKBACKS, Attribution
from paths.attribution.rules import COMPUTED, models_of
from paths.attribution.table import NO_TOUCH, AttributionAnswer
from paths.journeys.journeys import Journeys
from paths.journeys.scope import Scope
from paths.lookback import past_of
from paths.retention.cohorts import Retention
from paths.retention.lifecycle import Lifecycle
from paths.retention.rules import RetentionRules
from paths.retention.table import AVERAGE
from paths.views.view import R, View
from pipeline.engines.local import Pass, run
from pipeline.project.attribution_rules import attribution_rules
from pipeline.project.periods import local_day
from pipeline.project.project import Period, ProjectFolder
from pipeline.report.facts import spoken_under
from pipeline.report.questions import Key, Periods, Questions
from reports.content.report import Span
from reports.content.retention import LEAST_PERIODS, AttributionContent, CohortContent, LifecycleContent
from sessionize.clock import DAY, midnight

Answers = Mapping[Key, Any]
MODELS = ("first", "last", "linear", "position", "decay", "markov")
"""The switch of the section, from left to right."""

PERIODS = 12
"""Cohorts, and periods of each."""
LONG = 120
"""From so many days on a report's cohorts are months."""


@dataclass(frozen=True, kw_only=True)
class AllRead(View[R]):
    """`analysis`, which depends on everything, in a pass that leaves out nothing of the store for the sake of the others."""

    since: int

    def lookback(self, since: int) -> Lookback | None:
        """None of its own."""
        return Lookback.sessions(self.since)

    def seen(self, journeys: Journeys) -> Journeys:
        """The same journeys."""
        return journeys


def touches_by(project: ProjectFolder, snapshot: Snapshot) -> str | None:
    """What touches are called by; None where there is no goal, or no such column."""
    if not project.config.project.goal:
        return None
    by = project.config.attribution.by
    return by if by in COMPUTED or by in snapshot.columns else None


def attribution_question(project: ProjectFolder) -> Attribution:
    """Look-backs beyond the asked one are not tried: they would read further back than all the rest of the report."""
    rules = attribution_rules(project.config)
    tried = tuple(t for t in LOOKBACKS if t < rules.lookback)
    return Attribution(
        rules=rules,
        models=models_of(MODELS, rules),
        tried=(*tried, rules.lookback) if rules.lookback else (),
        minor_units=project.minor_units,
    )


def unit_of(periods: Periods) -> Literal["week", "month"]:
    """What a cohort is."""
    return "month" if (periods.now.until - periods.now.since) // DAY > LONG else "week"


def cohort_span(project: ProjectFolder, periods: Periods) -> Span:
    """The newest PERIODS cohorts begin in it."""
    zone, until = project.config.project.timezone, periods.now.until
    days = 365 if unit_of(periods) == "month" else 7 * PERIODS
    return Span(since=midnight(local_day(until, zone) - timedelta(days=days), zone), until=until)


def history_questions(project: ProjectFolder, periods: Periods) -> Questions:
    """What depends on each customer's first event of all."""
    asked, unit, span = Questions(), unit_of(periods), cohort_span(project, periods)
    rules = RetentionRules(unit=unit, periods=PERIODS)
    asked.add(Key("retention"), Retention(rules=rules, minor_units=project.minor_units), span)
    asked.add(Key("lifecycle"), Lifecycle(unit=unit), span)
    return asked


def answered(
    recent: Sequence[Analysis[Any]], history: Sequence[Analysis[Any]], snapshot: Snapshot, scope: Scope
) -> tuple[list[Any], Pass]:
    """(the answers of both, what the pass read). It is one pass where it reads the whole store anyhow; else what needs all of
    history reads that alone, a few columns of it: with every other question the report would take as long as the store is old."""
    past = past_of(recent, scope)
    if past is not None and any(f.until <= past.read_from for f in snapshot.files):
        found, done = run(recent, snapshot, scope)
        return [*found, *run(history, snapshot, scope)[0]], done
    if past is not None:
        history = [AllRead(analysis=a, since=past.since) for a in history]
    return run([*recent, *history], snapshot, scope)


def attribution_content(
    project: ProjectFolder, period: Period, periods: Periods, as_of: int, found: Answers
) -> AttributionContent | None:
    """None where nothing was converted, or no touch has a value."""
    answer: AttributionAnswer | None = found.get(Key("attribution"))
    if answer is None or not answer.totals["conversions"]:
        return None
    if not set(answer.table["value"].to_pylist()) - {NONE, NO_TOUCH}:
        return None
    question = attribution_question(project)
    solved = [
        m for m in question.asked if m != "markov" or (answer.removal is not None and answer.totals["null_paths"])
    ]
    spoken = spoken_under(project.config, period, periods.now, as_of)
    return AttributionContent(
        by=question.rules.by,
        models=solved,
        table=answer.table,
        totals=answer.totals,
        robustness=answer.robustness,
        lookback=question.rules.lookback,
        command=spoken("attribution", "--by", question.rules.by, "--model", ",".join(solved)),
    )


def history_content(
    project: ProjectFolder, period: Period, periods: Periods, as_of: int, found: Answers
) -> tuple[CohortContent | None, LifecycleContent | None]:
    """(cohorts, lifecycle); None of what has not had LEAST_PERIODS complete periods."""
    unit, span = unit_of(periods), cohort_span(project, periods)
    spoken = spoken_under(project.config, period, span, as_of)
    table, rows = found[Key("retention")], found[Key("retention")].to_pylist()
    complete = sum(r["period"] == 1 and r["complete"] and r["cohort"] != AVERAGE for r in rows)
    cohorts = CohortContent(
        unit=unit,
        table=table,
        since=span.since,
        command=spoken("retention", "--by", unit, "--periods", str(PERIODS)),
    )
    lives = found[Key("lifecycle")]
    life = LifecycleContent(unit=unit, table=lives, command=spoken("lifecycle", "--by", unit))
    over = sum(lives["complete"].to_pylist())
    return (cohorts if complete >= LEAST_PERIODS else None, life if over >= LEAST_PERIODS else None)
