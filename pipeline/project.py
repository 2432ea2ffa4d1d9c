"""Project: one folder with its configuration and its store, and every question that can be asked of it.

The command line and the Python API ask here, with the same words; what comes back is a `Result`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from ingest.columns import BESIDE, absent_columns
from ingest.days import event_days
from ingest.errors import ConfigError, did_you_mean
from ingest.quarantine import Quarantine
from ingest.store import EventStore, Snapshot
from paths.absorbing import absorbing_chain
from paths.analysis import NEVER, Analysis, Scope
from paths.conditions import Condition, parse_condition
from paths.dropoff import DropOff
from paths.funnel_steps import PAGE
from paths.funnel_table import left_out
from paths.graph import graph_of
from paths.nodes import GoalNodes, Nodes, goal_nodes, nodes_table
from paths.personas import PERSONA, CustomerFacts
from paths.result import Result
from paths.seen import Seen
from paths.session_rows import SessionRows, Vocabulary
from paths.summary import Summary
from paths.touchpoints import StageRules
from paths.transitions import START, Transitions
from pipeline.as_of import default_as_of, instant_text, parse_day, parse_instant
from pipeline.config import Config, load_config
from pipeline.engines.local import Pass, run
from pipeline.facts import check_persona
from pipeline.rules import goal_rules, session_rules, stage_rules, touchpoint_rules
from pipeline.steps import parse_funnel
from sessionize.clock import midnight


@dataclass(frozen=True, kw_only=True)
class Period:
    """What a question is about, as people say it; None = everything."""

    as_of: str | None = None
    since: str | None = None
    until: str | None = None
    segment: Mapping[str, str] | Sequence[tuple[str, str]] = ()
    where: Sequence[str] = ()
    persona: str | None = None


@dataclass(frozen=True)
class Project:
    """A project's folder. Nothing is read before the first question."""

    directory: Path
    overrides: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def config(self) -> Config:
        """journeys.toml, the environment and the flags; raises ConfigError."""
        return load_config(self.directory, self.overrides)

    @cached_property
    def store(self) -> EventStore:
        """The project's store; it may not exist yet."""
        return EventStore(self.config.store_path)

    def summary(self, **period: Any) -> Result:
        """One row: events, customers, sessions, first and last event; duplicates and quarantined of the whole ingestion."""
        asked = self.ask(Period(**period), [Summary()])
        row = asked.answers[0].to_pylist()[0]
        duplicates, quarantined = self.store.duplicates(asked.snapshot), Quarantine(self.store.root).count()
        row = {k: row[k] for k in ("events", "customers", "sessions", "first_event_at", "last_event_at")} | {
            "duplicates": duplicates,
            "quarantined": quarantined,
            "excluded_sessions": row["excluded_sessions"],
        }
        schema = pa.schema(
            [
                *asked.answers[0].schema.remove(5),
                ("duplicates", pa.int64()),
                ("quarantined", pa.int64()),
                ("excluded_sessions", pa.int64()),
            ]
        )
        return asked.result("summary", pa.Table.from_pylist([row], schema=schema))

    def sessions(self, **period: Any) -> Result:
        """One row a session."""
        asked = self.ask(Period(**period), [SessionRows(goal=goal_rules(self.config).goal)])
        return asked.result("sessions", asked.answers[0].drop_columns(["customer_key"]))

    def paths(
        self,
        *,
        collapse_repeats: bool = False,
        by: str = "touchpoint",
        nodes: bool = False,
        goal: str | Sequence[str] | None = None,
        compare: str | None = None,
        **period: Any,
    ) -> Result:
        """One row an edge: transitions, sessions, customers, probability, median and 90th percentile of the seconds.

        With `nodes` one row a touchpoint (or stage) instead: visits, sessions, customers and, from the absorbing chain,
        the chance of the goal, its removal effect and the expected steps.
        """
        stage = by == "stage"
        transitions = Transitions(collapse_repeats=collapse_repeats, by_stage=stage)
        if compare is not None:
            if nodes:
                raise ConfigError("--compare is about edges: leave out --nodes.")
            from pipeline.compare import compare_paths

            return compare_paths(self, Period(**period), compare, transitions)
        goals = goal_rules(self.config, [goal] if isinstance(goal, str) else goal).goal
        questions: list[Analysis[Any]] = [
            transitions,
            GoalNodes(goal=goals, by_stage=stage),
        ]
        if nodes:
            questions += [Nodes(collapse_repeats=collapse_repeats, by_stage=stage), Vocabulary()]
        asked = self.ask(Period(**period), questions)
        edges, split = asked.answers[:2]
        ends = goal_nodes(split, goals)
        chances = cache(lambda: absorbing_chain(edges, ends) if goals else {})
        if not nodes:
            return asked.result("paths", edges, make_graph=lambda: graph_of(edges, chances()))
        asked.check_names(sorted(goals), "goal")
        asked.warnings.extend(
            f'some events at "{n}" are goals and some are not: the chain does not stop there.'
            for n in sorted(split.mixed - ends)
        )
        start = chances().get(START)
        parameters = {"by": by, "goal": sorted(goals), "p_goal": start and start.p_goal}
        table = nodes_table(asked.answers[2], chances(), stage)
        return asked.result("nodes", table, parameters=parameters, make_graph=lambda: graph_of(edges, chances()))

    def graph(self, **question: Any) -> Any:
        """The networkx DiGraph of `paths`."""
        return self.paths(**question).graph()

    def dropoff(
        self,
        *,
        by: str = "touchpoint",
        goal: str | Sequence[str] | None = None,
        compare: str | None = None,
        **period: Any,
    ) -> Result:
        """One row a touchpoint (or stage), the worst leak first."""
        goals = [goal] if isinstance(goal, str) else goal
        rules = goal_rules(self.config, goals)
        question = DropOff(
            rules=rules,
            return_window=self.config.project.return_window,
            by_stage=by == "stage",
            minor_units=self.minor_units,
        )
        if compare is not None:
            from pipeline.compare import compare_dropoff

            return compare_dropoff(self, Period(**period), compare, question)
        asked = self.ask(Period(**period), [question, Vocabulary()])
        asked.check_names(sorted(rules.goal), "goal")
        return asked.result(
            "dropoff",
            asked.answers[0],
            parameters={"by": by, "goal": sorted(rules.goal), "return_window": question.return_window},
        )

    def funnel(
        self,
        steps: Sequence[str],
        *,
        window: str | timedelta | None = "7d",
        count: str = "customers",
        order: str = "ordered",
        ties: str = "recorded",
        step_window: Mapping[str, str | timedelta] | None = None,
        exclude: Sequence[str] = (),
        exclusion: str = "chain",
        ignore: Sequence[str] = (),
        breakdown: str | None = None,
        by: str | None = None,
        top: int | None = None,
        compare: str | None = None,
        **period: Any,
    ) -> Result:
        """One row a step: reached, conversion, dropped, in_progress, seconds from the step before.

        With `compare` (previous, DAY..DAY or COLUMN=VALUE; also of paths and dropoff) one row a compared rate: pipeline/compare.py.

        Steps and exclusions are written as on the command line; `saved_funnel(name)` gives the words of a [[funnel]].
        """
        question = parse_funnel(
            steps,
            window=window,
            count=count,
            order=order,
            ties=ties,
            step_window=step_window,
            exclude=exclude,
            exclusion=exclusion,
            ignore=ignore,
            breakdown=breakdown,
            by=by,
            top=top,
        )
        names = [m.name for s in question.steps for m in s.matchers if not m.name.startswith(PAGE)]
        parameters = {
            "steps": list(steps),
            "window": question.window,
            "count": count,
            "order": order,
            "ties": ties,
            "exclude": list(exclude),
            "exclusion": exclusion,
            "ignore": list(ignore),
            "breakdown": breakdown,
            "by": by,
        }
        if compare is not None:
            from pipeline.compare import compare_funnel

            return compare_funnel(self, Period(**period), compare, question, names, parameters)
        asked = self.ask(Period(**period), [question, Vocabulary()], question.columns)
        asked.check_names(names, "step")
        table = asked.answers[0]
        return asked.result("funnel", table, parameters={**parameters, "left_out": left_out(table)})

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

    def customers(self, **question: Any) -> Result:
        """The people behind a number, one row each: the words of `pipeline.who.Who`, of the funnel, and of the period."""
        from pipeline.people import customers

        return customers(self, **question)

    def customer(self, id: str, **question: Any) -> Result:
        """One row an event of one customer's whole journey; `anonymous=True` for an anonymous id."""
        from pipeline.customer import customer

        return customer(self, id, **question)

    def strugglers(self, **question: Any) -> Result:
        """One row a customer who comes with intent (3 `sessions` or more) and reaches no goal."""
        from pipeline.people import strugglers

        return strugglers(self, **question)

    def touchpoints(self, **question: Any) -> Result:
        """One row a touchpoint and the rule that gives it; meta has what no rule names, and rules to paste."""
        from pipeline.touchpoints import touchpoints

        return touchpoints(self, **question)

    def test_touchpoint(self, url: str, *, event: str | None = None, channel: str | None = None) -> Result:
        """One row a [[touchpoint]] rule: does it fire for an event at this URL?"""
        from pipeline.touchpoints import which_rule

        return which_rule(self, url, event=event, channel=channel)

    def find(self, pattern: str, **question: Any) -> Result:
        """One row: the sessions that hold a pattern of nodes; with `sessions=True` one row each. Grammar: paths/patterns.py."""
        from pipeline.explore import find

        return find(self, pattern, **question)

    def variants(self, **question: Any) -> Result:
        """One row a sequence of nodes, whole sessions, the most frequent first."""
        from pipeline.explore import variants

        return variants(self, **question)

    def steps(self, **question: Any) -> Result:
        """One row a step and node after (`from_`) or before (`to`) a node; `between=(a, b)`: one row a node."""
        from pipeline.explore import steps

        return steps(self, **question)

    def flows(self, steps: int = 6, **question: Any) -> Result:
        """One row a flow between the first steps of sessions: the data of a Sankey."""
        from pipeline.explore import flows

        return flows(self, steps, **question)

    def step_matrix(self, steps: int = 8, **question: Any) -> Result:
        """One row a node, one column a step: the share of sessions that are there."""
        from pipeline.explore import step_matrix

        return step_matrix(self, steps, **question)

    def map(self, **question: Any) -> Result:
        """One row a cell of the journey map: stage x touchpoint (`by="channel"`, or `by="stage"`)."""
        from pipeline.journey_map import journey_map

        return journey_map(self, **question)

    def map_pains(self, **question: Any) -> Result:
        """One row a signal of friction at a touchpoint, the dearest first."""
        from pipeline.journey_map import pains

        return pains(self, **question)

    def map_moments(self, **question: Any) -> Result:
        """One row a touchpoint at which a bad visit decides, the strongest first."""
        from pipeline.journey_map import moments

        return moments(self, **question)

    def map_designed(self, **question: Any) -> Result:
        """One row a stage as designed, against what customers do and the targets."""
        from pipeline.journey_map import designed

        return designed(self, **question)

    def map_opportunities(self, **question: Any) -> Result:
        """One row a thing to do."""
        from pipeline.journey_map import opportunities

        return opportunities(self, **question)

    def carts(self, **question: Any) -> Result:
        """One row per kind, status and (with `by`) value of a column: episodes, customers, value, its coverage."""
        from pipeline.carts import carts

        return carts(self, **question)

    def changes(self, **question: Any) -> Result:
        """One row a rate of the last `days` that moved beyond noise against the `against` days before them."""
        from pipeline.changes import changes

        return changes(self, **question)

    def reconcile(self) -> pa.Table:
        """One row a law between the numbers, checked on this store: law, holds, detail."""
        from pipeline.reconcile import reconcile

        return reconcile(self)

    def quarantine(self) -> pa.Table:
        """One row per quarantined row."""
        return Quarantine(self.store.root).rows()

    @property
    def minor_units(self) -> int:
        """How many minor units one unit of the currency has."""
        from ingest.clean import MINOR_DIGITS

        return int(10 ** MINOR_DIGITS.get(self.config.project.currency or "", 2))

    def ask(
        self,
        period: Period,
        analyses: Sequence[Analysis[Any]],
        columns: Iterable[str] = (),
        stages: StageRules | None = None,
    ) -> Asked:
        """Run analyses in one pass over the newest snapshot, under other `stages` than those of journeys.toml where given.

        Warns about columns of --segment and --where (and `columns`, named elsewhere) in which no event has a value.
        """
        snapshot = self.store.snapshot()
        scope, warnings = self.scope(period, snapshot, frozenset(columns).union(*(a.columns for a in analyses)))
        if stages is not None:
            scope = replace(scope, stages=stages)
        named = frozenset(columns).union(*(c.columns for c in (*scope.segment, *scope.where))) - {"event"}
        for column in sorted(named & BESIDE.keys()):
            raise ConfigError(f"no condition can look at {column}: {BESIDE[column]}.")
        answers, done = run([*analyses, Seen(columns=named)], snapshot, scope)
        missing, known = absent_columns(snapshot, answers[-1] - scope.facts.names) if answers[-1] else ([], [])
        near = {c: "" if c in snapshot.columns else did_you_mean(c, known) for c in missing}
        warnings.extend(f'no event has a value in the column "{c}".{near[c]}' for c in missing)
        return Asked(
            answers=answers[:-1], snapshot=snapshot, scope=scope, done=done, config=self.config, warnings=warnings
        )

    @cached_property
    def facts(self) -> CustomerFacts:
        """What is known of customers: [[customers]] and [[persona]]."""
        from pipeline.facts import customer_facts

        return customer_facts(self.config)

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
        scope = Scope(
            as_of=as_of,
            since=-NEVER if period.since is None else parse_day(period.since, timezone, "--since"),
            until=NEVER if period.until is None else parse_day(period.until, timezone, "--until"),
            segment=tuple(Condition(column, "=", value) for column, value in pairs),
            where=tuple(parse_condition(c) for c in period.where),
            sessions=session_rules(self.config),
            touchpoints=touchpoint_rules(self.config),
            stages=stage_rules(self.config),
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
        known = seen.get("event", frozenset()) | given
        for name in names:
            if name.removeprefix("event:") not in known:
                self.warnings.append(f'the {what} "{name}" never occurs.{did_you_mean(name, sorted(known))}')

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
    from reports.figures import plot

    return plot(title, table)
