"""[[rates]]: what amounts in other currencies are worth in the declared one."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from pipeline.config.values import Names, Section


def _written(value: Any) -> Any:
    """A number as it is written: 0.1 of the file is 0.1, not the binary fraction beside it."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        raise ValueError("must be a number such as 0.92")
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f'"{value}" is not a number such as 0.92') from None
    if not (number.is_finite() and number > 0):
        raise ValueError("must be greater than 0")
    return number


class RateTable(Section):
    """[[rates]]: files of rates, or one rate: how many units of [project] currency one unit of `currency` is."""

    path: Names = ()
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] | None = None
    rate: Annotated[Decimal, BeforeValidator(_written)] | None = None
    since: date | None = None  # the first day that the rate holds on; None = always

    @model_validator(mode="after")
    def _file_or_rate(self) -> RateTable:
        if bool(self.path) == (self.currency is not None and self.rate is not None):
            raise ValueError("needs either path, or currency and rate")
        if self.path and (self.currency or self.rate or self.since):
            raise ValueError("has a path: currency, rate and date are columns of the file")
        return self
