"""[attribution]: what a touch is, and how conversions are shared out over touches."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictFloat, StrictInt, StrictStr, field_validator

from pipeline.config.values import Duration, DurationOrZero, Names, Section

Weight = Annotated[StrictInt | StrictFloat, Field(ge=0)]


class Attribution(Section):
    """[attribution]: the rules of `journeys attribution`; see AttributionRules."""

    by: StrictStr = "channel"  # what a touch is called, where the question does not say
    touches: Names = ()  # globs over events and touchpoints; () = the first event of each session
    direct: Names = ("(none)", "direct", "(direct)")
    lookback: DurationOrZero = timedelta(days=30)
    paths: Literal["since_goal", "all"] = "since_goal"
    half_life: Duration = timedelta(days=7)
    weights: tuple[Weight, Weight, Weight] | None = None  # of the model custom: first, all between, last
    drop_direct: StrictBool = False
    collapse_repeats: StrictBool = False
    first_touches: Annotated[StrictInt, Field(ge=1)] | None = None

    @field_validator("weights")
    @classmethod
    def _give_something(cls, value: tuple[float, float, float] | None) -> tuple[float, float, float] | None:
        if value is not None and not any(value):
            raise ValueError("weights of the first touch, of all between and of the last cannot all be 0")
        return value
