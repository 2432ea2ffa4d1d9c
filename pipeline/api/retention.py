"""Who comes back: retention, lifecycle."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

from ingest.errors import ConfigError
from pipeline.api.words import (
    Calendar,
    Day,
    Instant,
    Names,
    Positive,
    Segment,
    about,
    given,
    goals_of,
    names_of,
    question,
)
from pipeline.project.project import ProjectFolder
from pipeline.project.result import Result

ReturnMode: TypeAlias = Literal["on", "on_or_after"]
CohortStart: TypeAlias = Literal["first", "goal"]


class RetentionQuestions(ProjectFolder):
    """Who comes back, and when."""

    @question
    def retention(
        self,
        *,
        by: Calendar | None = None,
        mode: ReturnMode | None = None,
        rolling: bool = False,
        brackets: Sequence[Positive] = (),
        from_: CohortStart | None = None,
        return_: Names = (),
        breakdown: str | None = None,
        value: bool = False,
        periods: Positive | None = None,
        second_goal: bool = False,
        returned: tuple[str, int] | None = None,
        lapsed: tuple[str, int] | None = None,
        unmask: bool = False,
        compare: str | None = None,
        goal: Names | None = None,
        as_of: Instant | None = None,
        since: Day | None = None,
        until: Day | None = None,
        segment: Segment | None = None,
        where: Names = (),
        persona: str | None = None,
    ) -> Result:
        """One row per cohort and period since its own, the pooled average of all cohorts last.

        A period that is not over at as_of is null, never 0.

        Args:
            by: what a cohort and a period is; default "week", from Monday.
            mode: a return in the period ("on", the default), or in it or later ("on_or_after").
            rolling: periods of 24 hours, 7 days or 30 days from each customer's own start.
            brackets: days after day 0 in brackets of these lengths, instead of periods: [1, 3, 7] are 1, 2-4, 5-11.
            from_: a cohort is that of the "first" event (the default), or of the first "goal".
            return_: what counts as a return; default: any event that is not passive.
            breakdown: cohorts apart by the value of a column at the customer's start.
            value: goal value by the end of the period, too.
            periods: so many after the first; default 1,000.
            second_goal: the time from the first goal to the second instead, as Kaplan and Meier have it.
            returned: the customers behind a cell instead, ("2024-03-01", 2): those of the cohort with a return in that period.
            lapsed: those of the cohort without one.
            unmask: with `returned` and `lapsed`, show ids as recorded.
            compare: the other side: "previous", "2024-04-01..2024-05-01" or "platform=mobile"; rates by cohort age.
            goal: instead of [project] goal.
            as_of, since, until, segment, where, persona: what the question is about; see `Project`. since and until select
                cohorts by the start of their period, segment by the event that puts a customer into one.

        Returns:
            the column of the breakdown · cohort (text: its first day, or "average") · period (int) · name (text) ·
            customers, returned (int) · share, ci_low, ci_high (float) · complete (bool). With `value`: value,
            value_per_customer (float, money). With `second_goal`: seconds (int) · share, ci_low, ci_high (float) ·
            converted, at_risk (int). With `returned` or `lapsed`: customer (text) · first_at, last_at (UTC) · seconds, value
            (float) · events (int).

        Raises:
            ConfigError: for words that do not go together.

        Example:
            >>> shop.retention(by="month").rows()[1]["share"]
            0.714286
            >>> shop.retention(by="month", returned=("2024-01-01", 1)).table.num_rows
            45
        """
        from pipeline.questions import retention as questions

        words = given(
            by=by,
            mode=mode,
            rolling=rolling or None,
            brackets=tuple(brackets),
            from_=from_,
            return_=names_of(return_),
            breakdown=breakdown,
            value=value or None,
            periods=periods,
            returned=returned,
            lapsed=lapsed,
            unmask=unmask or None,
            compare=compare,
        )
        period = about(as_of, since, until, segment, where, persona)
        if not second_goal:
            return questions.retention(self, goal=goals_of(goal), **words, **period)
        if words:
            said = ", ".join(name.rstrip("_") for name in words)
            raise ConfigError(f"the time to the second goal is asked of goals alone: leave out {said}.")
        return questions.second_goal(self, goal=goals_of(goal), **period)

    @question
    def lifecycle(
        self,
        *,
        by: Calendar = "week",
        stickiness: bool = False,
        as_of: Instant | None = None,
        since: Day | None = None,
        until: Day | None = None,
        segment: Segment | None = None,
        where: Names = (),
        persona: str | None = None,
    ) -> Result:
        """One row per period: who is new, who stayed, who came back, who went silent.

        new + retained + resurrected = active; retained + dormant = active of the period before. A period that is not over at
        as_of is null, never 0.

        Args:
            by: what a period is; a week begins on Monday.
            stickiness: one row per period and number of days instead: so many of its customers came on so many days.
            as_of, since, until, segment, where, persona: what the question is about; see `Project`. since and until select
                periods by their start, segment customers by their first event of all.

        Returns:
            period (text: its first day) · new, retained, resurrected, active, dormant (int) · complete (bool). With
            `stickiness`: period (text) · days, customers (int) · share (float) · complete (bool).

        Example:
            >>> shop.lifecycle(by="month").rows()[1]["dormant"]
            18
        """
        from pipeline.questions.retention import lifecycle

        return lifecycle(self, by=by, stickiness=stickiness, **about(as_of, since, until, segment, where, persona))
