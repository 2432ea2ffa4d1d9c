"""Which touches conversions are owed to: attribution."""

from os import PathLike
from pathlib import Path

from paths.attribution.rules import Reach
from pipeline.api.words import Day, Duration, Instant, Names, Positive, Segment, about, goals_of, names_of, question
from pipeline.project.project import ProjectFolder
from pipeline.project.result import Result


class AttributionQuestions(ProjectFolder):
    """Which touches conversions are owed to."""

    @question
    def attribution(
        self,
        *,
        by: str | None = None,
        model: Names = (),
        goal: Names | None = None,
        lookback: Duration | None = None,
        paths: Reach | None = None,
        spend: str | PathLike[str] | None = None,
        compare: str | None = None,
        paths_table: bool = False,
        from_paths: str | PathLike[str] | None = None,
        top: Positive | None = None,
        attributed: str | None = None,
        unmask: bool = False,
        as_of: Instant | None = None,
        since: Day | None = None,
        until: Day | None = None,
        segment: Segment | None = None,
        where: Names = (),
        persona: str | None = None,
    ) -> Result:
        """One row per channel: its touches, and the conversions and the money that each model owes to it.

        Args:
            by: what a touch is called: channel, campaign, touchpoint, event, stage, or any column; default [attribution] by, channel.
            model: first, last, last_non_direct, linear, position, j, inverse_j, decay, participation, custom, markov, shapley,
                or "all"; default first, last, linear, markov.
            goal: instead of [project] goal.
            lookback: how far before a conversion a touch counts, closed; default [attribution] lookback, 30 d.
            paths: since_goal: touches after the customer's previous goal; all: earlier goals do not cut.
            spend: a file with a column for the value, cost and, if it has them, date and currency.
            compare: the other side: "previous", "2024-04-01..2024-05-01" or "platform=mobile", of the first model.
            paths_table: one row per path of values instead.
            from_paths: a file of path ("email > search"), conversions, value, null: no events are read.
            top: so many rows; the others are one, "(other)".
            attributed: a value: the customers with a conversion that the first model owes to it instead, in whole or in part.
            unmask: with `attributed`, show ids as recorded.
            as_of, since, until, segment, where, persona: what the question is about; see `Project`.

        Returns:
            value (text; "(no touch)" for conversions without one) · touches (int) · of each model NAME_conversions (float) and
            NAME_value (float, money) · with markov removal_effect, removal_share (float) · with spend cost, NAME_cost_per_conversion,
            NAME_return (float). `.meta["totals"]` has what was shared out, `.meta["robustness"]` how often which value is first over
            models and look-backs. With `paths_table`: path (text) · conversions (int) · value (float, money) · nulls, open (int).
            With `attributed`: customer (text) · first_at, last_at (UTC; of these conversions) · seconds, value (float) · events (int).

        Raises:
            ConfigError: for an unknown model, and for words that do not go together.
            InputError: for a file with another currency, or with a number that is none.

        Example:
            >>> shop.attribution(by="platform", model="last").rows()[0]["value"]
            'desktop'
        """
        from pipeline.questions.attribution import attribution

        spent, file = (None if name is None else Path(name) for name in (spend, from_paths))
        return attribution(
            self,
            by=by,
            model=names_of(model),
            goal=goals_of(goal),
            lookback=lookback,
            paths=paths,
            spend=spent,
            compare=compare,
            paths_table=paths_table,
            from_paths=file,
            top=top,
            attributed=attributed,
            unmask=unmask,
            **about(as_of, since, until, segment, where, persona),
        )
