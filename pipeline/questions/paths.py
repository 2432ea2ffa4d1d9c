"""The question where customers go from where: edges, nodes, and the graph that they make."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Unpack

from ingest.errors import ConfigError
from paths.analysis import Analysis
from paths.graph.absorbing import absorbing_chain
from paths.graph.nodes import GoalNodes, Nodes, goal_nodes, nodes_table
from paths.graph.path_graph import graph_of
from paths.graph.transitions import Transitions
from paths.overview.names import Vocabulary
from paths.visits.visits import START
from pipeline.project.project import Period, PeriodWords, ProjectFolder
from pipeline.project.result import Result
from pipeline.project.rules import goal_rules


def paths(
    project: ProjectFolder,
    *,
    by: str = "touchpoint",
    collapse_repeats: bool = False,
    nodes: bool = False,
    goal: Sequence[str] | None = None,
    compare: str | None = None,
    **period: Unpack[PeriodWords],
) -> Result:
    """One row per edge; with `nodes` one row per node, and what the absorbing chain says of it."""
    stage = by == "stage"
    transitions = Transitions(collapse_repeats=collapse_repeats, by_stage=stage)
    if compare is not None:
        if nodes:
            raise ConfigError("--compare is about edges: leave out --nodes.")
        from pipeline.questions.compare import compare_paths

        return compare_paths(project, Period(**period), compare, transitions)
    goals = goal_rules(project.config, goal).goal
    questions: list[Analysis[Any]] = [transitions, GoalNodes(goal=goals, by_stage=stage)]
    if nodes:
        questions += [Nodes(collapse_repeats=collapse_repeats, by_stage=stage), Vocabulary()]
    asked = project.ask(Period(**period), questions)
    edges, split = asked.answers[:2]
    ends = goal_nodes(split, goals)
    chances = cache(lambda: absorbing_chain(edges, ends) if goals else {})
    if not nodes:
        return asked.result("paths", edges, make_graph=lambda: graph_of(edges, chances()))
    asked.check_goal(goals)
    asked.warnings.extend(
        f'some events at "{n}" are goals and some are not: the chain does not stop there.'
        for n in sorted(split.mixed - ends)
    )
    start = chances().get(START)
    parameters = {"by": by, "goal": sorted(goals), "p_goal": start and start.p_goal}
    table = nodes_table(asked.answers[2], chances(), stage)
    return asked.result("nodes", table, parameters=parameters, make_graph=lambda: graph_of(edges, chances()))
