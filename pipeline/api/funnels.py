"""How many get from step to step: funnel, saved_funnels."""

from collections.abc import Mapping

import pyarrow as pa

from pipeline.api.words import (
    DEFAULT,
    Calendar,
    Day,
    Default,
    Duration,
    Ended,
    Instant,
    Names,
    Order,
    Positive,
    Segment,
    Ties,
    Unit,
    about,
    given,
    names_of,
    question,
)
from pipeline.project.project import ProjectFolder
from pipeline.project.result import Result


class FunnelQuestions(ProjectFolder):
    """How many get from step to step."""

    @question
    def funnel(
        self,
        steps: Names,
        *,
        window: Duration | Default | None = DEFAULT,
        count: Unit | None = None,
        order: Order | None = None,
        ties: Ties | None = None,
        step_window: Mapping[str, Duration] | None = None,
        exclude: Names = (),
        exclusion: Ended | None = None,
        ignore: Names = (),
        breakdown: str | None = None,
        by: Calendar | None = None,
        top: Positive | None = None,
        compare: str | None = None,
        as_of: Instant | None = None,
        since: Day | None = None,
        until: Day | None = None,
        segment: Segment | None = None,
        where: Names = (),
        persona: str | None = None,
    ) -> Result:
        """One row per step, for each value of the breakdown where there is one.

        Every option that is not given is the saved funnel's where `steps` names one, else the default said below.

        Args:
            steps: a list of steps; or a text: the name of a saved [[funnel]], else "a > b > c". A step is NAME, NAME|NAME,
                NAME[COLUMN>VALUE], page:/PATH/* or, if optional, NAME?.
            window: time allowed from the first to the last step, 7 days by default; None: no limit.
            count: what is counted, customers by default.
            order: "ordered" (the default; other events may lie between), "strict" (the very next event) or "any".
            ties: events at one instant as "recorded" (the default), or in the order of the "step"s.
            step_window: how long a step may take from the one before, by the step's text.
            exclude: "EVENT" ends a chain anywhere, "EVENT:1-2" between two steps.
            exclusion: what an excluded event ends: the "chain" (the default), or it leaves out the whole "customer".
            ignore: events that a strict funnel skips.
            breakdown: a column: one funnel per value at the chain's first event.
            by: one funnel per day, week or month of the chain's first event.
            top: at most this many values of the breakdown; the rest is "(other)".
            compare: the other side: "previous", "2024-04-01..2024-05-01" or "platform=mobile".
            as_of, since, until, segment, where, persona: what the question is about; see `Project`.

        Returns:
            step (int) · name (text) · optional (bool) · reached (int) · conversion_rate, step_conversion_rate, ci_low,
            ci_high (float) · dropped, in_progress (int) · median_seconds, p90_seconds (float, from the step before) ·
            dropped_next (list of touchpoint, units).

        Raises:
            ConfigError: for a text that is no saved funnel's name, steps that cannot be read, options that do not go together.

        Example:
            >>> shop.funnel(["product_view", "add_to_cart", "purchase"], window="1d").table["reached"].to_pylist()
            [598, 482, 208]
            >>> shop.funnel("buy", count="sessions").table["reached"].to_pylist()
            [2868, 944, 418, 165, 44]
        """
        from pipeline.questions.funnel import funnel, words_of_funnel

        words = given(
            window=window,
            count=count,
            order=order,
            ties=ties,
            step_window=step_window,
            exclude=names_of(exclude),
            exclusion=exclusion,
            ignore=names_of(ignore),
            breakdown=breakdown,
            by=by,
            top=top,
            compare=compare,
            **about(as_of, since, until, segment, where, persona),
        )
        if window is None:
            words["window"] = None
        return funnel(self, **words_of_funnel(self, steps, words))

    def saved_funnels(self) -> pa.Table:
        """One row per [[funnel]] of journeys.toml, in its order.

        Returns:
            name, steps (joined by " > "), count, order (text).

        Example:
            >>> shop.saved_funnels()["name"].to_pylist()
            ['buy']
        """
        from pipeline.questions.funnel import saved_funnels

        return saved_funnels(self.config)
