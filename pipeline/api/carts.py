"""What was put into carts, and what became of it: carts, carts_list, carts_remind."""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path

from pipeline.api.words import CartStatus, Day, Instant, Names, Segment, about, names_of, question, text_of
from pipeline.project.project import ProjectFolder
from pipeline.project.result import Result


class CartQuestions(ProjectFolder):
    """What was put into carts, and what became of it."""

    @question
    def carts(
        self,
        *,
        by: str | None = None,
        compare: str | None = None,
        crossings: bool = False,
        as_of: Instant | None = None,
        since: Day | None = None,
        until: Day | None = None,
        segment: Segment | None = None,
        where: Names = (),
        persona: str | None = None,
    ) -> Result:
        """One row per kind and status of carts, and value of a column; sessions that only looked are of kind browse.

        Args:
            by: kind, status, last_step, hour (of the opening), touchpoint, stage, event, or any column.
            compare: the other side: "previous", "2024-04-01..2024-05-01" or "platform=mobile".
            crossings: what crosses instead: customers by channels and by devices that they use, carts by where they were begun
                and bought.
            as_of, since, until, segment, where, persona: what the question is about; see `Project`.

        Returns:
            kind, status (text) · the column of `by` · episodes, customers (int) · value (float, money) · value_coverage
            (float). `.meta["totals"]` has the rates of abandonment and recovery, and refunds.
            With `crossings`: what, begun, bought (text) · n (int) · share (float).

        Example:
            >>> shop.carts().meta["totals"]["abandonment_rate"]
            0.70646
        """
        from pipeline.questions.carts import carts
        from pipeline.questions.crossings import alone
        from pipeline.questions.crossings import crossings as crossed

        if crossings:
            alone(by=by, compare=compare)
            return crossed(self, **about(as_of, since, until, segment, where, persona))
        return carts(self, by=by, compare=compare, **about(as_of, since, until, segment, where, persona))

    @question
    def carts_list(
        self,
        *,
        status: CartStatus | Sequence[CartStatus] = (),
        unmask: bool = False,
        as_of: Instant | None = None,
        since: Day | None = None,
        until: Day | None = None,
        segment: Segment | None = None,
        where: Names = (),
        persona: str | None = None,
    ) -> Result:
        """One row per cart, by its opening; customers masked.

        Args:
            status: only carts of this status, or of these.
            unmask: show customer ids as recorded.
            as_of, since, until, segment, where, persona: what the question is about; see `Project`.

        Returns:
            customer_id, kind, status (text) · opened_at, last_activity_at (UTC) · last_step (text) · value (float, money) ·
            items_left (int) · by (text: what brought it back) · quiet_since, purchase_at (UTC) · cart_id (text).

        Example:
            >>> shop.carts_list(status="abandoned", since="2024-06-01").table.num_rows
            227
        """
        from pipeline.questions.carts import cart_list

        return cart_list(
            self,
            status=names_of(status),
            unmask=unmask,
            **about(as_of, since, until, segment, where, persona),
        )

    @question
    def carts_remind(
        self, due: Day, *, suppress: str | PathLike[str] | None = None, contactable: str | None = None
    ) -> Result:
        """One row per abandoned cart to remind somebody of; ids as recorded, since somebody must write to them.

        Args:
            due: the day (its first instant) on which reminders go out.
            suppress: a file with customer ids, one per line, to leave out.
            contactable: a column that says who may be written to.

        Returns:
            key (text: names the cart in every run) · customer_id, kind (text) · opened_at, last_activity_at (UTC) ·
            last_step (text) · value (float, money) · items_left (int) · cart_id (text).

        Raises:
            MissingInput: where the file of ids is not there.

        Example:
            >>> shop.carts_remind("2024-06-30").table.num_rows
            18
        """
        from pipeline.questions.carts import reminders

        file = None if suppress is None else Path(suppress)
        return reminders(self, due_on=text_of(due), suppressed=file, contactable=contactable)
