"""What there is, and what moved: summary, sessions, changes."""

from pipeline.api.words import Day, Instant, Names, Positive, Segment, about, question, text_of
from pipeline.project.project import ProjectFolder
from pipeline.project.result import Result


class OverviewQuestions(ProjectFolder):
    """What there is, and what moved."""

    @question
    def summary(
        self,
        *,
        as_of: Instant | None = None,
        since: Day | None = None,
        until: Day | None = None,
        segment: Segment | None = None,
        where: Names = (),
        persona: str | None = None,
    ) -> Result:
        """One row: events, customers and sessions, and the time they span.

        Args:
            as_of, since, until, segment, where, persona: what the question is about; see `Project`.

        Returns:
            events, customers, sessions (int) · first_event_at, last_event_at (UTC) · duplicates, quarantined (int, of the
            whole ingestion) · excluded_sessions (int).

        Example:
            >>> shop.summary().rows()[0]["sessions"]
            3605
        """
        from pipeline.questions.summary import summary

        return summary(self, **about(as_of, since, until, segment, where, persona))

    @question
    def sessions(
        self,
        *,
        as_of: Instant | None = None,
        since: Day | None = None,
        until: Day | None = None,
        segment: Segment | None = None,
        where: Names = (),
        persona: str | None = None,
    ) -> Result:
        """One row per session, the earliest first.

        Args:
            as_of, since, until, segment, where, persona: what the question is about; see `Project`.

        Returns:
            session_id, customer_id (text) · session_date (date) · started_at, ended_at (UTC) · duration_seconds (float) ·
            events (int) · first_touchpoint, last_touchpoint (text) · goal, bounce, engaged, excluded (bool).

        Example:
            >>> sessions = shop.sessions(since="2024-06-01").to_pandas()
            >>> int(sessions["bounce"].sum()), len(sessions)
            (62, 914)
        """
        from pipeline.questions.summary import sessions

        return sessions(self, **about(as_of, since, until, segment, where, persona))

    @question
    def changes(self, *, days: Positive = 7, against: Positive = 28, as_of: Instant | None = None) -> Result:
        """One row per rate of the last days that moved beyond noise against the days before them; silent below n = 30.

        Args:
            days: how many days are looked at.
            against: how many days before them they are compared with.
            as_of: the end of the last days.

        Returns:
            what, sentence (text) · rate, rate_before, difference, ci_low, ci_high, p_value (float; Newcombe 95 %,
            Benjamini-Hochberg at q = 0.05) · n, n_before (int).

        Example:
            >>> shop.changes().meta["compared"]
            22
        """
        from pipeline.questions.changes import changes

        return changes(self, days=days, against=against, as_of=None if as_of is None else text_of(as_of))
