"""Questions about whole ways: patterns, variants, what lies around a node."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Unpack

import pyarrow as pa

from ingest.errors import ConfigError
from paths.analysis import Analysis
from paths.overview.names import Vocabulary
from paths.sequences.first_steps import StepFlows
from paths.sequences.pattern_search import Matches, Search
from paths.sequences.patterns import parse_pattern
from paths.sequences.steps_around import Between, StepsAround
from paths.sequences.steps_around import step_matrix as matrix_of
from paths.sequences.variants import Variants
from paths.sequences.walks import NodeView, stage_names
from pipeline.project.masking import Mask
from pipeline.project.project import Asked, Period, PeriodWords, ProjectFolder
from pipeline.project.result import Result
from pipeline.project.rules import goal_rules


def find(
    project: ProjectFolder,
    pattern: str,
    *,
    sessions: bool = False,
    unmask: bool = False,
    level: str = "touchpoint",
    collapse_repeats: bool = False,
    hide: Sequence[str] = (),
    **period: Unpack[PeriodWords],
) -> Result:
    """One row: sessions and customers that match, their share, seconds between the ends of the match.

    With `sessions` one row per session that matches, customers masked. The grammar: paths/sequences/patterns.py.
    """
    view = view_of(level, collapse_repeats, hide)
    wanted = parse_pattern(pattern)
    question: Analysis[pa.Table] = Matches(pattern=wanted, view=view) if sessions else Search(pattern=wanted, view=view)
    asked = project.ask(Period(**period), [question, Vocabulary()])
    check_events(asked, wanted.names, view, "pattern's name")
    table = asked.answers[0]
    if sessions and not unmask:
        table = Mask.of(project.store.root).column(table, "customer_id")
    return asked.result("matches" if sessions else "find", table, parameters={"pattern": pattern, **words_of(view)})


def variants(
    project: ProjectFolder,
    *,
    max_steps: int | None = None,
    top: int | None = None,
    converted: bool | None = None,
    level: str = "touchpoint",
    collapse_repeats: bool = False,
    hide: Sequence[str] = (),
    goal: str | Sequence[str] | None = None,
    **period: Unpack[PeriodWords],
) -> Result:
    """One row per sequence of nodes: sessions, customers, share, median seconds, conversion. `top`: only so many rows."""
    view = view_of(level, collapse_repeats, hide)
    rules = goal_rules(project.config, [goal] if isinstance(goal, str) else goal)
    question = Variants(view=view, rules=rules, max_steps=max_steps, converted=converted)
    asked = project.ask(Period(**period), [question, Vocabulary()])
    asked.check_goal(rules.goal)
    check_events(asked, (), view, "")
    table = asked.answers[0]
    parameters = {
        "goal": sorted(rules.goal),
        "max_steps": max_steps,
        "converted": converted,
        "variants": table.num_rows,
    }
    return asked.result("variants", table.slice(0, top), parameters={**parameters, **words_of(view)})


def steps(
    project: ProjectFolder,
    *,
    from_: str | None = None,
    to: str | None = None,
    between: tuple[str, str] | None = None,
    steps: int = 3,
    visit: str = "first",
    level: str = "touchpoint",
    collapse_repeats: bool = False,
    hide: Sequence[str] = (),
    **period: Unpack[PeriodWords],
) -> Result:
    """One row per step and node, `steps` after the first (or last) `visit` to a node, or before it.

    `between` (source, target): one row per node that lies between. Without any of the three: the first steps of sessions.
    """
    if sum(word is not None for word in (from_, to, between)) > 1:
        raise ConfigError("ask for one of from, to and between.")
    if visit not in ("first", "last"):
        raise ConfigError(f'visit must be first or last, not "{visit}".')
    view = view_of(level, collapse_repeats, hide)
    anchor = to if from_ is None else from_
    question: Analysis[pa.Table] = StepsAround(
        anchor=None if anchor is None else frozenset({anchor}),
        steps=steps,
        before=to is not None,
        last=visit == "last",
        view=view,
    )
    if between is not None:
        question = Between(source=frozenset({between[0]}), target=frozenset({between[1]}), view=view)
    asked = project.ask(Period(**period), [question, Vocabulary()])
    check_events(asked, [n for n in (anchor, *(between or ())) if n is not None], view, "node")
    parameters = {"from": from_, "to": to, "between": between, "visit": visit, **words_of(view)}
    return asked.result("between" if between else "steps", asked.answers[0], parameters=parameters)


def step_matrix(
    project: ProjectFolder,
    steps: int = 8,
    *,
    anchor: str | None = None,
    level: str = "touchpoint",
    collapse_repeats: bool = False,
    hide: Sequence[str] = (),
    **period: Unpack[PeriodWords],
) -> Result:
    """One row per node, column step_k the share of sessions that are there at step k; END is a row. Columns add up to 1.

    Step 1 is the first node of a session or, with `anchor`, the first visit to it (in the sessions that have one).
    """
    view = view_of(level, collapse_repeats, hide)
    question = StepsAround(anchor=None if anchor is None else frozenset({anchor}), steps=steps - 1, view=view)
    asked = project.ask(Period(**period), [question, Vocabulary()])
    check_events(asked, () if anchor is None else (anchor,), view, "anchor")
    counts = asked.answers[0]
    parameters = {"anchor": anchor, "sessions": at_first(counts), **words_of(view)}
    return asked.result("step matrix", matrix_of(counts, level, steps), parameters=parameters)


def flows(
    project: ProjectFolder,
    steps: int = 6,
    *,
    by: str = "touchpoint",
    goal: Sequence[str] | None = None,
    collapse_repeats: bool = True,
    **period: Unpack[PeriodWords],
) -> Result:
    """One row per step, source and target of the first steps of sessions: what a Sankey shows. `plot()` draws it.

    What goes into a node at a step goes out of it. `with_goal`: sessions among them that hold a goal anywhere.
    """
    rules = goal_rules(project.config, goal)
    question = StepFlows(steps=steps, rules=rules, collapse_repeats=collapse_repeats, by_stage=by == "stage")
    asked = project.ask(Period(**period), [question])
    parameters = {"by": by, "goal": sorted(rules.goal), "collapse_repeats": collapse_repeats}
    return asked.result("flows", asked.answers[0], parameters=parameters)


def at_first(counts: pa.Table) -> int:
    """The sessions at step 0 of an answer of StepsAround."""
    return sum(r["sessions"] for r in counts.to_pylist() if r["step"] == 0)


def view_of(level: str, collapse_repeats: bool, hide: Sequence[str]) -> NodeView:
    """The view in the words of a question."""
    return NodeView(level=level, collapse_repeats=collapse_repeats, hidden=frozenset(hide))


def words_of(view: NodeView) -> dict[str, Any]:
    """And back, for the answer's header."""
    return {"level": view.level, "collapse_repeats": view.collapse_repeats, "hide": sorted(view.hidden)}


def check_events(asked: Asked, names: Iterable[str], view: NodeView, what: str) -> None:
    """Warn about names that never occur; the names of stages are none of these."""
    stages = stage_names(asked.scope.stages, view.level)
    asked.check_names([n for n in names if n not in stages], what)
    asked.check_names(sorted(view.hidden - stages), "hidden event")
