"""The report's questions, all of both periods, in one pass over the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from paths.analysis import NEVER, Analysis, Scope
from paths.cart_spans import CartSpans
from paths.carts import Carts
from paths.coverage import Coverage
from paths.dropoff import DropOff
from paths.outcomes import Outcomes
from paths.periods import InPeriod
from paths.session_rows import Vocabulary
from paths.steps import StepFlows
from paths.summary import Summary
from pipeline.carts import cart_rules
from pipeline.engines.local import Pass, run
from pipeline.periods import days_of
from pipeline.project import Period, Project
from pipeline.report_facts import (
    commands,
    funnel_of,
    plain_funnels,
    quality,
    rules_in_force,
    unknown_steps,
)
from pipeline.rules import goal_rules
from reports.content import CartAnswer, FunnelAnswer, Report, Span
from sessionize.clock import midnight

WEEK = timedelta(days=7)
MOST_WEEKS = 53
SANKEY_STEPS = 6
MICROSECOND = timedelta(microseconds=1)


@dataclass
class Questions:
    """Analyses by name, and after `ask` their answers by name; None for what was not asked."""

    analyses: dict[str, Analysis[Any]] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)

    def add(self, name: str, analysis: Analysis[Any], span: Span | None) -> None:
        """Ask about the units of a span; without one the question is dropped."""
        if span is not None:
            self.analyses[name] = InPeriod(analysis=analysis, since=span.since, until=span.until)

    def get(self, name: str) -> Any:
        """The answer of that name."""
        return self.answers.get(name)


@dataclass(frozen=True, kw_only=True)
class Periods:
    """The period, the one before it (where compared), and whole weeks back from the end of the period, oldest first."""

    now: Span
    before: Span | None
    weeks: tuple[Span, ...]

    @property
    def all(self) -> tuple[tuple[int, int], ...]:
        """Bounds in the order of Report.outcomes."""
        spans = [self.now, *([self.before] if self.before else []), *self.weeks]
        return tuple((s.since, s.until) for s in spans)


def gather(project: Project, period: Period, *, compare: bool = True) -> tuple[Report, Pass]:
    """(everything the report shows, what the one pass read). Raises ConfigError for a period that makes no sense."""
    snapshot = project.store.snapshot()
    scope, warnings = project.scope(period, snapshot)
    periods = periods_of(scope, project.config.project.timezone, compare)
    questions = asked(project, scope, periods)
    wide = replace(scope, since=-NEVER, until=NEVER)
    answers, done = run(list(questions.analyses.values()), snapshot, wide)
    questions.answers = dict(zip(questions.analyses, answers, strict=True))
    return report_of(project, period, scope, periods, questions, snapshot.version, done, warnings), done


def periods_of(scope: Scope, timezone: str, compare: bool) -> Periods:
    """The 28 days before as_of unless the scope says otherwise, against as many days before them."""
    since, until = days_of(scope, timezone)

    def span(first: date, last: date) -> Span:
        return Span(since=midnight(first, timezone), until=midnight(last, timezone))

    earliest = since - (until - since) if compare else since
    weeks = min((until - earliest) // WEEK, MOST_WEEKS)
    return Periods(
        now=span(since, until), before=span(earliest, since) if compare else None,
        weeks=tuple(span(until - (i + 1) * WEEK, until - i * WEEK) for i in reversed(range(weeks))),
    )  # fmt: skip


def asked(project: Project, scope: Scope, periods: Periods) -> Questions:
    """All questions of the report."""
    rules, carts = goal_rules(project.config), cart_rules(project.config)
    units, window = project.minor_units, project.config.project.return_window
    always = Span(since=-NEVER, until=NEVER)
    found = Questions()
    found.add("whole", Summary(), always)
    found.add("vocabulary", Vocabulary(), always)
    found.add("outcomes", Outcomes(spans=periods.all, rules=rules), always)
    found.add("cart_spans", CartSpans(rules=carts, spans=periods.all), always)
    found.add("coverage", Coverage(), periods.now)
    found.add("carts", Carts(rules=carts, minor_units=units), periods.now)
    found.add("last_steps", Carts(rules=carts, by="last_step", minor_units=units), periods.now)
    found.add("flows", StepFlows(steps=SANKEY_STEPS, rules=rules, collapse_repeats=True), periods.now)
    for name, span in (("", periods.now), ("_before", periods.before)):
        found.add(f"summary{name}", Summary(), span)
        found.add(f"dropoff{name}", DropOff(rules=rules, return_window=window, minor_units=units), span)
    for saved in plain_funnels(project.config):
        funnel = funnel_of(saved)
        for name, span in (("", periods.now), ("_before", periods.before)):
            found.add(f"funnel:{saved.name}{name}", funnel, span)
            found.add(f"settled:{saved.name}{name}", funnel, settled(span, funnel.window, scope.as_of))
    return found


def settled(span: Span | None, window: timedelta | None, as_of: int) -> Span | None:
    """The part of a span in which every window is over at as_of; None where there is no such part."""
    if span is None or window is None:
        return None
    until = min(span.until, as_of - window // MICROSECOND)
    return Span(since=span.since, until=until) if until > span.since else None


def report_of(project: Project, period: Period, scope: Scope, periods: Periods, found: Questions, snapshot: int,
              done: Pass, warnings: Sequence[str]) -> Report:  # fmt: skip
    """The answers, with what they are about."""
    config, rules = project.config, goal_rules(project.config)
    words = commands(config, period, periods.now, scope.as_of)
    names = found.get("vocabulary")["event"] | scope.touchpoints.given
    first = found.get("whole")["first_event_at"].cast(pa.int64())[0].as_py()
    return Report(
        shop=config.directory.resolve().name, timezone=config.project.timezone, currency=config.project.currency,
        minor_units=project.minor_units, goal=sorted(rules.goal),
        goal_seen=any(g.removeprefix("event:") in names for g in rules.goal), as_of=scope.as_of, now=periods.now,
        before=periods.before, weeks=periods.weeks, first_event=first,
        conditions=[*(str(c) for c in scope.segment), *(f"where {c}" for c in scope.where)], snapshot=snapshot,
        return_window=config.project.return_window, summary=found.get("summary"),
        summary_before=found.get("summary_before"), outcomes=found.get("outcomes"), flows=found.get("flows"),
        dropoff=found.get("dropoff"), dropoff_before=found.get("dropoff_before"),
        funnels=[funnel_answer(found, f.name, config.funnel(f.name), words) for f in plain_funnels(config)],
        carts=cart_answer(found), coverage=found.get("coverage"), stages=[s.name for s in config.stages],
        quality=quality(project, found.get("coverage"), found.get("summary"), done.excluded_sessions),
        rules=rules_in_force(config, cart_rules(project.config)), commands=words, warnings=[*warnings, *unknown_steps(config, names)],
    )  # fmt: skip


def funnel_answer(found: Questions, name: str, saved: Any, words: dict[str, str]) -> FunnelAnswer:
    """One saved funnel."""
    return FunnelAnswer(
        name=name, count=saved.count, window=saved.window, now=found.get(f"funnel:{name}"),
        before=found.get(f"funnel:{name}_before"), settled=found.get(f"settled:{name}"),
        settled_before=found.get(f"settled:{name}_before"), command=words[f"funnel:{name}"],
    )  # fmt: skip


def cart_answer(found: Questions) -> CartAnswer:
    """The carts of the period."""
    answer = found.get("carts")
    return CartAnswer(
        table=answer.table, totals=answer.totals, recovery_hours=answer.recovery_hours, idle_hours=answer.idle_hours,
        last_steps=found.get("last_steps").table, spans=found.get("cart_spans"),
    )  # fmt: skip
