"""The journey map, and what it says to do: map, map_pains, map_moments, map_best, map_designed, map_opportunities, map_personas."""

from pipeline.api.words import Day, Instant, MapRows, Names, Segment, about, goals_of, question
from pipeline.project.project import ProjectFolder
from pipeline.project.result import Result


class MapQuestions(ProjectFolder):
    """The journey map, and what it says to do."""

    @question
    def map(
        self,
        *,
        by: MapRows = "touchpoint",
        goal: Names | None = None,
        compare: str | None = None,
        crossings: bool = False,
        as_of: Instant | None = None,
        since: Day | None = None,
        until: Day | None = None,
        segment: Segment | None = None,
        where: Names = (),
        persona: str | None = None,
    ) -> Result:
        """One row per cell of the journey map, stage by stage: who comes, how long, how they feel, where they leave.

        Args:
            by: rows are stage x touchpoint, stage x channel, or the stages themselves.
            goal: the goal, instead of [project] goal.
            compare: the other side: "previous", "2024-04-01..2024-05-01" or "platform=mobile".
            crossings: what crosses instead: customers by channels and by devices that they use, carts by where they were begun
                and bought.
            as_of, since, until, segment, where, persona: what the question is about; see `Project`.

        Returns:
            stage (text) · touchpoint or channel (text) · customers, events, visits, answers, sessions, drop_off (int) ·
            share, sentiment (-2 to 2), unhappy, friction and its signals, drop_off_rate, goes_on, conversion (float; with
            their intervals) · median_seconds, p90_seconds (float) · cost (float, money) · evidence (text) · what the file
            says of it: phase, goal, owner, review_by, notes, response. `.meta["totals"]` has the whole.
            With `crossings`: what, begun, bought (text) · n (int) · share (float).

        Example:
            >>> [row["stage"] for row in shop.map(by="stage").rows()][:2]
            ['awareness', 'consideration']
        """
        from pipeline.questions.crossings import alone
        from pipeline.questions.crossings import crossings as crossed
        from pipeline.questions.journey_map import journey_map

        if crossings:
            alone(by=by, goal=goal, compare=compare)
            return crossed(self, **about(as_of, since, until, segment, where, persona))
        return journey_map(
            self, by=by, goal=goals_of(goal), compare=compare, **about(as_of, since, until, segment, where, persona)
        )

    @question
    def map_pains(
        self,
        *,
        goal: Names | None = None,
        as_of: Instant | None = None,
        since: Day | None = None,
        until: Day | None = None,
        segment: Segment | None = None,
        where: Names = (),
        persona: str | None = None,
    ) -> Result:
        """One row per signal of friction at a touchpoint, the most expensive first.

        Args:
            goal: the goal, instead of [project] goal.
            as_of, since, until, segment, where, persona: what the question is about; see `Project`.

        Returns:
            stage, touchpoint, signal (text) · visits, with_signal, customers (int) · rate, ci_low, ci_high, conversion_with,
            conversion_without, lost_goals (float) · value (float, money) · evidence, owner (text).

        Example:
            >>> shop.map_pains().rows()[0]["signal"]
            'back_and_forth'
        """
        from pipeline.questions.journey_map import pains

        return pains(self, goal=goals_of(goal), **about(as_of, since, until, segment, where, persona))

    @question
    def map_moments(
        self,
        *,
        goal: Names | None = None,
        as_of: Instant | None = None,
        since: Day | None = None,
        until: Day | None = None,
        segment: Segment | None = None,
        where: Names = (),
        persona: str | None = None,
    ) -> Result:
        """One row per touchpoint at which a good or a bad visit decides, the strongest first.

        Args:
            goal: the goal, instead of [project] goal.
            as_of, since, until, segment, where, persona: what the question is about; see `Project`.

        Returns:
            stage, touchpoint (text) · customers, good, bad (int) · reach, p_goal_good, p_goal_bad, difference, ci_low, ci_high,
            effect, effect_low, effect_high, p_value (float) · significant (bool) · verdict, evidence, owner (text).

        Example:
            >>> shop.map_moments().rows()[0]["touchpoint"]
            'product_view'
        """
        from pipeline.questions.journey_map import moments

        return moments(self, goal=goals_of(goal), **about(as_of, since, until, segment, where, persona))

    @question
    def map_best(
        self,
        *,
        goal: Names | None = None,
        as_of: Instant | None = None,
        since: Day | None = None,
        until: Day | None = None,
        segment: Segment | None = None,
        where: Names = (),
        persona: str | None = None,
    ) -> Result:
        """One row per touchpoint with enough answers, the best sentiment first; without any answers, by friction.

        Args:
            goal: the goal, instead of [project] goal.
            as_of, since, until, segment, where, persona: what the question is about; see `Project`.

        Returns:
            stage, touchpoint (text) · answers, customers (int) · sentiment (-2 to 2), sentiment_low, sentiment_high, friction
            (float) · best, worst (int: its rank from either end).

        Example:
            >>> shop.map_best().rows()[0]["sentiment"] is None  # the sample holds no survey: friction alone
            True
        """
        from pipeline.questions.journey_map import best

        return best(self, goal=goals_of(goal), **about(as_of, since, until, segment, where, persona))

    @question
    def map_designed(
        self,
        *,
        as_of: Instant | None = None,
        since: Day | None = None,
        until: Day | None = None,
        segment: Segment | None = None,
        where: Names = (),
        persona: str | None = None,
    ) -> Result:
        """One row per stage of the journey as designed, against what customers do and the targets.

        Args:
            as_of, since, until, segment, where, persona: what the question is about; see `Project`.

        Returns:
            stage (text) · customers, missing, repeated, out_of_order (int) · share, ci_low, ci_high, median_seconds, p90_seconds,
            sentiment and their targets (float) · share_met, time_met, sentiment_met (bool).

        Example:
            >>> shop.map_designed().rows()[0]["missing"]
            10
        """
        from pipeline.questions.journey_map import designed

        return designed(self, **about(as_of, since, until, segment, where, persona))

    @question
    def map_opportunities(
        self,
        *,
        as_of: Instant | None = None,
        since: Day | None = None,
        until: Day | None = None,
        segment: Segment | None = None,
        where: Names = (),
        persona: str | None = None,
    ) -> Result:
        """One row per thing to do: carts to win back, silence after a purchase, complaints, avoidable contacts.

        Args:
            as_of, since, until, segment, where, persona: what the question is about; see `Project`.

        Returns:
            opportunity, touchpoint (text) · n, of, customers, open (int) · share (float) · value (float, money) · status (text).

        Example:
            >>> shop.map_opportunities().rows()[0]["n"]
            815
        """
        from pipeline.questions.journey_map import opportunities

        return opportunities(self, **about(as_of, since, until, segment, where, persona))

    @question
    def map_personas(
        self,
        *,
        as_of: Instant | None = None,
        since: Day | None = None,
        until: Day | None = None,
        segment: Segment | None = None,
        where: Names = (),
        persona: str | None = None,
    ) -> Result:
        """One row per persona and stage, side by side; it takes [[persona]] entries in journeys.toml.

        Args:
            as_of, since, until, segment, where, persona: what the question is about; see `Project`.

        Returns:
            persona (text) · the columns of `map(by="stage")`.

        Raises:
            ConfigError: where journeys.toml has no [[persona]].

        Example:
            >>> shop.map_personas()  # the sample has no [[persona]]
            Traceback (most recent call last):
            ...
            ingest.errors.ConfigError: journeys.toml has no [[persona]]: add one with a name and where, did or did_not.
        """
        from pipeline.questions.journey_map import personas

        return personas(self, **about(as_of, since, until, segment, where, persona))
