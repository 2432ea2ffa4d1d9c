"""What the [[touchpoint]] rules cover, and which one fires: touchpoints, test_touchpoint."""

from pipeline.api.words import Day, Instant, Names, Positive, Segment, about, question
from pipeline.project.project import ProjectFolder
from pipeline.project.result import Result


class TouchpointQuestions(ProjectFolder):
    """What the [[touchpoint]] rules cover, and which one fires."""

    @question
    def touchpoints(
        self,
        *,
        top: Positive = 10,
        as_of: Instant | None = None,
        since: Day | None = None,
        until: Day | None = None,
        segment: Segment | None = None,
        where: Names = (),
        persona: str | None = None,
    ) -> Result:
        """One row per touchpoint and the rule that gives it.

        Args:
            top: how many paths that no rule names, and suggestions for them, are in `.meta`.
            as_of, since, until, segment, where, persona: what the question is about; see `Project`.

        Returns:
            touchpoint (text) · events, customers (int) · share (float) · rule (text). `.meta["unmatched"]`: the URL paths that
            no rule names; `.meta["toml"]`: [[touchpoint]] blocks for them, to paste into journeys.toml.

        Example:
            >>> shop.touchpoints().rows()[0]["touchpoint"]
            'product_view'
        """
        from pipeline.questions.touchpoints import touchpoints

        return touchpoints(self, top=top, **about(as_of, since, until, segment, where, persona))

    @question
    def test_touchpoint(self, url: str, *, event: str | None = None, channel: str | None = None) -> Result:
        """One row per [[touchpoint]] rule: does it fire for an event at this URL (or its path)? Nothing of the store is read.

        Args:
            url: a URL, or its path.
            event: the event's name; without: any that a rule takes.
            channel: the event's channel; without: any that a rule takes.

        Returns:
            rule (int) · name (text) · fires (bool) · text, why (text). `.meta["touchpoint"]`: the touchpoint it has.

        Example:
            >>> shop.test_touchpoint("/users/123/cart", event="page_viewed").meta["touchpoint"]
            'page_viewed'
        """
        from pipeline.questions.touchpoints import which_rule

        return which_rule(self, url, event=event, channel=channel)
