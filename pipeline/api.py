"""Project: every question that can be asked of a project's folder, with the words of the command line.

What comes back is a `Result`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

import pyarrow as pa

from ingest.errors import ConfigError
from ingest.store.quarantine import Quarantine
from paths.analysis import Analysis
from paths.dropoff.dropoff import DropOff
from paths.funnels.table import left_out
from paths.graph.absorbing import absorbing_chain
from paths.graph.nodes import GoalNodes, Nodes, goal_nodes, nodes_table
from paths.graph.path_graph import graph_of
from paths.graph.transitions import Transitions
from paths.journeys.matchers import PAGE
from paths.overview.names import Vocabulary
from paths.overview.session_rows import SessionRows
from paths.overview.summary import Summary
from paths.visits.visits import START
from pipeline.project.funnel_words import parse_funnel
from pipeline.project.project import Period, ProjectFolder
from pipeline.project.result import Result
from pipeline.project.rules import goal_rules


@dataclass(frozen=True)
class Project(ProjectFolder):
    """A project's folder and every question that can be asked of it."""

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
        """One row per session."""
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
        """One row per edge: transitions, sessions, customers, probability, median and 90th percentile of the seconds.

        With `nodes` one row per touchpoint (or stage) instead: visits, sessions, customers and, from the absorbing chain,
        the chance of the goal, its removal effect and the expected steps.
        """
        stage = by == "stage"
        transitions = Transitions(collapse_repeats=collapse_repeats, by_stage=stage)
        if compare is not None:
            if nodes:
                raise ConfigError("--compare is about edges: leave out --nodes.")
            from pipeline.questions.compare import compare_paths

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
        """One row per touchpoint (or stage), the worst leak first."""
        goals = [goal] if isinstance(goal, str) else goal
        rules = goal_rules(self.config, goals)
        question = DropOff(
            rules=rules,
            return_window=self.config.project.return_window,
            by_stage=by == "stage",
            minor_units=self.minor_units,
        )
        if compare is not None:
            from pipeline.questions.compare import compare_dropoff

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
        """One row per step: reached, conversion, dropped, in_progress, seconds from the step before.

        With `compare` (previous, DAY..DAY or COLUMN=VALUE; also of paths and dropoff) one row per compared rate:
        pipeline/questions/compare.py.

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
            from pipeline.questions.compare import compare_funnel

            return compare_funnel(self, Period(**period), compare, question, names, parameters)
        asked = self.ask(Period(**period), [question, Vocabulary()], question.columns)
        asked.check_names(names, "step")
        table = asked.answers[0]
        return asked.result("funnel", table, parameters={**parameters, "left_out": left_out(table)})

    def customers(self, **question: Any) -> Result:
        """The people behind a number, one row each: the words of `pipeline.questions.customer_selection.Who`,
        of the funnel, and of the period."""
        from pipeline.questions.customers import customers

        return customers(self, **question)

    def customer(self, id: str, **question: Any) -> Result:
        """One row per event of one customer's whole journey; `anonymous=True` for an anonymous id."""
        from pipeline.questions.customer import customer

        return customer(self, id, **question)

    def strugglers(self, **question: Any) -> Result:
        """One row per customer who comes with intent (3 `sessions` or more) and reaches no goal."""
        from pipeline.questions.customers import strugglers

        return strugglers(self, **question)

    def touchpoints(self, **question: Any) -> Result:
        """One row per touchpoint and the rule that gives it; meta has what no rule names, and rules to paste."""
        from pipeline.questions.touchpoints import touchpoints

        return touchpoints(self, **question)

    def test_touchpoint(self, url: str, *, event: str | None = None, channel: str | None = None) -> Result:
        """One row a [[touchpoint]] rule: does it fire for an event at this URL?"""
        from pipeline.questions.touchpoints import which_rule

        return which_rule(self, url, event=event, channel=channel)

    def find(self, pattern: str, **question: Any) -> Result:
        """One row: the sessions that hold a pattern of nodes; with `sessions=True` one row each. Grammar: paths/sequences/patterns.py."""
        from pipeline.questions.sequences import find

        return find(self, pattern, **question)

    def variants(self, **question: Any) -> Result:
        """One row per sequence of nodes, whole sessions, the most frequent first."""
        from pipeline.questions.sequences import variants

        return variants(self, **question)

    def steps(self, **question: Any) -> Result:
        """One row per step and node after (`from_`) or before (`to`) a node; `between=(a, b)`: one row per node."""
        from pipeline.questions.sequences import steps

        return steps(self, **question)

    def flows(self, steps: int = 6, **question: Any) -> Result:
        """One row per flow between the first steps of sessions: the data of a Sankey."""
        from pipeline.questions.sequences import flows

        return flows(self, steps, **question)

    def step_matrix(self, steps: int = 8, **question: Any) -> Result:
        """One row per node, one column a step: the share of sessions that are there."""
        from pipeline.questions.sequences import step_matrix

        return step_matrix(self, steps, **question)

    def map(self, **question: Any) -> Result:
        """One row per cell of the journey map: stage x touchpoint (`by="channel"`, or `by="stage"`)."""
        from pipeline.questions.journey_map import journey_map

        return journey_map(self, **question)

    def map_pains(self, **question: Any) -> Result:
        """One row per signal of friction at a touchpoint, the most expensive first."""
        from pipeline.questions.journey_map import pains

        return pains(self, **question)

    def map_moments(self, **question: Any) -> Result:
        """One row per touchpoint at which a bad visit decides, the strongest first."""
        from pipeline.questions.journey_map import moments

        return moments(self, **question)

    def map_designed(self, **question: Any) -> Result:
        """One row per stage as designed, against what customers do and the targets."""
        from pipeline.questions.journey_map import designed

        return designed(self, **question)

    def map_opportunities(self, **question: Any) -> Result:
        """One row per thing to do."""
        from pipeline.questions.journey_map import opportunities

        return opportunities(self, **question)

    def carts(self, **question: Any) -> Result:
        """One row per kind, status and (with `by`) value of a column: episodes, customers, value, its coverage."""
        from pipeline.questions.carts import carts

        return carts(self, **question)

    def changes(self, **question: Any) -> Result:
        """One row per rate of the last `days` that moved beyond noise against the `against` days before them."""
        from pipeline.questions.changes import changes

        return changes(self, **question)

    def reconcile(self) -> pa.Table:
        """One row per law between the numbers, checked on this store: law, holds, detail."""
        from pipeline.checks.reconcile import reconcile

        return reconcile(self)

    def quarantine(self) -> pa.Table:
        """One row per quarantined row."""
        return Quarantine(self.store.root).rows()
