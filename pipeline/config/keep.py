"""How long raw history is kept, as people write it: "25 months", "2 years", "90d"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer

from ingest.errors import ConfigError
from pipeline.config.durations import format_duration, parse_duration

MONTHS = {"month": 1, "months": 1, "year": 12, "years": 12}
MENDED = 'Write a number of months, years or days, such as "25 months", "2 years" or "90d".'
SHORTEST_MONTH = 28


@dataclass(frozen=True, kw_only=True)
class Keep:
    """Calendar months and days that are kept. Raises ConfigError for less than a day."""

    months: int = 0
    days: int = 0

    @property
    def shortest(self) -> timedelta:
        """How long that is at least: a month may be February."""
        return timedelta(days=min(self.months * SHORTEST_MONTH + self.days, timedelta.max.days))

    def start(self, today: date) -> date:
        """The first day that is kept on `today`: so many months earlier, on the same day of the month or its last one."""
        month = today.year * 12 + today.month - 1 - self.months
        if month < 12 or self.days >= today.toordinal():
            return date.min
        first = date(month // 12, month % 12 + 1, 1)
        last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        return min(first + timedelta(days=today.day - 1), last) - timedelta(days=self.days)

    def __str__(self) -> str:
        if not self.months:
            return format_duration(timedelta(days=self.days))
        count, unit = (self.months, "month") if self.months % 12 else (self.months // 12, "year")
        return f"{count} {unit}{'s' if count != 1 else ''}"


def parse_keep(value: object) -> Keep:
    """What a text such as "25 months" means. Raises ConfigError for what is no such length, or less than a day."""
    if isinstance(value, Keep):
        return value
    text = str(value).strip()
    told = re.fullmatch(r"(\d{1,5})\s*([a-z]+)", text)
    if told and told[2] in MONTHS and int(told[1]):
        return Keep(months=int(told[1]) * MONTHS[told[2]])
    try:
        length = parse_duration(value)
    except ConfigError:
        raise ConfigError(f'"{text}" is not a length of time that days can be kept for. {MENDED}') from None
    if length < timedelta(days=1) or length % timedelta(days=1):
        minutes = f" (m are minutes, {text[:-1]} months are written out)" if re.fullmatch(r"\d+m", text) else ""
        raise ConfigError(f'"{text}" is no whole number of days{minutes}: whole days are kept. {MENDED}')
    return Keep(days=length.days)


def _keep(value: object) -> Keep:
    try:
        return parse_keep(value)
    except ConfigError as error:
        raise ValueError(str(error)) from None


KeepLength = Annotated[Keep, BeforeValidator(_keep), PlainSerializer(str)]
