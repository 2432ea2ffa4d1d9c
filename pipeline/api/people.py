"""The people behind the numbers: customers, customer, strugglers."""

from collections.abc import Mapping

from pipeline.api.words import (
    DEFAULT,
    CartStatus,
    Day,
    Default,
    Duration,
    Ended,
    Instant,
    Names,
    NodeKind,
    Order,
    Positive,
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


class PeopleQuestions(ProjectFolder):
    """The people behind the numbers; their ids are masked unless somebody asks for them."""

    @question
    def customers(
        self,
        *,
        funnel: Names | None = None,
        dropped_at: Positive | str | None = None,
        converted_at: Positive | str | None = None,
        in_progress_at: Positive | str | None = None,
        edge: tuple[str, str] | None = None,
        lost: str | None = None,
        returned: str | None = None,
        cart: CartStatus | None = None,
        by: NodeKind = "touchpoint",
        collapse_repeats: bool = False,
        goal: Names | None = None,
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
        """Exactly the units that a number counts, one row each: of a funnel's step, an edge, a leak or a cart; else everyone.

        At most one of `funnel`, `edge`, `lost`, `returned` and `cart` chooses them.

        Args:
            funnel: as `funnel` takes its steps; goes with one of `dropped_at`, `converted_at` and `in_progress_at`.
            dropped_at: who got to this step (its name, or its number from 1 as written) and dropped there.
            converted_at: who reached this step.
            in_progress_at: who is at this step and may go on.
            edge: sessions that go from one node to the other.
            lost: sessions that drop-off counts as lost at this node.
            returned: sessions that ended at this node, and whose customer reached the goal later.
            cart: carts of this status; a row is then a cart.
            by: what a node is.
            collapse_repeats: with `edge`, as in `paths`.
            goal: the goal, instead of [project] goal.
            unmask: show ids as recorded.
            window, count, order, ties, step_window, exclude, exclusion, ignore: with `funnel`, as in `funnel`.
            as_of, since, until, segment, where, persona: what the question is about; see `Project`.

        Returns:
            customer (text) · first_at, last_at (UTC) · seconds, value (float) · events (int); session_id where sessions are
            counted. With `cart`: kind, status, last_step, by, cart_id (text) instead of events.

        Raises:
            ConfigError: for choices that do not go together, and a step that the funnel does not have.

        Example:
            >>> shop.customers(funnel="product_view > add_to_cart > purchase", dropped_at=2).meta["customers"]
            196
            >>> shop.customers(edge=("add_to_cart", "cart")).meta["rows"]
            221
        """
        from pipeline.questions.customers import customers

        words = given(
            funnel=funnel,
            dropped_at=dropped_at,
            converted_at=converted_at,
            in_progress_at=in_progress_at,
            edge=edge,
            lost=lost,
            returned=returned,
            cart=cart,
            window=window,
            count=count,
            order=order,
            ties=ties,
            step_window=step_window,
            exclude=names_of(exclude),
            exclusion=exclusion,
            ignore=names_of(ignore),
            **about(as_of, since, until, segment, where, persona),
        )
        if window is None:
            words["window"] = None
        return customers(self, goal=goals_of(goal), unmask=unmask, by=by, collapse_repeats=collapse_repeats, **words)

    @question
    def customer(
        self,
        id: str,
        *,
        anonymous: bool = False,
        as_of: Instant | None = None,
        since: Day | None = None,
        until: Day | None = None,
        segment: Segment | None = None,
        where: Names = (),
        persona: str | None = None,
    ) -> Result:
        """One row per event of one customer's whole journey, in order.

        Args:
            id: as recorded; where nobody is known by it, the anonymous visitor of that id.
            anonymous: look among anonymous ids only.
            as_of, since, until, segment, where, persona: what the question is about; see `Project`.

        Returns:
            at (UTC) · event, touchpoint, stage, channel, url (text) · session (int) · value (float, money) · order_id,
            properties (JSON), note (text). `.meta["customer"]`: first and last seen, sessions, events, goals.

        Raises:
            UnknownCustomer: where nobody has the id.

        Example:
            >>> shop.customer("user_0000").meta["customer"]["sessions"]
            8
        """
        from pipeline.questions.customer import customer

        return customer(self, id, anonymous=anonymous, **about(as_of, since, until, segment, where, persona))

    @question
    def strugglers(
        self,
        *,
        sessions: Positive = 3,
        goal: Names | None = None,
        unmask: bool = False,
        as_of: Instant | None = None,
        since: Day | None = None,
        until: Day | None = None,
        segment: Segment | None = None,
        where: Names = (),
        persona: str | None = None,
    ) -> Result:
        """One row per customer who comes again and again with intent and reaches no goal, and where they get stuck.

        Args:
            sessions: at least this many sessions with intent.
            goal: the goal, instead of [project] goal.
            unmask: show ids as recorded.
            as_of, since, until, segment, where, persona: what the question is about; see `Project`.

        Returns:
            customer (text) · sessions, intent_sessions (int) · first_at, last_at (UTC) · sticks_at (text).

        Example:
            >>> shop.strugglers(sessions=5).table.num_rows
            1
        """
        from pipeline.questions.customers import strugglers

        return strugglers(
            self,
            sessions=sessions,
            goal=goals_of(goal),
            unmask=unmask,
            **about(as_of, since, until, segment, where, persona),
        )

    @question
    def identity(self, *, as_of: Instant | None = None) -> Result:
        """One row per count: events by how their customer is known, devices by customers, customers by devices.

        Args:
            as_of: the instant taken as now.

        Returns:
            of (text: events, devices or customers) · what (text) · n (int) · share (float, of all of them).

        Example:
            >>> shop.identity().rows()[1]["what"]
            'known'
        """
        from pipeline.questions.identity import identity

        return identity(self, as_of=None if as_of is None else str(as_of))

    @question
    def identity_explain(
        self, id: str, *, anonymous: bool = False, unmask: bool = False, as_of: Instant | None = None
    ) -> Result:
        """One row per event of an id: whose it is, and why.

        Args:
            id: as recorded; where no customer has it, an anonymous id.
            anonymous: look among anonymous ids only.
            unmask: show ids as recorded.
            as_of: the instant taken as now.

        Returns:
            event_at (UTC) · event, source, anonymous_id, customer, why (text).

        Raises:
            UnknownCustomer: where no event carries the id.

        Example:
            >>> shop.identity_explain("user_0000").rows()[0]["why"]
            'the row names the customer'
        """
        from pipeline.questions.identity import explain_id

        said = None if as_of is None else str(as_of)
        return explain_id(self, id, anonymous=anonymous, unmask=unmask, as_of=said)
