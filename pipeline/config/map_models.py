"""What journeys.toml says of the journey map: feelings, friction, the designed journey, personas, annotations."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, StrictInt, model_validator

from pipeline.config.values import Duration, FreeName, Names, Section

__all__ = ["Annotation", "Customers", "Journey", "Map", "Persona", "Survey", "Target"]

Share = Annotated[float, Field(ge=0, le=1)]
Cost = Annotated[Decimal, Field(ge=0)]


class Map(Section):
    """[map]: what the signals of friction look at, what a touch costs, and below how many customers evidence is thin."""

    min_n: Annotated[StrictInt, Field(ge=1)] = 30
    errors: Names = ()  # events or touchpoints, globs
    support: Names = ()  # contacts with the service
    complaints: Names = ()
    answers: Names = ()  # what answers a complaint
    answer_within: Duration = timedelta(days=2)
    silent_after: Duration = timedelta(days=30)  # of a purchase
    dwell: dict[str, Duration] = Field(default_factory=dict)  # touchpoint -> the reference median of the time there
    offline: Names = ("store*", "branch*", "pos", "till*", "call*", "phone*", "letter*", "print*")  # channels, globs
    cost: dict[str, Cost] = Field(default_factory=dict)  # event or channel -> what one event costs, in the currency


class Survey(Section):
    """[[survey]]: an event that holds an answer, and the scale of its score; -2 is the worst feeling, +2 the best.

    `score`, `about` (the touchpoint it speaks of) and `comment` name a column or a key of the properties.
    """

    event: str = Field(min_length=1)
    kind: Literal["csat", "nps", "ces", "scale", "comment"]
    score: str = "score"
    about: str | None = None
    comment: str | None = None
    low: float | None = None  # of a scale: the score that means -2 ...
    high: float | None = None  # ... and the one that means +2; low may be the larger

    @model_validator(mode="after")
    def _scale_has_ends(self) -> Survey:
        if self.kind == "scale" and (self.low is None or self.high is None or self.low == self.high):
            raise ValueError('kind = "scale" needs low and high, two different numbers')
        if self.kind in ("csat", "nps", "comment") and not (self.low is None and self.high is None):
            raise ValueError(f'kind = "{self.kind}" has a scale of its own; low and high go with "scale" and "ces"')
        if self.kind == "comment" and self.comment is None:
            raise ValueError('kind = "comment" needs comment, the column of the text')
        return self


class Target(Section):
    """[journey.targets.STAGE]: what the stage should come to."""

    share: Share | None = None  # of the customers
    time: Duration | None = None  # median, from the stage before
    sentiment: Annotated[float, Field(ge=-2, le=2)] | None = None


class Journey(Section):
    """[journey]: the journey as designed. Without `stages` it is all of [[stage]] in their order."""

    stages: Names = ()
    targets: dict[str, Target] = Field(default_factory=dict)


class Customers(Section):
    """[[customers]]: a file of what is known of customers. A row holds from `valid_from` on, until their next row."""

    path: Names = Field(min_length=1)
    customer_id: str = "customer_id"
    columns: Names = ()  # without them, every other column
    valid_from: str | None = None


class Persona(Section):
    """[[persona]]: customers of whom all holds; the first one that fits has the customer, the rest is "(other)"."""

    name: FreeName
    where: Names = ()  # conditions on columns of [[customers]]: plan=basic
    did: Names = ()  # events or touchpoints, with conditions: add_to_cart[price>50]
    did_not: Names = ()
    notes: str | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Persona:
        if self.name in ("(none)", "(other)"):
            raise ValueError(f'name: "{self.name}" stands for customers without a persona; give it another name')
        if not (self.where or self.did or self.did_not):
            raise ValueError("needs at least one of where, did and did_not")
        return self


class Annotation(Section):
    """[[annotation]]: what happened on a day: a release, a campaign, a season."""

    date: date
    text: str = Field(min_length=1)
