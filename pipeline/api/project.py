"""Project: the questions of every family, on a project's folder."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.api.attribution import AttributionQuestions
from pipeline.api.carts import CartQuestions
from pipeline.api.drivers import DriverQuestions
from pipeline.api.funnels import FunnelQuestions
from pipeline.api.journey_map import MapQuestions
from pipeline.api.overview import OverviewQuestions
from pipeline.api.paths import PathQuestions
from pipeline.api.people import PeopleQuestions
from pipeline.api.retention import RetentionQuestions
from pipeline.api.sequences import SequenceQuestions
from pipeline.api.store import StoreQuestions
from pipeline.api.touchpoints import TouchpointQuestions


@dataclass(frozen=True)
class Project(
    OverviewQuestions,
    PathQuestions,
    FunnelQuestions,
    CartQuestions,
    AttributionQuestions,
    DriverQuestions,
    MapQuestions,
    SequenceQuestions,
    RetentionQuestions,
    TouchpointQuestions,
    PeopleQuestions,
    StoreQuestions,
):
    """A project's folder and every question that can be asked of it; `journeys.open(folder)` makes one.

    A question is a method with the words of its command; what comes back is a `Result` (`.table`, `.to_pandas()`, `.rows()`,
    `.meta`). A word that is left out, or None, is not given. A word that it does not take raises UnknownArgument, a value
    that makes no sense ConfigError; both name the near one.

    Most questions take the words of a period:

        as_of: the day or the instant to take as now; later events do not exist. Default: the midnight after the newest day.
        since: the first day, "2026-01-31" or a date; units count by their start.
        until: the first day after the period.
        segment: only units whose first event has a value: {"platform": "mobile"} or "platform=mobile".
        where: only events for which a condition holds, "price>50"; a text or several.
        persona: only customers of this [[persona]].
    """
