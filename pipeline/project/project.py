"""A project's folder: configuration, store, scope, and `ask`: one pass for several analyses. Every question stands on it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypedDict

import pyarrow as pa

from ingest.cleaning.currencies import Rates
from ingest.errors import ConfigError, did_you_mean
from ingest.identity.rules import IdentityRules
from ingest.schema import MONEY
from ingest.store.columns import BESIDE, PREFIX, absent_columns, shadowed
from ingest.store.event_days import event_days
from ingest.store.event_store import EventStore, Snapshot
from paths.analysis import Analysis
from paths.journeys.conditions import Condition, parse_condition
from paths.journeys.names import never_seen, unquoted
from paths.journeys.personas import PERSONA, CustomerFacts
from paths.journeys.scope import NEVER, Scope
from paths.journeys.touchpoints import StageRules
from paths.overview.empty_columns import EmptyColumns
from paths.overview.summary import Summary
from pipeline.config import Config, load_config
from pipeline.engines.local import Pass, run
from pipeline.project.as_of import default_as_of, instant_text, parse_day, parse_instant
from pipeline.project.customer_facts import check_persona
from pipeline.project.goal_warnings import goal_warnings
from pipeline.project.identity_rules import rules_of
from pipeline.project.privacy import refuse_few, refuse_personal
from pipeline.project.rates import rates_of
from pipeline.project.result import Result
from pipeline.project.rules import session_rules, stage_rules, touchpoint_rules
from sessionize.clock import midnight

UMASKS = {"private": 0o077, "group": 0o027, "umask": None}
"""[store] mode -> the bits that no file of the store, and no report of a night, has."""


class PeriodWords(TypedDict, total=False):
    """The words of a Period, as a question passes them on."""

    as_of: str | None
    since: str | None
    until: str | None
    segment: Mapping[str, str] | Sequence[tuple[str, str]]
    where: Sequence[str]
    persona: str | None


@dataclass(frozen=True, kw_only=True)
class Period:
    """What a question is about, as people say it; None = everything."""

    as_of: str | None = None
    since: str | None = None
    until: str | None = None
    segment: Mapping[str, str] | Sequence[tuple[str, str]] = ()
    where: Sequence[str] = ()
    persona: str | None = None


def days_between(period: Period, timezone: str) -> tuple[int, int]:
    """since and until in microseconds UTC, NEVER where one is not given; raises ConfigError where since >= until."""
    since = -NEVER if period.since is None else parse_day(period.since, timezone, "--since")
    until = NEVER if period.until is None else parse_day(period.until, timezone, "--until")
    if since >= until:
        raise ConfigError(
            f"the period is empty: it would run from {period.since} until {period.until}, and until is exclusive."
        )
    return since, until


@dataclass(frozen=True)
class ProjectFolder:
    """A project's folder: its configuration, its store, and one pass of questions. Nothing is read before the first one."""

    directory: Path
    overrides: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def config(self) -> Config:
        """journeys.toml, the environment and the flags; raises ConfigError."""
        return load_config(self.directory, self.overrides)

    def use_kind(self, kind: str) -> None:
        """Take what a kind of export says of the project into the configuration in force; raises ConfigError for an unknown one."""
        config = load_config(self.directory, self.overrides, kinds=[kind])
        for name in ("identity_rules", "rates", "facts", "_known_names"):  # they were read from the one before
            self.__dict__.pop(name, None)
        self.__dict__["config"] = config

    @cached_property
    def store(self) -> EventStore:
        """The project's store; it may not exist yet."""
        return EventStore(self.config.store_path, UMASKS[self.config.store.mode])

    def saved_funnel(self, name: str) -> dict[str, Any]:
        """The words of one [[funnel]], as `funnel` takes them; raises ConfigError for an unknown name."""
        found = self.config.funnel(name)
        if found is None:
            known = [f.name for f in self.config.funnels]
            raise ConfigError(
                f'there is no [[funnel]] named "{name}".{did_you_mean(name, known)} Known: {", ".join(known) or "none"}.'
            )
        words = {
            k: getattr(found, k)
            for k in ("steps", "window", "count", "order", "ties", "step_window", "exclude", "exclusion")
        }
        return words | {
            "ignore": found.ignore,
            "breakdown": found.breakdown,
            "by": found.by,
            "segment": dict(found.segment),
            "where": found.where,
        }

    @property
    def minor_units(self) -> int:
        """How many minor units one unit of the currency has."""
        from ingest.cleaning.clean import MINOR_DIGITS

        return int(10 ** MINOR_DIGITS.get(self.config.project.currency or "", 2))

    def known_names(self) -> frozenset[str]:
        """The names that events and touchpoint rules have: what a text may mean as it stands. Raises NoStore."""
        return self._known_names

    @cached_property
    def _known_names(self) -> frozenset[str]:
        return self.store.snapshot().event_names | touchpoint_rules(self.config).given

    def ask(
        self,
        period: Period,
        analyses: Sequence[Analysis[Any]],
        columns: Iterable[str] = (),
        stages: StageRules | None = None,
        near: Collection[str] = (),
    ) -> Asked:
        """Run analyses in one pass over the newest snapshot, under other `stages` than those of journeys.toml where given.

        Warns about columns of --segment and --where (and `columns`, named elsewhere) in which no event has a value, with
        the nearest name that has one, or of `near`: what else the question could have meant.
        """
        snapshot = self.store.snapshot()
        scope, warnings = self.scope(period, snapshot, frozenset(columns).union(*(a.columns for a in analyses)))
        if stages is not None:
            scope = replace(scope, stages=stages)
        named = frozenset(columns).union(*(c.columns for c in (*scope.segment, *scope.where))) - {"event"}
        strict = self.config.project.privacy == "strict"
        if strict:
            refuse_personal(named)
        for column in sorted(named & BESIDE.keys()):
            raise ConfigError(f"no condition can look at {column}: {BESIDE[column]}.")
        extent = [Summary()] if strict else []
        answers, done = run([*analyses, *extent, EmptyColumns(columns=named)], snapshot, scope)
        if strict:
            refuse_few(answers.pop(-2))
        missing, known = absent_columns(snapshot, answers[-1] - scope.facts.names) if answers[-1] else ([], [])
        meant = {c: "" if c in snapshot.columns else did_you_mean(c, [*known, *near]) for c in missing}
        warnings.extend(f'no event has a value in the column "{c}".{meant[c]}' for c in missing)
        warnings.extend(
            f'the column "{c}" is the store\'s own; that of the file is asked as "{PREFIX}{c}".'
            for c in shadowed(snapshot, named)
        )
        return Asked(
            answers=answers[:-1], snapshot=snapshot, scope=scope, done=done, config=self.config, warnings=warnings
        )

    @cached_property
    def identity_rules(self) -> IdentityRules:
        """[identity] and [[alias]]: whose an event is that names nobody."""
        return rules_of(self.config)

    @cached_property
    def rates(self) -> Rates:
        """[[rates]]: what money in other currencies is worth in the declared one."""
        return rates_of(self.config)

    @cached_property
    def facts(self) -> CustomerFacts:
        """What is known of customers: [[customers]] and [[persona]]."""
        from pipeline.project.customer_facts import customer_facts

        return customer_facts(self.config, self.known_names)

    def scope(
        self, period: Period, snapshot: Snapshot, columns: frozenset[str] = frozenset()
    ) -> tuple[Scope, list[str]]:
        """(the scope of a question that reads these columns, warnings about how it was chosen)."""
        timezone = self.config.project.timezone
        warnings: list[str] = []
        if period.as_of is not None:
            as_of = parse_instant(period.as_of, timezone)
        else:
            as_of, warnings = default_as_of(event_days(snapshot, timezone), timezone)
        pairs = list(period.segment.items() if isinstance(period.segment, Mapping) else period.segment)
        if period.persona is not None:
            check_persona(self.config, period.persona)
            pairs.append((PERSONA, period.persona))
        since, until = days_between(period, timezone)
        mixed = set(snapshot.currencies) - {self.config.project.currency}
        several = len(snapshot.currencies) > 1 or bool(self.config.project.currency and mixed)
        scope = Scope(
            money=not several,
            as_of=as_of,
            since=since,
            until=until,
            segment=tuple(Condition(column, "=", value) for column, value in pairs),
            where=tuple(parse_condition(c) for c in period.where),
            sessions=session_rules(self.config),
            touchpoints=touchpoint_rules(self.config),
            stages=stage_rules(self.config),
        )
        if several and not (scope.columns | columns).isdisjoint(MONEY):
            declared = self.config.project.currency
            warnings.append(
                f"the store holds money in {', '.join(snapshot.currencies)}"
                + (f", and {declared} is declared" if declared else "")
                + ": amounts of several currencies are not added up, so there is no money in this answer."
            )
        if (scope.columns | columns) - set(snapshot.columns):  # their files are read where they may be asked for
            scope = replace(scope, facts=self.facts)
        return scope, warnings


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The answers of one pass, and what is needed to say how they came about."""

    answers: list[Any]
    snapshot: Snapshot
    scope: Scope
    done: Pass
    config: Config
    warnings: list[str]

    def check_names(self, names: Iterable[str], what: str) -> None:
        """Warn about names that never occur, with the nearest one that does."""
        seen: Mapping[str, frozenset[str]] = self.answers[-1]
        given = self.scope.touchpoints.given
        events, touchpoints = (seen.get(kind, frozenset[str]()) for kind in ("event", "touchpoint"))
        for name in never_seen(names, given, events, touchpoints):
            near = did_you_mean(unquoted(name) or name, sorted(events | given & touchpoints))
            self.warnings.append(f'the {what} "{unquoted(name) or name}" never occurs.{near}')

    def check_goal(self, goals: Iterable[str]) -> None:
        """Warn about goals that never occur, with the way out; the last answer is the Vocabulary's."""
        seen: Mapping[str, frozenset[str]] = self.answers[-1]
        occurring = (seen.get(kind, frozenset[str]()) for kind in ("event", "touchpoint"))
        self.warnings.extend(goal_warnings(goals, self.config, self.scope.touchpoints.given, *occurring))

    def meta(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Parameters in force, snapshot, what was read and left out."""
        scope = self.scope
        return {
            "as_of": instant_text(scope.as_of),
            "timezone": self.config.project.timezone,
            "since": None if scope.since == -NEVER else instant_text(scope.since),
            "until": None if scope.until == NEVER else instant_text(scope.until),
            "segment": [str(c) for c in scope.segment],
            "where": [str(c) for c in scope.where],
            "annotations": self.annotations(scope.since, scope.until),
            **parameters,
            "idle_timeout": self.config.sessions.idle_timeout,
            "max_duration": self.config.sessions.max_duration,
            "snapshot": self.snapshot.version,
            "rules": self.config.digest(),
            "excluded_sessions": self.done.excluded_sessions,
            "read": {
                "files": len(self.snapshot.files),
                "rows": self.done.read.rows,
                "bytes": self.done.read.bytes,
                "row_groups": self.done.read.row_groups,
            },
            "warnings": list(self.warnings),
        }

    def annotations(self, since: int, until: int) -> list[str]:
        """[[annotation]]s of the days in since <= day < until (microseconds UTC) before as_of, oldest first."""
        zone = self.config.project.timezone
        dated = sorted((midnight(a.date, zone), f"{a.date} {a.text}") for a in self.config.annotations)
        return [text for at, text in dated if since <= at < min(until, self.scope.as_of)]

    def result(
        self, title: str, table: pa.Table, *, parameters: Mapping[str, Any] | None = None, make_graph: Any = None
    ) -> Result:
        """The Result of one question."""
        return Result(
            title=title,
            table=table,
            meta=self.meta(parameters or {}),
            make_graph=make_graph,
            make_plot=lambda: figure_of(title, table),
        )


def figure_of(title: str, table: pa.Table) -> Any:
    """The plotly Figure of an answer, plotly imported now; raises TypeError for one that has none."""
    from reports.draw.figures import plot

    return plot(title, table)
