"""What a report asks: of its period, of the one before, of each week, and the same of each segment."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, NamedTuple

from ingest.array_types import MICROSECOND
from paths.analysis import Analysis
from paths.carts.by_period import CartSpans
from paths.carts.counts import Carts
from paths.drivers.drivers import Drivers
from paths.drivers.outcomes import GoalReached
from paths.drivers.rules import TOUCHPOINT, Factors
from paths.dropoff.dropoff import DropOff
from paths.dropoff.lost_sessions import LastLost
from paths.graph.nodes import Nodes
from paths.graph.transitions import Transitions
from paths.journeys.conditions import Condition
from paths.journeys.scope import Scope
from paths.journeys.touchpoints import StageRules
from paths.overview.event_counts import Coverage
from paths.overview.fingerprint import Fingerprint
from paths.overview.names import Names
from paths.overview.summary import Summary
from paths.sequences.first_steps import StepFlows
from paths.timing.outcomes import Outcomes
from paths.timing.start_hours import StartHours
from paths.timing.time_to_goal import TimeToGoal
from paths.views.period import InPeriod
from paths.views.segment import InSegment
from paths.views.stages import UnderStages
from pipeline.project.periods import days_of
from pipeline.project.project import ProjectFolder
from pipeline.project.rules import cart_rules, goal_rules
from pipeline.project.saved_funnels import funnel_of, plain_funnels
from pipeline.questions.crossings import crossings_of
from reports.content.report import Span
from sessionize.clock import midnight

WEEK = timedelta(days=7)
MOST_WEEKS = 53
SANKEY_STEPS = 6


class Key(NamedTuple):
    """One question of a report."""

    question: str
    name: str = ""  # of the saved funnel, or of the persona
    before: bool = False  # of the period before


@dataclass
class Questions:
    """Analyses by key, about one segment or about all, under the stages of the pass or others."""

    segment: Condition | None = None
    stages: StageRules | None = None
    analyses: dict[Key, Analysis[Any]] = field(default_factory=dict)

    def add(self, key: Key, analysis: Analysis[Any], span: Span | None, segment: Condition | None = None) -> None:
        """Ask about the units of a span (of `segment`, else of all questions' one); without a span it is dropped."""
        if span is None:
            return
        inside: Analysis[Any] = InPeriod(analysis=analysis, since=span.since, until=span.until)
        if self.stages is not None:
            inside = UnderStages(analysis=inside, stages=self.stages)
        chosen = segment or self.segment
        self.analyses[key] = inside if chosen is None else InSegment(analysis=inside, condition=chosen)


@dataclass(frozen=True, kw_only=True)
class Periods:
    """The period, the one before it (where compared), and whole weeks back from the end of the period, oldest first."""

    now: Span
    before: Span | None
    weeks: tuple[Span, ...]

    @property
    def both(self) -> Span:
        """From the first day of the one to the last of the other."""
        return Span(since=(self.before or self.now).since, until=self.now.until)

    @property
    def all(self) -> tuple[tuple[int, int], ...]:
        """Bounds in the order of Report.outcomes."""
        spans = [self.now, *([self.before] if self.before else []), *self.weeks]
        return tuple((s.since, s.until) for s in spans)


def periods_of(scope: Scope, timezone: str, compare: bool, first_event: int | None = None) -> Periods:
    """The 28 days before as_of unless the scope says otherwise, against as many days before them; of the weeks those that do
    not end before the first event of all (microseconds UTC)."""
    since, until = days_of(scope, timezone)

    def span(first: date, last: date) -> Span:
        return Span(since=midnight(first, timezone), until=midnight(last, timezone))

    earliest = since - (until - since) if compare else since
    many = min((until - earliest) // WEEK, MOST_WEEKS)
    weeks = [span(until - (i + 1) * WEEK, until - i * WEEK) for i in reversed(range(many))]
    return Periods(
        now=span(since, until),
        before=span(earliest, since) if compare else None,
        weeks=tuple(week for week in weeks if first_event is None or week.until > first_event),
    )


def about_all(project: ProjectFolder, scope: Scope, periods: Periods) -> Questions:
    """The questions about everybody, those about the data as such among them."""
    asked = questions(project, scope, periods)
    asked.add(Key("names"), Names(), periods.both)
    asked.add(Key("data"), Fingerprint(), periods.both)
    asked.add(Key("coverage"), Coverage(), periods.now)
    asked.add(Key("crossings"), crossings_of(project), periods.now)
    asked.add(Key("nodes"), Nodes(collapse_repeats=True), periods.now)
    goal = goal_rules(project.config).goal
    if goal:
        factors = Factors(columns=tuple(sorted(set(project.config.project.segments) - {TOUCHPOINT})))
        asked.add(Key("drivers"), Drivers(outcome=GoalReached(goal=goal), factors=factors), periods.now)
    return asked


def questions(project: ProjectFolder, scope: Scope, periods: Periods, segment: Condition | None = None) -> Questions:
    """What can be asked of a segment as well."""
    rules, carts = goal_rules(project.config), cart_rules(project.config)
    units, window = project.minor_units, project.config.project.return_window
    asked = Questions(segment)
    asked.add(Key("outcomes"), Outcomes(spans=periods.all, rules=rules), periods.both)
    asked.add(Key("cart_spans"), CartSpans(rules=carts, spans=periods.all), periods.both)
    asked.add(Key("carts"), Carts(rules=carts, minor_units=units), periods.now)
    asked.add(Key("last_steps"), Carts(rules=carts, by="last_step", minor_units=units), periods.now)
    asked.add(Key("flows"), StepFlows(steps=SANKEY_STEPS, rules=rules, collapse_repeats=True), periods.now)
    asked.add(Key("edges"), Transitions(collapse_repeats=True), periods.now)
    asked.add(Key("hours"), StartHours(timezone=project.config.project.timezone, rules=rules), periods.now)
    asked.add(Key("goal_times"), TimeToGoal(rules=rules), periods.now)
    asked.add(Key("last_lost"), LastLost(rules=rules, return_window=window), periods.now)
    for before, span in ((False, periods.now), (True, periods.before)):
        asked.add(Key("summary", before=before), Summary(), span)
        asked.add(Key("dropoff", before=before), DropOff(rules=rules, return_window=window, minor_units=units), span)
    for saved in plain_funnels(project.config):
        funnel = funnel_of(saved, project.known_names)
        reached = replace(funnel, details=False)  # only how far units came is shown of what is compared
        asked.add(Key("funnel", saved.name), funnel, periods.now)
        asked.add(Key("funnel", saved.name, before=True), reached, periods.before)
        for before, span in ((False, periods.now), (True, periods.before)):
            key = Key("settled", saved.name, before)
            asked.add(key, reached, settled(span, funnel.window, scope.as_of))
    return asked


def settled(span: Span | None, window: timedelta | None, as_of: int) -> Span | None:
    """The part of a span in which every window is over at as_of; None where there is no such part."""
    if span is None or window is None:
        return None
    until = min(span.until, as_of - window // MICROSECOND)
    return Span(since=span.since, until=until) if until > span.since else None
