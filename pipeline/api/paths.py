"""Where customers go, and where they leave: paths, graph, dropoff."""

from typing import TYPE_CHECKING

from pipeline.api.words import Day, Instant, Names, NodeKind, Segment, about, goals_of, question
from pipeline.project.project import ProjectFolder
from pipeline.project.result import Result

if TYPE_CHECKING:
    import networkx as nx


class PathQuestions(ProjectFolder):
    """Where customers go, and where they leave."""

    @question
    def paths(
        self,
        *,
        by: NodeKind = "touchpoint",
        collapse_repeats: bool = False,
        nodes: bool = False,
        goal: Names | None = None,
        compare: str | None = None,
        as_of: Instant | None = None,
        since: Day | None = None,
        until: Day | None = None,
        segment: Segment | None = None,
        where: Names = (),
        persona: str | None = None,
    ) -> Result:
        """One row per edge between touchpoints, the most frequent first; with `nodes`, one row per touchpoint.

        Args:
            by: what a node is.
            collapse_repeats: count a run of one node as one visit.
            nodes: one row per node instead: its chance of reaching the goal, and how much would be lost without it.
            goal: with `nodes`: the goal, instead of [project] goal.
            compare: the other side: "previous", "2024-04-01..2024-05-01" or "platform=mobile".
            as_of, since, until, segment, where, persona: what the question is about; see `Project`.

        Returns:
            source, target (text) · transitions, sessions, customers (int) · probability (float: share of the source's
            steps) · median_seconds, p90_seconds (float). With `nodes`: touchpoint or stage · visits, sessions, customers ·
            p_goal, removal_effect, expected_steps (float, of the absorbing chain). `.graph()` gives the edges as a
            networkx DiGraph.

        Raises:
            ConfigError: for words that make no sense, or do not go together (`nodes` and `compare`).

        Example:
            >>> shop.paths().rows()[0]["target"]
            'product_view'
            >>> shop.paths(nodes=True, goal="purchase").meta["p_goal"]
            0.115569
        """
        from pipeline.questions.paths import paths

        return paths(
            self,
            by=by,
            collapse_repeats=collapse_repeats,
            nodes=nodes,
            goal=goals_of(goal),
            compare=compare,
            **about(as_of, since, until, segment, where, persona),
        )

    @question
    def graph(
        self,
        *,
        by: NodeKind = "touchpoint",
        collapse_repeats: bool = False,
        as_of: Instant | None = None,
        since: Day | None = None,
        until: Day | None = None,
        segment: Segment | None = None,
        where: Names = (),
        persona: str | None = None,
    ) -> "nx.DiGraph":
        """The path graph as a networkx DiGraph: one edge per row of `paths`, with its columns as attributes.

        Args:
            by: what a node is.
            collapse_repeats: count a run of one node as one visit.
            as_of, since, until, segment, where, persona: what the question is about; see `Project`.

        Returns:
            A DiGraph with START and END.

        Example:
            >>> shop.graph(by="stage")["cart"]["checkout"]["transitions"]
            543
        """
        from pipeline.questions.paths import paths

        return paths(
            self,
            by=by,
            collapse_repeats=collapse_repeats,
            **about(as_of, since, until, segment, where, persona),
        ).graph()

    @question
    def dropoff(
        self,
        *,
        by: NodeKind = "touchpoint",
        goal: Names | None = None,
        compare: str | None = None,
        as_of: Instant | None = None,
        since: Day | None = None,
        until: Day | None = None,
        segment: Segment | None = None,
        where: Names = (),
        persona: str | None = None,
    ) -> Result:
        """One row per touchpoint (or stage) at which sessions end without a goal, the worst leak first.

        Args:
            by: what a row is.
            goal: the goal, instead of [project] goal.
            compare: the other side: "previous", "2024-04-01..2024-05-01" or "platform=mobile".
            as_of, since, until, segment, where, persona: what the question is about; see `Project`.

        Returns:
            touchpoint or stage (text) · visits, sessions, drop_off (int) · drop_off_rate, ci_low, ci_high (float, Wilson
            95 %) · returned, lost, in_progress (int) · conversion, leak (float) · value_at_risk (float, money) ·
            lost_after, returned_at (text).

        Example:
            >>> [row["touchpoint"] for row in shop.dropoff().rows()[:3]]
            ['product_view', 'catalog', 'search']
        """
        from pipeline.questions.dropoff import dropoff

        return dropoff(
            self,
            by=by,
            goal=goals_of(goal),
            compare=compare,
            **about(as_of, since, until, segment, where, persona),
        )
