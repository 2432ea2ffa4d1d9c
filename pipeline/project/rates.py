"""[[rates]] -> the rates by which a load converts money; files are read when a load begins."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

from ingest.cleaning.currencies import Rate, Rates
from ingest.errors import ConfigError, InputError
from ingest.readers.files import expand
from ingest.side_files import read_texts
from pipeline.config import Config

COLUMNS = {
    "currency": ("currency", "currency_code", "code", "from"),
    "rate": ("rate", "exchange_rate", "value"),
    "date": ("date", "day", "since", "valid_from"),
}


def rates_of(config: Config) -> Rates:
    """All rates of a project. Raises MissingInput and InputError for files, ConfigError where they contradict each other."""
    if config.rates and config.project.currency is None:
        raise ConfigError(
            'journeys.toml: [[rates]] say what other currencies are worth in one: name it, [project] currency = "EUR".'
        )
    rates = []
    for table in config.rates:
        if table.currency is not None and table.rate is not None:
            rates.append(Rate(currency=table.currency, rate=table.rate, since=table.since))
        for path in expand(table.path, config.directory) if table.path else ():
            rates += read_rates(path)
    return Rates(table=tuple(rates), timezone=config.project.timezone)


def read_rates(path: Path) -> Iterator[Rate]:
    """The rows of a file: currency, rate and, where there is such a column, the day from which on it holds.

    Raises InputError for a code, a rate or a day that is none, with its row: a rate that is passed over would be money lost.
    """
    texts = read_texts(path, COLUMNS, ("currency", "rate"))
    days = texts.get("date") or [None] * len(texts["currency"])
    for row, (currency, rate, day) in enumerate(zip(texts["currency"], texts["rate"], days, strict=True), 1):
        if currency is None and rate is None:
            continue
        if not re.fullmatch("[A-Za-z]{3}", currency or ""):
            raise InputError(f'{path.name}, row {row}: "{currency or ""}" is not a currency\'s code such as USD.')
        yield Rate(currency=(currency or "").upper(), rate=number(path, row, rate), since=day_of(path, row, day))


def number(path: Path, row: int, text: str | None) -> Decimal:
    """A rate greater than 0; its decimal is a point, or a comma where it has no point."""
    written = (text or "").replace(",", ".") if (text or "").count(",") == 1 and "." not in (text or "") else text or ""
    try:
        value = Decimal(written)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or value <= 0:
        raise InputError(f'{path.name}, row {row}: the rate "{text or ""}" is no number above 0 such as 0.92.')
    return value


def day_of(path: Path, row: int, text: str | None) -> date | None:
    """A day; None = always."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise InputError(f'{path.name}, row {row}: "{text}" is no day such as 2026-01-15.') from None
