"""What goes with a step, a goal, a drop-off, and what moved it: drivers, why."""

from collections.abc import Mapping

from pipeline.api.words import (
    DEFAULT,
    Day,
    Default,
    Duration,
    Ended,
    Instant,
    Names,
    Order,
    Segment,
    Ties,
    Unit,
    about,
    given,
    goals_of,
    names_of,
    question,
)
from pipeline.project.project import ProjectFolder
from pipeline.project.result import Result


class DriverQuestions(ProjectFolder):
    """What goes with a step taken, a goal reached, a drop-off."""

    @question
    def drivers(
        self,
        steps: Names = (),
        *,
        step: str | int | None = None,
        drop_off: str | None = None,
        goal: Names | None = None,
        by: Names = (),
        exposure: Duration | None = None,
        between: bool = False,
        having: tuple[str, str] | None = None,
        without: tuple[str, str] | None = None,
        hits: bool | None = None,
        unmask: bool = False,
        window: Duration | Default | None = DEFAULT,
        count: Unit | None = None,
        order: Order | None = None,
        ties: Ties | None = None,
        step_window: Mapping[str, Duration] | None = None,
        exclude: Names = (),
        exclusion: Ended | None = None,
        ignore: Names = (),
        as_of: Instant | None = None,
        since: Day | None = None,
        until: Day | None = None,
        segment: Segment | None = None,
        where: Names = (),
        persona: str | None = None,
    ) -> Result:
        """One row per factor: how many of the units with it came to the outcome, and how many of those without it.

        The outcome is a step of a funnel (`steps`), ending at a touchpoint without a goal (`drop_off`), else a goal, of sessions
        from their first event. A factor is the value of a column at the event from which a unit is looked at (the step before,
        the first visit, the session's first event), or a touchpoint that was met around it. It goes with the outcome; whether it
        is a cause, no log can tell.

        Args:
            steps: a list of steps; or a text: the name of a saved [[funnel]], else "a > b > c". As `funnel` takes them.
            step: which step is the outcome, its name or number; default the last one. Units are those that reached the one before.
            drop_off: a touchpoint: do the sessions that visit it end there without a goal?
            goal: instead of [project] goal.
            by: columns, and "touchpoint"; default: channel, every other column that your files or [[customers]] have, and touchpoints.
            exposure: how far back a touchpoint counts, closed, the same for everybody; default 1 day.
            between: touchpoints after the unit's event instead: until the outcome, or the end of the window without one.
            having: the units behind a factor instead, ("platform", "mobile") or ("touchpoint", "chat").
            without: those without it.
            hits: with `having` and `without`, only those that came to the outcome (True), or did not (False).
            unmask: with `having` and `without`, show ids as recorded.
            window: of a funnel, from its first to its last step, 7 days by default; a unit whose window is open at as_of is left out.
            count: of a funnel, "customers" (the default) or "sessions".
            order: of a funnel, "ordered" (the default) or "strict".
            ties: of a funnel, events at one instant as "recorded" (the default), or in the order of the "step"s.
            step_window: how long a step may take from the one before, by the step's text.
            exclude: "EVENT" ends a chain anywhere, "EVENT:1-2" between two steps.
            exclusion: what an excluded event ends: the "chain" (the default), or it leaves out the whole "customer".
            ignore: events that a strict funnel skips.
            as_of, since, until, segment, where, persona: what the question is about; see `Project`.

        Returns:
            factor (text: the column, or "touchpoint"), value (text) · units (int), reach (float, of all units) · hits (int), rate
            (float) · units_without, hits_without (int), rate_without (float) · odds_ratio, odds_low, odds_high (float; 0.5 added to
            each count) · p_value (float, Fisher's exact test), q_value (float, Benjamini-Hochberg over the rows), significant
            (bool) · sentence (text). What is beyond noise comes first, the strongest first. `.meta["totals"]` has all units, hits,
            and those left out, `.meta["factors"]` how many factors were tried, and were not. With
            `having` or `without`: one row per unit, as `customers`.

        Raises:
            ConfigError: for words that do not go together, a step that is none, a funnel without a window.

        Example:
            >>> shop.drivers(drop_off="cart", by="touchpoint").rows()[0]["value"]
            'add_to_cart'
        """
        from pipeline.questions.drivers import drivers

        words = given(
            step=None if step is None else str(step),
            count=count,
            order=order,
            ties=ties,
            step_window=step_window,
            exclude=names_of(exclude),
            exclusion=exclusion,
            ignore=names_of(ignore),
            exposure=exposure,
            **about(as_of, since, until, segment, where, persona),
        )
        if window is not DEFAULT:
            words["window"] = window
        return drivers(
            self,
            steps if isinstance(steps, str) else names_of(steps),
            drop_off=drop_off,
            goal=goals_of(goal),
            by=names_of(by),
            between=between,
            having=having,
            without=without,
            hits=hits,
            unmask=unmask,
            **words,
        )

    @question
    def why(
        self,
        steps: Names = (),
        *,
        step: str | int | None = None,
        drop_off: str | None = None,
        goal: Names | None = None,
        by: Names = (),
        compare: str = "previous",
        window: Duration | Default | None = DEFAULT,
        count: Unit | None = None,
        order: Order | None = None,
        ties: Ties | None = None,
        step_window: Mapping[str, Duration] | None = None,
        exclude: Names = (),
        exclusion: Ended | None = None,
        ignore: Names = (),
        as_of: Instant | None = None,
        since: Day | None = None,
        until: Day | None = None,
        segment: Segment | None = None,
        where: Names = (),
        persona: str | None = None,
    ) -> Result:
        """One row per part of the units, step, or new or vanished touchpoint that accounts for the move of a rate beyond noise.

        The rate is that of a funnel from its first step to its last (`steps`), of ending at a touchpoint without a goal
        (`drop_off`), else of a goal, of sessions. Each column shares out the units, and so the move: exactly, a part's share of the
        units (mix) and its own rate apart. What is not beyond noise is one row for each column, and where nothing is there are none.

        Args:
            steps: a list of steps; or a text: the name of a saved [[funnel]], else "a > b > c". As `funnel` takes them.
            step: only the rate of this step, its name or number, of the units that reached the one before.
            drop_off: a touchpoint: sessions that end there without a goal, of those that visit it.
            goal: instead of [project] goal.
            by: columns, and "touchpoint"; default: channel, every other column that your files or [[customers]] have, and touchpoints.
            compare: the other side: "previous" (as many days just before), "2024-04-01..2024-05-01" or "platform=mobile".
            window: of a funnel, from its first to its last step, 7 days by default; a unit whose window is open at as_of is left out.
            count: of a funnel, "customers" (the default) or "sessions".
            order: of a funnel, "ordered" (the default) or "strict".
            ties: of a funnel, events at one instant as "recorded" (the default), or in the order of the "step"s.
            step_window: how long a step may take from the one before, by the step's text.
            exclude: "EVENT" ends a chain anywhere, "EVENT:1-2" between two steps.
            exclusion: what an excluded event ends: the "chain" (the default), or it leaves out the whole "customer".
            ignore: events that a strict funnel skips.
            as_of, since, until, segment, where, persona: what the question is about; see `Project`. The period is the last 28 days
                unless it is given.

        Returns:
            kind ("column", "step", "new touchpoint", "vanished touchpoint"), name, value (text) · named (bool; False: all others
            together) · n (int), share, rate (float) · n_before (int), share_before, rate_before (float) · mix (float),
            mix_significant (bool) · rate_effect (float), rate_significant (bool) · contribution (float, mix + rate_effect: those of
            one kind and name add up to the move; those of all steps do) · sentence (text). `.meta["overall"]` has the rate on
            both sides and its move, `.meta["annotations"]` what happened in the time.

        Raises:
            ConfigError: for words that do not go together, periods that overlap.

        Example:
            >>> shop.why(since="2024-05-01", until="2024-06-01").meta["overall"]["rate"]
            0.103277
        """
        from pipeline.questions.why import why

        words = given(
            step=None if step is None else str(step),
            count=count,
            order=order,
            ties=ties,
            step_window=step_window,
            exclude=names_of(exclude),
            exclusion=exclusion,
            ignore=names_of(ignore),
            **about(as_of, since, until, segment, where, persona),
        )
        if window is not DEFAULT:
            words["window"] = window
        return why(
            self,
            steps if isinstance(steps, str) else names_of(steps),
            drop_off=drop_off,
            goal=goals_of(goal),
            by=names_of(by),
            compare=compare,
            **words,
        )
