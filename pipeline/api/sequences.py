"""Whole ways: find, variants, steps, step_matrix, flows."""

from typing import Annotated, Literal

from pipeline.api.types import Between
from pipeline.api.words import (
    Day,
    Instant,
    Level,
    Names,
    NodeKind,
    Positive,
    Segment,
    StepCount,
    about,
    goals_of,
    names_of,
    question,
)
from pipeline.project.project import ProjectFolder
from pipeline.project.result import Result


class SequenceQuestions(ProjectFolder):
    """Whole ways through the touchpoints."""

    @question
    def find(
        self,
        pattern: str,
        *,
        sessions: bool = False,
        unmask: bool = False,
        level: Level = "touchpoint",
        collapse_repeats: bool = False,
        hide: Names = (),
        as_of: Instant | None = None,
        since: Day | None = None,
        until: Day | None = None,
        segment: Segment | None = None,
        where: Names = (),
        persona: str | None = None,
    ) -> Result:
        """One row: the sessions that hold a pattern of nodes; with `sessions`, one row each.

        Args:
            pattern: elements joined by ->: a name, "a name" in quotes, [a|b], [^a|b] (any but these) or . (any), each with
                *, + or ? behind it; START may stand first, END last.
            sessions: one row per session that matches, customers masked.
            unmask: with `sessions`, show customer ids as recorded.
            level: what a node is.
            collapse_repeats: count a run of one node as one visit.
            hide: what to leave out first.
            as_of, since, until, segment, where, persona: what the question is about; see `Project`.

        Returns:
            pattern (text) · sessions, customers (int) · share, ci_low, ci_high (float) · median_seconds, p90_seconds
            (float, between the ends of the match). With `sessions`: session_id, customer_id (text) · started_at (UTC) ·
            seconds (float) · path (text).

        Raises:
            ConfigError: for a pattern that cannot be read; it shows where.

        Example:
            >>> shop.find("add_to_cart -> [^purchase]* -> END").rows()[0]["sessions"]
            856
        """
        from pipeline.questions.sequences import find

        return find(
            self,
            pattern,
            sessions=sessions,
            unmask=unmask,
            level=level,
            collapse_repeats=collapse_repeats,
            hide=names_of(hide),
            **about(as_of, since, until, segment, where, persona),
        )

    @question
    def variants(
        self,
        *,
        max_steps: Positive | None = None,
        top: Positive | None = None,
        converted: bool | None = None,
        level: Level = "touchpoint",
        collapse_repeats: bool = False,
        hide: Names = (),
        goal: Names | None = None,
        as_of: Instant | None = None,
        since: Day | None = None,
        until: Day | None = None,
        segment: Segment | None = None,
        where: Names = (),
        persona: str | None = None,
    ) -> Result:
        """One row per sequence of nodes, as whole sessions go, the most frequent first.

        Args:
            max_steps: cut longer ways here; they end in "...".
            top: at most this many rows; counts and shares are of all.
            converted: only sessions with a goal (True), or without one (False).
            level: what a node is.
            collapse_repeats: count a run of one node as one visit.
            hide: what to leave out first.
            goal: the goal, instead of [project] goal.
            as_of, since, until, segment, where, persona: what the question is about; see `Project`.

        Returns:
            path (text, nodes joined by " > ") · steps, sessions, customers (int) · share, median_seconds (float) ·
            converted (int) · conversion_rate, ci_low, ci_high (float). `.meta["variants"]`: how many there are.

        Example:
            >>> shop.variants(collapse_repeats=True, top=1).rows()[0]["path"]
            'catalog'
        """
        from pipeline.questions.sequences import variants

        return variants(
            self,
            max_steps=max_steps,
            top=top,
            converted=converted,
            level=level,
            collapse_repeats=collapse_repeats,
            hide=names_of(hide),
            goal=goals_of(goal),
            **about(as_of, since, until, segment, where, persona),
        )

    @question
    def steps(
        self,
        *,
        from_: str | None = None,
        to: str | None = None,
        between: tuple[str, str] | None = None,
        steps: StepCount = 3,
        visit: Literal["first", "last"] = "first",
        level: Level = "touchpoint",
        collapse_repeats: bool = False,
        hide: Names = (),
        as_of: Instant | None = None,
        since: Day | None = None,
        until: Day | None = None,
        segment: Segment | None = None,
        where: Names = (),
        persona: str | None = None,
    ) -> Result:
        """One row per step and node after a node, before it, or between two; without any of them: how sessions begin.

        Args:
            from_: what comes after a visit to this node.
            to: what comes before a visit to it.
            between: what lies between the first visit to one and the next to the other.
            steps: how many steps away (not with `between`).
            visit: which visit of a session (not with `between`).
            level: what a node is.
            collapse_repeats: count a run of one node as one visit.
            hide: what to leave out first.
            as_of, since, until, segment, where, persona: what the question is about; see `Project`.

        Returns:
            step (int) · touchpoint, or event or stage (text) · sessions, customers (int) · share (float). With `between`:
            visits (int) instead of the step.

        Example:
            >>> shop.steps(from_="add_to_cart", steps=1).rows()[1]["touchpoint"]
            'product_view'
        """
        from pipeline.questions.sequences import steps as ask

        return ask(
            self,
            from_=from_,
            to=to,
            between=between,
            steps=steps,
            visit=visit,
            level=level,
            collapse_repeats=collapse_repeats,
            hide=names_of(hide),
            **about(as_of, since, until, segment, where, persona),
        )

    @question
    def step_matrix(
        self,
        steps: StepCount = 8,
        *,
        anchor: str | None = None,
        level: Level = "touchpoint",
        collapse_repeats: bool = False,
        hide: Names = (),
        as_of: Instant | None = None,
        since: Day | None = None,
        until: Day | None = None,
        segment: Segment | None = None,
        where: Names = (),
        persona: str | None = None,
    ) -> Result:
        """One row per node, one column per step: the share of sessions that are there; each column adds up to 1.

        Args:
            steps: how many columns.
            anchor: step 1 is the first visit to it, in sessions that have one; without: the first node of a session.
            level: what a node is.
            collapse_repeats: count a run of one node as one visit.
            hide: what to leave out first.
            as_of, since, until, segment, where, persona: what the question is about; see `Project`.

        Returns:
            touchpoint, or event or stage (text) · step_1, step_2, ... (float). `.meta["sessions"]`: how many there are.

        Example:
            >>> shop.step_matrix(2).rows()[0]
            {'touchpoint': 'home', 'step_1': 0.318447, 'step_2': 0.135922}
        """
        from pipeline.questions.sequences import step_matrix

        return step_matrix(
            self,
            steps,
            anchor=anchor,
            level=level,
            collapse_repeats=collapse_repeats,
            hide=names_of(hide),
            **about(as_of, since, until, segment, where, persona),
        )

    @question
    def flows(
        self,
        steps: Annotated[int, Between(2, 1000)] = 6,
        *,
        by: NodeKind = "touchpoint",
        goal: Names | None = None,
        collapse_repeats: bool = True,
        as_of: Instant | None = None,
        since: Day | None = None,
        until: Day | None = None,
        segment: Segment | None = None,
        where: Names = (),
        persona: str | None = None,
    ) -> Result:
        """One row per flow from node to node at each of the first steps of sessions; `.plot()` draws the Sankey.

        Args:
            steps: how many steps.
            by: what a node is.
            goal: what `with_goal` counts, instead of [project] goal.
            collapse_repeats: count a run of one node as one visit.
            as_of, since, until, segment, where, persona: what the question is about; see `Project`.

        Returns:
            step (int) · source, target (text) · sessions, with_goal (int). What flows into a node at a step flows out of it.

        Example:
            >>> shop.flows(2, by="stage").rows()[0]["target"]
            'consideration'
        """
        from pipeline.questions.sequences import flows

        return flows(
            self,
            steps,
            by=by,
            goal=goals_of(goal),
            collapse_repeats=collapse_repeats,
            **about(as_of, since, until, segment, where, persona),
        )
