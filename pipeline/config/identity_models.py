"""[identity] and [[alias]]: whose an event with an anonymous id alone is, and which ids are one customer's."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, StrictInt, field_validator

from ingest.errors import ConfigError
from ingest.identity.rules import BLOCKED, IdentityRules
from pipeline.config.values import DurationOrZero, Names, Section


class Identity(Section):
    """[identity]: stitching of anonymous ids to the customers that rows name beside them."""

    shared_device: Literal["previous", "next", "last", "separate", "off"] = "previous"
    stitch_lookback: DurationOrZero = timedelta(days=30)  # before the first link, closed
    blocked: Names = BLOCKED  # ids that are none, in any case; /.../ is a regular expression for the whole id
    max_owners: Annotated[StrictInt, Field(ge=1)] = 20  # an anonymous id with more customers links nobody

    @field_validator("blocked")
    @classmethod
    def _patterns(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        try:
            IdentityRules(blocked=value)
        except ConfigError as error:
            raise ValueError(str(error)) from None
        return value


class Alias(Section):
    """[[alias]]: files of ids that are other names of a known customer; chains are followed."""

    path: Annotated[Names, Field(min_length=1)]
    alias_id: str = "alias_id"
    customer_id: str = "customer_id"
